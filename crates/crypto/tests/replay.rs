//! Replay of access chains: each rule broken by name, and random chains against a second, simpler model.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Chain, Person, T0, directory, grant_to};
use crypto::{
    account::{EPOCH_OVERLAP, KeyError},
    grant::InvitationSecret,
    ids::{GrantId, Hash32, PlaceholderId, ReportId},
    kem::Suite,
    report::{
        AccessState, AccountRecipient, ChainError, Change, Custody, Grant, GrantStatus, Patient, Recipient, Right,
        Versions,
    },
    sign::{Signed, VerifyError},
};
use proptest::prelude::*;

/// Doctor, patient, colleague, stranger; a founded report (grant 1 own → patient, grant 2 reshare → doctor).
struct World {
    doctor: Person,
    patient: Person,
    colleague: Person,
    stranger: Person,
    chain: Chain,
}

impl World {
    fn new() -> Self {
        let people = [1, 2, 3, 4].map(Person::new);
        let [doctor, patient, colleague, stranger] = people;
        let chain = Chain::founded(&doctor, &patient);
        Self { doctor, patient, colleague, stranger, chain }
    }

    fn replay(&self) -> Result<AccessState, ChainError> {
        self.chain.replay(&directory([&self.doctor, &self.patient, &self.colleague, &self.stranger]))
    }

    fn error(&self) -> ChainError {
        self.replay().unwrap_err()
    }
}

fn child(id: u8, to: &Person, right: Right) -> Grant {
    Grant { parent: Some(GrantId([2; 16])), ..grant_to(id, to, right) }
}

#[test]
fn founding() {
    let w = World::new();
    let state = w.replay().unwrap();
    assert_eq!(state.owner(), w.patient.id());
    assert_eq!(state.right_of(w.patient.id()), Some(Right::Own));
    assert_eq!(state.right_of(w.doctor.id()), Some(Right::Reshare));
    assert_eq!(state.right_of(w.stranger.id()), None);
    assert!(state.may_contribute(w.doctor.id()) && !state.may_contribute(w.stranger.id()));
    assert!(state.is_founded() && !state.in_custody());
    assert_eq!((state.seq(), state.next_seq()), (2, 3));
}

#[test]
fn fail_creator_after_founding() {
    let mut w = World::new();
    w.chain.push(&w.doctor, Change::Grant(grant_to(3, &w.colleague, Right::View)));
    assert_eq!(w.error(), ChainError::NotEntitled { seq: 3 });

    let doctor = Person::new(1);
    let patient = Person::new(2);
    let keys = directory([&doctor, &patient]);
    for (first, seq) in [(grant_to(1, &patient, Right::View), 1), (grant_to(1, &doctor, Right::Own), 1)] {
        let mut chain = Chain::new(&doctor, Patient::Account(patient.id()), 7);
        chain.push(&doctor, Change::Grant(first));
        assert_eq!(chain.replay(&keys).unwrap_err(), ChainError::NotEntitled { seq });
    }
    // Once the owner has acted, founding is over.
    let mut chain = Chain::new(&doctor, Patient::Account(patient.id()), 7);
    chain.push(&patient, Change::Grant(grant_to(1, &patient, Right::Own)));
    chain.push(&doctor, Change::Grant(grant_to(2, &doctor, Right::Reshare)));
    assert_eq!(chain.replay(&keys).unwrap_err(), ChainError::NotEntitled { seq: 2 });
}

#[test]
fn fail_injected_grant() {
    let mut w = World::new();
    // By a stranger for themselves.
    w.chain.push(&w.stranger, Change::Grant(grant_to(3, &w.stranger, Right::View)));
    assert_eq!(w.error(), ChainError::NotEntitled { seq: 3 });
    // In the patient's name, signed by the stranger.
    let mut w = World::new();
    let entry = w.chain.entry(&w.patient, Change::Grant(grant_to(3, &w.stranger, Right::View)));
    w.chain.entries.push(Signed::sign(entry, &w.stranger.keyring.current().signing));
    assert_eq!(w.error(), ChainError::Verify { seq: 3, source: VerifyError::BadSignature });
}

