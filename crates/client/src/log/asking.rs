//! Changes which witnesses a device asks for, while a session is open: tried first, because a device that asks for witnesses
//! who don't vouch opens nothing any more.

use super::{Guard, Halt, Witnesses, WitnessesError, files::Files, view::Looked};
use crate::{
    error::{ClientError, Result},
    platform::Platform,
    refusal::Refusal,
    vault::Vault,
};

/// Why a device goes on asking for the witnesses that it asked for before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// Keys that can't be read, or fewer than required.
    #[error(transparent)]
    Keys(#[from] WitnessesError),
    /// Too few of them vouch for what the server's log shows now.
    #[error("{found} of the {required} witnesses that would be required vouch for the log as it is now")]
    TooFew {
        /// Witnesses that would be required.
        required: usize,
        /// Those that cosigned the newest checkpoint.
        found: usize,
    },
    /// What they vouch for isn't this log, or they vouched too long ago.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// It couldn't be tried now.
    #[error(transparent)]
    Client(#[from] ClientError),
}

impl From<Halt> for AskError {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Error(error) => Self::Client(error),
            Halt::Stop(stop) => Self::Refused(Box::new(stop.refusal)),
        }
    }
}

impl<P: Platform> Vault<P> {
    /// Asks for these witnesses of the server's logs from now on, in this session too; the device's memory keeps them.
    /// Nothing changes where too few of them vouch for the logs as they are.
    ///
    /// # Errors
    /// [`AskError`].
    pub async fn ask_for_witnesses(&self, witnesses: Witnesses) -> Result<(), AskError> {
        let required = witnesses.quorum()?.required();
        let mut views = Vec::new();
        for guard in [self.events_log(), self.key_log().guard()] {
            if let Some(stopped) = guard.stopped() {
                return Err(AskError::Refused(Box::new(stopped.refusal)));
            }
            let Some(mut view) = self.view_with(guard, witnesses.clone()).await? else { continue };
            let files = Files::new(self.platform().transport(), guard.tree);
            let before = self.seen(guard.tree, &view);
            match view.look(&files, &before).await? {
                Looked::Unwitnessed { found } => return Err(AskError::TooFew { required, found }),
                Looked::Verified | Looked::Empty => {
                    view.refuse_stale(u64::try_from(self.now()).unwrap_or(0) / 1_000)?
                }
            }
            views.push((guard, view));
        }
        self.memory().witnesses = witnesses;
        for (guard, view) in views {
            Guard::replace(guard, view).await;
        }
        Ok(())
    }
}
