//! The client state's bytes: `crypto`'s canonical encoding behind a version byte.

use crypto::{
    account::AccountKey,
    encoding::{DecodeError, MAX_FIELD, Reader, VERSION, Writer, split_version},
    grant::InvitationSecret,
    ids::{AccountId, Hash32, InstanceId, PlaceholderId, ReportId, TeamId},
    secret::{Secret, SecretBytes},
    sign::PublicSigningKey,
};

use std::collections::BTreeMap;

use tlog::note::MAX_NOTE;

use super::{
    ClientState, Compared, EscrowPin, EventSeen, PasskeysSeen, PasswordSet, Pin, Seen, TeamPin, escrow, events,
    keys_codec::{self, MAX_KEYS},
    passkeys, teams,
};
use crate::{key_log::KeysSeen, log::KeptLog};

/// Fixed-width fields inside one long field: the lists are long, so no length before each.
pub(super) struct Packed<'a>(&'a [u8]);

impl<'a> Packed<'a> {
    pub(super) fn take<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(*head)
    }

    pub(super) fn u32(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from_be_bytes(self.take()?))
    }

    /// Reads entries until the field ends.
    pub(super) fn each<T>(
        r: &mut Reader<'a>,
        field: &'static str,
        read: impl Fn(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let mut packed = Self(r.bytes(field, MAX_FIELD)?);
        let mut out = Vec::new();
        while !packed.0.is_empty() {
            out.push(read(&mut packed)?);
        }
        Ok(out)
    }
}

fn write_seen(id: &ReportId, seen: &Seen, out: &mut Vec<u8>) {
    let (access, head) = seen.access.unwrap_or((0, Hash32([0; 32])));
    let (version, revision, newest) = seen.newest.unwrap_or_default();
    let (seq, manifest) = seen.manifest.unwrap_or_default();
    out.extend_from_slice(id.as_ref());
    let flags = u8::from(seen.access.is_some())
        | u8::from(seen.newest.is_some()) << 1
        | u8::from(seen.manifest.is_some()) << 2
        | u8::from(seen.rekey_due) << 3;
    out.push(flags);
    out.extend_from_slice(&access.to_be_bytes());
    out.extend_from_slice(&head.0);
    out.extend_from_slice(&version.to_be_bytes());
    out.extend_from_slice(&revision.to_be_bytes());
    out.extend_from_slice(&newest);
    out.extend_from_slice(&seq.to_be_bytes());
    out.extend_from_slice(&manifest);
    out.extend_from_slice(&seen.day.to_be_bytes());
}

fn read_seen(p: &mut Packed<'_>) -> Result<(ReportId, Seen), DecodeError> {
    let id = ReportId(p.take()?);
    let [flags] = p.take::<1>()?;
    let access = (p.u32()?, Hash32(p.take()?));
    let newest = (p.u32()?, p.u32()?, p.take()?);
    let manifest = (p.u32()?, p.take()?);
    let day = u16::from_be_bytes(p.take()?);
    let seen = Seen {
        access: (flags & 1 != 0).then_some(access),
        newest: (flags & 2 != 0).then_some(newest),
        manifest: (flags & 4 != 0).then_some(manifest),
        rekey_due: flags & 8 != 0,
        day,
    };
    Ok((id, seen))
}

fn read_pin(p: &mut Packed<'_>) -> Result<(AccountId, Pin), DecodeError> {
    let account = AccountId(p.take()?);
    let epoch = p.u32()?;
    let record = Hash32(p.take()?);
    let compared = match p.take::<1>()? {
        [0] => Compared::Never,
        [1] => Compared::These,
        [2] => Compared::Before,
        _ => return Err(DecodeError::Invalid { field: "pins" }),
    };
    Ok((account, Pin { epoch, record, compared }))
}

fn write_pin(account: &AccountId, pin: &Pin, out: &mut Vec<u8>) {
    out.extend_from_slice(account.as_ref());
    out.extend_from_slice(&pin.epoch.to_be_bytes());
    out.extend_from_slice(&pin.record.0);
    out.push(match pin.compared {
        Compared::Never => 0,
        Compared::These => 1,
        Compared::Before => 2,
    });
}

/// Longest name of a tree, bytes.
const MAX_TREE: usize = 64;
/// Longest vkey kept, bytes.
const MAX_KEY: usize = 1024;
/// Longest list of logs, bytes: some, each with its note.
const MAX_LOGS: usize = 8 * MAX_NOTE;

fn write_log(w: &mut Writer, tree: &str, kept: &KeptLog) {
    w.text(tree).text(&kept.key).text(kept.checkpoint.as_deref().unwrap_or_default());
}

