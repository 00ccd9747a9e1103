//! SPDX licence expressions, as far as Cargo.toml files use them: identifiers, `WITH`, `AND`, `OR`, parentheses, and
//! the old `/` for `OR`.

/// Whether the expression can be met with allowed licences alone. `Err` where it can't be read.
pub fn is_met(expression: &str, allowed: &dyn Fn(&str) -> bool) -> Result<bool, String> {
    let tokens = tokens(expression);
    let mut parser = Parser { tokens: &tokens, allowed };
    let met = parser.any()?;
    match parser.tokens {
        [] => Ok(met),
        [extra, ..] => Err(format!("“{expression}” has “{extra}” where it should end")),
    }
}

fn tokens(expression: &str) -> Vec<String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    spaced.split_whitespace().map(str::to_owned).collect()
}

struct Parser<'a> {
    tokens: &'a [String],
    allowed: &'a dyn Fn(&str) -> bool,
}

impl Parser<'_> {
    fn next_is(&mut self, word: &str) -> bool {
        match self.tokens {
            [first, rest @ ..] if first == word => {
                self.tokens = rest;
                true
            }
            _ => false,
        }
    }

    fn take(&mut self) -> Result<String, String> {
        let (first, rest) = self.tokens.split_first().ok_or("the licence expression ends too early")?;
        self.tokens = rest;
        Ok(first.clone())
    }

    fn any(&mut self) -> Result<bool, String> {
        let mut met = self.all()?;
        while self.next_is("OR") {
            met |= self.all()?;
        }
        Ok(met)
    }

    fn all(&mut self) -> Result<bool, String> {
        let mut met = self.one()?;
        while self.next_is("AND") {
            met &= self.one()?;
        }
        Ok(met)
    }

    fn one(&mut self) -> Result<bool, String> {
        if self.next_is("(") {
            let met = self.any()?;
            return if self.next_is(")") { Ok(met) } else { Err("a parenthesis isn't closed".to_owned()) };
        }
        let mut licence = self.take()?;
        if matches!(licence.as_str(), "AND" | "OR" | "WITH" | ")") {
            return Err(format!("“{licence}” stands where a licence should"));
        }
        if self.next_is("WITH") {
            licence = format!("{licence} WITH {}", self.take()?);
        }
        Ok((self.allowed)(&licence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(expression: &str) -> Result<bool, String> {
        is_met(expression, &|licence| ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"].contains(&licence))
    }

    #[test]
    fn one_allowed_choice_is_enough() {
        assert_eq!(met("MIT OR GPL-3.0-only"), Ok(true));
        assert_eq!(met("GPL-3.0-only/MIT"), Ok(true));
        assert_eq!(met("GPL-3.0-only OR LGPL-2.1-only"), Ok(false));
    }

    #[test]
    fn everything_asked_for_together_must_be_allowed() {
        assert_eq!(met("MIT AND GPL-3.0-only"), Ok(false));
        assert_eq!(met("(MIT OR GPL-3.0-only) AND Apache-2.0"), Ok(true));
        assert_eq!(met("MIT OR (GPL-3.0-only AND Apache-2.0)"), Ok(true));
        assert_eq!(met("GPL-3.0-only OR MIT AND Apache-2.0"), Ok(true));
    }

    #[test]
    fn an_exception_belongs_to_its_licence() {
        assert_eq!(met("Apache-2.0 WITH LLVM-exception"), Ok(true));
        assert_eq!(met("MIT WITH Something-exception"), Ok(false));
    }

    #[test]
    fn what_is_no_expression_is_an_error() {
        for broken in ["", "MIT OR", "(MIT", "MIT)", "AND MIT", "MIT Apache-2.0", "MIT WITH"] {
            assert!(met(broken).is_err(), "{broken}");
        }
    }
}