#[test]
fn fail_wrong_seq_previous_report_time_epoch_author() {
    let error = |change: fn(&mut crypto::report::AccessEntry)| {
        let mut w = World::new();
        let mut entry = w.chain.entry(&w.patient, Change::Grant(grant_to(3, &w.colleague, Right::View)));
        change(&mut entry);
        w.chain.push_entry(&w.patient, entry);
        w.error()
    };
    assert_eq!(error(|e| e.seq = 4), ChainError::WrongSeq { expected: 3, found: 4 });
    assert_eq!(error(|e| e.previous = Hash32([0; 32])), ChainError::WrongPrevious { seq: 3 });
    assert_eq!(error(|e| e.report = ReportId([0; 32])), ChainError::WrongReport { seq: 3 });
    assert_eq!(error(|e| e.time = T0), ChainError::TimeReversed { seq: 3 });
    let unknown = ChainError::Keys { seq: 3, source: KeyError::EpochUnknown(1) };
    assert_eq!(error(|e| e.epoch = 1), unknown);
    let stranger = ChainError::Keys { seq: 3, source: KeyError::AccountUnknown };
    assert_eq!(error(|e| e.author.0[0] ^= 1), stranger);
}

#[test]
fn fail_signed_by_an_ended_epoch() {
    let mut w = World::new();
    let old = w.patient.keyring.current().clone();
    w.patient.rotate(T0 + 50, 77);
    let mut entry = w.chain.entry(&w.patient, Change::Grant(grant_to(3, &w.colleague, Right::View)));
    entry.epoch = 0;
    entry.time = T0 + 50 + EPOCH_OVERLAP;
    w.chain.entries.push(Signed::sign(entry.clone(), &old.signing));
    assert!(w.replay().is_ok(), "a device whose clock is ahead");
    w.chain.entries.pop();
    entry.time += 1;
    w.chain.entries.push(Signed::sign(entry, &old.signing));
    assert_eq!(w.error(), ChainError::Keys { seq: 3, source: KeyError::EpochEnded(0) });
}

#[test]
fn fail_missing_doubled_and_forked_entries() {
    let mut w = World::new();
    w.chain.push(&w.patient, Change::Grant(grant_to(3, &w.colleague, Right::View)));
    w.chain.push(&w.patient, Change::Revoke(GrantId([3; 16])));
    let keys = directory([&w.doctor, &w.patient, &w.colleague]);
    let all = w.chain.entries.clone();
    let replay = |picked: &[usize]| {
        let entries: Vec<_> = picked.iter().map(|i| all[*i].clone()).collect();
        AccessState::replay(&w.chain.genesis, &entries, &keys, T0 + 900).unwrap_err()
    };
    assert_eq!(replay(&[0, 2]), ChainError::WrongSeq { expected: 2, found: 3 });
    assert_eq!(replay(&[0, 0]), ChainError::WrongSeq { expected: 2, found: 1 });
    assert_eq!(replay(&[1, 0]), ChainError::WrongSeq { expected: 1, found: 2 });
    // A server that hides the revocation serves an older head than the one seen.
    let seen = w.chain.replay(&keys).unwrap();
    let hidden = AccessState::replay(&w.chain.genesis, &all[..3], &keys, T0 + 900).unwrap();
    assert_eq!(hidden.continues(seen.seq(), &seen.head()), Err(ChainError::OlderThanSeen));
    assert_eq!(seen.continues(hidden.seq(), &hidden.head()), Ok(()));
}