fn read_logs(mut r: Reader<'_>) -> Result<BTreeMap<String, KeptLog>, DecodeError> {
    let mut logs = BTreeMap::new();
    while !r.is_empty() {
        let (tree, key) = (r.text("tree", MAX_TREE)?, r.text("log key", MAX_KEY)?);
        let checkpoint = Some(r.text("checkpoint", MAX_NOTE)?).filter(|note| !note.is_empty());
        logs.insert(tree, KeptLog { key, checkpoint });
    }
    Ok(logs)
}

/// Where no password was set, and something follows.
const NO_PASSWORD: u8 = 2;

fn write_password(w: &mut Writer, set: Option<PasswordSet>) {
    match set {
        Some(set) => w.u32(set.generation).u8(u8::from(set.short)),
        None => w.u32(0).u8(NO_PASSWORD),
    };
}

fn read_password(r: &mut Reader<'_>) -> Result<Option<PasswordSet>, DecodeError> {
    let (generation, short) = (r.u32("password generation")?, r.u8("short password")?);
    match short {
        0 | 1 => Ok(Some(PasswordSet { generation, short: short == 1 })),
        NO_PASSWORD if generation == 0 && !r.is_empty() => Ok(None),
        _ => Err(DecodeError::Invalid { field: "short password" }),
    }
}

fn read_teams(r: &mut Reader<'_>) -> Result<BTreeMap<TeamId, TeamPin>, DecodeError> {
    Ok(Packed::each(r, "teams", teams::read)?.into_iter().collect())
}

fn read_escrow(r: &mut Reader<'_>) -> Result<Option<EscrowPin>, DecodeError> {
    match Packed::each(r, "escrow key seen", escrow::read)?[..] {
        [pin] => Ok(Some(pin)),
        // None was seen, and something follows.
        [] if !r.is_empty() => Ok(None),
        _ => Err(DecodeError::Invalid { field: "escrow key seen" }),
    }
}

/// In the place of a generation where no passkeys are remembered, and something follows.
const NO_PASSKEYS: u32 = u32::MAX;

fn write_passkeys(w: &mut Writer, seen: Option<&PasskeysSeen>) {
    let mut packed = Vec::new();
    let ways = seen.into_iter().flat_map(|seen| &seen.ways);
    ways.for_each(|(id, standing)| passkeys::write(id, *standing, &mut packed));
    w.u32(seen.map_or(NO_PASSKEYS, |seen| seen.generation)).bytes(&packed);
}

fn read_events(r: &mut Reader<'_>) -> Result<BTreeMap<ReportId, EventSeen>, DecodeError> {
    Ok(Packed::each(r, "events seen", events::read)?.into_iter().collect())
}

fn read_passkeys(r: &mut Reader<'_>) -> Result<Option<PasskeysSeen>, DecodeError> {
    let generation = r.u32("generation of passkeys")?;
    let ways: BTreeMap<_, _> = Packed::each(r, "passkeys", passkeys::read)?.into_iter().collect();
    match generation {
        NO_PASSKEYS if ways.is_empty() && !r.is_empty() => Ok(None),
        NO_PASSKEYS => Err(DecodeError::Invalid { field: "generation of passkeys" }),
        _ => Ok(Some(PasskeysSeen { generation, ways })),
    }
}

