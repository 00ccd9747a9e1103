//! What is said wherever something is entrusted to a person's key: whether it was compared, and since when it is a new one.

use client::{NewKeys, Person, Verification};
use serde::Serialize;

use crate::{context::Context, output::time};

/// Where somebody's key stands.
#[derive(Debug, Serialize)]
pub struct KeyState {
    key_verified: bool,
    /// None where they have their first keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    new_keys: Option<Newer>,
}

/// Keys that the ones before signed.
#[derive(Debug, Serialize)]
struct Newer {
    since: i64,
    times: u32,
    since_compared: bool,
}

impl From<NewKeys> for Newer {
    fn from(new: NewKeys) -> Self {
        Self { since: new.since, times: new.times, since_compared: new.since_compared }
    }
}

impl KeyState {
    /// Of this person.
    pub fn of(person: &Person) -> Self {
        Self {
            key_verified: person.verification == Verification::Verified,
            new_keys: person.new_keys().map(Newer::from),
        }
    }

    /// What is added to the result.
    pub fn says(&self) -> &'static str {
        if self.key_verified { "" } else { "\nTheir key is not verified yet: compare fingerprints in person." }
    }

    /// Since when they have other keys than their first ones. A signature of the ones before is all that new keys need: whoever
    /// knows of a theft, or of none, must be able to tell.
    fn new_keys(&self, name: &str) -> Option<String> {
        let new = self.new_keys.as_ref()?;
        let when = time(new.since);
        let made = match new.times {
            1 => format!("{name} has new keys since {when}, signed by the ones before."),
            times => format!("{name} made new keys {times} times, last on {when}, each signed by the ones before."),
        };
        Some(match new.since_compared {
            true => format!("{made} That was after you compared: compare fingerprints again to be sure."),
            false => made,
        })
    }
}

/// Says to people, before something is sealed to them, that somebody has other keys than their first ones. Gives where their key
/// stands.
pub fn look_at(context: &Context, person: &Person) -> KeyState {
    let state = KeyState::of(person);
    if let Some(text) = state.new_keys(&person.name) {
        context.output.note(&text);
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(new: Option<(u32, bool)>) -> KeyState {
        let newer = |(times, since_compared)| Newer { since: 0, times, since_compared };
        KeyState { key_verified: true, new_keys: new.map(newer) }
    }

    #[test]
    fn new_keys_are_said_and_that_they_came_after_the_comparison() {
        let said = |new| state(Some(new)).new_keys("Ann").unwrap();
        assert_eq!(said((1, false)), "Ann has new keys since 1970-01-01 00:00 UTC, signed by the ones before.");
        assert!(said((1, true)).ends_with("after you compared: compare fingerprints again to be sure."));
        assert!(said((3, false)).contains("3 times"));
        assert_eq!(state(None).new_keys("Ann"), None, "nothing is said of first keys");
    }

    #[test]
    fn programs_are_told_the_same() {
        let json = |new| serde_json::to_value(state(new)).unwrap();
        let new = serde_json::json!({ "since": 0, "times": 2, "since_compared": true });
        assert_eq!(json(Some((2, true))), serde_json::json!({ "key_verified": true, "new_keys": new }));
        assert_eq!(json(None), serde_json::json!({ "key_verified": true }));
    }
}