#[test]
fn fail_grant_rules() {
    let error = |by_patient: bool, f: fn(&World) -> Grant| {
        let mut w = World::new();
        let grant = f(&w);
        let author = if by_patient { &w.patient } else { &w.doctor };
        w.chain.push(author, Change::Grant(grant));
        w.error()
    };
    let seq = 3;
    assert_eq!(error(true, |w| grant_to(1, &w.colleague, Right::View)), ChainError::DuplicateGrant { seq });
    assert_eq!(error(true, |w| child(3, &w.colleague, Right::View)), ChainError::NotEntitled { seq });
    assert_eq!(error(true, |w| grant_to(3, &w.colleague, Right::Own)), ChainError::OwnershipRule { seq });
    assert_eq!(error(true, |w| grant_to(3, &w.patient, Right::Own)), ChainError::OwnershipRule { seq });
    let expired = |w: &World| Grant { expires_at: T0, ..grant_to(3, &w.colleague, Right::View) };
    assert_eq!(error(true, expired), ChainError::GrantNotLive { seq });
    assert_eq!(error(false, |w| child(3, &w.colleague, Right::Reshare)), ChainError::OutranksParent { seq });
    assert_eq!(error(false, |w| child(3, &w.colleague, Right::Own)), ChainError::OutranksParent { seq });
    let orphan = |w: &World| Grant { parent: Some(GrantId([9; 16])), ..grant_to(3, &w.colleague, Right::View) };
    assert_eq!(error(false, orphan), ChainError::UnknownGrant { seq });
    let borrowed = |w: &World| Grant { parent: Some(GrantId([1; 16])), ..grant_to(3, &w.colleague, Right::View) };
    assert_eq!(error(false, borrowed), ChainError::NotEntitled { seq });
}

#[test]
fn fail_recipient_keys() {
    let error = |f: fn(&World, &mut AccountRecipient)| {
        let mut w = World::new();
        let mut grant = grant_to(3, &w.colleague, Right::View);
        let Recipient::Account(to) = &mut grant.recipient else { unreachable!() };
        f(&w, to);
        w.chain.push(&w.patient, Change::Grant(grant));
        w.error()
    };
    let seq = 3;
    assert_eq!(error(|_, to| to.epoch = 1), ChainError::WrongRecipientKey { seq });
    assert_eq!(error(|_, to| to.key_hash.0[0] ^= 1), ChainError::WrongRecipientKey { seq });
    let weak = |w: &World, to: &mut AccountRecipient| {
        (to.suite, to.key_hash) = (Suite::X25519, w.colleague.keyring.current().x25519.public().hash());
    };
    assert_eq!(error(weak), ChainError::DowngradedSuite { seq });
}

#[test]
fn fail_child_outranks_parent() {
    // The patient gives the colleague a reshare grant for version 1 until T0 + 500.
    let run = |f: fn(&World) -> Grant| {
        let mut w = World::new();
        let limited = Grant {
            versions: Versions { from: 1, to: 1 },
            expires_at: T0 + 500,
            ..grant_to(3, &w.colleague, Right::Reshare)
        };
        w.chain.push(&w.patient, Change::Grant(limited));
        let grant = Grant { parent: Some(GrantId([3; 16])), ..f(&w) };
        w.chain.push(&w.colleague, Change::Grant(grant));
        w.replay().map(drop)
    };
    let one = Versions { from: 1, to: 1 };
    fn base(w: &World) -> Grant {
        Grant {
            versions: Versions { from: 1, to: 1 },
            expires_at: T0 + 500,
            ..grant_to(4, &w.stranger, Right::Contribute)
        }
    }
    assert_eq!(run(base), Ok(()));
    let outranks = Err(ChainError::OutranksParent { seq: 4 });
    assert_eq!(run(|w| Grant { versions: Versions::ALL, ..base(w) }), outranks);
    assert_eq!(run(|w| Grant { versions: Versions { from: 1, to: 2 }, ..base(w) }), outranks);
    assert_eq!(run(|w| Grant { expires_at: 0, ..base(w) }), outranks);
    assert_eq!(run(|w| Grant { expires_at: T0 + 501, ..base(w) }), outranks);
    assert!(Versions::ALL.covers(&one) && !one.covers(&Versions::ALL));
}