impl ClientState {
    /// Plaintext, to be sealed.
    pub fn to_bytes(&self) -> SecretBytes {
        let (mut pins, mut reports, mut drafts) = (Vec::new(), Vec::new(), Vec::new());
        self.pins.iter().for_each(|(account, pin)| write_pin(account, pin, &mut pins));
        self.reports.iter().for_each(|(id, seen)| write_seen(id, seen, &mut reports));
        for (draft, counter) in &self.drafts {
            drafts.extend_from_slice(draft.as_ref());
            drafts.extend_from_slice(&counter.to_be_bytes());
        }
        let mut placeholders = zeroize::Zeroizing::new(Vec::new());
        for (placeholder, secret) in &self.placeholders {
            placeholders.extend_from_slice(placeholder.as_ref());
            placeholders.extend_from_slice(secret.secret().expose());
        }
        let mut retired = zeroize::Zeroizing::new(Vec::new());
        self.retired.iter().for_each(|key| retired.extend_from_slice(key.secret().expose()));
        let mut w = Writer::body();
        w.bytes(self.instance.as_ref().map_or(&[][..], |i| i.as_ref()))
            .bytes(self.organisation.as_ref().map_or(&[][..], |k| &k.0))
            .bytes(&pins)
            .bytes(&reports)
            .bytes(&drafts)
            .bytes(&placeholders)
            .bytes(&retired);
        // Without what came later the form is that of earlier versions.
        let passkeys = self.passkeys.is_some() || !self.events.is_empty();
        let escrow = self.escrow.is_some() || passkeys;
        let teams = !self.teams.is_empty() || escrow;
        let password = self.password.is_some() || teams;
        let keys = self.keys != KeysSeen::default() || password;
        if !self.logs.is_empty() || keys {
            w.nested(|w| self.logs.iter().for_each(|(tree, kept)| write_log(w, tree, kept)));
        }
        if keys {
            w.nested(|w| keys_codec::write(w, &self.keys));
        }
        if password {
            write_password(&mut w, self.password);
        }
        if teams {
            let mut packed = Vec::new();
            self.teams.iter().for_each(|(team, pin)| teams::write(team, pin, &mut packed));
            w.bytes(&packed);
        }
        if escrow {
            let mut packed = Vec::new();
            self.escrow.iter().for_each(|pin| escrow::write(pin, &mut packed));
            w.bytes(&packed);
        }
        if passkeys {
            write_passkeys(&mut w, self.passkeys.as_ref());
        }
        if !self.events.is_empty() {
            let mut packed = Vec::new();
            self.events.iter().for_each(|(report, seen)| events::write(report, seen, &mut packed));
            w.bytes(&packed);
        }
        let mut out = vec![VERSION];
        out.extend_from_slice(&zeroize::Zeroizing::new(w.finish()));
        SecretBytes::new(out)
    }

    /// Reads what [`ClientState::to_bytes`] wrote.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(split_version(bytes)?);
        let state = Self {
            instance: r.optional("instance")?.map(InstanceId),
            organisation: r.optional("organisation key")?.map(PublicSigningKey),
            pins: Packed::each(&mut r, "pins", read_pin)?.into_iter().collect(),
            reports: Packed::each(&mut r, "reports", read_seen)?.into_iter().collect(),
            drafts: Packed::each(&mut r, "drafts", |p| Ok((ReportId(p.take()?), u64::from_be_bytes(p.take()?))))?
                .into_iter()
                .collect(),
            placeholders: Packed::each(&mut r, "placeholders", |p| {
                let placeholder = PlaceholderId(p.take()?);
                let secret = zeroize::Zeroizing::new(p.take::<32>()?);
                let invalid = DecodeError::Invalid { field: "placeholders" };
                Ok((placeholder, InvitationSecret::from_slice(&*secret).map_err(|_| invalid)?))
            })?
            .into_iter()
            .collect(),
            retired: Packed::each(&mut r, "retired keys", |p| Ok(AccountKey::from_secret(Secret::new(p.take()?))))?,
            logs: if r.is_empty() { BTreeMap::new() } else { read_logs(r.nested("logs", MAX_LOGS)?)? },
            keys: if r.is_empty() { KeysSeen::default() } else { keys_codec::read(r.nested("keys seen", MAX_KEYS)?)? },
            password: if r.is_empty() { None } else { read_password(&mut r)? },
            teams: if r.is_empty() { BTreeMap::new() } else { read_teams(&mut r)? },
            escrow: if r.is_empty() { None } else { read_escrow(&mut r)? },
            passkeys: if r.is_empty() { None } else { read_passkeys(&mut r)? },
            events: if r.is_empty() { BTreeMap::new() } else { read_events(&mut r)? },
        };
        r.finish()?;
        Ok(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        key_log::{AlarmKind, Newer},
        state::Standing,
    };
    use crypto::ids::WayInId;
    use tlog::leaf::Label;

