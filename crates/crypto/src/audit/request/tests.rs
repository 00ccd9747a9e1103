//! What a reader's signed request must say, and what is refused.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{
    account::{KeyChain, Keyring},
    audit::{Outcome, ReportLink},
    ids::EventId,
};

const INSTANCE: InstanceId = InstanceId([9; 16]);
const SESSION: SessionId = SessionId([5; 16]);
const REPORT: ReportId = ReportId([7; 32]);
const NOW: UnixMillis = 1_700_000_000_000;
/// The order of the base point.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

type Reader = (Keyring, KeyChain);

fn rng(seed: u64) -> impl rand_core::CryptoRng {
    use rand_core::SeedableRng;
    chacha20::ChaCha20Rng::seed_from_u64(seed)
}

fn reader(seed: u64) -> Reader {
    let (keyring, record) = Keyring::create(NOW - 1000, &mut rng(seed));
    (keyring, KeyChain::verify(vec![record]).unwrap())
}

fn known_readers(readers: &[Reader]) -> BTreeMap<AccountId, KeyChain> {
    readers.iter().map(|(_, chain)| (chain.account(), chain.clone())).collect()
}

/// What is wrong with a reading: first what a batch isn't asked, then what it must find.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Wrong {
    Nothing,
    Session,
    Time,
    NoRequest,
    NoPointOfLargeOrder,
    Signature,
    Signed,
    SameSignatureOtherwise,
}

const WRONG: [Wrong; 8] = [
    Wrong::Nothing,
    Wrong::Session,
    Wrong::Time,
    Wrong::NoRequest,
    Wrong::NoPointOfLargeOrder,
    Wrong::Signature,
    Wrong::Signed,
    Wrong::SameSignatureOtherwise,
];

