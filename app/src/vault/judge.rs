//! A new password is judged in a worker of its own: the used passwords and the words of zxcvbn are a megabyte, and looking
//! through them takes longer than a frame. The worker and its copies of what was typed end with the form.

use leptos::prelude::*;
pub use passwords::Verdict;

/// `Copy` state of one form's new password.
#[derive(Clone, Copy)]
pub struct Judge {
    /// Fewest characters.
    pub min: Signal<usize>,
    /// What was judged last; while somebody types, the text before.
    judged: RwSignal<Option<Verdict>>,
    #[cfg(feature = "hydrate")]
    work: browser::Work,
}

impl Judge {
    /// Judges whatever stands in `value`, as it is typed. `known` is what others know about the person: name, e-mail. What they
    /// know about the place is added: its name and address.
    pub fn new(value: RwSignal<String>, min: Signal<usize>, known: Signal<Vec<String>>) -> Self {
        let judge = Self {
            min,
            judged: RwSignal::new(None),
            #[cfg(feature = "hydrate")]
            work: browser::Work::new(value, known),
        };
        #[cfg(not(feature = "hydrate"))]
        let _ = (value, known);
        #[cfg(feature = "hydrate")]
        judge.follow();
        judge
    }

    /// What was judged last.
    pub fn verdict(self) -> Option<Verdict> {
        self.judged.get()
    }

    /// Nobody types on the server.
    #[cfg(not(feature = "hydrate"))]
    pub fn then(self, _: super::Attempt, _: impl FnOnce(Option<String>) + 'static) {}
}

#[cfg(feature = "hydrate")]
mod browser {
    use std::rc::Rc;

    use api_types::limits::PASSWORD_MAX_CHARS;
    use leptos::prelude::*;
    use wasm_bindgen_futures::spawn_local;

    use super::{Judge, Verdict};
    use crate::{
        browser::{origin, sleep},
        t,
        vault::{Attempt, message::Message, pool::Pool, use_vault, worker},
    };

    /// Milliseconds without a key before what stands there is judged.
    const PAUSE: i32 = 120;

    #[derive(Clone, Copy)]
    pub(super) struct Work {
        /// What is typed.
        value: RwSignal<String>,
        known: Signal<Vec<String>>,
        /// What the place is called.
        place: RwSignal<Vec<String>>,
        pool: StoredValue<Rc<Pool>, LocalStorage>,
    }

    impl Work {
        pub(super) fn new(value: RwSignal<String>, known: Signal<Vec<String>>) -> Self {
            let pool = StoredValue::new_local(Rc::new(Pool::default()));
            on_cleanup(move || {
                if let Some(pool) = pool.try_get_value() {
                    pool.end();
                }
            });
            let (vault, place) = (use_vault(), RwSignal::new(vec![origin()]));
            spawn_local(async move {
                // Where it can't be asked for, nothing can be sent either.
                if let Ok(instance) = vault.client().instance().await {
                    place.try_update(|place| place.push(instance.name));
                }
            });
            Self { value, known, place, pool }
        }
    }

    impl Judge {
        pub(super) fn follow(self) {
            Effect::new(move |_| {
                let (typed, min) = (self.work.value.get(), self.min.get());
                self.work.known.track();
                self.work.place.track();
                if typed.is_empty() {
                    return self.judged.set(None);
                }
                // Said at once. The worker counts after NFC, which makes few texts shorter and none that is typed here longer.
                let chars = typed.chars().count();
                if chars < min {
                    return self.judged.set(Some(Verdict::Short(min - chars)));
                }
                spawn_local(async move {
                    sleep(PAUSE).await;
                    if self.stands(&typed)
                        && let Some(verdict) = self.ask(&typed).await
                        && self.stands(&typed)
                    {
                        self.judged.try_set(Some(verdict));
                    }
                });
            });
        }

        fn stands(self, typed: &str) -> bool {
            self.work.value.try_with_untracked(|value| value == typed) == Some(true)
        }

        /// Nothing where the judging part of the program can't be had.
        async fn ask(self, typed: &str) -> Option<Verdict> {
            let pool = self.work.pool.try_get_value()?;
            let known =
                [self.work.known.try_get_untracked()?, self.work.place.try_get_untracked()?].concat().join("\n");
            let min = self.min.try_get_untracked()?;
            let message = Message::new("judge")
                .with_bytes("password", typed.as_bytes())
                .with_bytes("known", known.as_bytes())
                .with("min", min as f64);
            worker::verdict(&pool.begin(message).ok()?.next().await?)
        }

        /// Judges what stands there and goes on with what is wrong with it, unless the form went away meanwhile.
        pub fn then(self, attempt: Attempt, go_on: impl FnOnce(Option<String>) + 'static) {
            if !attempt.begin() {
                return;
            }
            spawn_local(async move {
                // Whoever types on meanwhile is judged by what stands there in the end.
                let problem = loop {
                    let Some(typed) = self.work.value.try_get_untracked() else { break None };
                    let problem = self.problem(&typed).await;
                    if self.stands(&typed) || self.work.value.is_disposed() {
                        break problem;
                    }
                };
                attempt.done();
                if !self.work.value.is_disposed() {
                    go_on(problem);
                }
            });
        }

        /// Why a text may not be used, in a sentence.
        async fn problem(self, typed: &str) -> Option<String> {
            let min = self.min.try_get_untracked()?;
            let says = match self.ask(typed).await {
                Some(verdict) if verdict.enough() => return None,
                Some(Verdict::Short(_)) => t!(sign_up.password_short, min = min),
                Some(Verdict::Long) => t!(sign_up.password_long, max = PASSWORD_MAX_CHARS),
                Some(Verdict::Common) => t!(sign_up.password_common).to_owned(),
                Some(_) => t!(sign_up.weak).to_owned(),
                None => t!(sign_up.password_unjudged).to_owned(),
            };
            Some(says)
        }
    }
}
