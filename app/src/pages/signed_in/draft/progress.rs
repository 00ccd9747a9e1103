//! How long an upload still takes, in words.

use crate::t;

/// Minutes and hours from here on are said as such.
const MINUTE: u64 = 60;

/// Time left at a speed in bytes a second; empty where the speed isn't known.
pub(super) fn time_left(left: u64, speed: f64) -> String {
    if speed < 1.0 {
        return String::new();
    }
    match (left as f64 / speed).ceil() as u64 {
        0..MINUTE => t!(draft.left_seconds).to_owned(),
        seconds @ MINUTE..3_600 => t!(draft.left_minutes, minutes = seconds.div_ceil(MINUTE)),
        seconds => t!(draft.left_hours, hours = seconds / 3_600, minutes = seconds % 3_600 / MINUTE),
    }
}

#[cfg(test)]
mod tests {
    use super::time_left;

    #[test]
    fn in_words() {
        assert_eq!(time_left(10, 0.0), "");
        assert_eq!(time_left(10_000_000, 1_000_000.0), "a few seconds left");
        assert_eq!(time_left(100_000_000, 1_000_000.0), "2 min left");
        assert_eq!(time_left(7_300_000_000, 1_000_000.0), "2 h 1 min left");
    }
}
