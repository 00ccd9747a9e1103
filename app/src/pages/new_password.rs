//! What every recovery ends with: a new password, and the button that sets it.

use api_types::limits::PASSWORD_MIN_CHARS;
use leptos::{ev::SubmitEvent, prelude::*};

use crate::{
    components::{Banner, Button, PasswordField, Tone},
    t,
    vault::{Attempt, Judge},
};

/// `Copy` state of one form.
#[derive(Clone, Copy)]
pub(super) struct NewPassword {
    pub attempt: Attempt,
    value: RwSignal<String>,
    problem: RwSignal<Option<String>>,
    judge: Judge,
    ready: ReadSignal<bool>,
}

impl NewPassword {
    /// For the account of this address.
    pub fn new(email: RwSignal<String>) -> Self {
        let value = RwSignal::new(String::new());
        let known = Signal::derive(move || vec![email.get()]);
        let judge = Judge::new(value, Signal::stored(PASSWORD_MIN_CHARS), known);
        Self { attempt: Attempt::new(), value, problem: RwSignal::new(None), judge, ready: super::use_ready() }
    }

    /// Goes on with it where it is good enough.
    pub fn submit(self, event: SubmitEvent, go_on: impl FnOnce(String) + 'static) {
        event.prevent_default();
        self.judge.then(self.attempt, move |problem| {
            let fine = problem.is_none();
            self.problem.set(problem);
            if fine {
                go_on(self.value.get_untracked());
            }
        });
    }

    /// Why it didn't work.
    pub fn refusal(self) -> impl IntoView {
        move || self.attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })
    }

    /// The end of the form.
    pub fn fields(self) -> impl IntoView {
        let Self { attempt, value, problem, judge, ready } = self;
        view! {
            <PasswordField
                id="password"
                label=t!(recover.password)
                value
                error=problem
                meter=judge
                autocomplete="new-password"
            />
            <Button submit=true busy=attempt.busy disabled=Signal::derive(move || !ready.get()) class="btn-wide">
                {t!(recover.submit)}
            </Button>
            <p class="field-hint" role="status">{move || attempt.busy.get().then_some(t!(recover.working))}</p>
        }
    }
}
