//! The platform of the command line and of tests: reqwest, the system clock, files, Argon2id on the blocking pool.

use crypto::secret::SecretBytes;

use crate::{
    bulk::native::FileBulk,
    heavy::{HeavyError, HeavySteps, HeavyTask},
    platform::{Platform, SystemClock},
    transport::{TransportError, native::HttpTransport},
};

pub use crate::transport::native::device_token;

/// Runs heavy steps on tokio's blocking pool.
#[derive(Debug, Clone, Copy, Default)]
pub struct BlockingPool;

impl HeavySteps for BlockingPool {
    async fn run(&self, task: HeavyTask) -> Result<SecretBytes, HeavyError> {
        tokio::task::spawn_blocking(move || crate::heavy::run(&task)).await.map_err(|_| HeavyError::Failed)?
    }
}

/// The native platform.
pub struct Native {
    transport: HttpTransport,
    bulk: FileBulk,
}

impl Native {
    /// A platform that talks to the server at `origin`.
    ///
    /// # Errors
    /// [`TransportError::BadAddress`].
    pub fn new(origin: &str) -> Result<Self, TransportError> {
        Ok(Self::with_transport(HttpTransport::new(origin)?))
    }

    /// As [`Self::new`], on a device that the server knows again by this token, made by [`device_token`].
    ///
    /// # Errors
    /// [`TransportError::BadAddress`].
    pub fn on_device(origin: &str, token: &str) -> Result<Self, TransportError> {
        Ok(Self::with_transport(HttpTransport::new(origin)?.on_device(token)))
    }

    /// With a transport of the caller's making.
    pub fn with_transport(transport: HttpTransport) -> Self {
        Self { transport, bulk: FileBulk::default() }
    }

    /// Tries transfers of files so often again when the connection broke ([`FileBulk::patient`]).
    #[must_use]
    pub fn patient(self, tries: u32) -> Self {
        Self { bulk: FileBulk::patient(tries), ..self }
    }
}

impl Platform for Native {
    type Transport = HttpTransport;
    type Environment = SystemClock;
    type Heavy = BlockingPool;
    type Bulk = FileBulk;

    fn transport(&self) -> &HttpTransport {
        &self.transport
    }

    fn environment(&self) -> &SystemClock {
        &SystemClock
    }

    fn heavy(&self) -> &BlockingPool {
        &BlockingPool
    }

    fn bulk(&self) -> &FileBulk {
        &self.bulk
    }
}
