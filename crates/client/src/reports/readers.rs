//! Who signed for each reading of a report: an event that says that somebody read holds their own signed request.

use api_types::{ReportId, audit::AuditEvent};
use crypto::{
    account::KeyDirectory,
    audit::{AuditEvent as Stored, ReadRequest, RequestError, Unverified, VerifiedRequests},
    defence::Defence,
    ids::InstanceId,
    sign::Signed,
};

use super::{canonical, chain::Named};
use crate::{
    error::Result,
    ids::ToCrypto,
    platform::{AT_ONCE, Environment, Platform},
    refusal::Refusal,
    vault::Vault,
};

/// As [`AT_ONCE`], where each signature is verified by itself.
const ALONE_AT_ONCE: usize = AT_ONCE / 4;

/// Whose word a reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReaderMark {
    /// The reader's: they signed that they ask for it, with the keys that the log of keys has.
    Signed,
    /// The reader's, but on another day than the event says: somebody's clock is wrong, or the server shows again what was
    /// signed for another reading.
    OtherTime,
    /// The server's alone: an event from before readers signed.
    Unsigned,
    /// Somebody's whom this report's access chain doesn't name, so that their keys can't be looked up. Such a one has no
    /// keys to the report.
    Stranger,
}

/// The reading that an event is; `None` for another event.
fn reading(event: &AuditEvent) -> Option<Stored> {
    canonical(event).filter(Stored::is_reading)
}

/// Verifies the signatures of readings together, which costs a third: of those requests that fit their events and aren't
/// `known`. They are then. `false` where each must be verified by itself.
fn verify_together(
    items: &[AuditEvent],
    instance: &InstanceId,
    keys: &impl KeyDirectory,
    known: &mut VerifiedRequests,
) -> bool {
    let readings = items.iter().filter_map(reading);
    let new: Vec<Unverified> = readings.filter_map(|reading| reading.unverified(instance, keys, known)).collect();
    known.verify_together(&new)
}

/// Verifies the readings among the events of one report, from the oldest on, a piece with each step. Once somebody has signed,
/// nobody reads unsigned.
struct Checking<'a> {
    /// What is left, newest first.
    left: &'a [AuditEvent],
    /// Of those the oldest, whose signatures were looked at together.
    tried: usize,
    /// How many of these come with each step.
    at_once: usize,
    signed: bool,
    /// Oldest first.
    marks: Vec<Option<ReaderMark>>,
}

impl<'a> Checking<'a> {
    fn new(items: &'a [AuditEvent]) -> Self {
        Self { left: items, tried: 0, at_once: AT_ONCE, signed: false, marks: Vec::with_capacity(items.len()) }
    }

    /// The next piece, or a look at many signatures together that didn't hold. Says whether there is more. `known` are signatures
    /// that were verified before.
    fn step(
        &mut self,
        instance: &InstanceId,
        keys: &impl KeyDirectory,
        known: &mut VerifiedRequests,
    ) -> Result<bool, Refusal> {
        if self.left.is_empty() {
            return Ok(false);
        }
        if self.tried == 0 {
            self.tried = self.left.len().min(AT_ONCE);
            let (_, some) = self.left.split_at(self.left.len() - self.tried);
            if !verify_together(some, instance, keys, known) {
                self.at_once = ALONE_AT_ONCE;
                return Ok(true);
            }
            self.at_once = AT_ONCE;
        }
        let (left, few) = self.left.split_at(self.left.len() - self.tried.min(self.at_once));
        self.add(few, instance, keys, known)?;
        (self.left, self.tried) = (left, self.tried - few.len());
        Ok(!self.left.is_empty())
    }

