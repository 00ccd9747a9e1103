//! What is remembered of the tree of keys, as bytes.

use std::collections::{BTreeMap, BTreeSet};

use crypto::{
    encoding::{DecodeError, MAX_FIELD, Reader, Writer},
    ids::AccountId,
};

use tlog::leaf::{Label, MAX_LABEL};

use super::codec::Packed;
use crate::{
    ids::{ToApi, ToCrypto},
    key_log::{Alarm, AlarmKind, KeysSeen, Newer},
};

const OWN_KEY: u8 = 1;
const OWN_ADDRESS: u8 = 2;
const OTHERS_KEY: u8 = 3;
const MORE: u8 = 4;

/// Longest field: alarms and noted records, of which there are few.
pub(super) const MAX_KEYS: usize = MAX_FIELD;

pub(super) fn write(w: &mut Writer, keys: &KeysSeen) {
    let (mut newer, mut alarms) = (Vec::new(), Vec::new());
    keys.newer.iter().for_each(|(id, noted)| write_newer(id, noted, &mut newer));
    keys.alarms.values().for_each(|alarm| write_alarm(alarm, &mut alarms));
    w.bytes(keys.labels.as_ref().map_or(&[][..], |key| key)).u64(keys.scanned).bytes(&newer).bytes(&alarms);
    // Without what came later the form is that of earlier versions.
    let beyond = keys.more.is_some() || !keys.let_go.is_empty();
    if !keys.addresses.is_empty() || beyond {
        w.nested(|w| {
            keys.addresses.iter().for_each(|(label, leaf)| {
                w.bytes(label.as_bytes()).u64(*leaf);
            });
        });
    }
    if beyond {
        let mut more = Vec::new();
        keys.more.iter().for_each(|alarm| write_alarm(alarm, &mut more));
        let let_go: Vec<u8> = keys.let_go.iter().flat_map(|leaf| leaf.to_be_bytes()).collect();
        w.bytes(&more).bytes(&let_go);
    }
}

pub(super) fn read(mut r: Reader<'_>) -> Result<KeysSeen, DecodeError> {
    let mut keys = KeysSeen {
        labels: r.optional("label key")?,
        scanned: r.u64("entries read")?,
        newer: Packed::each(&mut r, "newer keys", read_newer)?.into_iter().collect(),
        alarms: Packed::each(&mut r, "alarms", read_alarm)?.into_iter().map(|alarm| (alarm.leaf, alarm)).collect(),
        addresses: BTreeMap::new(),
        more: None,
        let_go: BTreeSet::new(),
    };
    if !r.is_empty() {
        keys.addresses = read_addresses(r.nested("own addresses", MAX_KEYS)?)?;
    }
    if !r.is_empty() {
        keys.more = Packed::each(&mut r, "alarms that are counted", read_alarm)?.pop();
        keys.let_go = Packed::each(&mut r, "alarms let go of", read_place)?.into_iter().collect();
    }
    r.finish()?;
    Ok(keys)
}

fn read_addresses(mut r: Reader<'_>) -> Result<BTreeMap<Label, u64>, DecodeError> {
    let mut addresses = BTreeMap::new();
    while !r.is_empty() {
        let label = r.bytes("own address", MAX_LABEL)?.to_vec();
        let label = Label::new(label).map_err(|_| DecodeError::Invalid { field: "own address" })?;
        addresses.insert(label, r.u64("its entry")?);
    }
    Ok(addresses)
}

fn write_newer(id: &AccountId, noted: &Newer, out: &mut Vec<u8>) {
    out.extend_from_slice(&id.0);
    out.extend_from_slice(&noted.epoch.to_be_bytes());
    out.extend_from_slice(&noted.record);
    out.extend_from_slice(&noted.leaf.to_be_bytes());
}

fn read_newer(p: &mut Packed<'_>) -> Result<(AccountId, Newer), DecodeError> {
    let id = AccountId(p.take()?);
    Ok((id, Newer { epoch: p.u32()?, record: p.take()?, leaf: u64::from_be_bytes(p.take()?) }))
}

fn read_place(p: &mut Packed<'_>) -> Result<u64, DecodeError> {
    Ok(u64::from_be_bytes(p.take()?))
}

/// Leaf, acknowledged, kind, account (zero for one's own), epoch (of an address: whether it is another's; of further ones: how many).
fn write_alarm(alarm: &Alarm, out: &mut Vec<u8>) {
    let (kind, account, epoch) = match alarm.kind {
        AlarmKind::OwnKey { epoch } => (OWN_KEY, [0; 32], epoch),
        AlarmKind::OwnAddress { other } => (OWN_ADDRESS, [0; 32], other.into()),
        AlarmKind::OthersKey { account, epoch } => (OTHERS_KEY, account.crypto().0, epoch),
        AlarmKind::More { count } => (MORE, [0; 32], count),
    };
    out.extend_from_slice(&alarm.leaf.to_be_bytes());
    out.extend_from_slice(&[alarm.acknowledged.into(), kind]);
    out.extend_from_slice(&account);
    out.extend_from_slice(&epoch.to_be_bytes());
}

fn read_alarm(p: &mut Packed<'_>) -> Result<Alarm, DecodeError> {
    let leaf = u64::from_be_bytes(p.take()?);
    let [acknowledged, kind] = p.take()?;
    let (account, epoch) = (AccountId(p.take()?), p.u32()?);
    let kind = match kind {
        OWN_KEY => AlarmKind::OwnKey { epoch },
        OWN_ADDRESS => AlarmKind::OwnAddress { other: epoch == 1 },
        OTHERS_KEY => AlarmKind::OthersKey { account: account.api(), epoch },
        MORE => AlarmKind::More { count: epoch },
        _ => return Err(DecodeError::Invalid { field: "alarms" }),
    };
    Ok(Alarm { leaf, kind, acknowledged: acknowledged == 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(keys: &KeysSeen) -> Vec<u8> {
        let mut w = Writer::body();
        write(&mut w, keys);
        w.finish()
    }

    #[test]
    fn what_is_beyond_the_alarms_kept_is_remembered_and_what_was_stored_before_it_is_read() {
        let mut keys = KeysSeen { scanned: 1, ..KeysSeen::default() };
        keys.raise(2, AlarmKind::OwnKey { epoch: 3 });
        let before = bytes(&keys);
        // As every version wrote it: no key of labels, the entries read, no newer keys, one alarm.
        let mut w = Writer::body();
        let alarm = [&2_u64.to_be_bytes()[..], &[0, OWN_KEY], &[0; 32], &3_u32.to_be_bytes()].concat();
        w.bytes(&[]).u64(1).bytes(&[]).bytes(&alarm);
        assert_eq!(before, w.finish());
        assert_eq!(read(Reader::new(&before)), Ok(keys.clone()));
        let more = Alarm { leaf: 4, kind: AlarmKind::More { count: 5 }, acknowledged: true };
        for (more, let_go) in [(Some(more), vec![]), (None, vec![6, 7]), (Some(more), vec![6, 7])] {
            let keys = KeysSeen { more, let_go: let_go.into_iter().collect(), ..keys.clone() };
            assert_eq!(read(Reader::new(&bytes(&keys))), Ok(keys));
        }
    }
}
