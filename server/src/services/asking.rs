//! What it means to ask for somebody's account and to wait: used by emergency contacts and by escrow. The delay is the server's
//! word alone.

use api_types::{AccountId, UnixMillis};

use crate::{
    ServiceResult,
    clock::DAY,
    storage::{db::WriteTx, emergency, escrow},
};

/// The message that it is open is the last one.
pub const TOLD_OPEN: i32 = 3;
/// Most askings in one round of upkeep.
pub const BATCH: u64 = 1000;
/// Longest wait after refusals.
const LONGEST_WAIT: UnixMillis = 30 * DAY;

/// Before then it can't be asked for again: a day after a refusal, twice as long after each further one.
pub fn again_at(refused_at: Option<UnixMillis>, refusals: i32) -> Option<UnixMillis> {
    let doubled = u32::try_from(refusals - 1).unwrap_or(0).min(5);
    refused_at.map(|refused_at| refused_at + (DAY << doubled).min(LONGEST_WAIT))
}

/// Which message is due: 1 halfway, 2 a day before, 3 once it is open.
pub fn due(asked_at: UnixMillis, opens_at: UnixMillis, now: UnixMillis) -> i32 {
    let half = asked_at + (opens_at - asked_at) / 2;
    let day_before = opens_at - DAY;
    if opens_at <= now {
        TOLD_OPEN
    } else if half < day_before && day_before <= now {
        2
    } else {
        i32::from(half <= now)
    }
}

/// When an account is switched on again: whatever was asked of it is asked anew, since its holder could refuse nothing
/// meanwhile, however short that was. Gives how many askings ended.
pub async fn begin_anew(tx: &WriteTx, account: AccountId) -> ServiceResult<u32> {
    let mut ended = 0;
    for row in emergency::of_account(tx.conn(), account).await? {
        if row.opens_at.is_some() {
            emergency::put(tx.conn(), &row.unasked()).await?;
            ended += 1;
        }
    }
    if let Some(row) = escrow::of_account(tx.conn(), account).await?.filter(|row| row.opens_at.is_some()) {
        escrow::put(tx.conn(), &row.unasked()).await?;
        ended += 1;
    }
    Ok(ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_halfway_a_day_before_and_at_the_end() {
        let week = |days: f64| due(0, 7 * DAY, (days * DAY as f64) as i64);
        assert_eq!(
            [week(0.0), week(3.4), week(3.5), week(5.9), week(6.0), week(6.9), week(7.0)],
            [0, 0, 1, 1, 2, 2, 3]
        );
        let day = |part: f64| due(0, DAY, (part * DAY as f64) as i64);
        assert_eq!([day(0.0), day(0.4), day(0.5), day(0.9), day(1.0)], [0, 0, 1, 1, 3], "no day before");
    }

    #[test]
    fn each_refusal_doubles_the_wait_up_to_a_month() {
        let wait = |refusals| again_at(Some(0), refusals).map(|at| at / DAY);
        assert_eq!([1, 2, 3, 5, 6, 40].map(wait), [1, 2, 4, 16, 30, 30].map(Some));
        assert_eq!(again_at(None, 0), None);
    }
}