    fn add(
        &mut self,
        items: &[AuditEvent],
        instance: &InstanceId,
        keys: &impl KeyDirectory,
        known: &mut VerifiedRequests,
    ) -> Result<(), Refusal> {
        for event in items.iter().rev() {
            let mark = match reading(event).map(|reading| reading.verify_reader_once(instance, keys, known)) {
                None => None,
                Some(_) if !Defence::ReadRequest.holds() => Some(ReaderMark::Signed),
                Some(Ok(())) => Some(ReaderMark::Signed),
                Some(Err(RequestError::Time)) => Some(ReaderMark::OtherTime),
                Some(Err(RequestError::Missing)) if !self.signed => Some(ReaderMark::Unsigned),
                Some(Err(RequestError::Key(crypto::account::KeyError::AccountUnknown))) => Some(ReaderMark::Stranger),
                Some(Err(error)) => {
                    let seq = event.report_seq.unwrap_or_default();
                    return Err(Refusal::ReadingForged { seq, why: error.to_string() });
                }
            };
            self.signed |= matches!(mark, Some(ReaderMark::Signed | ReaderMark::OtherTime));
            self.marks.push(mark);
        }
        Ok(())
    }

    /// A mark for each event.
    fn newest_first(mut self) -> Vec<Option<ReaderMark>> {
        self.marks.reverse();
        self.marks
    }
}

/// Whoever signed that they read, each with the newest epoch that they signed in.
fn readers(items: &[AuditEvent]) -> Named {
    let mut out = Named::default();
    for event in items {
        let (Some(reader), Some(request)) = (event.actor, &event.request) else { continue };
        let epoch = Signed::<ReadRequest>::parse(&request.0).map_or(0, |request| request.claimed().epoch);
        out.add(reader.crypto(), epoch);
    }
    out
}

impl<P: Platform> Vault<P> {
    /// Verifies the readings among a report's events, newest first, in pieces between which others have their turn.
    ///
    /// # Errors
    /// [`Refusal::ReadingForged`]; refusals of the readers' keys; no connection.
    pub(super) async fn check_readers(&self, id: &ReportId, items: &[AuditEvent]) -> Result<Vec<Option<ReaderMark>>> {
        self.learn_people(id, &readers(items)).await?;
        let instance = &self.pinned().instance;
        let environment = self.platform().environment();
        let mut checking = Checking::new(items);
        while checking.step(instance, &*self.people(), &mut self.verified_requests())? {
            environment.turn().await;
        }
        Ok(checking.newest_first())
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, slice};

    use api_types::{
        AccountId as ApiAccount, B64, SessionId as ApiSession,
        audit::{Action, Outcome},
    };
    use crypto::{
        account::{KeyChain, Keyring},
        audit::{Asked, READ_REQUEST_TOLERANCE, ReadRequest, what},
        ids::{AccountId, SessionId},
    };

    use super::*;
    use crate::{platform::rng, reports::fixture};

    const INSTANCE: InstanceId = InstanceId([9; 16]);
    const REPORT: ReportId = ReportId([7; 32]);
    const SESSION: [u8; 16] = [5; 16];
    const NOW: i64 = 1_700_000_000_000;

    fn check(
        items: &[AuditEvent],
        instance: &InstanceId,
        keys: &impl KeyDirectory,
    ) -> Result<Vec<Option<ReaderMark>>, Refusal> {
        check_knowing(items, instance, keys, &mut VerifiedRequests::default())
    }

    /// What a vault does.
    fn check_knowing(
        items: &[AuditEvent],
        instance: &InstanceId,
        keys: &impl KeyDirectory,
        known: &mut VerifiedRequests,
    ) -> Result<Vec<Option<ReaderMark>>, Refusal> {
        let mut checking = Checking::new(items);
        while checking.step(instance, keys, known)? {}
        Ok(checking.newest_first())
    }

    /// As it was before signatures were verified together.
    fn check_alone(items: &[AuditEvent], keys: &impl KeyDirectory) -> Result<Vec<Option<ReaderMark>>, Refusal> {
        let mut checking = Checking::new(items);
        checking.add(items, &INSTANCE, keys, &mut VerifiedRequests::default())?;
        Ok(checking.newest_first())
    }

    /// As after many that didn't hold together.
    fn check_few_at_once(items: &[AuditEvent], keys: &impl KeyDirectory) -> Result<Vec<Option<ReaderMark>>, Refusal> {
        let mut known = VerifiedRequests::default();
        let mut checking = Checking { tried: items.len().min(AT_ONCE), at_once: ALONE_AT_ONCE, ..Checking::new(items) };
        let mut steps = 1;
        while checking.step(&INSTANCE, keys, &mut known)? {
            steps += 1;
        }
        assert!(steps > 3, "{steps}");
        Ok(checking.newest_first())
    }

