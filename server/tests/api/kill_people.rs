//! People at work while their server is killed over and over. What got no answer they do again, and before that they look
//! what became of it: all of it, or nothing.

use std::{cell::Cell, collections::BTreeMap, time::Duration};

use api_types::{ErrorCode, GrantId, ReportId, grants::Right, limits::SEGMENT_PLAIN};
use bytes::Bytes;
use client::{
    AccessStatus, ClientError, OpenDraft, OpenReport, PatientChoice, Platform, Share, Vault,
    bulk::{
        Control,
        native::{FileBulk, FileSink, FileSource, OpenedFile},
    },
    content::ReportFields,
    native::Native,
    transport::TransportError,
};
use server::clock::DAY;

use crate::honest_client::Person;

/// Longer than the clean-up waits for anything.
const CODE_LIFE: i64 = 20 * DAY;
/// Before somebody tries again.
const PAUSE: Duration = Duration::from_millis(30);

/// SplitMix64: the same seed makes the same choices. Where in them a kill falls depends on the machine all the same.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below the limit.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }

    /// Others for somebody else.
    pub fn another(&mut self) -> Self {
        Self(self.below(u64::MAX))
    }

    fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    /// A file: one in eight has two segments.
    fn content(&mut self) -> Bytes {
        let len = if self.below(8) == 0 { SEGMENT_PLAIN + self.below(1 << 20) } else { self.below(300_000) };
        let seed = self.below(251);
        (0..len).map(|i| ((i * 31 + seed) % 251) as u8).collect::<Vec<_>>().into()
    }
}

/// What was done. Everybody works in one task.
#[derive(Debug, Default)]
pub struct Tally {
    /// Acknowledged.
    pub uploads: Cell<u64>,
    /// Acknowledged.
    pub shares: Cell<u64>,
    /// Acknowledged.
    pub revocations: Cell<u64>,
    /// Acknowledged: further versions.
    pub versions: Cell<u64>,
    /// Acknowledged: versions saved anew, under new keys.
    pub saves: Cell<u64>,
    /// Steps that got no answer.
    pub unanswered: Cell<u64>,
    /// Uploads and shares that got no answer and were there all the same.
    pub there: Cell<u64>,
    /// Drafts whose beginning got no answer.
    pub begun: Cell<u64>,
}

fn count(cell: &Cell<u64>) {
    cell.set(cell.get() + 1);
}

fn is_unanswered(error: &ClientError) -> bool {
    let asks_to_wait = matches!(error.problem(), Some(ErrorCode::Throttled | ErrorCode::TooManyAtOnce));
    asks_to_wait || matches!(error, ClientError::Transport(TransportError::Offline | TransportError::TimedOut))
}

impl Tally {
    pub fn acknowledged(&self) -> u64 {
        let Self { uploads, shares, revocations, versions, saves, .. } = self;
        [uploads, shares, revocations, versions, saves].map(Cell::get).iter().sum()
    }

    /// Panics at whatever is no silence.
    async fn note(&self, error: &ClientError) {
        assert!(is_unanswered(error), "{}: {error}", error.code());
        count(&self.unanswered);
        tokio::time::sleep(PAUSE).await;
    }

    /// Tries until there is an answer.
    async fn answer<A>(&self, attempt: impl AsyncFn() -> client::Result<A>) -> A {
        loop {
            match attempt().await {
                Ok(answer) => return answer,
                Err(error) => self.note(&error).await,
            }
        }
    }
}

/// A report that is there, and whom it was given to.
pub struct Kept {
    pub id: ReportId,
    pub content: Bytes,
    /// Of each version, the first one first.
    pub revisions: Vec<u32>,
    pub given: Vec<Given>,
}

/// A grant.
pub struct Given {
    pub grant: GrantId,
    /// Which of the others has it.
    pub to: usize,
    pub status: AccessStatus,
}

