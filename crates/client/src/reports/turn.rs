//! Answers that overtook each other. A page asks for the same report from several places at once; an answer that was on its
//! way while a newer one came is older than what was seen, and no lie. What was asked for after that is.

use crate::{
    error::{ClientError, Result},
    platform::Platform,
    refusal::Refusal,
    vault::Vault,
};

/// How often something is asked for in all.
const TURNS: usize = 4;

/// What was known when something was asked for.
pub(crate) struct Turn {
    changes: u64,
    turns: usize,
}

impl Turn {
    /// Before asking.
    pub(crate) fn of<P: Platform>(vault: &Vault<P>) -> Self {
        Self { changes: vault.changes(), turns: 1 }
    }

    /// To ask again, where the answer is refused for its age alone and something newer was seen since it was asked for. Else
    /// the refusal.
    pub(crate) fn again<P: Platform>(&mut self, vault: &Vault<P>, error: ClientError) -> Result<()> {
        let known = std::mem::replace(&mut self.changes, vault.changes());
        if !is_older(&error) || known == self.changes || self.turns == TURNS {
            return Err(error);
        }
        self.turns += 1;
        Ok(())
    }
}

fn is_older(error: &ClientError) -> bool {
    let ClientError::Refused(refusal) = error else { return false };
    matches!(
        refusal,
        Refusal::AccessHeadOlder
            | Refusal::ManifestOlder
            | Refusal::TeamRosterOlder { .. }
            | Refusal::KeyRecordOlder { .. }
    )
}