    fn full() -> ClientState {
        let mut rng = crate::platform::rng();
        let mut state = ClientState { instance: Some(InstanceId([1; 16])), ..Default::default() };
        state.organisation = Some(PublicSigningKey([2; 32]));
        state.pins.insert(AccountId([3; 32]), Pin { epoch: 4, record: Hash32([5; 32]), compared: Compared::These });
        for (id, compared) in [(35, Compared::Before), (36, Compared::Never)] {
            state.pins.insert(AccountId([id; 32]), Pin { epoch: 4, record: Hash32([5; 32]), compared });
        }
        state.see(ReportId([6; 32]), 86_400_000 * 20_000, |s| {
            s.access = Some((7, Hash32([8; 32])));
            s.newest = Some((9, 10, [11; 16]));
            s.rekey_due = true;
        });
        state.drafts.insert(ReportId([12; 32]), 13);
        state.placeholders.insert(PlaceholderId([14; 16]), InvitationSecret::generate(&mut rng));
        state.retired.push(AccountKey::generate(&mut rng));
        let kept = KeptLog { key: "log+00000000+AAAA".to_owned(), checkpoint: Some("note".to_owned()) };
        state.logs.insert("events".to_owned(), kept);
        state.keys.scanned = 15;
        state.keys.labels = Some([16; 32]);
        state.keys.note_newer(AccountId([3; 32]), Newer { epoch: 5, record: [17; 32], leaf: 18 });
        assert!(state.keys.note_address(Label::new(vec![30; 64]).expect("a label"), 31));
        assert!(state.keys.note_address(Label::new(vec![32; 64]).expect("a label"), 33));
        assert!(!state.keys.note_address(Label::new(vec![32; 64]).expect("a label"), 34), "the first stays");
        state.keys.raise(19, AlarmKind::OwnKey { epoch: 20 });
        state.keys.raise(21, AlarmKind::OwnAddress { other: true });
        state.keys.raise(22, AlarmKind::others(AccountId([3; 32]), 23));
        state.logs.insert("keys".to_owned(), KeptLog { key: "log+00000001+AAAA".to_owned(), checkpoint: None });
        state.password = Some(PasswordSet { generation: 24, short: true });
        let said = Newer { epoch: 26, record: [27; 32], leaf: 28 };
        state.teams.insert(TeamId([29; 32]), TeamPin { seq: 25, roster: Hash32([30; 32]), newer: Some(said) });
        state.teams.insert(TeamId([31; 32]), TeamPin { seq: 0, roster: Hash32([32; 32]), newer: None });
        state.escrow = Some(EscrowPin { time: 33, key: Hash32([34; 32]), ended: true });
        for (id, standing) in [(35, Standing::Announced), (36, Standing::There), (37, Standing::Gone)] {
            assert!(state.note_passkey(38, WayInId([id; 16]), standing));
        }
        assert!(state.saw_event(ReportId([39; 32]), EventSeen::new(40, Hash32([41; 32]), 42)));
        state
    }

    #[test]
    fn round_trip() {
        let state = full();
        assert_eq!(ClientState::parse(state.to_bytes().expose()), Ok(state.clone()));
        let bytes = state.to_bytes();
        assert!(ClientState::parse(&bytes.expose()[..bytes.expose().len() - 1]).is_err());
        assert_eq!(ClientState::parse(&[9]), Err(DecodeError::UnknownVersion(9)));
    }

    #[test]
    fn a_state_from_before_the_log_is_read() {
        let (logs, keys, teams, events) = (BTreeMap::new(), KeysSeen::default(), BTreeMap::new(), BTreeMap::new());
        let state = ClientState { logs, keys, password: None, teams, escrow: None, passkeys: None, events, ..full() };
        assert_eq!(ClientState::parse(state.to_bytes().expose()), Ok(state.clone()));
        let mut unwatched = full();
        unwatched.keys.addresses.clear();
        assert_eq!(ClientState::parse(unwatched.to_bytes().expose()), Ok(unwatched), "from before addresses changed");
        let later = ClientState { password: full().password, ..state };
        assert_eq!(ClientState::parse(later.to_bytes().expose()), Ok(later));
        let teams = ClientState { password: None, ..full() };
        assert_eq!(ClientState::parse(teams.to_bytes().expose()), Ok(teams), "teams and no password");
        let escrow = ClientState { escrow: None, passkeys: None, ..full() };
        assert_eq!(ClientState::parse(escrow.to_bytes().expose()), Ok(escrow), "from before escrow");
        let passkeys = ClientState { passkeys: None, ..full() };
        assert_eq!(ClientState::parse(passkeys.to_bytes().expose()), Ok(passkeys), "from before passkeys");
        let alone = ClientState { passkeys: full().passkeys, ..ClientState::default() };
        assert_eq!(ClientState::parse(alone.to_bytes().expose()), Ok(alone), "passkeys and no escrow");
        let none = ClientState { passkeys: Some(PasskeysSeen::default()), ..ClientState::default() };
        assert_eq!(ClientState::parse(none.to_bytes().expose()), Ok(none), "that there are none");
        let events = ClientState { events: BTreeMap::new(), ..full() };
        assert_eq!(ClientState::parse(events.to_bytes().expose()), Ok(events), "from before events were remembered");
        let alone = ClientState { events: full().events, ..ClientState::default() };
        assert_eq!(ClientState::parse(alone.to_bytes().expose()), Ok(alone), "events and no passkeys");
        let alone = ClientState { escrow: full().escrow, ..ClientState::default() };
        assert_eq!(ClientState::parse(alone.to_bytes().expose()), Ok(alone), "escrow alone");
    }

