//! That somebody made new keys: what others see of it.

use api_types::UnixMillis;

use crate::{people::Person, state::Compared};

/// Keys that aren't somebody's first ones. The ones before signed them, so they are that person's, or of whoever had stolen those.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewKeys {
    /// When the newest began, as their maker says. The server took no time that was more than ten minutes from its own.
    pub since: UnixMillis,
    /// How often new ones were made.
    pub times: u32,
    /// Keys were compared in person, and these came after.
    pub since_compared: bool,
}

impl Person {
    /// Their new keys; none where they have their first ones.
    pub fn new_keys(&self) -> Option<NewKeys> {
        let newest = self.chain.current().claimed();
        (newest.epoch > 0).then(|| NewKeys {
            since: newest.created_at,
            times: newest.epoch,
            since_compared: self.compared == Compared::Before,
        })
    }
}