    /// Somebody who reads.
    struct Reader {
        keyring: Keyring,
        chain: KeyChain,
    }

    impl Reader {
        fn new() -> Self {
            let (keyring, record) = Keyring::create(NOW - 1000, &mut rng());
            let chain = KeyChain::verify(vec![record]).expect("a fresh record");
            Self { keyring, chain }
        }

        fn keys(&self) -> BTreeMap<AccountId, KeyChain> {
            BTreeMap::from([(self.chain.account(), self.chain.clone())])
        }

        fn sign(&self, what: &str, time: i64) -> Vec<u8> {
            self.ask("open", Some(REPORT), what, time)
        }

        fn ask(&self, kind: &str, report: Option<ReportId>, what: &str, time: i64) -> Vec<u8> {
            let asked = Asked {
                instance: INSTANCE,
                account: self.chain.account(),
                session: SessionId(SESSION),
                kind: kind.to_owned(),
                report: report.map(|report| report.crypto()),
                what: what.to_owned(),
            };
            ReadRequest::sign(asked, time, self.keyring.current(), &mut rng()).as_bytes().to_vec()
        }

        fn opened(&self, request: Option<Vec<u8>>) -> AuditEvent {
            AuditEvent {
                seq: 1,
                time: NOW,
                actor: Some(ApiAccount(self.chain.account().0)),
                session: Some(ApiSession(SESSION)),
                report_id: Some(REPORT),
                report_seq: Some(3),
                report_prev: Some(B64(vec![0; 32])),
                subject: "version=1 part=2 revision=0 from=0 to=9".to_owned(),
                request: request.map(B64),
                ..fixture::event()
            }
        }
    }

    const WHAT: &str = "version=1 part=2 revision=0";

    #[test]
    fn what_was_verified_before_vouches_for_nothing_else() {
        let (reader, other) = (Reader::new(), Reader::new());
        let mut known = VerifiedRequests::default();
        let mut again = |event: &AuditEvent, keys: BTreeMap<AccountId, KeyChain>| {
            check_knowing(slice::from_ref(event), &INSTANCE, &keys, &mut known)
        };
        let asked = reader.sign(WHAT, NOW);
        let honest = reader.opened(Some(asked.clone()));
        for _ in 0..2 {
            assert_eq!(again(&honest, reader.keys()), Ok(vec![Some(ReaderMark::Signed)]));
        }
        let mut broken = asked;
        *broken.last_mut().expect("a signature") ^= 1;
        let elsewhere = AuditEvent { subject: "version=1 part=3 revision=0".to_owned(), ..honest.clone() };
        for event in [reader.opened(Some(broken)), elsewhere] {
            assert!(matches!(again(&event, reader.keys()), Err(Refusal::ReadingForged { .. })), "{event:?}");
        }
        // The same request, with another's keys under the reader's name.
        let exchanged = BTreeMap::from([(reader.chain.account(), other.chain.clone())]);
        assert!(matches!(again(&honest, exchanged), Err(Refusal::ReadingForged { .. })));
        assert_eq!(again(&honest, BTreeMap::new()), Ok(vec![Some(ReaderMark::Stranger)]));
        let late = AuditEvent { time: NOW + 2 * READ_REQUEST_TOLERANCE, ..honest };
        assert_eq!(again(&late, reader.keys()), Ok(vec![Some(ReaderMark::OtherTime)]));
    }

    /// So many readings, newest first, more than one piece: each has its number in its report.
    fn readings(reader: &Reader) -> Vec<AuditEvent> {
        let numbers = (1..=AT_ONCE as u64 + 20).rev();
        numbers.map(|seq| AuditEvent { report_seq: Some(seq), ..reader.opened(Some(reader.sign(WHAT, NOW))) }).collect()
    }

    #[test]
    fn many_are_verified_together_and_remembered() {
        let reader = Reader::new();
        let items = readings(&reader);
        let mut known = VerifiedRequests::default();
        for some in items.rchunks(AT_ONCE) {
            assert!(verify_together(some, &INSTANCE, &reader.keys(), &mut known));
        }
        let new = |event: &AuditEvent| reading(event)?.unverified(&INSTANCE, &reader.keys(), &known);
        assert!(items.iter().all(|event| new(event).is_none()), "each is known");
        let found = check_knowing(&items, &INSTANCE, &reader.keys(), &mut known);
        assert_eq!(found, Ok(vec![Some(ReaderMark::Signed); items.len()]));
    }

