//! Something a page fetched: waiting, there, or not to be had, with a way to ask again.

use std::{future::Future, pin::Pin, rc::Rc};

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::{Keys, Vault, explain};
use crate::{
    components::{Banner, Button, ButtonKind, SkeletonRows, Tone},
    t,
};

type Asking<T> = Pin<Box<dyn Future<Output = client::Result<T>>>>;
type Ask<T> = Rc<dyn Fn(Keys) -> Asking<T>>;

/// `Copy` state of one fetched value. A value that is there stays while it is asked for anew.
pub struct Loaded<T: 'static> {
    /// What came last.
    pub value: RwSignal<Option<T>, LocalStorage>,
    /// Why the last try failed, in a sentence.
    pub problem: RwSignal<Option<String>>,
    ask: StoredValue<Ask<T>, LocalStorage>,
    vault: Vault,
}

impl<T: 'static> Clone for Loaded<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: 'static> Copy for Loaded<T> {}

impl<T: Clone + 'static> Loaded<T> {
    /// Asks at once.
    pub fn new<F>(vault: Vault, ask: impl Fn(Keys) -> F + 'static) -> Self
    where
        F: Future<Output = client::Result<T>> + 'static,
    {
        let ask: Ask<T> = Rc::new(move |open| Box::pin(ask(open)));
        let loaded = Self {
            value: RwSignal::new_local(None),
            problem: RwSignal::new(None),
            ask: StoredValue::new_local(ask),
            vault,
        };
        loaded.again();
        loaded
    }

    /// Asks again; what is there stays until the answer comes.
    pub fn again(self) {
        let (Some(open), Some(ask)) = (self.vault.keys(), self.ask.try_get_value()) else { return };
        spawn_local(async move {
            match ask(open).await {
                Ok(value) => {
                    self.value.try_set(Some(value));
                    if self.problem.try_with_untracked(Option::is_some) == Some(true) {
                        self.problem.try_set(None);
                    }
                }
                Err(error) => {
                    self.problem.try_set(Some(explain(&error)));
                }
            };
        });
    }

    /// The value, or its skeleton, or why it isn't there with a button to try again. `failed` heads the reason.
    pub fn show<V: IntoView + 'static>(
        self,
        failed: &'static str,
        rows: usize,
        view: impl Fn(T) -> V + Send + 'static,
    ) -> impl IntoView {
        move || {
            let problem = self.problem.get().map(|problem| {
                view! {
                    <Banner tone=Tone::Warn title=failed>
                        <p>{problem}</p>
                        <div class="banner-actions">
                            <Button kind=ButtonKind::Secondary class="btn-small" on_click=move |()| self.again()>
                                {t!(common.retry)}
                            </Button>
                        </div>
                    </Banner>
                }
            });
            let content = match self.value.get() {
                Some(value) => Some(view(value).into_any()),
                None if problem.is_none() => Some(view! { <SkeletonRows count=rows/> }.into_any()),
                None => None,
            };
            (problem, content)
        }
    }
}
