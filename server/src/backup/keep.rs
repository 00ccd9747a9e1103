//! Which snapshots are kept: the newest of so many hours, days and weeks (UTC, weeks from Monday) that have one.

use std::{collections::BTreeSet, fmt, str::FromStr};

use api_types::UnixMillis;

use super::SnapshotId;
use crate::clock::{DAY, HOUR};

/// How many of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Hours of which the newest stays.
    pub hours: u32,
    /// Days.
    pub days: u32,
    /// Weeks.
    pub weeks: u32,
}

/// Why a text doesn't say what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what is kept is said as 24h,7d,5w: so many hourly, daily and weekly snapshots, at least one in all")]
pub struct KeepError;

impl FromStr for Keep {
    type Err = KeepError;

    fn from_str(text: &str) -> Result<Self, KeepError> {
        let mut keep = Self { hours: 0, days: 0, weeks: 0 };
        for part in text.split(',').map(str::trim) {
            let (place, number) = match part.split_at_checked(part.len().saturating_sub(1)) {
                Some((number, "h")) => (&mut keep.hours, number),
                Some((number, "d")) => (&mut keep.days, number),
                Some((number, "w")) => (&mut keep.weeks, number),
                _ => return Err(KeepError),
            };
            let number = number.parse().map_err(|_| KeepError)?;
            if std::mem::replace(place, number) != 0 {
                return Err(KeepError);
            }
        }
        if [keep.hours, keep.days, keep.weeks] == [0; 3] { Err(KeepError) } else { Ok(keep) }
    }
}

/// As it is read.
impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [(self.hours, 'h'), (self.days, 'd'), (self.weeks, 'w')];
        let said = counts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}"));
        f.write_str(&said.collect::<Vec<_>>().join(","))
    }
}

/// The number of the span of time that a moment lies in.
type Span = fn(UnixMillis) -> i64;

impl Keep {
    /// Those that are dropped. The newest never is.
    pub fn dropped(self, snapshots: &BTreeSet<SnapshotId>) -> BTreeSet<SnapshotId> {
        let mut kept: BTreeSet<&SnapshotId> = snapshots.last().into_iter().collect();
        let spans: [(u32, Span); 3] = [(self.hours, hour), (self.days, day), (self.weeks, week)];
        for (count, span) in spans {
            let mut seen = BTreeSet::new();
            for id in snapshots.iter().rev() {
                if seen.len() == count as usize {
                    break;
                }
                if seen.insert(span(id.time())) {
                    kept.insert(id);
                }
            }
        }
        snapshots.iter().filter(|id| !kept.contains(id)).cloned().collect()
    }

    /// How long after a moment the last snapshot from before it is dropped, at the latest, where one is made every so often: then as
    /// many hours, days and weeks have had one since.
    pub fn longest(self, every: UnixMillis) -> UnixMillis {
        let spans = [(self.hours, HOUR), (self.days, DAY), (self.weeks, 7 * DAY)];
        let longest = spans.map(|(count, span)| span.max(every).saturating_mul(i64::from(count)));
        longest.into_iter().max().unwrap_or_default().saturating_add(every)
    }
}

fn hour(time: UnixMillis) -> i64 {
    time.div_euclid(HOUR)
}

fn day(time: UnixMillis) -> i64 {
    time.div_euclid(DAY)
}

/// The first day of all times was a Thursday.
fn week(time: UnixMillis) -> i64 {
    (day(time) + 3).div_euclid(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(keep: &str, times: impl IntoIterator<Item = UnixMillis>) -> Vec<UnixMillis> {
        let all: BTreeSet<SnapshotId> = times.into_iter().map(|time| SnapshotId::new(time).unwrap()).collect();
        let dropped = keep.parse::<Keep>().unwrap().dropped(&all);
        all.iter().filter(|id| !dropped.contains(*id)).map(SnapshotId::time).collect()
    }

    #[test]
    fn it_is_written_as_it_is_read() {
        for text in ["24h,7d,5w", "3d", "1h,2w"] {
            assert_eq!(text.parse::<Keep>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn the_newest_of_each_hour_day_and_week_stay() {
        let half = HOUR / 2;
        let times = (0..96).map(|n| n * half);
        assert_eq!(kept("3h", times.clone()), [91 * half, 93 * half, 95 * half]);
        assert_eq!(kept("3h,2d", times.clone()), [47 * half, 91 * half, 93 * half, 95 * half]);
        assert_eq!(kept("1h,9w", times), [95 * half], "all in one week");
        // Thursday, 1 January 1970; the week's Sunday is the 4th.
        assert_eq!(kept("2w", [0, 3 * DAY, 4 * DAY, 5 * DAY]), [3 * DAY, 5 * DAY]);
        assert_eq!(kept("5d", [0, 300 * DAY]), [0, 300 * DAY], "days without one don't count");
        assert!(kept("5d", []).is_empty());
    }

    /// Whatever is kept, however often one is made, and whenever it begins.
    #[test]
    fn nothing_from_before_a_moment_is_kept_for_longer_than_is_said() {
        for keep in ["1h", "24h,7d,5w", "3d", "2w", "30h,1d", "1w"].map(|text| text.parse::<Keep>().unwrap()) {
            for every in [HOUR, 5 * HOUR, DAY, 3 * DAY + HOUR, 7 * DAY] {
                for begun in [0, 3 * DAY + 23 * HOUR, 4 * DAY - 1] {
                    let (first, longest) = (SnapshotId::new(begun).unwrap(), keep.longest(every));
                    let mut there = BTreeSet::from([first.clone()]);
                    let mut time = begun;
                    while there.contains(&first) {
                        time += every;
                        there.insert(SnapshotId::new(time).unwrap());
                        there = &there - &keep.dropped(&there);
                    }
                    assert!(time - begun <= longest, "{keep:?} every {every} from {begun}: {}", time - begun);
                }
            }
        }
    }

    #[test]
    fn what_is_kept_is_said_in_one_way() {
        for text in ["", "h", "24", "24h,", "0h", "24m", "-1d", "1h,2h", "24h 7d"] {
            assert_eq!(text.parse::<Keep>(), Err(KeepError), "{text}");
        }
        assert_eq!(" 24h, 7d,5w".parse(), Ok(Keep { hours: 24, days: 7, weeks: 5 }));
    }
}
