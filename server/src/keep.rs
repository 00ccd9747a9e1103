//! How long the server keeps what it has in plain, kind by kind (docs/operations.md, “What is kept how long”). Audit events have
//! a rule of their own (`keep_events`); reports are kept until their owners erase them.

use std::{fmt, str::FromStr};

use api_types::UnixMillis;

use crate::clock::DAY;

/// A kind of thing whose time can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Uploads that no version names, since their last segment.
    Uploads,
    /// Drafts, since they were last saved, with their uploads.
    Drafts,
    /// Messages that the mail server never took.
    FailedMail,
    /// API tokens in the list, since their end.
    EndedTokens,
    /// Invitations that were used, withdrawn or have expired, since then. Those that bind a patient's reports stay.
    EndedInvitations,
}

/// A kind, its name, the fewest and the most days.
const KINDS: [(Kind, &str, u32, u32); 5] = [
    (Kind::Uploads, "uploads", 1, 90),
    (Kind::Drafts, "drafts", 30, 36_525),
    (Kind::FailedMail, "failed-mail", 1, 365),
    (Kind::EndedTokens, "ended-tokens", 1, 3_653),
    (Kind::EndedInvitations, "ended-invitations", 1, 36_525),
];

/// One rule: `drafts=1y`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepRule {
    kind: Kind,
    days: u32,
}

/// Why a text is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeepError {
    /// Not a kind and a time.
    #[error("a kind and a time are needed, for instance drafts=1y or uploads=14d")]
    Malformed,
    /// A kind that isn't known.
    #[error(
        "{0:?} can't be kept for a time of one's own; what can is: uploads, drafts, failed-mail, ended-tokens, \
         ended-invitations. Audit events have --keep-events"
    )]
    Unknown(String),
    /// Shorter or longer than the kind allows.
    #[error("{name} are kept for {least} to {most} days")]
    OutOfRange {
        /// The kind.
        name: &'static str,
        /// Fewest days.
        least: u32,
        /// Most days.
        most: u32,
    },
}

impl FromStr for KeepRule {
    type Err = KeepError;

    fn from_str(text: &str) -> Result<Self, KeepError> {
        let (name, time) = text.split_once('=').ok_or(KeepError::Malformed)?;
        let name = name.trim();
        let known = KINDS.iter().find(|(_, known, ..)| *known == name);
        let (kind, name, least, most) = *known.ok_or_else(|| KeepError::Unknown(name.to_owned()))?;
        let days = days(time.trim()).ok_or(KeepError::Malformed)?;
        if !(least..=most).contains(&days) {
            return Err(KeepError::OutOfRange { name, least, most });
        }
        Ok(Self { kind, days })
    }
}

fn days(text: &str) -> Option<u32> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let number: u32 = number.parse().ok()?;
    match unit.trim() {
        "d" | "day" | "days" => Some(number),
        "y" | "year" | "years" => number.checked_mul(365)?.checked_add(number / 4),
        _ => None,
    }
}

/// What counts: the rules, and for every other kind what the project chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    uploads: u32,
    drafts: Option<u32>,
    failed_mail: u32,
    ended_tokens: u32,
    ended_invitations: Option<u32>,
}

impl Default for Keep {
    fn default() -> Self {
        Self { uploads: 7, drafts: None, failed_mail: 30, ended_tokens: 30, ended_invitations: None }
    }
}

impl FromIterator<KeepRule> for Keep {
    /// Of two rules for one kind the later counts.
    fn from_iter<I: IntoIterator<Item = KeepRule>>(rules: I) -> Self {
        rules.into_iter().fold(Self::default(), |keep, KeepRule { kind, days }| match kind {
            Kind::Uploads => Self { uploads: days, ..keep },
            Kind::Drafts => Self { drafts: Some(days), ..keep },
            Kind::FailedMail => Self { failed_mail: days, ..keep },
            Kind::EndedTokens => Self { ended_tokens: days, ..keep },
            Kind::EndedInvitations => Self { ended_invitations: Some(days), ..keep },
        })
    }
}

/// As `--keep` takes it.
impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "uploads={}d,failed-mail={}d,ended-tokens={}d", self.uploads, self.failed_mail, self.ended_tokens)?;
        if let Some(days) = self.drafts {
            write!(f, ",drafts={days}d")?;
        }
        if let Some(days) = self.ended_invitations {
            write!(f, ",ended-invitations={days}d")?;
        }
        Ok(())
    }
}

impl Keep {
    /// So long after its last segment an upload is forgotten.
    pub fn uploads(&self) -> UnixMillis {
        i64::from(self.uploads) * DAY
    }

    /// So many days after its last save a draft is deleted; none where drafts stay.
    pub fn drafts_days(&self) -> Option<u32> {
        self.drafts
    }

    /// The same in milliseconds.
    pub fn drafts(&self) -> Option<UnixMillis> {
        self.drafts.map(|days| i64::from(days) * DAY)
    }

    /// So long a message that was given up is kept.
    pub fn failed_mail(&self) -> UnixMillis {
        i64::from(self.failed_mail) * DAY
    }

    /// So long a token is listed after its end.
    pub fn ended_tokens(&self) -> UnixMillis {
        i64::from(self.ended_tokens) * DAY
    }

    /// So long an invitation stays after its end; for ever where it isn't said.
    pub fn ended_invitations(&self) -> Option<UnixMillis> {
        self.ended_invitations.map(|days| i64::from(days) * DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_and_the_later_counts() {
        let read = |texts: &[&str]| texts.iter().map(|text| text.parse()).collect::<Result<Keep, KeepError>>();
        assert_eq!(read(&[]), Ok(Keep::default()));
        let keep = read(&["uploads=14d", "drafts=1y", "failed-mail = 3 days", "ended-invitations=2y", "drafts=60d"]);
        let keep = keep.unwrap();
        assert_eq!((keep.uploads(), keep.drafts(), keep.drafts_days()), (14 * DAY, Some(60 * DAY), Some(60)));
        assert_eq!((keep.failed_mail(), keep.ended_tokens()), (3 * DAY, 30 * DAY));
        assert_eq!(keep.ended_invitations(), Some(730 * DAY));
    }

    #[test]
    fn what_is_written_is_read_again() {
        for text in ["uploads=14d", "drafts=1y", "failed-mail=3d", "ended-tokens=9d", "ended-invitations=2y"] {
            let keep: Keep = text.parse::<KeepRule>().into_iter().collect();
            let again: Result<Keep, KeepError> = keep.to_string().split(',').map(str::parse::<KeepRule>).collect();
            assert_eq!((again, keep == Keep::default()), (Ok(keep), false), "{text}");
        }
    }

    #[test]
    fn what_is_no_rule_is_named() {
        let error = |text: &str| text.parse::<KeepRule>().unwrap_err();
        for text in ["", "drafts", "drafts=", "drafts=1", "drafts=1w", "drafts=-1d", "drafts=99999999999d"] {
            assert_eq!(error(text), KeepError::Malformed, "{text}");
        }
        assert_eq!(error("events=7y"), KeepError::Unknown("events".into()));
        for text in ["drafts=29d", "uploads=0d", "uploads=91d", "failed-mail=2y"] {
            assert!(matches!(error(text), KeepError::OutOfRange { .. }), "{text}");
        }
    }
}