#[test]
fn a_child_falls_with_its_parent() {
    let mut w = World::new();
    w.chain.push(&w.doctor, Change::Grant(child(3, &w.colleague, Right::Contribute)));
    let state = w.replay().unwrap();
    assert!(state.may_contribute(w.colleague.id()));
    assert_eq!(state.falls_with(&GrantId([2; 16])).len(), 2);
    w.chain.push(&w.patient, Change::Revoke(GrantId([2; 16])));
    let state = w.replay().unwrap();
    let fallen = state.grant(&GrantId([3; 16])).unwrap();
    assert_eq!(state.status(fallen), GrantStatus::ParentEnded);
    assert_eq!((state.right_of(w.colleague.id()), state.right_of(w.doctor.id())), (None, None));
    // And its holder can do nothing more.
    w.chain.push(&w.doctor, Change::Grant(child(5, &w.stranger, Right::View)));
    assert_eq!(w.error(), ChainError::GrantNotLive { seq: 5 });
}

#[test]
fn new_keys_are_due_since_the_entry_that_ended_a_grant() {
    let mut w = World::new();
    let second = Versions { from: 2, to: 2 };
    w.chain.push(&w.doctor, Change::Grant(Grant { versions: second, ..child(3, &w.colleague, Right::View) }));
    w.chain.push(&w.doctor, Change::Grant(child(4, &w.stranger, Right::View)));
    let due = |w: &World, version, sealed_at| w.replay().unwrap().needs_rekey(version, sealed_at);
    assert!(!due(&w, 1, 0) && !due(&w, 2, 0), "nothing has ended");
    w.chain.push(&w.doctor, Change::Revoke(GrantId([3; 16])));
    assert!(due(&w, 2, 4) && !due(&w, 2, 5), "up to the entry that revoked it, and from there on no more");
    assert!(!due(&w, 1, 2), "it did not cover version 1");
    // The doctor's grant falls, and the stranger's with it; the colleague's had ended before.
    w.chain.push(&w.patient, Change::Revoke(GrantId([2; 16])));
    let state = w.replay().unwrap();
    let ended = |id: u8| state.ended_by(state.grant(&GrantId([id; 16])).unwrap());
    assert_eq!((ended(1), ended(2), ended(3), ended(4)), (None, Some(6), Some(5), Some(6)));
    assert!(due(&w, 1, 5) && !due(&w, 1, 6));
}

#[test]
fn expiry_is_judged_at_the_callers_time() {
    let mut w = World::new();
    let grant = Grant { expires_at: T0 + 500, ..grant_to(3, &w.colleague, Right::Reshare) };
    w.chain.push(&w.patient, Change::Grant(grant));
    let of_expired =
        Grant { parent: Some(GrantId([3; 16])), expires_at: T0 + 500, ..grant_to(4, &w.stranger, Right::View) };
    w.chain.push(&w.colleague, Change::Grant(of_expired.clone()));
    let state = w.replay().unwrap().at(T0 + 499);
    assert!(state.may_read(w.colleague.id(), 1) && state.may_read(w.stranger.id(), 1));
    let state = state.at(T0 + 500);
    assert!(!state.may_read(w.colleague.id(), 1) && !state.may_read(w.stranger.id(), 1));
    assert_eq!(state.status(state.grant(&GrantId([3; 16])).unwrap()), GrantStatus::Expired);
    // After expiry the holder can't grant.
    let late = Grant { id: GrantId([5; 16]), expires_at: T0 + 9000, ..of_expired };
    let mut entry = w.chain.entry(&w.colleague, Change::Grant(late));
    entry.time = T0 + 600;
    w.chain.push_entry(&w.colleague, entry);
    assert_eq!(w.error(), ChainError::GrantNotLive { seq: 5 });
}

