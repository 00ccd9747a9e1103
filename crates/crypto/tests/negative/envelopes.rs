//! Signed objects, sealed objects and parameters.

use crypto::{
    account::{EPOCH_OVERLAP, EmergencyContact, KeyChain, KeyError, KeyRecord, Keyring, KeyringError, WayIn},
    audit::AuditEvent,
    encoding::DecodeError,
    format::{FormatError, SmallError},
    ids::{EventId, InstanceId},
    opaque::{FinishInput, OpaqueError, Password, PasswordError, login_start},
    report::{AccessEntry, Genesis, Manifest, Patient, Wrap},
    sign::{Signed, VerifyError},
    stretch::{KdfError, KdfParams},
};

use crate::common::{Chain, Person, T0, rng};

fn genesis() -> (Person, Signed<Genesis>) {
    let alice = Person::new(1);
    let chain = Chain::new(&alice, Patient::Account(alice.id()), 3);
    (alice, chain.genesis)
}

#[test]
fn fail_unknown_version() {
    let (_, genesis) = genesis();
    let mut blob = genesis.as_bytes().to_vec();
    blob[0] = 2;
    let unknown = DecodeError::UnknownVersion(2);
    assert_eq!(Signed::<Genesis>::parse(&blob).unwrap_err(), unknown);
    assert_eq!(Signed::<KeyRecord>::parse(&blob).unwrap_err(), unknown);
    assert_eq!(Signed::<AccessEntry>::parse(&blob).unwrap_err(), unknown);
    assert_eq!(Signed::<Manifest>::parse(&blob).unwrap_err(), unknown);
    assert_eq!(Signed::<WayIn>::parse(&blob).unwrap_err(), unknown);
    assert_eq!(Signed::<EmergencyContact>::parse(&blob).unwrap_err(), unknown);
    assert_eq!(Wrap::parse(&blob).unwrap_err(), unknown);
    assert_eq!(AuditEvent::parse(&blob).unwrap_err(), unknown);
    let alice = Person::new(1);
    let mut sealed = alice.keyring.seal(&alice.ak, &alice.id(), &mut rng(2));
    sealed[0] = 2;
    let result = Keyring::open(&alice.ak, &alice.chain, &sealed);
    assert_eq!(result, Err(KeyringError::Sealed(SmallError::Decode(unknown))));
}

#[test]
fn fail_truncated_envelope_at_every_byte() {
    let (_, genesis) = genesis();
    let blob = genesis.as_bytes();
    for len in 0..blob.len() {
        assert_eq!(Signed::<Genesis>::parse(&blob[..len]).unwrap_err(), DecodeError::Truncated, "{len}");
    }
}

#[test]
fn fail_extended_envelope() {
    let (_, genesis) = genesis();
    let mut blob = genesis.as_bytes().to_vec();
    blob.push(0);
    assert_eq!(Signed::<Genesis>::parse(&blob).unwrap_err(), DecodeError::Trailing);
}

#[test]
fn fail_flipped_bit_anywhere_in_an_envelope() {
    let (alice, genesis) = genesis();
    let key = alice.keyring.current().signing.public();
    for byte in 0..genesis.as_bytes().len() {
        let mut blob = genesis.as_bytes().to_vec();
        blob[byte] ^= 1;
        if let Ok(parsed) = Signed::<Genesis>::parse(&blob) {
            assert_eq!(parsed.verify(&key).unwrap_err(), VerifyError::BadSignature, "{byte}");
            assert_ne!(parsed.hash(), genesis.hash());
        }
    }
}

#[test]
fn fail_signature_of_another_object_or_key() {
    let (_, genesis) = genesis();
    let eve = Person::new(9);
    let wrong = genesis.verify(&eve.keyring.current().signing.public());
    assert_eq!(wrong, Err(VerifyError::BadSignature));
    let weak = crypto::sign::PublicSigningKey([0; 32]);
    assert_eq!(genesis.verify(&weak), Err(VerifyError::BadKey));
}

#[test]
fn fail_key_records() {
    let mut alice = Person::new(1);
    alice.rotate(T0 + 5, 2);
    alice.rotate(T0 + 9, 3);
    let records = alice.chain.records().to_vec();
    let of = |picked: &[usize]| KeyChain::verify(picked.iter().map(|i| records[*i].clone()).collect());
    assert_eq!(of(&[]), Err(KeyError::Empty));
    assert_eq!(of(&[1, 2]), Err(KeyError::BrokenChain { epoch: 1 }));
    assert_eq!(of(&[0, 2]), Err(KeyError::BrokenChain { epoch: 2 }));
    assert_eq!(of(&[0, 1, 1]), Err(KeyError::BrokenChain { epoch: 1 }));
    assert_eq!(alice.chain.signer(3, T0).unwrap_err(), KeyError::EpochUnknown(3));
    let last = T0 + 5 + EPOCH_OVERLAP;
    assert!(alice.chain.signer(0, last).is_ok(), "signed by a device whose clock is ahead");
    assert_eq!(alice.chain.signer(0, last + 1).unwrap_err(), KeyError::EpochEnded(0));
    assert_eq!(alice.chain.signer(0, i64::MAX).unwrap_err(), KeyError::EpochEnded(0));
    assert!(alice.chain.signer(0, i64::MIN).is_ok());

    let eve = Person::new(4);
    let blobs = [eve.chain.records()[0].as_bytes().to_vec()];
    assert_eq!(KeyChain::parse(&alice.id(), &blobs), Err(KeyError::WrongAccount));

    // A record that the key before didn't sign.
    let taken_over = Person::new(5);
    let record = KeyRecord {
        account: Some(alice.id()),
        epoch: 1,
        previous: Some(records[0].hash()),
        ..taken_over.chain.current().claimed().clone()
    };
    let own = &taken_over.keyring.current().signing;
    let forged = Signed::sign_record(record, own, Some(own)).unwrap();
    let result = KeyChain::verify(vec![records[0].clone(), forged]);
    assert_eq!(result, Err(KeyError::Verify(VerifyError::BadSignature)));
}

