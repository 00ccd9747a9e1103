//! The delay of an emergency contact, in words.

use crate::t;

/// "1 day", "7 days".
pub fn days(days: u8) -> String {
    match days {
        1 => t!(emergency.day).to_owned(),
        days => t!(emergency.days, days = days),
    }
}