    #[test]
    fn a_merge_never_goes_back() {
        let mut old = full();
        let mut new = full();
        let id = ReportId([6; 32]);
        new.see(id, 0, |s| s.access = Some((9, Hash32([9; 32]))));
        old.merge(new.clone()).expect("no contradiction");
        assert_eq!(old.reports[&id].access, Some((9, Hash32([9; 32]))));
        // Whoever saw more knows whether keys are still due.
        new.see(id, 0, |s| (s.access, s.rekey_due) = (Some((10, Hash32([10; 32]))), false));
        old.merge(new.clone()).expect("no contradiction");
        assert!(!old.reports[&id].rekey_due);
        old.merge(full()).expect("no contradiction");
        assert!(!old.reports[&id].rekey_due, "an older look says nothing");
        let mut forked = full();
        forked.pins.insert(AccountId([3; 32]), Pin { epoch: 4, record: Hash32([99; 32]), compared: Compared::Never });
        assert!(matches!(new.merge(forked), Err(crate::Refusal::KeyRecordChanged { .. })));
        let mut forked = full();
        forked.teams.insert(TeamId([31; 32]), TeamPin { seq: 0, roster: Hash32([99; 32]), newer: None });
        assert!(matches!(new.merge(forked), Err(crate::Refusal::TeamRosterOlder { .. })));
    }

    /// Whoever holds keys that were compared can sign new ones, a thief too.
    #[test]
    fn newer_keys_are_not_the_ones_that_were_compared() {
        let pin = |epoch, compared| Pin { epoch, record: Hash32([u8::try_from(epoch).unwrap_or(0); 32]), compared };
        let seen = |pin| ClientState { pins: [(AccountId([1; 32]), pin)].into(), ..ClientState::default() };
        for (ours, theirs, expected) in [
            (pin(1, Compared::These), pin(2, Compared::Never), pin(2, Compared::Before)),
            (pin(1, Compared::These), pin(2, Compared::These), pin(2, Compared::These)),
            (pin(1, Compared::Never), pin(2, Compared::Never), pin(2, Compared::Never)),
            (pin(2, Compared::Never), pin(2, Compared::These), pin(2, Compared::These)),
            (pin(2, Compared::Before), pin(2, Compared::Never), pin(2, Compared::Before)),
        ] {
            for (ours, theirs) in [(ours, theirs), (theirs, ours)] {
                let mut merged = seen(ours);
                merged.merge(seen(theirs)).expect("no contradiction");
                assert_eq!(merged.pins, seen(expected).pins);
            }
        }
        assert_eq!(pin(1, Compared::These).compared_at(1), Compared::These);
        assert_eq!(pin(1, Compared::These).compared_at(2), Compared::Before);
        assert_eq!(pin(1, Compared::Never).compared_at(2), Compared::Never);
    }

    #[test]
    fn counters_of_drafts_only_rise_and_have_a_limit() {
        let (new, there) = (ReportId([1; 32]), ReportId([2; 32]));
        let mut state = ClientState::default();
        state.see(there, 0, |s| s.manifest = Some((1, [1; 16])));
        for id in [new, there] {
            assert!(state.saw_draft(id, 7) && !state.saw_draft(id, 7) && !state.saw_draft(id, 6));
            assert!(state.drop_draft(&id));
        }
        assert_eq!((state.drafts.get(&new), state.drafts.get(&there)), (None, Some(&8)));
        state.saw_draft(new, 0);
        for n in 0u32..2_000 {
            let mut id = [3; 32];
            id[..4].copy_from_slice(&n.to_be_bytes());
            state.see(ReportId(id), 0, |s| s.manifest = Some((1, [1; 16])));
            state.saw_draft(ReportId(id), 1_000 + u64::from(n));
        }
        assert_eq!(state.drafts.len(), super::super::DRAFTS_MAX);
        assert!(state.drafts.contains_key(&new), "that of a report that isn't there yet stays");
        assert!(!state.drafts.contains_key(&there), "the oldest went");
    }

    #[test]
    fn ten_thousand_reports_stay_below_the_limit() {
        let mut state = ClientState::default();
        for n in 0u32..10_000 {
            let mut id = [0; 32];
            id[..4].copy_from_slice(&n.to_be_bytes());
            state.see(ReportId(id), i64::from(n) * 86_400_000, |s| s.manifest = Some((1, [1; 16])));
        }
        assert_eq!(state.reports.len(), super::super::REPORTS_MAX);
        assert!(state.to_bytes().expose().len() + 4096 < api_types::limits::CLIENT_STATE_MAX);
        assert!(!state.reports.contains_key(&ReportId([0; 32])), "the oldest went");
    }
}