    #[test]
    fn one_that_is_forged_among_many_is_named() {
        let (reader, other) = (Reader::new(), Reader::new());
        let items = readings(&reader);
        // In either piece, and where they meet.
        for place in [0, 7, 19, 20, items.len() - 1] {
            let mut forged = items.clone();
            let mut broken = reader.sign(WHAT, NOW);
            *broken.last_mut().expect("a signature") ^= 1;
            forged[place].request = Some(B64(broken));
            let found = check(&forged, &INSTANCE, &reader.keys());
            let number = items[place].report_seq.expect("a number");
            assert!(matches!(found, Err(Refusal::ReadingForged { seq, .. }) if seq == number), "{place}: {found:?}");
            assert_eq!(found, check_alone(&forged, &reader.keys()), "{place}");
        }
        let mut mixed = items.clone();
        mixed[3] = AuditEvent { report_seq: mixed[3].report_seq, ..other.opened(Some(other.sign(WHAT, NOW))) };
        mixed[5].time += 2 * READ_REQUEST_TOLERANCE;
        mixed[8].action = Action::Share;
        mixed[items.len() - 1].request = None;
        let found = check(&mixed, &INSTANCE, &reader.keys());
        assert_eq!(found, check_alone(&mixed, &reader.keys()));
        assert_eq!(found, check_few_at_once(&mixed, &reader.keys()));
        let marks = found.expect("none is forged");
        let of = |place: usize| marks[place];
        assert_eq!((of(3), of(5)), (Some(ReaderMark::Stranger), Some(ReaderMark::OtherTime)));
        assert_eq!((of(8), of(items.len() - 1)), (None, Some(ReaderMark::Unsigned)));
        assert_eq!(marks.iter().filter(|mark| **mark == Some(ReaderMark::Signed)).count(), items.len() - 4);
        // Somebody signed in the older piece: none of the newer is unsigned.
        mixed[0].request = None;
        let found = check(&mixed, &INSTANCE, &reader.keys());
        assert!(matches!(found, Err(Refusal::ReadingForged { .. })), "{found:?}");
    }

    #[test]
    fn a_reading_that_was_asked_for_is_its_readers() {
        let reader = Reader::new();
        let event = reader.opened(Some(reader.sign(WHAT, NOW)));
        assert_eq!(check(&[event], &INSTANCE, &reader.keys()), Ok(vec![Some(ReaderMark::Signed)]));
    }

    #[test]
    fn what_came_with_a_list_is_its_readers_who_asked_for_one() {
        let (reader, other) = (Reader::new(), Reader::new());
        let listed = |request: Option<Vec<u8>>| AuditEvent {
            action: Action::List,
            subject: "of=reports version=1 revision=0".to_owned(),
            ..reader.opened(request)
        };
        let found = |event: AuditEvent| check(&[event], &INSTANCE, &reader.keys());
        let honest = reader.ask("list", None, what::REPORTS, NOW);
        assert_eq!(found(listed(Some(honest.clone()))), Ok(vec![Some(ReaderMark::Signed)]));
        let mut broken = honest.clone();
        *broken.last_mut().expect("a signature") ^= 1;
        let cases = [
            ("another signature", listed(Some(broken))),
            ("another's list", listed(Some(other.ask("list", None, what::REPORTS, NOW)))),
            ("a look at the report", listed(Some(reader.ask("read", Some(REPORT), what::REPORT, NOW)))),
            ("a list of one report", listed(Some(reader.ask("list", Some(REPORT), what::REPORTS, NOW)))),
            ("other words", listed(Some(reader.ask("list", None, "", NOW)))),
            ("opened", reader.opened(Some(honest.clone()))),
            ("another session", AuditEvent { session: Some(ApiSession([6; 16])), ..listed(Some(honest.clone())) }),
        ];
        for (case, event) in cases {
            let found = found(event);
            assert!(matches!(found, Err(Refusal::ReadingForged { .. })), "{case}: {found:?}");
        }
        let signed = listed(Some(honest));
        let unsigned = check(&[listed(None), signed], &INSTANCE, &reader.keys());
        assert!(matches!(unsigned, Err(Refusal::ReadingForged { .. })), "{unsigned:?}");
    }