#[test]
fn only_the_owner_erases_and_nothing_comes_after() {
    let mut w = World::new();
    w.chain.push(&w.doctor, Change::Erase);
    assert_eq!(w.error(), ChainError::NotEntitled { seq: 3 });
    w.chain.entries.pop();
    assert_eq!(w.replay().unwrap().erased(), None);
    w.chain.push(&w.patient, Change::Erase);
    let state = w.replay().unwrap();
    assert_eq!(state.erased().map(|erasure| erasure.seq), Some(3));
    assert_eq!((state.live_grants().count(), state.right_of(w.patient.id())), (0, None));
    assert!(!state.may_read(w.patient.id(), 1) && !state.may_read(w.doctor.id(), 1));
    w.chain.push(&w.patient, Change::Grant(grant_to(9, &w.colleague, Right::View)));
    assert_eq!(w.error(), ChainError::Erased { seq: 4 });
}

#[test]
fn what_a_closed_account_holds_counts_no_more_and_what_it_passed_on_stays() {
    let mut w = World::new();
    w.chain.push(&w.doctor, Change::Grant(child(3, &w.colleague, Right::View)));
    let mut state = w.replay().unwrap();
    state.note_closed(w.doctor.id());
    assert_eq!(state.status(state.grant(&GrantId([2; 16])).unwrap()), GrantStatus::HolderClosed);
    assert_eq!(state.right_of(w.doctor.id()), None);
    assert!(state.may_read(w.colleague.id(), 1) && state.may_read(w.patient.id(), 1));
    assert_eq!(state.live_grants().count(), 2);
}

#[test]
fn revoking() {
    let mut w = World::new();
    w.chain.push(&w.doctor, Change::Grant(child(3, &w.colleague, Right::View)));
    let with = |author: &Person, id: u8| {
        let mut chain = Chain { genesis: w.chain.genesis.clone(), entries: w.chain.entries.clone() };
        chain.push(author, Change::Revoke(GrantId([id; 16])));
        chain.replay(&directory([&w.doctor, &w.patient, &w.colleague, &w.stranger])).map(drop)
    };
    let seq = 4;
    assert_eq!(with(&w.patient, 3), Ok(()), "the owner");
    assert_eq!(with(&w.doctor, 3), Ok(()), "the issuer");
    assert_eq!(with(&w.colleague, 3), Ok(()), "the holder leaves");
    assert_eq!(with(&w.doctor, 2), Ok(()), "the author leaves");
    assert_eq!(with(&w.stranger, 3), Err(ChainError::NotEntitled { seq }));
    assert_eq!(with(&w.colleague, 2), Err(ChainError::NotEntitled { seq }));
    assert_eq!(with(&w.doctor, 1), Err(ChainError::OwnershipRule { seq }));
    assert_eq!(with(&w.patient, 1), Err(ChainError::OwnershipRule { seq }));
    assert_eq!(with(&w.patient, 9), Err(ChainError::UnknownGrant { seq }));
    w.chain.push(&w.patient, Change::Revoke(GrantId([3; 16])));
    w.chain.push(&w.patient, Change::Revoke(GrantId([3; 16])));
    assert_eq!(w.error(), ChainError::GrantNotLive { seq: 5 });
}

/// A report kept by the doctor for a patient without account: 1 own → doctor, 2 own → bearer.
fn custody() -> (World, InvitationSecret) {
    let mut w = World::new();
    let placeholder = PlaceholderId([5; 16]);
    w.chain = Chain::new(&w.doctor, Patient::Placeholder(placeholder), 8);
    w.chain.push(&w.doctor, Change::Grant(grant_to(1, &w.doctor, Right::Own)));
    let secret = InvitationSecret::from_slice(&[7; 32]).unwrap();
    let recipient = secret.keys(&w.chain.report()).recipient(placeholder);
    w.chain.push(&w.doctor, Change::Grant(Grant { recipient, ..grant_to(2, &w.doctor, Right::Own) }));
    (w, secret)
}

