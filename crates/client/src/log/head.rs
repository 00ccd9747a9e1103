//! The newest tree that this session verified, to be written down beside what was checked against it.

use crate::{error::Result, platform::Platform, vault::Vault};

/// A checkpoint of the log of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogHead {
    /// The log's name.
    pub origin: String,
    /// How many events it holds.
    pub size: u64,
    /// The root of its tree, base64 as in the checkpoint.
    pub root: String,
    /// The witnesses asked for that cosigned it.
    pub witnesses: Vec<String>,
}

impl<P: Platform> Vault<P> {
    /// Looks at the log of events anew; `None` where it is empty.
    ///
    /// # Errors
    /// The refusals of [`crate::Refusal::stops_session`]; no connection.
    pub async fn log_head(&self) -> Result<Option<LogHead>> {
        let Some(mut open) = self.look(self.events_log(), None).await? else { return Ok(None) };
        let newest = open.view()?.newest().map(|(signed, cosigned)| LogHead {
            origin: signed.checkpoint.origin().to_owned(),
            size: signed.checkpoint.size(),
            root: signed.checkpoint.root().to_string(),
            witnesses: cosigned.into_iter().map(|cosigned| cosigned.name.to_string()).collect(),
        });
        Ok(newest)
    }
}
