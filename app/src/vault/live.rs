//! Live events: one `EventSource` while the vault is open, and whoever on the page wants to hear.

use std::{rc::Rc, time::Duration};

use api_types::live::{LiveEvent, LiveKind};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{EventSource, MessageEvent};

use super::{Vault, VaultState};

const ADDRESS: &str = "/api/v1/live";
/// After an end that the browser doesn't retry by itself.
const AGAIN: Duration = Duration::from_secs(5);

type Listener = (u64, Rc<dyn Fn(&LiveEvent)>);

/// The stream and its listeners; `Copy`, from [`use_live`].
#[derive(Clone, Copy)]
pub struct Live {
    inner: StoredValue<Inner, LocalStorage>,
    vault: Vault,
}

#[derive(Default)]
struct Inner {
    source: Option<Source>,
    listeners: Vec<Listener>,
    last: u64,
}

/// A connection; closes when dropped.
struct Source {
    source: EventSource,
    _message: Closure<dyn FnMut(MessageEvent)>,
    _open: Closure<dyn FnMut()>,
    _error: Closure<dyn FnMut()>,
}

impl Drop for Source {
    fn drop(&mut self) {
        self.source.set_onopen(None);
        self.source.set_onerror(None);
        self.source.close();
    }
}

/// Makes [`use_live`] work below here and follows the vault: open while it is unlocked.
pub fn provide_live(vault: Vault) {
    let live = Live { inner: StoredValue::new_local(Inner::default()), vault };
    provide_context(live);
    Effect::new(move |_| match vault.state.get() {
        VaultState::Unlocked(_) => live.connect(),
        _ => live.inner.update_value(|inner| inner.source = None),
    });
}

/// The page's live events.
pub fn use_live() -> Live {
    expect_context()
}

impl Live {
    /// Hears every event until the calling component goes. After a gap it hears one [`LiveKind::Resync`].
    pub fn on(self, hear: impl Fn(&LiveEvent) + 'static) {
        let id = self.inner.try_update_value(|inner| {
            inner.last += 1;
            inner.listeners.push((inner.last, Rc::new(hear)));
            inner.last
        });
        on_cleanup(move || {
            self.inner.try_update_value(|inner| inner.listeners.retain(|(at, _)| Some(*at) != id));
        });
    }

    fn tell(self, event: &LiveEvent) {
        let listeners = self.inner.try_with_value(|inner| inner.listeners.clone()).unwrap_or_default();
        for (_, hear) in listeners {
            hear(event);
        }
    }

    fn connect(self) {
        if self.inner.with_value(|inner| inner.source.is_some()) {
            return;
        }
        let source = Source::open(self);
        self.inner.update_value(|inner| inner.source = source);
    }

    /// The browser gave up (for instance after an answer that isn't a stream): try again later, if still unlocked.
    fn later(self) {
        self.inner.try_update_value(|inner| inner.source = None);
        set_timeout(
            move || {
                if self.vault.state.try_with_untracked(|state| matches!(state, VaultState::Unlocked(_))) == Some(true) {
                    self.connect();
                }
            },
            AGAIN,
        );
    }
}

impl Source {
    fn open(live: Live) -> Option<Self> {
        let source = EventSource::new(ADDRESS).ok()?;
        let message = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
            let event = message.data().as_string().and_then(|data| client::sse::parse_event(&data));
            if let Some(event) = event {
                live.tell(&event);
            }
        });
        let open = Closure::<dyn FnMut()>::new(move || {
            live.vault.online.try_set(true);
            // What happened before the stream stood is not in it.
            live.tell(&LiveEvent { kind: LiveKind::Resync, report_id: None, grant_id: None });
        });
        let handle = source.clone();
        let error = Closure::<dyn FnMut()>::new(move || {
            if handle.ready_state() == EventSource::CLOSED {
                // An answer came, but no stream. Not from inside its own handler: that would free what is running.
                set_timeout(move || live.later(), Duration::ZERO);
            } else {
                live.vault.online.try_set(false);
            }
        });
        source.add_event_listener_with_callback("live", message.as_ref().unchecked_ref()).ok()?;
        source.set_onopen(Some(open.as_ref().unchecked_ref()));
        source.set_onerror(Some(error.as_ref().unchecked_ref()));
        Some(Self { source, _message: message, _open: open, _error: error })
    }
}