#[test]
fn claims() {
    let (mut w, secret) = custody();
    let report = w.chain.report();
    let claim = secret.keys(&report).claim(&report, GrantId([2; 16]), &w.patient.chain);
    let try_claim = |w: &World, author: &Person, claim: crypto::report::Claim| {
        let mut chain = Chain { genesis: w.chain.genesis.clone(), entries: w.chain.entries.clone() };
        chain.push(author, Change::Claim(claim));
        chain.replay(&directory([&w.doctor, &w.patient, &w.colleague, &w.stranger])).map(|s| s.owner())
    };
    let seq = 3;
    let bad = Err(ChainError::BadClaim { seq });
    assert_eq!(try_claim(&w, &w.patient, claim.clone()), Ok(w.patient.id()));
    // Stolen on the way by someone else.
    assert_eq!(try_claim(&w, &w.stranger, claim.clone()), bad);
    let mut stolen = claim.clone();
    stolen.recipient = AccountRecipient::current(&w.stranger.chain);
    stolen.record = w.stranger.chain.current().hash();
    assert_eq!(try_claim(&w, &w.stranger, stolen), bad);
    // With another secret, of another report, for another grant.
    let other = InvitationSecret::from_slice(&[8; 32]).unwrap();
    let forged = other.keys(&report).claim(&report, GrantId([2; 16]), &w.patient.chain);
    assert_eq!(try_claim(&w, &w.patient, forged), bad);
    let elsewhere = ReportId([1; 32]);
    let forged = secret.keys(&elsewhere).claim(&elsewhere, GrantId([2; 16]), &w.patient.chain);
    assert_eq!(try_claim(&w, &w.patient, forged), bad);
    let account_grant = secret.keys(&report).claim(&report, GrantId([1; 16]), &w.patient.chain);
    assert_eq!(try_claim(&w, &w.patient, account_grant), bad);
    let missing = secret.keys(&report).claim(&report, GrantId([9; 16]), &w.patient.chain);
    assert_eq!(try_claim(&w, &w.patient, missing), Err(ChainError::UnknownGrant { seq }));
    // Twice, or after revocation.
    w.chain.push(&w.patient, Change::Claim(claim.clone()));
    assert_eq!(try_claim(&w, &w.patient, claim.clone()), Err(ChainError::GrantNotLive { seq: 4 }));
    let (mut w, _) = custody();
    w.chain.push(&w.doctor, Change::Revoke(GrantId([2; 16])));
    assert_eq!(try_claim(&w, &w.patient, claim), Err(ChainError::GrantNotLive { seq: 4 }));
}

#[test]
fn custody_passes_once() {
    let (mut w, secret) = custody();
    let report = w.chain.report();
    let pass = |to: &Person, id: u8| {
        Change::Custody(Custody { grant: GrantId([id; 16]), recipient: AccountRecipient::current(&to.chain) })
    };
    let change = pass(&w.patient, 3);
    w.chain.push(&w.doctor, change);
    let state = w.replay().unwrap();
    assert!(state.owner() == w.patient.id() && state.is_founded() && !state.in_custody());
    assert_eq!(state.right_of(w.doctor.id()), Some(Right::Reshare));
    // The invitation no longer gives ownership.
    let claim = secret.keys(&report).claim(&report, GrantId([2; 16]), &w.stranger.chain);
    w.chain.push(&w.stranger, Change::Claim(claim));
    assert_eq!(w.error(), ChainError::OwnershipRule { seq: 4 });
    w.chain.entries.pop();
    let change = pass(&w.stranger, 4);
    w.chain.push(&w.patient, change);
    assert_eq!(w.error(), ChainError::OwnershipRule { seq: 4 });
    w.chain.entries.pop();
    let change = pass(&w.stranger, 4);
    w.chain.push(&w.doctor, change);
    assert_eq!(w.error(), ChainError::NotEntitled { seq: 4 });
    // A patient with an account has no custodian.
    let mut w = World::new();
    let change = pass(&w.stranger, 4);
    w.chain.push(&w.patient, change);
    assert_eq!(w.error(), ChainError::OwnershipRule { seq: 3 });
}

