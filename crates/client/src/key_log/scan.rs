//! Reads what is new in the tree of keys, in pieces: what was read is remembered, the rest is read next time.

use crypto::ids::TeamId;
use tlog::{leaf::KeyTreeLeaf, tile::FULL};

use super::{
    Alarm, AlarmKind, KEYS, KeysSeen,
    judge::{Reader, Verdict},
    seen::Newer,
};
use crate::{
    error::Result,
    log::Files,
    people::parse_chain,
    platform::Platform,
    vault::{Vault, open_keyring},
};

/// How far a scan came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scanned {
    /// Entries read now.
    pub read: u64,
    /// Entries that are left for the next time.
    pub left: u64,
}

impl<P: Platform> Vault<P> {
    /// Reads up to so many new entries of the tree of keys, rounded up to whole bundles of 256, and raises an alarm for each
    /// that should not be there ([`Vault::alarms`]). Call it when a session starts, and now and then while it lasts. How it
    /// ended is kept ([`Vault::keys_read`]): who shows alarms says of entries that were not read that nothing is known.
    ///
    /// # Errors
    /// [`crate::Refusal::AddressUnproved`], [`crate::Refusal::AddressNotBound`] for one's own address; the refusals of
    /// [`crate::Refusal::stops_session`]; no answer, or none of the log's, which says nothing of it; the same of newer keys that
    /// the log has of somebody, which are asked for again next time.
    pub async fn scan_keys(&self, most: u64) -> Result<Scanned> {
        let _one_at_a_time = self.key_log().scanning.lock().await;
        let scanned = self.scan(most).await;
        self.key_log().note_reading(&scanned);
        scanned
    }

    async fn scan(&self, most: u64) -> Result<Scanned> {
        let from = self.state().keys.scanned;
        let Some(size) = self.key_log_size().await? else { return Ok(Scanned { read: 0, left: 0 }) };
        let own = self.chain();
        let reader = Reader::new(&own, self.own_addresses().await?, &self.state());
        let whole = from.saturating_add(most).checked_next_multiple_of(FULL.into());
        let to = size.min(whole.unwrap_or(u64::MAX));
        let mut at = from.min(to);
        while at < to {
            let entries = self.key_entries(at / u64::from(FULL)).await?;
            let first = at - at % u64::from(FULL);
            let new: Vec<_> = (first..).zip(entries).filter(|(place, _)| (at..to).contains(place)).collect();
            at = new.last().map_or(to, |(place, _)| place + 1);
            self.take(&reader, new).await?;
            self.note_scanned(at);
        }
        self.ask_for_newer().await?;
        Ok(Scanned { read: to.saturating_sub(from), left: size.saturating_sub(to) })
    }

    /// All alarms that are kept, those that nobody has acknowledged first; [`AlarmKind::More`] says that there were more.
    pub fn alarms(&self) -> Vec<Alarm> {
        let mut alarms = self.state().keys.all_alarms();
        alarms.sort_by_key(|alarm| (alarm.acknowledged, alarm.leaf));
        alarms
    }

    /// Says that the person has read an alarm. It stays in the list, as long as no new one needs its room.
    ///
    /// # Errors
    /// No connection: it counts in this session and is saved with the next change.
    pub async fn acknowledge_alarm(&self, leaf: u64) -> Result<()> {
        self.state().keys.acknowledge(leaf);
        self.touch();
        self.save_state().await
    }

    /// What was read counts from here on, also if the rest isn't. It is worth a save of its own once a bundle is full: less
    /// is as quickly read again.
    fn note_scanned(&self, to: u64) {
        let mut state = self.state();
        let before = std::mem::replace(&mut state.keys.scanned, to);
        if before / u64::from(FULL) < to / u64::from(FULL) {
            self.touch();
        }
    }

    pub(super) fn note(&self, change: impl FnOnce(&mut KeysSeen)) {
        change(&mut self.state().keys);
        self.touch();
    }

    fn note_roster(&self, team: TeamId, newer: Newer) {
        if self.state().note_roster(team, newer) {
            self.touch();
        }
    }

    /// Entries of the newest tree; `None` where there is none.
    async fn key_log_size(&self) -> Result<Option<u64>> {
        match self.look(self.key_log().guard(), None).await? {
            Some(mut open) => Ok(Some(open.view()?.size())),
            None => Ok(None),
        }
    }

    /// The entries of a bundle, as far as the newest tree has them.
    async fn key_entries(&self, place: u64) -> Result<Vec<Vec<u8>>> {
        let guard = self.key_log().guard();
        let Some(mut open) = self.look(guard, Some(place * u64::from(FULL))).await? else { return Ok(Vec::new()) };
        let files = Files::new(self.platform().transport(), KEYS);
        let entries = open.view()?.entries(&files, place).await;
        guard.settle(entries)
    }

    async fn take(&self, reader: &Reader<'_>, entries: Vec<(u64, Vec<u8>)>) -> Result<()> {
        // What this version can't read isn't about anything that it knows.
        let leaves = entries.iter().filter_map(|(place, data)| Some((*place, KeyTreeLeaf::parse(data).ok()?)));
        for (place, leaf) in leaves {
            match reader.judge(place, &leaf) {
                Verdict::Fine => {}
                Verdict::Alarm(kind) => self.note(|keys| keys.raise(place, kind)),
                Verdict::Newer(account, newer) => self.note(|keys| keys.note_newer(account, newer)),
                Verdict::NewerRoster(team, newer) => self.note_roster(team, newer),
                Verdict::Unknown(said) if self.made(&said).await? => {}
                Verdict::Unknown(said) => {
                    self.note(|keys| keys.raise(place, AlarmKind::OwnKey { epoch: said.epoch }));
                }
            }
        }
        Ok(())
    }

    /// Whether another device of one's own has made these keys since this session began: the sealed keyring has them.
    async fn made(&self, said: &Newer) -> Result<bool> {
        let account = self.api().get_account().await?;
        let chain = parse_chain(&account.public)?;
        self.settle(&account)?;
        let own = chain.account() == self.id() && open_keyring(&self.account_key(), &chain, &account.keyring.0).is_ok();
        Ok(own && said.is_of(&chain))
    }
}