impl Kept {
    /// Whether one of the others can open it.
    pub fn opens_for(&self, to: usize) -> bool {
        self.given.iter().any(|given| given.to == to && given.status == AccessStatus::Live)
    }
}

/// Somebody who owns reports, gives others access to them, ends it, and then saves them: as a further version, or under new keys.
pub struct Worker<'t> {
    pub me: Person,
    pub others: Vec<Person>,
    pub kept: Vec<Kept>,
    dice: Dice,
    tally: &'t Tally,
}

/// Of one version.
fn fields(version: u32) -> ReportFields {
    let text = |text: &str| text.to_owned();
    ReportFields {
        report_number: text("R-17"),
        title: text("Chest X-ray"),
        patient_name: text("Ann Example"),
        patient_id: text("P-4"),
        diagnosis: format!("Finding {version}"),
        ..Default::default()
    }
}

/// The file of a report, out of its newest version.
pub async fn read<P: Platform<Bulk = FileBulk>>(reader: &Vault<P>, id: &ReportId) -> client::Result<Vec<u8>> {
    let open = reader.report(id).await?;
    read_version(reader, &open, open.latest).await
}

/// The file, out of a version whose fields are its own.
pub async fn read_version<P: Platform<Bulk = FileBulk>>(
    reader: &Vault<P>,
    open: &OpenReport,
    number: u32,
) -> client::Result<Vec<u8>> {
    let version = reader.version(open, number).await?;
    assert_eq!(version.content.fields, fields(number));
    match reader.download(&version, 1, FileSink::Bytes(Vec::new()), &Control::none()).await? {
        OpenedFile::Bytes(bytes) => Ok(bytes),
        OpenedFile::Path(path) => panic!("{}", path.display()),
    }
}

impl<'t> Worker<'t> {
    pub fn new(me: Person, others: Vec<Person>, dice: Dice, tally: &'t Tally) -> Self {
        Self { me, others, kept: Vec::new(), dice, tally }
    }

    /// Works until all together have done so much.
    pub async fn work(&mut self, goal: u64) {
        while self.tally.acknowledged() < goal {
            match self.dice.below(10) {
                0..=3 => self.upload().await,
                4..=6 => self.share().await,
                _ => self.take_back().await,
            }
            // The server's past is what it was before the last kill.
            self.tally.answer(async || self.me.check_log().await).await;
        }
    }

    async fn upload(&mut self) {
        let content = self.dice.content();
        let draft = self.begin().await;
        let source = FileSource::Bytes(content.clone());
        let add = async || match draft.files().first() {
            None => draft.add_file("scan.bin", &source, &Control::none()).await.map(drop),
            Some(file) => draft.resume_file(file.part, &source, &Control::none()).await,
        };
        self.tally.answer(add).await;
        self.complete(&draft, &content).await;
        let id = draft.id();
        self.assert_opens(&self.me, &id, &content).await;
        count(&self.tally.uploads);
        self.kept.push(Kept { id, content, revisions: vec![0], given: Vec::new() });
    }

    async fn begin(&self) -> OpenDraft<Native> {
        loop {
            match self.me.begin_draft(PatientChoice::Account(self.me.account_id()), fields(1)).await {
                Ok(draft) => return draft,
                Err(error) => {
                    // It may be there all the same: then its author has it among their drafts.
                    count(&self.tally.begun);
                    self.tally.note(&error).await;
                }
            }
        }
    }

    async fn complete(&self, draft: &OpenDraft<Native>, content: &Bytes) {
        loop {
            let Err(error) = draft.complete().await else { return };
            // A try before this one got through, and looking at the report then got no answer.
            let made = error.problem() == Some(ErrorCode::Conflict);
            if !made {
                self.tally.note(&error).await;
            }
            let there = self.whole_or_not_at_all(&draft.id(), content).await;
            assert!(there || !made, "{error}");
        }
    }

