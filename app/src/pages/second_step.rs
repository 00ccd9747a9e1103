//! The second factor, asked for in the place of the form that the password or recovery kit was typed into.

use api_types::second_factors::{SecondFactorKind, SecondFactorProof};
use leptos::prelude::*;

use crate::{
    browser,
    components::{Banner, Button, ButtonKind, TextField, Tone},
    t,
    vault::{Why, use_vault},
};

/// Digits of an app's code.
const DIGITS: usize = 6;

/// What was typed, without the spaces of a code that is shown in groups; `None` where it can't be an app's code.
pub(super) fn digits(typed: &str) -> Option<String> {
    let code: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    (code.len() == DIGITS && code.chars().all(|c| c.is_ascii_digit())).then_some(code)
}

/// The field for an app's code: a phone shows digits, and a browser may fill it in.
#[component]
pub fn CodeField(
    /// Unique in the page.
    id: &'static str,
    /// What stands in it.
    code: RwSignal<String>,
    /// What is wrong with it.
    #[prop(into)]
    error: Signal<Option<String>>,
) -> impl IntoView {
    view! {
        <TextField
            id
            label=t!(second_step.code)
            value=code
            hint=t!(second_step.code_hint)
            error
            autocomplete="one-time-code"
            inputmode="numeric"
            max=16
            class="otp"
            focus=true
        />
    }
}

/// The form of the second step. Leaving it gives up.
#[component]
pub fn SecondStepForm() -> impl IntoView {
    let step = use_vault().second_step;
    let with_recovery_code = RwSignal::new(false);
    let code = RwSignal::new(String::new());
    let problem = RwSignal::new(None);
    let field = move || if with_recovery_code.get_untracked() { "recovery-code" } else { "second-step-code" };
    Effect::new(move |_| {
        let Some(asked) = step.asked.get() else { return };
        let says =
            if with_recovery_code.get_untracked() { t!(second_step.wrong_recovery) } else { t!(second_step.wrong) };
        problem.set((asked.why == Why::Wrong).then(|| says.to_owned()));
        if asked.why != Why::Needed {
            code.set(String::new());
            browser::focus(field());
        }
    });
    on_cleanup(move || step.answer(None));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if step.busy.get_untracked() {
            return;
        }
        let typed = code.get_untracked();
        let proof = match with_recovery_code.get_untracked() {
            true => Some(typed.trim().to_owned()).filter(|typed| !typed.is_empty()).ok_or(t!(common.field_required)),
            false => digits(&typed).ok_or(t!(second_step.code_shape)),
        };
        let kind =
            if with_recovery_code.get_untracked() { SecondFactorKind::RecoveryCode } else { SecondFactorKind::Totp };
        match proof {
            Ok(code) => {
                problem.set(None);
                step.answer(Some(SecondFactorProof { kind, code }));
            }
            Err(why) => {
                problem.set(Some(why.to_owned()));
                browser::focus(field());
            }
        }
    };
    let switch = move |()| {
        code.set(String::new());
        problem.set(None);
        with_recovery_code.update(|with| *with = !*with);
    };
    let wait = move || match step.asked.get()?.why {
        Why::Wait(until) => {
            let says = t!(second_step.wait, when = browser::format_time(until));
            Some(view! { <Banner tone=Tone::Warn>{says}</Banner> })
        }
        Why::Needed | Why::Wrong => None,
    };
    let typed = move || match with_recovery_code.get() {
        true => view! {
            <TextField
                id="recovery-code"
                label=t!(second_step.recovery_code)
                value=code
                hint=t!(second_step.recovery_hint)
                error=problem
                max=64
                class="mono"
                focus=true
            />
        }
        .into_any(),
        false => view! { <CodeField id="second-step-code" code error=problem/> }.into_any(),
    };
    let can_switch = Memo::new(move |_| step.asked.get().is_some_and(|asked| asked.recovery_code));
    view! {
        <form class="form" method="dialog" on:submit=submit novalidate>
            {wait}
            {typed}
            <Button submit=true busy=step.busy class="btn-wide">{t!(second_step.submit)}</Button>
            <p class="field-hint" role="status">{move || step.busy.get().then_some(t!(second_step.checking))}</p>
            <div class="page-actions">
                <Button kind=ButtonKind::Quiet class="btn-small" disabled=step.busy on_click=move |()| step.answer(None)>
                    {t!(second_step.back)}
                </Button>
                {move || can_switch.get().then(|| view! {
                    <Button kind=ButtonKind::Quiet class="btn-small" disabled=step.busy on_click=switch>
                        {move || if with_recovery_code.get() { t!(second_step.use_app) } else { t!(second_step.use_recovery) }}
                    </Button>
                })}
            </div>
        </form>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::digits;

    #[test]
    fn codes_as_apps_show_them() {
        for good in ["123456", " 123 456 ", "123-456"] {
            assert_eq!(digits(good).as_deref(), Some("123456"), "{good}");
        }
        for bad in ["", "12345", "1234567", "12345a", "١٢٣٤٥٦"] {
            assert_eq!(digits(bad), None, "{bad}");
        }
    }
}
