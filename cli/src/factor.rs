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
        let phone = asked.phone.as_ref();
        match asked.why {
            WhyAsked::Needed => {}
            WhyAsked::Sent => self.output.note(&format!(
                "A code was sent to your phone …{}.",
                phone.map(|phone| phone.ending.as_str()).unwrap_or_default()
            )),
            // A program can't type another.
            WhyAsked::Wrong | WhyAsked::Wait(_) if self.fd.is_some() => return None,
            WhyAsked::Wrong => self.output.note("That code is wrong, or was used before."),
            WhyAsked::Wait(until) => {
                self.output.note(&format!("Too many tries: the next is taken at {}.", crate::output::time(until)));
            }
        }
        let app = asked.kinds.contains(&SecondFactorKind::Totp);
        let sent = phone.is_some_and(|phone| phone.sent);
        // Where there is nothing else to type but a recovery code, and somebody sits here, it is sent without asking.
        if phone.is_some() && !sent && !app && asked.why == WhyAsked::Needed && self.fd.is_none() {
            return Some(SecondFactorProof::send_to_phone());
        }
        let question = match (phone.is_some(), app) {
            (false, _) => "Code of your authenticator app, or a recovery code: ",
            (true, true) => "Code of your authenticator app, or a recovery code, or sms to get a code on your phone: ",
            (true, false) => "Code that was sent to your phone, or a recovery code, or sms for another: ",
        };
        let code = ask::secret(question, self.fd).ok()?;
        (!code.is_empty()).then(|| proof(code, (phone.is_some(), sent)))
    }
}

/// A code of an app or a phone has six digits; a recovery code is much longer.
fn proof(code: Zeroizing<String>, (phone, sent): (bool, bool)) -> SecondFactorProof {
    if phone && code.trim().eq_ignore_ascii_case("sms") {
        return SecondFactorProof::send_to_phone();
    }
    let digits = code.chars().filter(|c| !c.is_whitespace() && *c != '-');
    let kind = match digits.clone().count() == 6 && digits.clone().all(|c| c.is_ascii_digit()) {
        true if sent => SecondFactorKind::Phone,
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
        let by = |code: &str, phone| proof(Zeroizing::new(code.to_owned()), phone);
        let kind = |code: &str| by(code, (false, false)).kind;
        assert_eq!((kind("123456"), kind("123 456")), (SecondFactorKind::Totp, SecondFactorKind::Totp));
        assert_eq!(kind("012345-6789AB-CDEFGH-JKMNPQ"), SecondFactorKind::RecoveryCode);
        assert_eq!(kind("12345"), SecondFactorKind::RecoveryCode);
        assert_eq!(kind("sms"), SecondFactorKind::RecoveryCode, "there is no phone");
        assert_eq!(by(" SMS", (true, true)), SecondFactorProof::send_to_phone());
        assert_eq!(by("123456", (true, true)).kind, SecondFactorKind::Phone);
        assert_eq!(by("123456", (true, false)).kind, SecondFactorKind::Totp);
        assert_eq!(by("012345-6789AB-CDEFGH-JKMNPQ", (true, true)).kind, SecondFactorKind::RecoveryCode);
    }
}