    async fn whole_or_not_at_all(&self, id: &ReportId, content: &Bytes) -> bool {
        let look = async || match self.me.report(id).await {
            Ok(_) => Ok(true),
            Err(error) if error.problem() == Some(ErrorCode::NotFound) => Ok(false),
            Err(error) => Err(error),
        };
        let there = self.tally.answer(look).await;
        if there {
            count(&self.tally.there);
            self.assert_opens(&self.me, id, content).await;
        }
        there
    }

    async fn assert_opens(&self, reader: &Person, id: &ReportId, content: &Bytes) {
        let found = self.tally.answer(async || read(reader, id).await).await;
        assert!(found == *content, "report {id} has another content");
    }

    async fn share(&mut self) {
        if self.kept.is_empty() {
            return self.upload().await;
        }
        let (at, to) = (self.dice.index(self.kept.len()), self.dice.index(self.others.len()));
        let with_code = self.dice.below(8) == 0;
        let expires_in = if with_code { CODE_LIFE } else { 0 };
        let share = Share { expires_in, with_code, ..Share::with_code(self.others[to].account_id()) };
        let id = self.kept[at].id;
        let shared = loop {
            match self.me.share(&id, &share).await {
                Ok(shared) => break shared,
                Err(error) => {
                    self.tally.note(&error).await;
                    self.find_lost(at, to, with_code).await;
                }
            }
        };
        if let Some(code) = &shared.code {
            self.redeem(to, &shared.grant, code).await;
        }
        self.given(at, Given { grant: shared.grant, to, status: AccessStatus::Live }).await;
        count(&self.tally.shares);
    }

    /// A share whose answer was lost stands, or doesn't. With a code that nobody knows it waits for ever.
    async fn find_lost(&mut self, at: usize, to: usize, with_code: bool) {
        let status = if with_code { AccessStatus::Pending } else { AccessStatus::Live };
        for (grant, found) in self.grants(&self.kept[at].id).await {
            if self.kept[at].given.iter().all(|given| given.grant != grant) {
                assert_eq!(found, status);
                count(&self.tally.there);
                self.given(at, Given { grant, to, status }).await;
            }
        }
    }

    async fn given(&mut self, at: usize, given: Given) {
        let kept = &self.kept[at];
        if given.status == AccessStatus::Live {
            self.assert_opens(&self.others[given.to], &kept.id, &kept.content).await;
        }
        self.kept[at].given.push(given);
    }

    async fn grants(&self, id: &ReportId) -> Vec<(GrantId, AccessStatus)> {
        self.tally.answer(async || grants(&self.me, id).await).await
    }

    async fn redeem(&self, to: usize, grant: &GrantId, code: &str) {
        let mut tried = false;
        loop {
            match self.others[to].redeem(grant, code).await {
                Ok(_) => return,
                // By the try before, whose answer was lost.
                Err(error) if tried && error.problem() == Some(ErrorCode::Conflict) => return,
                Err(error) => self.tally.note(&error).await,
            }
            tried = true;
        }
    }

    /// Ends somebody's access, and saves what they could open.
    async fn take_back(&mut self) {
        let standing = |kept: &Kept| kept.given.iter().position(|given| given.status != AccessStatus::Revoked);
        let shared: Vec<_> =
            self.kept.iter().enumerate().filter_map(|(at, kept)| Some((at, standing(kept)?))).collect();
        if shared.is_empty() {
            return self.share().await;
        }
        let (at, which) = shared[self.dice.index(shared.len())];
        let (id, grant, to) = (self.kept[at].id, self.kept[at].given[which].grant, self.kept[at].given[which].to);
        self.tally.answer(async || self.me.revoke(&id, &grant).await).await;
        self.kept[at].given[which].status = AccessStatus::Revoked;
        count(&self.tally.revocations);
        // In turn, so that both are done often enough.
        let further = self.tally.revocations.get() % 2 == 1;
        if !self.kept[at].opens_for(to) {
            let look = async || match read(&self.others[to], &id).await {
                Err(error) if is_unanswered(&error) => Err(error),
                found => Ok(found.is_ok()),
            };
            assert!(!self.tally.answer(look).await, "whoever lost access opens report {id}");
        }
        if further {
            self.add_version(at).await
        } else {
            self.rekey(at).await
        }
        let Kept { id, content, .. } = &self.kept[at];
        self.assert_opens(&self.me, id, content).await;
    }

