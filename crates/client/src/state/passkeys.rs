//! Which ways in by passkey hold the account key of now, as the account's own clients added them: a server takes none of them
//! away unnoticed, and brings none back.

use std::collections::BTreeMap;

use crypto::{
    account::{WayIn, WayInKind},
    defence::Defence,
    encoding::DecodeError,
    ids::WayInId,
    sign::Signed,
};

use super::{ClientState, codec::Packed};
use crate::refusal::Refusal;

/// How a way in by passkey stands. It only goes on from here to there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// A client is adding it, which may have failed.
    Announced,
    /// It was there.
    There,
    /// It was there and went, without a new account key: its secret opens the one of now.
    Gone,
}

/// Those of one account key. The next one begins anew.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PasskeysSeen {
    /// Generation of that key.
    pub generation: u32,
    /// How each stands.
    pub ways: BTreeMap<WayInId, Standing>,
}

impl PasskeysSeen {
    /// Those among ways in that an account key of this generation is wrapped to.
    pub fn of<'a>(generation: u32, ways: impl IntoIterator<Item = &'a Signed<WayIn>>) -> Self {
        let there = shown(ways).into_iter().map(|id| (id, Standing::There));
        Self { generation, ways: there.collect() }
    }

    /// Notes how one stands. True if that changed anything.
    fn note(&mut self, id: WayInId, standing: Standing) -> bool {
        if self.ways.get(&id).is_some_and(|known| *known >= standing) {
            return false;
        }
        self.ways.insert(id, standing);
        true
    }

    /// Compares with what the server shows. True if that changed anything.
    fn look(&mut self, shown: &[WayInId]) -> Result<bool, Refusal> {
        let mut changed = false;
        for id in shown {
            let known = self.ways.get(id).is_some_and(|standing| *standing != Standing::Gone);
            if !known && Defence::WayInKnown.holds() {
                return Err(Refusal::WayInBehind);
            }
            changed |= self.note(*id, Standing::There);
        }
        for (id, standing) in &mut self.ways {
            if *standing == Standing::There && !shown.contains(id) {
                *standing = Standing::Gone;
                changed = true;
            }
        }
        Ok(changed)
    }
}

/// The ids of ways in by passkey among these.
pub(crate) fn shown<'a>(ways: impl IntoIterator<Item = &'a Signed<WayIn>>) -> Vec<WayInId> {
    let ways = ways.into_iter().map(Signed::claimed);
    ways.filter(|way| way.kind == WayInKind::Passkey).map(|way| way.id).collect()
}

impl ClientState {
    /// Compares the verified ways in by passkey that the server shows for the account key of this generation with what is known.
    /// Refuses one that no client of the account announced, or that went before. One that isn't there any more has gone. True if
    /// that changed anything.
    pub fn look_at_passkeys(&mut self, generation: u32, shown: &[WayInId]) -> Result<bool, Refusal> {
        match &mut self.passkeys {
            Some(seen) if seen.generation == generation => seen.look(shown),
            // An account key from before the newest that is known of: the generation of its ways in gives it away.
            Some(seen) if seen.generation > generation => Ok(false),
            None if shown.is_empty() => Ok(false),
            // Nothing of it was remembered yet.
            seen => {
                let there = shown.iter().map(|id| (*id, Standing::There)).collect();
                *seen = Some(PasskeysSeen { generation, ways: there });
                Ok(true)
            }
        }
    }

    /// Notes a way in by passkey that a client of the account adds. True if that changed anything.
    pub fn note_passkey(&mut self, generation: u32, id: WayInId, standing: Standing) -> bool {
        let seen = self.passkeys.get_or_insert_default();
        if seen.generation < generation {
            *seen = PasskeysSeen { generation, ..PasskeysSeen::default() };
        }
        seen.generation == generation && seen.note(id, standing)
    }

    /// A new account key is wrapped to these and to no others.
    pub fn begin_passkeys(&mut self, now: PasskeysSeen) {
        if self.passkeys.is_some() || !now.ways.is_empty() {
            self.passkeys = Some(now);
        }
    }

    /// Whether a way in by passkey went without a new account key.
    pub fn is_account_key_due(&self) -> bool {
        let gone = |seen: &PasskeysSeen| seen.ways.values().any(|standing| *standing == Standing::Gone);
        self.passkeys.as_ref().is_some_and(gone)
    }
}

