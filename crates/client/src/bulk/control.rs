//! Progress, a connection that is lost for now, and cancelling.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use crate::{
    error::{ClientError, Result},
    platform::{MaybeSend, MaybeSync},
};

/// How far one part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Plaintext bytes done.
    pub done: u64,
    /// Plaintext bytes in all.
    pub total: u64,
}

#[cfg(not(target_arch = "wasm32"))]
type Callback<A> = Arc<dyn Fn(A) + Send + Sync>;
#[cfg(target_arch = "wasm32")]
type Callback<A> = Arc<dyn Fn(A)>;

/// Stops work from elsewhere. Clones stop together.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks for a stop; the part ends with [`ClientError::Cancelled`] before its next segment.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether a stop was asked for.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Reports progress and listens for a stop. Clones share both.
#[derive(Clone, Default)]
pub struct Control {
    callback: Option<Callback<Progress>>,
    lost: Option<Callback<bool>>,
    cancel: Cancel,
    done: Arc<AtomicU64>,
}

impl Control {
    /// Nobody watches, nobody stops.
    pub fn none() -> Self {
        Self::default()
    }

    /// Calls back after each segment.
    pub fn new(cancel: Cancel, callback: impl Fn(Progress) + MaybeSend + MaybeSync + 'static) -> Self {
        Self { callback: Some(Arc::new(callback)), cancel, ..Self::default() }
    }

    /// Calls back also when a transfer broke and will be tried again (`true`), and when one got through after that.
    pub fn telling_lost(mut self, lost: impl Fn(bool) + MaybeSend + MaybeSync + 'static) -> Self {
        self.lost = Some(Arc::new(lost));
        self
    }

    /// The stop that it listens to.
    pub fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// Begins a part anew: nothing is done.
    pub fn reset(&self) {
        self.done.store(0, Ordering::Relaxed);
    }

    /// Counts plaintext bytes as done.
    pub fn advance(&self, bytes: u64, total: u64) {
        let done = self.done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if let Some(callback) = &self.callback {
            callback(Progress { done, total });
        }
    }

    /// Says that a transfer broke and waits to be tried again, or that it goes on.
    pub fn lost(&self, lost: bool) {
        if let Some(callback) = &self.lost {
            callback(lost);
        }
    }

    /// Where a stop takes effect.
    ///
    /// # Errors
    /// [`ClientError::Cancelled`].
    pub fn check(&self) -> Result<()> {
        if self.cancel.is_cancelled() { Err(ClientError::Cancelled) } else { Ok(()) }
    }
}
