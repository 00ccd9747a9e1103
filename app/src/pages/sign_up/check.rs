//! Step 3: two words of the kit, then the account is made.

use leptos::prelude::*;

use super::{Form, Step};
use crate::{
    components::{Banner, Button, ButtonKind, Card, TextField, Tone},
    t,
    vault::use_vault,
};

/// Two different places in the kit, in order. Which ones is no secret.
fn two_places(count: usize) -> (usize, usize) {
    let pick = |below: usize| (js_sys::Math::random() * below as f64) as usize;
    let half = count / 2;
    (pick(half), half + pick(count - half))
}

/// A word that is asked back.
#[derive(Clone, Copy)]
struct Asked {
    place: usize,
    typed: RwSignal<String>,
    problem: RwSignal<Option<String>>,
}

impl Asked {
    fn new(place: usize) -> Self {
        Self { place, typed: RwSignal::default(), problem: RwSignal::default() }
    }
}

/// Two words of a kit, asked back to be sure that it was kept.
#[derive(Clone, Copy)]
pub struct TwoWords {
    words: RwSignal<Vec<String>>,
    asked: [Asked; 2],
}

impl TwoWords {
    /// Asks for two of these.
    pub fn new(words: RwSignal<Vec<String>>) -> Self {
        let (first, second) = two_places(words.with_untracked(Vec::len));
        Self { words, asked: [Asked::new(first), Asked::new(second)] }
    }

    /// Whether both were typed right; says at each field what is wrong.
    pub fn right(self) -> bool {
        let mut all_right = true;
        for Asked { place, typed, problem } in self.asked {
            let typed = typed.get_untracked().trim().to_lowercase();
            let right = self.words.with_untracked(|words| words.get(place) == Some(&typed));
            problem.set((!right).then(|| t!(sign_up.check_wrong, number = place + 1)));
            all_right &= right;
        }
        all_right
    }
}

/// Their fields.
#[component]
pub fn TwoWordFields(
    /// The words.
    words: TwoWords,
) -> impl IntoView {
    let field = move |id: &'static str, at: usize| {
        let Asked { place, typed, problem } = words.asked[at];
        view! { <TextField id label=t!(sign_up.check_word, number = place + 1) value=typed error=problem class="mono" focus={at == 0}/> }
    };
    view! { <div class="form-row">{field("word-1", 0)} {field("word-2", 1)}</div> }
}

/// Asks for the words, then creates the account.
#[component]
pub(super) fn Check(form: Form) -> impl IntoView {
    let vault = use_vault();
    let words = TwoWords::new(form.words);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if words.right() {
            vault.sign_up(form.new_account(), form.attempt);
        }
    };
    // What a provider verified waits half an hour, and for one browser: without it the way goes on by e-mail.
    let without = move || {
        let stuck = form.attempt.problem.with(Option::is_some) && form.identity.with(Option::is_some);
        stuck.then(|| {
            let leave = move |()| {
                form.identity.set(None);
                form.attempt.problem.set(None);
                form.step.set(Step::Account);
            };
            view! { <Button kind=ButtonKind::Secondary on_click=leave>{t!(identities.without)}</Button> }
        })
    };
    // An address that was proved waits an hour for its account.
    let anew = move || {
        let stuck = form.attempt.problem.with(Option::is_some) && form.asks_code();
        stuck.then(|| {
            let leave = move |()| {
                vault.forget_address();
                form.attempt.problem.set(None);
                form.step.set(Step::Account);
            };
            view! { <Button kind=ButtonKind::Secondary on_click=leave>{t!(sign_up.code_anew)}</Button> }
        })
    };
    view! {
        <Card>
            <form class="form" method="dialog" on:submit=submit novalidate>
                {move || form.attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
                <TwoWordFields words/>
                <div class="page-actions">
                    <Button submit=true busy=form.attempt.busy>{t!(sign_up.check_submit)}</Button>
                    <Button kind=ButtonKind::Quiet disabled=form.attempt.busy on_click=move |()| form.step.set(Step::Kit)>
                        {t!(sign_up.check_back)}
                    </Button>
                    {without}
                    {anew}
                </div>
                <p class="field-hint" role="status">{move || form.attempt.busy.get().then_some(t!(sign_up.working))}</p>
            </form>
        </Card>
    }
}