#[test]
fn fail_bearer_own_grant_for_another_placeholder() {
    let (mut w, secret) = custody();
    let recipient = secret.keys(&w.chain.report()).recipient(PlaceholderId([6; 16]));
    w.chain.push(&w.doctor, Change::Grant(Grant { recipient, ..grant_to(3, &w.doctor, Right::Own) }));
    assert_eq!(w.error(), ChainError::OwnershipRule { seq: 3 });
}

/// One random step: who does what to whom.
#[derive(Debug, Clone)]
enum Step {
    Grant { by: usize, to: usize, right: u8, parent: Option<u8>, until: i64 },
    Revoke { by: usize, id: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    let grant = (0..4usize, 0..4usize, 1..=4u8, proptest::option::of(1..8u8), 0..3i64)
        .prop_map(|(by, to, right, parent, until)| Step::Grant { by, to, right, parent, until });
    let revoke = (0..4usize, 1..8u8).prop_map(|(by, id)| Step::Revoke { by, id });
    prop_oneof![3 => grant, 1 => revoke]
}

fn right(tag: u8) -> Right {
    [Right::View, Right::Contribute, Right::Reshare, Right::Own][usize::from(tag) - 1]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is tried, in any order: refused entries change nothing; nobody but the owner, or a live reshare
    /// holder, ever adds a grant; no live grant exceeds what its issuer could give; ownership never moves here.
    #[test]
    fn random_chains_keep_the_invariants(steps in proptest::collection::vec(step(), 1..14)) {
        let w = World::new();
        let people = [&w.doctor, &w.patient, &w.colleague, &w.stranger];
        let keys = directory(people);
        let mut chain = Chain { genesis: w.chain.genesis.clone(), entries: w.chain.entries.clone() };
        let mut state = w.replay().unwrap();
        for (n, step) in (3u8..).zip(steps) {
            let (by, change) = match step {
                Step::Grant { by, to, right: tag, parent, until } => {
                    let mut grant = grant_to(n, people[to], right(tag));
                    grant.parent = parent.map(|p| GrantId([p; 16]));
                    grant.expires_at = if until == 0 { 0 } else { T0 + 1000 * until };
                    (people[by], Change::Grant(grant))
                }
                Step::Revoke { by, id } => (people[by], Change::Revoke(GrantId([id; 16]))),
            };
            let before = state.clone();
            let entry = Signed::sign(chain.entry(by, change.clone()), &by.keyring.current().signing);
            if state.apply(&entry, &keys).is_err() {
                prop_assert_eq!(&state, &before);
                continue;
            }
            chain.entries.push(entry);
            let had = before.right_of(by.id());
            match &change {
                Change::Grant(g) => {
                    prop_assert!(had >= Some(Right::Reshare));
                    if had < Some(Right::Own) {
                        prop_assert!(g.right <= Right::Contribute && g.parent.is_some());
                    }
                }
                Change::Revoke(id) => {
                    let g = before.grant(id).unwrap();
                    let parent = g.grant.parent.and_then(|p| before.grant(&p));
                    prop_assert!(
                        by.id() == before.owner()
                            || g.holder() == Some(by.id())
                            || parent.and_then(|p| p.holder()) == Some(by.id())
                    );
                }
                _ => unreachable!(),
            }
            prop_assert_eq!(state.owner(), w.patient.id());
            prop_assert!(state.is_founded());
        }
        // A second replay from the start says the same, and every live child has a live parent that covers it.
        let again = chain.replay(&keys).unwrap();
        prop_assert_eq!(&again, &state);
        for now in [T0 + 500, T0 + 1000, T0 + 2500] {
            let state = state.clone().at(now);
            for g in state.live_grants() {
                if let Some(parent) = g.grant.parent {
                    let parent = state.grant(&parent).unwrap();
                    prop_assert_eq!(state.status(parent), GrantStatus::Live);
                    prop_assert!(parent.grant.right >= g.grant.right);
                    prop_assert!(parent.grant.versions.covers(&g.grant.versions));
                }
            }
        }
    }
}
