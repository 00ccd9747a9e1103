//! Live events: ids only; whatever they name is fetched and verified like anything else.

use api_types::live::LiveEvent;
use futures::Stream;

use crate::{error::Result, platform::Platform, sse, vault::Vault};

impl<P: Platform> Vault<P> {
    /// Opens the stream of events. It ends with an error or the connection: open it again and treat that as a resync.
    ///
    /// # Errors
    /// Signed out, or no connection.
    pub async fn live(&self) -> Result<impl Stream<Item = Result<LiveEvent>> + use<P>> {
        Ok(sse::events(self.api().live().await?))
    }
}
