//! What the client needs from where it runs: a transport, a clock, randomness, a place for heavy steps, bulk sealing.

use std::future::Future;

use rand_core::UnwrapErr;

use crate::{bulk::Bulk, heavy::HeavySteps, transport::Transport};

/// `Send` on native targets, nothing in a browser, where futures hold JavaScript values.
#[cfg(not(target_arch = "wasm32"))]
pub trait MaybeSend: Send {}
#[cfg(not(target_arch = "wasm32"))]
impl<T: Send + ?Sized> MaybeSend for T {}
/// `Send` on native targets, nothing in a browser, where futures hold JavaScript values.
#[cfg(target_arch = "wasm32")]
pub trait MaybeSend {}
#[cfg(target_arch = "wasm32")]
impl<T: ?Sized> MaybeSend for T {}

/// `Send + Sync` on native targets, nothing in a browser.
#[cfg(not(target_arch = "wasm32"))]
pub trait MaybeSync: Send + Sync {}
#[cfg(not(target_arch = "wasm32"))]
impl<T: Send + Sync + ?Sized> MaybeSync for T {}
/// `Send + Sync` on native targets, nothing in a browser.
#[cfg(target_arch = "wasm32")]
pub trait MaybeSync {}
#[cfg(target_arch = "wasm32")]
impl<T: ?Sized> MaybeSync for T {}

/// A future that is `Send` where the target has threads.
pub trait MaybeSendFuture: Future + MaybeSend {}
impl<F: Future + MaybeSend> MaybeSendFuture for F {}

/// The system's random number generator (getrandom). Panics only where the operating system has no randomness at all.
pub type Rng = UnwrapErr<getrandom::SysRng>;

/// A fresh handle on the system's randomness.
pub(crate) fn rng() -> Rng {
    UnwrapErr(getrandom::SysRng)
}

/// The clock. Everything else about the surroundings is asked for where it is used.
pub trait Environment: MaybeSync + 'static {
    /// Unix milliseconds, UTC.
    fn now(&self) -> i64;
}

/// The system's clock: `SystemTime` natively, `Date.now()` in a browser (feature `web`).
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[cfg(not(target_arch = "wasm32"))]
impl Environment for SystemClock {
    fn now(&self) -> i64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
    }
}

#[cfg(all(target_arch = "wasm32", feature = "web"))]
impl Environment for SystemClock {
    fn now(&self) -> i64 {
        js_sys::Date::now() as i64
    }
}

/// Everything of a platform under one name, so that `Vault<P>` has one parameter.
///
/// The page makes its own from `transport::web::FetchTransport`, its worker for [`HeavySteps`] and its worker pool for
/// [`Bulk`]; `hs` and the server's tests use [`crate::native::Native`].
pub trait Platform: MaybeSync + 'static {
    /// Carries requests.
    type Transport: Transport;
    /// The clock.
    type Environment: Environment;
    /// Runs Argon2id.
    type Heavy: HeavySteps;
    /// Seals and opens parts.
    type Bulk: Bulk;

    /// Carries requests.
    fn transport(&self) -> &Self::Transport;
    /// The clock.
    fn environment(&self) -> &Self::Environment;
    /// Runs Argon2id.
    fn heavy(&self) -> &Self::Heavy;
    /// Seals and opens parts.
    fn bulk(&self) -> &Self::Bulk;
}
