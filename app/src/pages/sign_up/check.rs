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

/// Asks for the words, then creates the account.
#[component]
pub(super) fn Check(form: Form) -> impl IntoView {
    let vault = use_vault();
    let (first, second) = two_places(form.words.with_untracked(Vec::len));
    let fields = [
        (first, RwSignal::new(String::new()), RwSignal::new(None)),
        (second, RwSignal::new(String::new()), RwSignal::new(None)),
    ];
    let right = move |place: usize, typed: RwSignal<String>| {
        let typed = typed.get_untracked().trim().to_lowercase();
        form.words.with_untracked(|words| words.get(place) == Some(&typed))
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let mut all_right = true;
        for (place, typed, problem) in fields {
            let wrong = !right(place, typed);
            problem.set(wrong.then(|| t!(sign_up.check_wrong, number = place + 1)));
            all_right &= !wrong;
        }
        if all_right {
            vault.sign_up(form.new_account(), form.attempt);
        }
    };
    let field = move |id: &'static str, at: usize| {
        let (place, typed, problem) = fields[at];
        view! { <TextField id label=t!(sign_up.check_word, number = place + 1) value=typed error=problem class="mono" focus={at == 0}/> }
    };
    view! {
        <Card>
            <form class="form" method="dialog" on:submit=submit novalidate>
                {move || form.attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
                <div class="form-row">{field("word-1", 0)} {field("word-2", 1)}</div>
                <div class="page-actions">
                    <Button submit=true busy=form.attempt.busy>{t!(sign_up.check_submit)}</Button>
                    <Button kind=ButtonKind::Quiet disabled=form.attempt.busy on_click=move |()| form.step.set(Step::Kit)>
                        {t!(sign_up.check_back)}
                    </Button>
                </div>
                <p class="field-hint" role="status">{move || form.attempt.busy.get().then_some(t!(sign_up.working))}</p>
            </form>
        </Card>
    }
}
