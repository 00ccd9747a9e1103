//! The second factor at the terminal, or from a file descriptor.

use api_types::second_factors::{SecondFactorKind, SecondFactorProof};
use client::{AskSecondFactor, SecondFactorAsked, WhyAsked};
use zeroize::Zeroizing;

use crate::{ask, output::Output};

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub struct AtTerminal {
    /// Where the code is read from, if not asked for.
    pub fd: Option<i32>,
    /// Where is said what was wrong.
    pub output: Output,
}

impl AskSecondFactor for AtTerminal {
    async fn ask(&self, asked: SecondFactorAsked) -> Option<SecondFactorProof> {
        match asked.why {
            WhyAsked::Needed => {}
            // A program can't type another.
            WhyAsked::Wrong | WhyAsked::Wait(_) if self.fd.is_some() => return None,
            WhyAsked::Wrong => self.output.note("That code is wrong, or was used before."),
            WhyAsked::Wait(until) => {
                self.output
                    .note(&format!("Too many wrong codes: the next is taken at {}.", crate::output::time(until)));
            }
        }
        let code = ask::secret("Code of your authenticator app, or a recovery code: ", self.fd).ok()?;
        (!code.is_empty()).then(|| proof(code))
    }
}

/// An app's code has six digits; a recovery code is much longer.
fn proof(code: Zeroizing<String>) -> SecondFactorProof {
    let digits = code.chars().filter(|c| !c.is_whitespace() && *c != '-');
    let kind = match digits.clone().count() == 6 && digits.clone().all(|c| c.is_ascii_digit()) {
        true => SecondFactorKind::Totp,
        false => SecondFactorKind::RecoveryCode,
    };
    SecondFactorProof::code(kind, code.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_says_what_it_is() {
        let kind = |code: &str| proof(Zeroizing::new(code.to_owned())).kind;
        assert_eq!((kind("123456"), kind("123 456")), (SecondFactorKind::Totp, SecondFactorKind::Totp));
        assert_eq!(kind("012345-6789AB-CDEFGH-JKMNPQ"), SecondFactorKind::RecoveryCode);
        assert_eq!(kind("12345"), SecondFactorKind::RecoveryCode);
    }
}
