//! The client state: what this account has seen, so that a server can't show it something older. Sealed, counted, at most
//! 1 MiB; merged when two devices write at once.

mod codec;
mod escrow;
mod events;
mod keys_codec;
mod passkeys;
mod teams;

pub(crate) use escrow::EscrowPin;
pub(crate) use events::EventSeen;
pub(crate) use passkeys::{PasskeysSeen, Standing, shown as shown_passkeys};
pub(crate) use teams::TeamPin;

use std::collections::BTreeMap;

use crypto::{
    account::{AccountKey, KeyChain},
    defence::Defence,
    grant::InvitationSecret,
    ids::{AccountId, Hash32, InstanceId, PlaceholderId, ReportId, TeamId},
    sign::PublicSigningKey,
};

use crate::{
    key_log::KeysSeen,
    log::{KeptLog, merge_kept},
    refusal::Refusal,
};

/// Most reports whose heads are kept; beyond that those untouched longest go.
const REPORTS_MAX: usize = 7_500;
/// Most drafts whose counters are remembered; beyond that, those of reports that are there go, the lowest counter first.
const DRAFTS_MAX: usize = 1_000;
/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// A pinned key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pin {
    pub epoch: u32,
    pub record: Hash32,
    pub compared: Compared,
}

impl Pin {
    /// Whether a person compared these keys, or ones that signed what led to them.
    pub fn verified(&self) -> bool {
        self.compared != Compared::Never
    }

    /// What was compared, seen from keys of this epoch, which go on from the pinned ones.
    pub fn compared_at(&self, epoch: u32) -> Compared {
        if epoch > self.epoch { self.compared.min(Compared::Before) } else { self.compared }
    }
}

/// Which of somebody's keys a person compared (words, QR).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Compared {
    /// None: they were only seen first.
    Never,
    /// Ones before these.
    Before,
    /// These.
    These,
}

/// First 16 bytes of a SHA-256: enough to recognise what was seen (a second preimage costs 2^128).
pub(crate) type Short = [u8; 16];

pub(crate) fn short(hash: &Hash32) -> Short {
    let mut out = [0; 16];
    out.copy_from_slice(&hash.0[..16]);
    out
}

/// What was seen of one report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Number of the newest access entry, and its hash.
    pub access: Option<(u32, Hash32)>,
    /// Newest version with its revision and manifest.
    pub newest: Option<(u32, u32, Short)>,
    /// Newest manifest by number.
    pub manifest: Option<(u32, Short)>,
    /// One is the owner, and by the chain seen a version needs new keys.
    pub rekey_due: bool,
    /// Day of the last change, since 1970.
    pub day: u16,
}

/// Everything remembered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ClientState {
    pub instance: Option<InstanceId>,
    pub organisation: Option<PublicSigningKey>,
    pub pins: BTreeMap<AccountId, Pin>,
    pub reports: BTreeMap<ReportId, Seen>,
    /// The lowest counter that is no old one of each draft. A report has many drafts one after another, and their counters only
    /// rise: a copy of one that ended is an old one too.
    pub drafts: BTreeMap<ReportId, u64>,
    /// Secrets of patients without an account, whose reports this account keeps.
    pub placeholders: BTreeMap<PlaceholderId, InvitationSecret>,
    /// Account keys before a rotation: they still open drafts and grant seeds that nobody resealed yet.
    pub retired: Vec<AccountKey>,
    /// For each of the server's trees: the log's key and the newest checkpoint seen.
    pub logs: BTreeMap<String, KeptLog>,
    /// What was seen of the tree of keys.
    pub keys: KeysSeen,
    /// The last password that was set here or on another device; before the first change it was none too short.
    pub password: Option<PasswordSet>,
    /// The newest roster seen of each team.
    pub teams: BTreeMap<TeamId, TeamPin>,
    /// The newest escrow key seen.
    pub escrow: Option<EscrowPin>,
    /// The ways in by passkey that hold the account key of now; `None` before there were any.
    pub passkeys: Option<PasskeysSeen>,
    /// The newest event seen of reports' records, of the newest few hundred.
    pub events: BTreeMap<ReportId, EventSeen>,
}

/// A password that was set with a new account key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PasswordSet {
    /// Generation of that key.
    pub generation: u32,
    /// Too short to sign in alone: without a second factor it must not stay.
    pub short: bool,
}

impl ClientState {
    /// Refuses key records that contradict a pin.
    pub fn check_pin(&self, chain: &KeyChain) -> Result<(), Refusal> {
        match self.pins.get(&chain.account()).filter(|_| Defence::PinnedKeys.holds()) {
            Some(pin) => chain
                .continues(pin.epoch, &pin.record)
                .map_err(|_| Refusal::KeyRecordChanged { account: chain.account().to_string() }),
            None => Ok(()),
        }
    }

    /// Pins the newest record of a checked chain; an older one than the pinned is left. True if that changed anything.
    pub fn pin(&mut self, chain: &KeyChain) -> bool {
        let before = self.pins.get(&chain.account());
        if before.is_some_and(|p| p.epoch > chain.epoch()) {
            return false;
        }
        let compared = before.map_or(Compared::Never, |p| p.compared_at(chain.epoch()));
        let pin = Pin { epoch: chain.epoch(), record: chain.current().hash(), compared };
        self.pins.insert(chain.account(), pin) != Some(pin)
    }

