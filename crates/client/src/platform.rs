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

/// How many events are checked, and their readers' signatures verified together, before others have their turn: in a browser about
/// 30 ms of work.
pub(crate) const AT_ONCE: usize = 256;

/// The clock. Everything else about the surroundings is asked for where it is used.
pub trait Environment: MaybeSync + 'static {
    /// Unix milliseconds, UTC.
    fn now(&self) -> i64;

    /// Waits so many milliseconds.
    fn pause(&self, milliseconds: u32) -> impl Future<Output = ()> + MaybeSend;

    /// Lets others have their turn between two pieces of work that compute: a page paints and hears input then. Where threads do
    /// that it is nothing.
    fn turn(&self) -> impl Future<Output = ()> + MaybeSend {
        std::future::ready(())
    }
}

/// The system's clock: `SystemTime` and tokio natively (feature `native`), `Date.now()` and timers in a browser (`web`).
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
impl Environment for SystemClock {
    fn now(&self) -> i64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
    }

    async fn pause(&self, milliseconds: u32) {
        tokio::time::sleep(std::time::Duration::from_millis(milliseconds.into())).await;
    }
}

#[cfg(all(target_arch = "wasm32", feature = "web"))]
impl Environment for SystemClock {
    fn now(&self) -> i64 {
        js_sys::Date::now() as i64
    }

    async fn pause(&self, milliseconds: u32) {
        let promise = js_sys::Promise::new(&mut |resolve, _| {
            if !set_timer(&resolve, i32::try_from(milliseconds).unwrap_or(i32::MAX)) {
                // Without timers nobody waits. Nobody is left to hear it if this fails.
                let _ = resolve.call0(&wasm_bindgen::JsValue::NULL);
            }
        });
        let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
    }

    async fn turn(&self) {
        self.pause(0).await;
    }
}

/// In a page or in a worker.
#[cfg(all(target_arch = "wasm32", feature = "web"))]
fn set_timer(then: &js_sys::Function, milliseconds: i32) -> bool {
    use wasm_bindgen::JsCast;
    let global = js_sys::global();
    let set = if let Some(window) = global.dyn_ref::<web_sys::Window>() {
        window.set_timeout_with_callback_and_timeout_and_arguments_0(then, milliseconds)
    } else if let Some(worker) = global.dyn_ref::<web_sys::WorkerGlobalScope>() {
        worker.set_timeout_with_callback_and_timeout_and_arguments_0(then, milliseconds)
    } else {
        return false;
    };
    set.is_ok()
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