    async fn open(&self, id: &ReportId) -> OpenReport {
        self.tally.answer(async || self.me.report(id).await).await
    }

    /// Saves it with other fields. Its file stays, sealed anew where whoever lost access has its key.
    async fn add_version(&mut self, at: usize) {
        let id = self.kept[at].id;
        let draft = self.tally.answer(async || self.me.edit_report(&id).await).await;
        let number = draft.base().unwrap() + 1;
        draft.set_fields(fields(number)).unwrap();
        let saved = self.tally.answer(async || draft.save_version(&Control::none()).await).await;
        let kept = &mut self.kept[at];
        kept.revisions.push(0);
        assert_eq!((number, revisions(&saved)), (saved.latest, kept.revisions.clone()));
        assert_eq!(saved.versions.last().map(|version| version.rekey_pending), Some(false));
        count(&self.tally.versions);
    }

    /// Saves each version anew that somebody could open who lost access: its next revision, under new keys.
    async fn rekey(&mut self, at: usize) {
        let id = self.kept[at].id;
        let due: Vec<_> = self.open(&id).await.versions.iter().map(|version| version.rekey_pending).collect();
        self.tally.answer(async || self.me.rekey(&id, &Control::none()).await).await;
        let open = self.open(&id).await;
        let kept = &mut self.kept[at];
        for (revision, due) in kept.revisions.iter_mut().zip(&due) {
            *revision += u32::from(*due);
        }
        assert_eq!(revisions(&open), kept.revisions);
        assert!(open.versions.iter().all(|version| !version.rekey_pending));
        if due.contains(&true) {
            count(&self.tally.saves);
        }
    }
}

/// Of each version, the first one first.
fn revisions(open: &OpenReport) -> Vec<u32> {
    open.versions.iter().map(|version| version.revision).collect()
}

/// A report's grants to others, as its verified chain has them.
async fn grants<P: Platform>(owner: &Vault<P>, id: &ReportId) -> client::Result<Vec<(GrantId, AccessStatus)>> {
    let rows = owner.access(id).await?;
    Ok(rows.into_iter().filter(|row| !row.own).map(|row| (row.grant, row.status)).collect())
}

/// A report with all that was done to it, as everybody concerned sees it; nobody else does. The others are those of its owner's
/// worker, in their order.
pub async fn assert_kept<P: Platform<Bulk = FileBulk>>(owner: &Vault<P>, others: &[Vault<P>], kept: &Kept) {
    assert_versions(owner, kept).await;
    let found: BTreeMap<_, _> =
        grants(owner, &kept.id).await.unwrap().into_iter().map(|(id, status)| (id.0, status)).collect();
    let given: BTreeMap<_, _> = kept.given.iter().map(|given| (given.grant.0, given.status)).collect();
    assert_eq!(found, given, "{}", kept.id);
    for (to, other) in others.iter().enumerate() {
        let found = read(other, &kept.id).await;
        let opens = found.as_ref().is_ok_and(|found| *found == kept.content);
        assert_eq!(opens, kept.opens_for(to), "{}: {:?}", kept.id, found.err());
    }
}

/// Each version has its own fields, and all have the file.
async fn assert_versions<P: Platform<Bulk = FileBulk>>(owner: &Vault<P>, kept: &Kept) {
    let open = owner.report(&kept.id).await.unwrap();
    assert_eq!((open.right, revisions(&open)), (Right::Own, kept.revisions.clone()), "{}", kept.id);
    for number in 1..=open.latest {
        let found = read_version(owner, &open, number).await.unwrap();
        assert!(found == kept.content, "{} version {number} has another content", kept.id);
    }
}
