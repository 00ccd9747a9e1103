//! What a text message says. Its last line is read by browsers (WebOTP): they offer the code on that host's pages alone.

use zeroize::Zeroizing;

use super::CodePurpose;

/// The message with a code.
pub(super) fn text(purpose: CodePurpose, host: &str, code: &str) -> Zeroizing<String> {
    let what = match purpose {
        CodePurpose::Verify => "to add this number at",
        CodePurpose::SignIn | CodePurpose::SecondFactor => "to sign in at",
    };
    Zeroizing::new(format!("{code} is your code {what} {host}. Never tell it to anybody.\n\n@{host} #{code}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_one_message_and_its_last_line_is_the_browsers() {
        for purpose in [CodePurpose::Verify, CodePurpose::SignIn, CodePurpose::SecondFactor] {
            let text = text(purpose, "health.example.org", "012345");
            assert!(text.starts_with("012345 is your code "), "{}", *text);
            assert_eq!(text.lines().last(), Some("@health.example.org #012345"));
            assert!(text.len() <= 160 && text.is_ascii(), "{}", *text);
        }
    }
}
