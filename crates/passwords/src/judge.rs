//! The judgement itself.

use api_types::limits::{PASSWORD_MAX_CHARS, PASSWORD_MIN_CHARS};
use unicode_normalization::UnicodeNormalization;
use zxcvbn::Score;

use crate::{Verdict, common};

/// What is tried first at any place like this, whatever it is called (docs/operations.md, "Passwords"): the product, the trade,
/// its roles.
const CONTEXT: [&str; 14] = [
    "healthsecure",
    "healthcare",
    "health",
    "hospital",
    "medicine",
    "medical",
    "clinical",
    "clinic",
    "physician",
    "doctor",
    "nurse",
    "patient",
    "administrator",
    "admin",
];

/// Judges a new password of at least `min` characters, counted after NFC. `known` is what an attacker knows about the person and
/// the place: names, addresses. One that is too short to sign in alone must be strong: whoever holds the server's disk guesses
/// without being asked for the second factor.
pub fn judge(password: &str, min: usize, known: &[&str]) -> Verdict {
    let normal: String = password.nfc().collect();
    let chars = normal.chars().count();
    if chars < min {
        return Verdict::Short(min - chars);
    }
    if chars > PASSWORD_MAX_CHARS {
        return Verdict::Long;
    }
    if common::holds(&normal) {
        return Verdict::Common;
    }
    match zxcvbn::zxcvbn(&unknown_part(&normal, known), &[]).score() {
        Score::Four => Verdict::Strong,
        Score::Three if chars >= PASSWORD_MIN_CHARS => Verdict::Good,
        Score::Three | Score::Two => Verdict::Fair,
        _ => Verdict::Weak,
    }
}

/// What is left of a password without the words that are known. zxcvbn itself takes four words that it knows, joined by a
/// sign, for ten billion guesses: who tries a person's own name and address doesn't need as many.
fn unknown_part(password: &str, known: &[&str]) -> String {
    let known = known.iter().copied().chain(CONTEXT);
    let words = known.flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    let words = words.map(str::to_lowercase).filter(|word| word.chars().count() >= 3);
    let small = password.to_lowercase();
    let rest = words.fold(small.clone(), |rest, word| rest.replace(&word, " "));
    if rest == small { password.to_owned() } else { rest }
}

#[cfg(test)]
mod tests {
    use api_types::limits::PASSWORD_MIN_CHARS_WITH_FACTOR;

    use super::*;

    fn verdict(password: &str) -> Verdict {
        judge(password, PASSWORD_MIN_CHARS, &[])
    }

    fn enough(password: &str, known: &[&str]) -> bool {
        judge(password, PASSWORD_MIN_CHARS, known).enough()
    }

    #[test]
    fn length_is_counted_in_characters_after_nfc() {
        assert_eq!(verdict("k9#Qz!4"), Verdict::Short(8));
        assert_eq!(judge("k9#Qz!4", PASSWORD_MIN_CHARS_WITH_FACTOR, &[]), Verdict::Short(1));
        // An e and an accent are one character.
        assert_eq!(verdict(&"e\u{301}".repeat(14)), Verdict::Short(1));
        assert_eq!(verdict(&"ab".repeat(64)), Verdict::Weak);
        assert_eq!(verdict(&"ab".repeat(65)), Verdict::Long);
    }

    #[test]
    fn any_characters_count_as_one_up_to_the_most() {
        // Two units of UTF-16 each, and far from each other, so that they are no sequence.
        let emoji = |count: u32| (0..count).filter_map(|n| char::from_u32(0x1f400 + n * 37 % 100)).collect::<String>();
        assert_eq!(emoji(100).encode_utf16().count(), 200);
        assert_eq!(verdict(&emoji(100)), Verdict::Strong);
        assert_eq!(verdict(&emoji(129)), Verdict::Long);
    }

    #[test]
    fn length_alone_is_not_strength() {
        for weak in ["aaaaaaaaaaaaaaaaaaaa", "abcdefghijklmnopqrst", "passwordpassword12", "hahahahahahahahaha"] {
            assert!(!enough(weak, &[]), "{weak}: {:?}", verdict(weak));
        }
    }

    #[test]
    fn the_most_used_are_refused_in_every_case() {
        for used in ["1234567890qwerty", "12345678900987654321", "1QAZ2WSX3EDC4RFV"] {
            assert_eq!(verdict(used), Verdict::Common, "{used}");
        }
        for used in ["iloveyou", "Trustno1", "football1"] {
            assert_eq!(judge(used, PASSWORD_MIN_CHARS_WITH_FACTOR, &[]), Verdict::Common, "{used}");
        }
    }

    #[test]
    fn what_is_known_counts_little() {
        let known = ["Amara Lindqvist", "amara@example.org"];
        assert!(
            !enough("amara.lindqvist2024", &known),
            "{:?}",
            judge("amara.lindqvist2024", PASSWORD_MIN_CHARS, &known)
        );
        assert!(!enough("amara@example.org", &known));
    }

    #[test]
    fn words_of_the_place_count_little() {
        for weak in ["healthsecure2024clinic", "Hospital.Doctor.2024", "administrator-nurse-12"] {
            assert!(!enough(weak, &[]), "{weak}: {:?}", verdict(weak));
        }
        let place = ["Zvornik Practice", "https://records.zvornik.example"];
        assert!(!enough("zvornikpractice2024", &place), "its own name");
        assert!(enough("zvornikpractice2024", &[]), "which elsewhere nobody knows");
        assert!(enough("lantern clinic tuba forty glacier", &place), "one of them among others hurts nobody");
    }

    #[test]
    fn no_composition_is_asked_for() {
        for good in ["lantern mosaic tuba forty glacier", "gZ7!qpV2#mLx9@tR4w", "фонарь мозаика ледник"]
        {
            assert_eq!(verdict(good), Verdict::Strong, "{good}");
        }
    }

    #[test]
    fn eight_characters_must_be_strong() {
        let judged = |password| judge(password, PASSWORD_MIN_CHARS_WITH_FACTOR, &[]).enough();
        assert!(!judged("tuba2024"));
        assert!(judged("gZ7!qpV2#mL"));
    }

    proptest::proptest! {
        /// zxcvbn indexes by bytes and by characters; nothing that can be typed may end the page.
        #[test]
        fn no_text_is_too_much(password in "\\PC{0,140}", known in "\\PC{0,40}") {
            judge(&password, PASSWORD_MIN_CHARS_WITH_FACTOR, &[&known]);
        }
    }
}
