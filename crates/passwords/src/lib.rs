//! How good a new password is, judged where it is typed. No I/O: nothing is sent, kept or logged.
//!
//! Length and the list of used passwords are NIST SP 800-63B-4, section 3.1.1.2, which also forbids rules of composition;
//! how many guesses a password stands is estimated by zxcvbn (D. L. Wheeler, USENIX Security 2016).
#![forbid(unsafe_code)]
#![deny(missing_docs)]

#[cfg(feature = "judge")]
mod common;
#[cfg(feature = "judge")]
mod judge;

#[cfg(feature = "judge")]
pub use judge::judge;

/// What a person is told about a password they type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// This many characters are missing.
    Short(usize),
    /// More than [`api_types::limits::PASSWORD_MAX_CHARS`].
    Long,
    /// Among the 100,000 most used.
    Common,
    /// Fewer than a million guesses (10^6).
    Weak,
    /// More, and still too few: less than 10^8, or than 10^10 where it is too short to sign in alone.
    Fair,
    /// Good enough.
    Good,
    /// 10^10 guesses or more.
    Strong,
}

impl Verdict {
    /// Whether it may be used.
    pub fn enough(self) -> bool {
        matches!(self, Self::Good | Self::Strong)
    }
}