/// Of two, that of the later account key; of one key, for each passkey what was seen last.
pub(super) fn newest(ours: Option<PasskeysSeen>, theirs: Option<PasskeysSeen>) -> Option<PasskeysSeen> {
    match (ours, theirs) {
        (Some(mut ours), Some(theirs)) if ours.generation == theirs.generation => {
            for (id, standing) in theirs.ways {
                ours.note(id, standing);
            }
            Some(ours)
        }
        (Some(ours), Some(theirs)) => Some(if theirs.generation > ours.generation { theirs } else { ours }),
        (ours, theirs) => ours.or(theirs),
    }
}

/// Id, how it stands.
pub(super) fn write(id: &WayInId, standing: Standing, out: &mut Vec<u8>) {
    out.extend_from_slice(id.as_ref());
    out.push(match standing {
        Standing::Announced => 0,
        Standing::There => 1,
        Standing::Gone => 2,
    });
}

pub(super) fn read(p: &mut Packed<'_>) -> Result<(WayInId, Standing), DecodeError> {
    let (id, [standing]) = (WayInId(p.take()?), p.take::<1>()?);
    let standing = match standing {
        0 => Standing::Announced,
        1 => Standing::There,
        2 => Standing::Gone,
        _ => return Err(DecodeError::Invalid { field: "passkeys" }),
    };
    Ok((id, standing))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHONE: WayInId = WayInId([1; 16]);
    const KEY: WayInId = WayInId([2; 16]);

    fn seen(generation: u32, ways: &[(WayInId, Standing)]) -> ClientState {
        let ways = ways.iter().copied().collect();
        ClientState { passkeys: Some(PasskeysSeen { generation, ways }), ..ClientState::default() }
    }

    #[test]
    fn what_nobody_announced_and_what_went_is_refused() {
        let mut state = ClientState::default();
        assert_eq!(state.look_at_passkeys(3, &[]), Ok(false), "nothing is remembered of nothing");
        assert_eq!(state.look_at_passkeys(3, &[PHONE]), Ok(true), "what is there at first is taken");
        assert_eq!(state.look_at_passkeys(3, &[PHONE]), Ok(false));
        assert_eq!(state.look_at_passkeys(3, &[PHONE, KEY]), Err(Refusal::WayInBehind));
        assert!(state.note_passkey(3, KEY, Standing::Announced) && !state.is_account_key_due());
        assert_eq!(state.look_at_passkeys(3, &[PHONE]), Ok(false), "it may never have come to be");
        assert!(!state.is_account_key_due());
        assert_eq!(state.look_at_passkeys(3, &[PHONE, KEY]), Ok(true));
        assert_eq!(state.look_at_passkeys(3, &[KEY]), Ok(true));
        assert!(state.is_account_key_due(), "the phone's went");
        assert_eq!(state.look_at_passkeys(3, &[PHONE, KEY]), Err(Refusal::WayInBehind));
    }

    #[test]
    fn a_new_account_key_begins_anew() {
        let mut state = seen(3, &[(PHONE, Standing::Gone), (KEY, Standing::There)]);
        state.begin_passkeys(PasskeysSeen { generation: 4, ways: [(KEY, Standing::There)].into() });
        assert!(!state.is_account_key_due());
        assert_eq!(state.look_at_passkeys(4, &[KEY, PHONE]), Err(Refusal::WayInBehind));
        assert_eq!(state.look_at_passkeys(3, &[PHONE]), Ok(false), "an older key is refused otherwise");
        assert!(!state.note_passkey(3, PHONE, Standing::Announced));
        state.begin_passkeys(PasskeysSeen { generation: 5, ways: BTreeMap::new() });
        assert_eq!(state, seen(5, &[]), "that there are none is remembered too");
        let mut none = ClientState::default();
        none.begin_passkeys(PasskeysSeen { generation: 5, ways: BTreeMap::new() });
        assert_eq!(none, ClientState::default());
    }

    #[test]
    fn a_merge_takes_what_was_seen_last() {
        let there = seen(3, &[(PHONE, Standing::There)]);
        for (ours, theirs, expected) in [
            (seen(3, &[(PHONE, Standing::Gone)]), there.clone(), seen(3, &[(PHONE, Standing::Gone)])),
            (
                seen(3, &[(KEY, Standing::Announced)]),
                there.clone(),
                seen(3, &[(PHONE, Standing::There), (KEY, Standing::Announced)]),
            ),
            (seen(2, &[(KEY, Standing::Gone)]), there.clone(), there.clone()),
            (ClientState::default(), there.clone(), there.clone()),
        ] {
            for (ours, theirs) in [(ours.clone(), theirs.clone()), (theirs, ours)] {
                let mut merged = ours;
                merged.merge(theirs).expect("no contradiction");
                assert_eq!(merged.passkeys, expected.passkeys);
            }
        }
    }
}