    #[test]
    fn what_is_no_reading_needs_no_request() {
        let reader = Reader::new();
        let shared = AuditEvent { action: Action::Share, ..reader.opened(None) };
        let refused = AuditEvent { outcome: Outcome::Denied, ..reader.opened(None) };
        assert_eq!(check(&[shared, refused], &INSTANCE, &reader.keys()), Ok(vec![None, None]));
    }

    #[test]
    fn once_somebody_signed_nobody_reads_unsigned() {
        let reader = Reader::new();
        let (unsigned, signed) = (reader.opened(None), reader.opened(Some(reader.sign(WHAT, NOW))));
        // Newest first.
        let marks = check(&[signed.clone(), unsigned.clone()], &INSTANCE, &reader.keys());
        assert_eq!(marks, Ok(vec![Some(ReaderMark::Signed), Some(ReaderMark::Unsigned)]));
        let after = check(&[unsigned, signed], &INSTANCE, &reader.keys());
        assert!(matches!(after, Err(Refusal::ReadingForged { seq: 3, .. })), "{after:?}");
    }

    #[test]
    fn a_stranger_is_shown_as_one() {
        let reader = Reader::new();
        let event = reader.opened(Some(reader.sign(WHAT, NOW)));
        assert_eq!(check(&[event], &INSTANCE, &BTreeMap::new()), Ok(vec![Some(ReaderMark::Stranger)]));
    }

    #[test]
    fn what_was_signed_on_another_day_is_shown_as_that() {
        let reader = Reader::new();
        for off in [READ_REQUEST_TOLERANCE, -READ_REQUEST_TOLERANCE] {
            let on = |time| check(&[reader.opened(Some(reader.sign(WHAT, time)))], &INSTANCE, &reader.keys());
            assert_eq!(on(NOW + off), Ok(vec![Some(ReaderMark::Signed)]));
            assert_eq!(on(NOW + off + off.signum()), Ok(vec![Some(ReaderMark::OtherTime)]));
        }
        // Its signature counts all the same.
        let mut broken = reader.sign(WHAT, NOW + 2 * READ_REQUEST_TOLERANCE);
        *broken.last_mut().expect("a signature") ^= 1;
        let found = check(&[reader.opened(Some(broken))], &INSTANCE, &reader.keys());
        assert!(matches!(found, Err(Refusal::ReadingForged { .. })), "{found:?}");
    }

    #[test]
    fn what_was_not_asked_for_is_refused() {
        let reader = Reader::new();
        let other = Reader::new();
        let asked = reader.sign(WHAT, NOW);
        let honest = reader.opened(Some(asked.clone()));
        let by = |change: fn(&mut AuditEvent)| {
            let mut event = honest.clone();
            change(&mut event);
            event
        };
        let mut broken = asked.clone();
        *broken.last_mut().expect("a signature") ^= 1;
        let cases = [
            ("another session", by(|event| event.session = Some(ApiSession([6; 16])))),
            ("no session", by(|event| event.session = None)),
            ("nobody", by(|event| event.actor = None)),
            ("another act", by(|event| event.action = Action::Read)),
            ("another report", by(|event| event.report_id = Some(ReportId([8; 32])))),
            ("another part", by(|event| event.subject = "version=1 part=3 revision=0".to_owned())),
            ("a longer number", by(|event| event.subject = "version=1 part=2 revision=01".to_owned())),
            ("another signature", reader.opened(Some(broken))),
            ("another's request", reader.opened(Some(other.sign(WHAT, NOW)))),
            ("no request at all in it", reader.opened(Some(vec![1, 2, 3]))),
        ];
        for (case, event) in cases {
            let found = check(std::slice::from_ref(&event), &INSTANCE, &reader.keys());
            assert!(matches!(found, Err(Refusal::ReadingForged { .. })), "{case}: {found:?}");
        }
        let elsewhere = check(&[honest], &InstanceId([1; 16]), &reader.keys());
        assert!(matches!(elsewhere, Err(Refusal::ReadingForged { .. })), "another server");
    }
}
