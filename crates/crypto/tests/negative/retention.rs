//! The organisation's rules on how long reports are kept.

use crypto::{
    account::{
        OrganisationError, OrganisationKey, RETENTION_RULES_MAX, RETENTION_YEARS_MAX, RetentionRule, RetentionRules,
    },
    encoding::DecodeError,
    ids::InstanceId,
    sign::{Signed, VerifyError},
};

use crate::common::{T0, rng};

const HERE: InstanceId = InstanceId([3; 16]);

fn rule(kind: &str, years: u16) -> RetentionRule {
    RetentionRule { kind: kind.to_owned(), years }
}

fn signed(rules: Vec<RetentionRule>) -> Signed<RetentionRules> {
    let said = RetentionRules { instance: HERE, number: 1, time: T0, rules };
    OrganisationKey::generate(&mut rng(5)).sign_rules(said)
}

fn parsed(said: &Signed<RetentionRules>) -> Result<Signed<RetentionRules>, DecodeError> {
    Signed::parse(said.as_bytes())
}

#[test]
fn rules_that_the_organisation_signed_count() {
    let key = OrganisationKey::generate(&mut rng(5));
    let rules = vec![rule("", 10), rule("Imaging", 30), rule("Laboratory", 1)];
    let said = parsed(&signed(rules.clone())).unwrap();
    assert_eq!(said.verify_rules(&key.public(), &HERE).unwrap().rules, rules);
    assert!(parsed(&signed(Vec::new())).unwrap().claimed().rules.is_empty(), "no rules any more");
}

#[test]
fn fail_retention_rules_by_somebody_else_or_of_another_instance() {
    let (key, other) = (OrganisationKey::generate(&mut rng(5)), OrganisationKey::generate(&mut rng(6)));
    let said = signed(vec![rule("Laboratory", 10)]);
    let by_other = said.verify_rules(&other.public(), &HERE);
    assert_eq!(by_other, Err(OrganisationError::Verify(VerifyError::BadSignature)));
    let elsewhere = said.verify_rules(&key.public(), &InstanceId([4; 16]));
    assert_eq!(elsewhere, Err(OrganisationError::WrongSubject));
}

#[test]
fn fail_flipped_bit_anywhere_in_retention_rules() {
    let key = OrganisationKey::generate(&mut rng(5));
    let said = signed(vec![rule("Imaging", 30), rule("Laboratory", 10)]);
    let whole = said.as_bytes();
    for byte in 0..whole.len() {
        let mut blob = whole.to_vec();
        blob[byte] ^= 1;
        if let Ok(changed) = Signed::<RetentionRules>::parse(&blob) {
            assert!(changed.verify_rules(&key.public(), &HERE).is_err(), "{byte}");
        }
    }
    for len in 0..whole.len() {
        assert!(Signed::<RetentionRules>::parse(&whole[..len]).is_err(), "{len}");
    }
}

#[test]
fn fail_retention_rules_in_another_order_doubled_or_beyond_their_limits() {
    let invalid = |field| Err(DecodeError::Invalid { field });
    let refused = |rules| parsed(&signed(rules)).map(drop);
    assert_eq!(refused(vec![rule("b", 1), rule("a", 1)]), invalid("kind"));
    assert_eq!(refused(vec![rule("a", 1), rule("a", 2)]), invalid("kind"));
    assert_eq!(refused(vec![rule("a", 0)]), invalid("years"));
    assert_eq!(refused(vec![rule("a", RETENTION_YEARS_MAX + 1)]), invalid("years"));
    let many = (0..=RETENTION_RULES_MAX).map(|n| rule(&format!("{n:03}"), 1)).collect();
    assert_eq!(refused(many), Err(DecodeError::TooLong { field: "rules", limit: RETENTION_RULES_MAX }));
    let long = refused(vec![rule(&"x".repeat(801), 1)]);
    assert_eq!(long, Err(DecodeError::TooLong { field: "kind", limit: 800 }));
    let zeroth = RetentionRules { instance: HERE, number: 0, time: T0, rules: Vec::new() };
    let zeroth = OrganisationKey::generate(&mut rng(5)).sign_rules(zeroth);
    assert_eq!(parsed(&zeroth).map(drop), invalid("number"));
}