    /// Notes what was seen of a report. True if that changed anything.
    pub fn see(&mut self, report: ReportId, now: i64, change: impl FnOnce(&mut Seen)) -> bool {
        let seen = self.reports.entry(report).or_default();
        let before = *seen;
        change(seen);
        if *seen == before {
            return false;
        }
        seen.day = u16::try_from(now / DAY).unwrap_or(u16::MAX);
        self.evict();
        true
    }

    /// Notes the counter of a draft. True if that changed anything.
    pub fn saw_draft(&mut self, report: ReportId, counter: u64) -> bool {
        if self.drafts.get(&report).is_some_and(|known| *known >= counter) {
            return false;
        }
        self.drafts.insert(report, counter);
        self.evict_drafts();
        true
    }

    /// A draft was deleted: copies of it are old from now on. Of a report that isn't there, there is no other. True if that
    /// changed anything.
    pub fn drop_draft(&mut self, report: &ReportId) -> bool {
        if !self.reports.contains_key(report) {
            return self.drafts.remove(report).is_some();
        }
        let Some(counter) = self.drafts.get_mut(report) else { return false };
        *counter = counter.saturating_add(1);
        true
    }

    fn evict_drafts(&mut self) {
        while self.drafts.len() > DRAFTS_MAX {
            let there = self.drafts.iter().filter(|(id, _)| self.reports.contains_key(*id));
            let Some(oldest) = there.min_by_key(|(_, counter)| **counter).map(|(id, _)| *id) else { return };
            self.drafts.remove(&oldest);
        }
    }

    fn evict(&mut self) {
        while self.reports.len() > REPORTS_MAX {
            let Some(oldest) = self.reports.iter().min_by_key(|(_, s)| s.day).map(|(id, _)| *id) else { return };
            self.reports.remove(&oldest);
        }
    }

    /// Takes what another device saved meanwhile: of everything the newer.
    pub fn merge(&mut self, other: Self) -> Result<(), Refusal> {
        if self.instance.is_some() && other.instance.is_some() && self.instance != other.instance {
            return Err(Refusal::InstanceChanged);
        }
        if self.organisation.is_some() && other.organisation.is_some() && self.organisation != other.organisation {
            return Err(Refusal::OrganisationKeyChanged);
        }
        self.instance = self.instance.or(other.instance);
        self.organisation = self.organisation.or(other.organisation);
        for (account, theirs) in other.pins {
            let ours = self.pins.entry(account).or_insert(theirs);
            if ours.epoch == theirs.epoch && ours.record != theirs.record {
                return Err(Refusal::KeyRecordChanged { account: account.to_string() });
            }
            let (older, newer) = if theirs.epoch > ours.epoch { (*ours, theirs) } else { (theirs, *ours) };
            *ours = Pin { compared: newer.compared.max(older.compared_at(newer.epoch)), ..newer };
        }
        for (report, theirs) in other.reports {
            let ours = self.reports.entry(report).or_default();
            ours.rekey_due = merged_due(ours, &theirs);
            ours.access = newer(ours.access, theirs.access, |a| a.0);
            ours.newest = newer(ours.newest, theirs.newest, |n| (n.0, n.1));
            ours.manifest = newer(ours.manifest, theirs.manifest, |m| m.0);
            ours.day = ours.day.max(theirs.day);
        }
        for (draft, counter) in other.drafts {
            let ours = self.drafts.entry(draft).or_default();
            *ours = counter.max(*ours);
        }
        self.evict_drafts();
        self.placeholders.extend(other.placeholders);
        for key in other.retired {
            if !self.retired.contains(&key) {
                self.retired.push(key);
            }
        }
        self.evict();
        self.password = newer(self.password, other.password, |set| set.generation);
        self.escrow = escrow::newest(self.escrow, other.escrow);
        self.passkeys = passkeys::newest(self.passkeys.take(), other.passkeys);
        self.merge_events(other.events);
        self.keys.merge(other.keys)?;
        self.merge_teams(other.teams)?;
        merge_kept(&mut self.logs, other.logs)
    }
}

/// Whether a re-key is due, by whoever saw more of the report; by either where they saw the same.
fn merged_due(ours: &Seen, theirs: &Seen) -> bool {
    let saw = |seen: &Seen| (seen.access.map(|a| a.0), seen.manifest.map(|m| m.0));
    match saw(ours).cmp(&saw(theirs)) {
        std::cmp::Ordering::Less => theirs.rekey_due,
        std::cmp::Ordering::Equal => ours.rekey_due || theirs.rekey_due,
        std::cmp::Ordering::Greater => ours.rekey_due,
    }
}

/// Of two, the one with the higher number; the first where they are equal.
pub(crate) fn newer<T: Copy, K: Ord>(ours: Option<T>, theirs: Option<T>, key: impl Fn(&T) -> K) -> Option<T> {
    match (ours, theirs) {
        (Some(a), Some(b)) => Some(if key(&b) > key(&a) { b } else { a }),
        (a, b) => a.or(b),
    }
}