#[test]
fn fail_downgraded_key_record() {
    let alice = Person::new(1);
    let keys = alice.keyring.current();
    let record = KeyRecord {
        account: Some(alice.id()),
        epoch: 1,
        previous: Some(alice.chain.current().hash()),
        xwing: None,
        ..alice.chain.current().claimed().clone()
    };
    let record = Signed::sign_record(record, &keys.signing, Some(&keys.signing)).unwrap();
    let result = KeyChain::verify(vec![alice.chain.current().clone(), record]);
    assert_eq!(result, Err(KeyError::DowngradedSuite { epoch: 1 }));
}

#[test]
fn fail_keyring_of_another_account_or_key() {
    let (alice, eve) = (Person::new(1), Person::new(2));
    let sealed = alice.keyring.seal(&alice.ak, &alice.id(), &mut rng(3));
    let wrong = KeyringError::Sealed(SmallError::Format(FormatError::WrongCommitment));
    assert_eq!(Keyring::open(&eve.ak, &alice.chain, &sealed), Err(wrong.clone()));
    assert_eq!(Keyring::open(&alice.ak, &eve.chain, &sealed), Err(wrong));
    // Someone else's keyring under this account key and name.
    let sealed = eve.keyring.seal(&alice.ak, &alice.id(), &mut rng(3));
    assert_eq!(Keyring::open(&alice.ak, &alice.chain, &sealed), Err(KeyringError::Mismatch(0)));
}

#[test]
fn fail_unknown_way_in_kind() {
    use crypto::account::WayInKind;
    let unknown = DecodeError::UnknownTag { field: "way-in kind", tag: 255 };
    assert_eq!(WayInKind::from_tag(255), Err(unknown));
}

#[test]
fn fail_short_kdf() {
    assert_eq!(KdfParams::new(65535, 3, 1), Err(KdfError::WeakKdf));
    // Also where a worker's message was changed on the way.
    let password = Password::new("x").unwrap();
    let start = login_start(&password, &mut rng(1)).unwrap();
    let input = FinishInput {
        state: start.state,
        password,
        response: vec![0; 320],
        instance: InstanceId([0; 16]),
        kdf: KdfParams::FLOOR,
    };
    let bytes = input.to_bytes();
    let mut weak = bytes.expose().to_vec();
    let memory = weak.len() - 24; // three fields of 4 + 4 bytes
    weak[memory + 4..memory + 8].copy_from_slice(&1024u32.to_be_bytes());
    assert_eq!(FinishInput::from_bytes(&weak), Err(OpaqueError::Kdf(KdfError::WeakKdf)));
    weak.pop();
    assert_eq!(FinishInput::from_bytes(&weak), Err(OpaqueError::Malformed));
}

#[test]
fn fail_passwords() {
    assert_eq!(Password::new("").unwrap_err(), PasswordError::Empty);
    assert_eq!(Password::new(&"x".repeat(1025)).unwrap_err(), PasswordError::TooLong);
}

#[test]
fn fail_audit_events() {
    use crypto::audit::{AuditError, Outcome, ReportLink, chain_next, chain_start, verify_chain, verify_report_events};
    let report = crypto::ids::ReportId([1; 32]);
    let mut previous = crypto::ids::Hash32(report.0);
    let events: Vec<AuditEvent> = (1..=3u8)
        .map(|i| {
            let event = AuditEvent {
                id: EventId([i; 16]),
                time: T0,
                actor: None,
                session: None,
                kind: "report.read".into(),
                outcome: Outcome::Allowed,
                report: Some(ReportLink { report, seq: i.into(), previous }),
                subjects: vec![vec![i; 16]],
                count: 1,
                detail: String::new(),
                request: None,
            };
            previous = event.hash();
            event
        })
        .collect();
    let start = chain_start(&InstanceId([7; 16]));
    let mut value = start;
    let values: Vec<_> = events
        .iter()
        .map(|e| {
            value = chain_next(&value, &e.hash());
            value
        })
        .collect();
    assert_eq!(verify_chain(start, events.iter().zip(&values)), Ok(value));
    let begin = (0, crypto::ids::Hash32(report.0));
    assert_eq!(verify_report_events(&report, begin, &events), Ok((3, events[2].hash())));

    let gap = [events[0].clone(), events[2].clone()];
    let result = verify_report_events(&report, begin, &gap);
    assert_eq!(result, Err(AuditError::ReportGap { expected: 2, found: 3 }));
    let mut changed = events.clone();
    changed[0].outcome = Outcome::Denied;
    assert_eq!(verify_report_events(&report, begin, &changed), Err(AuditError::ReportFork { seq: 2 }));
    let result = verify_chain(start, changed.iter().zip(&values));
    assert_eq!(result, Err(AuditError::BrokenChain { index: 0 }));
    let other = crypto::ids::ReportId([2; 32]);
    assert_eq!(verify_report_events(&other, begin, &events), Err(AuditError::WrongReport));
    let mut named = events[0].clone();
    named.kind = "Report Read".into();
    assert_eq!(AuditEvent::parse(&named.to_bytes()), Err(DecodeError::Invalid { field: "kind" }));
    assert_eq!(AuditEvent::parse(&events[0].to_bytes()), Ok(events[0].clone()));
}