fn damage(request: &mut [u8], wrong: Wrong) {
    let at = request.len() - crate::sign::SIGNATURE_LEN;
    let (body, signature) = request.split_at_mut(at);
    let (r, s) = signature.split_at_mut(32);
    match wrong {
        Wrong::NoPointOfLargeOrder => r.fill(0),
        Wrong::Signature => s[0] ^= 1,
        // The last of the time's bytes: a millisecond.
        Wrong::Signed => *body.last_mut().unwrap() ^= 1,
        Wrong::SameSignatureOtherwise => {
            let mut carry = 0;
            for (byte, more) in s.iter_mut().zip(ORDER) {
                let sum = u16::from(*byte) + u16::from(more) + carry;
                (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
            }
        }
        Wrong::Nothing | Wrong::Session | Wrong::Time | Wrong::NoRequest => {}
    }
}

fn event(n: u64, (keyring, chain): &Reader, wrong: Wrong) -> AuditEvent {
    let asked = Asked {
        instance: INSTANCE,
        account: chain.account(),
        session: if wrong == Wrong::Session { SessionId([6; 16]) } else { SESSION },
        kind: "open".to_owned(),
        report: Some(REPORT),
        what: what::fields(1),
    };
    let time = if wrong == Wrong::Time { NOW + 2 * READ_REQUEST_TOLERANCE } else { NOW };
    let mut request = ReadRequest::sign(asked, time, keyring.current(), &mut rng(n)).as_bytes().to_vec();
    damage(&mut request, wrong);
    AuditEvent {
        id: EventId([1; 16]),
        time: NOW,
        actor: Some(chain.account()),
        session: Some(SESSION),
        kind: "open".to_owned(),
        outcome: Outcome::Allowed,
        report: Some(ReportLink { report: REPORT, seq: 3, previous: Hash32([0; 32]) }),
        subjects: Vec::new(),
        count: 1,
        detail: what::fields(1),
        request: Some(request).filter(|_| wrong != Wrong::NoRequest),
    }
}

/// What is said of each after they were verified together, and whether that went well.
fn together(
    events: &[AuditEvent],
    keys: &BTreeMap<AccountId, KeyChain>,
    known: &mut VerifiedRequests,
) -> (bool, Vec<Result<(), RequestError>>) {
    let new: Vec<Unverified> = events.iter().filter_map(|event| event.unverified(&INSTANCE, keys, known)).collect();
    let all = known.verify_together(&new);
    (all, events.iter().map(|event| event.verify_reader_once(&INSTANCE, keys, known)).collect())
}

fn alone(events: &[AuditEvent], keys: &BTreeMap<AccountId, KeyChain>) -> Vec<Result<(), RequestError>> {
    events.iter().map(|event| event.verify_reader(&INSTANCE, keys)).collect()
}

#[test]
fn all_that_are_right_are_remembered() {
    let readers = [reader(1), reader(2)];
    let keys = known_readers(&readers);
    let mut events: Vec<_> = (0..20).map(|n| event(n, &readers[n as usize % 2], Wrong::Nothing)).collect();
    // One request for two answers.
    events.push(events[0].clone());
    let mut known = VerifiedRequests::default();
    let new: Vec<Unverified> = events.iter().filter_map(|event| event.unverified(&INSTANCE, &keys, &known)).collect();
    assert_eq!(new.len(), 21);
    assert!(known.verify_together(&new));
    assert_eq!(known.0.len(), 20);
    assert!(events.iter().all(|event| event.unverified(&INSTANCE, &keys, &known).is_none()));
    // For these keys, and for nobody whom they aren't.
    let others = BTreeMap::from([(readers[0].1.account(), readers[1].1.clone())]);
    assert!(events[0].verify_reader_once(&INSTANCE, &others, &mut known).is_err());
}

#[test]
fn of_many_exactly_the_wrong_one_is_found() {
    let readers = [reader(1)];
    let keys = known_readers(&readers);
    for wrong in &WRONG[1..] {
        let events: Vec<_> =
            (0..20).map(|n| event(n, &readers[0], if n == 13 { *wrong } else { Wrong::Nothing })).collect();
        let (all, found) = together(&events, &keys, &mut VerifiedRequests::default());
        let in_batch = matches!(wrong, Wrong::Signature | Wrong::Signed | Wrong::SameSignatureOtherwise);
        assert_eq!(all, !in_batch, "{wrong:?}");
        let bad: Vec<usize> = (0..20).filter(|n| found[*n].is_err()).collect();
        assert_eq!(bad, [13], "{wrong:?}: {found:?}");
        assert_eq!(found, alone(&events, &keys), "{wrong:?}");
    }
}

#[test]
fn what_there_is_no_room_for_is_verified_alone() {
    let readers = [reader(1)];
    let keys = known_readers(&readers);
    let events: Vec<_> = (0..20).map(|n| event(n, &readers[0], Wrong::Nothing)).collect();
    let mut known = VerifiedRequests::default();
    let key = PublicSigningKey([1; 32]);
    for n in 0..VerifiedRequests::MOST as u64 - 10 {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&n.to_be_bytes());
        known.remember((key, Hash32(hash)));
    }
    let (all, found) = together(&events, &keys, &mut known);
    assert!(!all);
    assert!(found.iter().all(Result::is_ok), "{found:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever of these is among them, verified together or alone: the same is said of each. What only a key's holder can
    /// make of a signature is not among these (`sign/batch.rs`).
    #[test]
    fn together_is_as_alone(some in proptest::collection::vec((0..2usize, 0..16usize), 8..24), forged in any::<bool>()) {
        let readers = [reader(1), reader(2)];
        let keys = known_readers(&readers);
        // Half of them right; and of half of the mixtures all that a batch is asked.
        let kinds = if forged { &WRONG[..] } else { &WRONG[..5] };
        let wrong = |kind: usize| kinds.get(kind).copied().unwrap_or(Wrong::Nothing);
        let events: Vec<_> =
            (0..).zip(&some).map(|(n, (who, kind))| event(n, &readers[*who], wrong(*kind))).collect();
        let (_, found) = together(&events, &keys, &mut VerifiedRequests::default());
        prop_assert_eq!(found, alone(&events, &keys));
    }
}

#[test]
fn a_list_names_none_of_the_reports_that_it_delivers() {
    let readers = [reader(1)];
    let keys = known_readers(&readers);
    let (keyring, chain) = &readers[0];
    let honest = Asked {
        instance: INSTANCE,
        account: chain.account(),
        session: SESSION,
        kind: "list".to_owned(),
        report: None,
        what: what::REPORTS.to_owned(),
    };
    let by = |asked: &Asked| {
        let request = ReadRequest::sign(asked.clone(), NOW, keyring.current(), &mut rng(1));
        AuditEvent {
            kind: "list".to_owned(),
            detail: "of=reports version=1 revision=0".to_owned(),
            request: Some(request.as_bytes().to_vec()),
            ..event(1, &readers[0], Wrong::Nothing)
        }
    };
    let listed = by(&honest);
    assert!(listed.is_reading());
    assert_eq!(listed.verify_reader(&INSTANCE, &keys), Ok(()));
    let own = AuditEvent { report: None, detail: "of=reports count=1".to_owned(), ..listed.clone() };
    assert!(!own.is_reading(), "the list's own event is of no report");
    assert_eq!(own.verify_reader(&INSTANCE, &keys), Ok(()));
    let other = [
        Asked { kind: "read".to_owned(), ..honest.clone() },
        Asked { report: Some(REPORT), ..honest.clone() },
        Asked { what: String::new(), ..honest.clone() },
        Asked { session: SessionId([6; 16]), ..honest.clone() },
        Asked { account: AccountId([1; 32]), ..honest.clone() },
        Asked { instance: InstanceId([1; 16]), ..honest.clone() },
    ];
    for asked in other {
        assert_eq!(by(&asked).verify_reader(&INSTANCE, &keys), Err(RequestError::Other), "{asked:?}");
    }
    let opened = AuditEvent { kind: "open".to_owned(), ..listed };
    assert_eq!(opened.verify_reader(&INSTANCE, &keys), Err(RequestError::Other), "nor does it ask for anything else");
}

#[test]
fn words_are_whole() {
    assert!(begins_with("version=1 part=2 from=0", "version=1 part=2"));
    assert!(begins_with("version=1", "version=1"));
    assert!(begins_with("count=3", ""));
    assert!(!begins_with("version=11", "version=1"));
    assert!(!begins_with("version=1", "version=1 part=2"));
}
