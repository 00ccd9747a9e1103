//! Counts tries, those of many requests in one transaction: one after the other they are judged, so that of several at once
//! each sees those before it.

use std::collections::HashMap;

use api_types::UnixMillis;

use super::{
    rule::{Count, next},
    turn::{Turn, Turns},
};
use crate::{
    ServiceResult,
    group::Work,
    storage::{
        db::WriteTx,
        throttle::{self, Tries},
    },
};

/// What a try is counted as.
#[derive(Debug, Default)]
pub struct Asked {
    pub counts: Vec<Count>,
    pub turns: Vec<Turns>,
}

impl Asked {
    /// All that is to be known of it.
    pub fn keys(&self) -> Vec<[u8; 32]> {
        let counts = self.counts.iter().map(|count| count.key);
        counts.chain(self.turns.iter().flat_map(|turns| [turns.bucket, turns.turn])).collect()
    }
}

/// What becomes of a try.
#[derive(Debug, Default)]
pub struct Judged {
    /// When to come again, where it is refused.
    pub refused: Option<UnixMillis>,
    /// What is to be written.
    pub writes: Vec<([u8; 32], Tries)>,
}

/// Whether all lets it through. Where not, nothing is counted, but a turn may be given.
pub fn judge(asked: &Asked, known: &HashMap<[u8; 32], Tries>, now: UnixMillis) -> Judged {
    let mut judged = Judged::default();
    for count in &asked.counts {
        match next(&count.rule, known.get(&count.key).copied(), now) {
            Ok(next) => judged.writes.push((count.key, next)),
            Err(retry_at) => judged.refused = judged.refused.max(Some(retry_at)),
        }
    }
    if judged.refused.is_some() {
        return Judged { writes: Vec::new(), ..judged };
    }
    let mut given = Vec::new();
    for turns in &asked.turns {
        match turns.look(known, now) {
            Turn::Now(written) => judged.writes.push(written),
            Turn::Held(due) => judged.refused = judged.refused.max(Some(due)),
            Turn::Given(due, written) => {
                judged.refused = judged.refused.max(Some(due));
                given.extend(written);
            }
        }
    }
    if judged.refused.is_some() { Judged { writes: given, ..judged } } else { judged }
}

/// Let through, or when to come again.
pub type Answered = Result<(), UnixMillis>;

/// Counts tries.
#[derive(Debug)]
pub struct Counting;

impl Work for Counting {
    type Asked = Asked;
    type Answer = Answered;
    const NAME: &'static str = "counts of tries";

    async fn write(tx: &mut WriteTx, now: UnixMillis, group: Vec<Asked>) -> ServiceResult<Vec<Answered>> {
        let keys: Vec<_> = group.iter().flat_map(|asked| asked.keys()).collect();
        let mut known = throttle::get_all(tx.conn(), &keys).await?;
        let mut changed = HashMap::new();
        let answers = group.iter().map(|asked| {
            let judged = judge(asked, &known, now);
            known.extend(judged.writes.iter().copied());
            changed.extend(judged.writes);
            judged.refused.map_or(Ok(()), Err)
        });
        let answers = answers.collect();
        let changed: Vec<_> = changed.into_iter().collect();
        throttle::put_all(tx.conn(), &changed).await?;
        Ok(answers)
    }
}
