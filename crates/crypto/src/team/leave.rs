//! Leaving: whoever leaves says so, signed; the server shuts them out at once, and a manager's client makes the roster
//! without them.

use thiserror::Error;

use crate::{
    account::{KeyChain, KeyError},
    defence::Defence,
    encoding::{DecodeError, Reader, UnixMillis, Writer},
    ids::{AccountId, Hash32, TeamId},
    sign::{Signed, SignedObject, VerifyError},
};

/// Somebody leaves a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamLeave {
    /// The team.
    pub team: TeamId,
    /// Hash of the newest roster that they saw, which names them.
    pub roster: Hash32,
    /// Who leaves.
    pub account: AccountId,
    /// Epoch of their signing key.
    pub epoch: u32,
    /// When.
    pub time: UnixMillis,
}

impl SignedObject for TeamLeave {
    const NAME: &'static str = "team-leave";
    const LIMIT: usize = 256;

    fn encode(&self, w: &mut Writer) {
        w.bytes(self.team.as_ref())
            .bytes(self.roster.as_ref())
            .bytes(self.account.as_ref())
            .u32(self.epoch)
            .time(self.time);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            team: TeamId(r.array("team")?),
            roster: Hash32(r.array("roster")?),
            account: AccountId(r.array("account")?),
            epoch: r.u32("epoch")?,
            time: r.time("time")?,
        })
    }
}

/// Why a statement of leaving doesn't count.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TeamLeaveError {
    /// The account's key records don't vouch for it.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// Not signed by the account.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// Of another team or account.
    #[error("the statement is of another team or account")]
    WrongTeam,
}

impl Signed<TeamLeave> {
    /// Verifies that the account of this chain leaves this team.
    ///
    /// # Errors
    /// [`TeamLeaveError`].
    pub fn verify_leave(&self, team: &TeamId, chain: &KeyChain) -> Result<&TeamLeave, TeamLeaveError> {
        let claimed = self.claimed();
        if claimed.team != *team || claimed.account != chain.account() {
            return Err(TeamLeaveError::WrongTeam);
        }
        Ok(self.verify_under(Defence::LeaveSigned, chain.signer(claimed.epoch, claimed.time)?)?)
    }
}
