//! The second factor, asked for in the place of the form that the password or recovery kit was typed into.

use api_types::{
    phones::PhoneFactor,
    second_factors::{SecondFactorKind, SecondFactorProof},
};
use leptos::prelude::*;

use super::phone::SentCodeField;
use crate::{
    browser,
    components::{Banner, Button, ButtonKind, TextField, Tone},
    t,
    vault::{Asked, Attempt, Why, use_vault},
};

/// Digits of an app's code.
const DIGITS: usize = 6;

/// What was typed, without the spaces of a code that is shown in groups; `None` where it can't be an app's code.
pub(super) fn digits(typed: &str) -> Option<String> {
    digits_of(typed, DIGITS)
}

/// The same of a code that has another number of digits.
pub(super) fn digits_of(typed: &str, count: usize) -> Option<String> {
    let code: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    (code.len() == count && code.chars().all(|c| c.is_ascii_digit())).then_some(code)
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

/// What the form asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    App,
    Passkey,
    Phone,
    RecoveryCode,
}

impl Mode {
    /// What an account has, the one to begin with first.
    fn of(asked: &Asked) -> Vec<Self> {
        let passkey = asked.passkey && browser::has_passkeys();
        let there = [
            (asked.app, Self::App),
            (passkey, Self::Passkey),
            (asked.phone.is_some(), Self::Phone),
            (asked.recovery_code, Self::RecoveryCode),
        ];
        there.into_iter().filter_map(|(is, mode)| is.then_some(mode)).collect()
    }

    fn field(self) -> Option<&'static str> {
        match self {
            Self::App => Some("second-step-code"),
            Self::Passkey => None,
            Self::Phone => Some("sent-code"),
            Self::RecoveryCode => Some("recovery-code"),
        }
    }

    fn instead(self) -> &'static str {
        match self {
            Self::App => t!(second_step.use_app),
            Self::Passkey => t!(second_step.use_passkey),
            Self::Phone => t!(phones.use_phone),
            Self::RecoveryCode => t!(second_step.use_recovery),
        }
    }

    fn wrong(self) -> &'static str {
        match self {
            Self::App => t!(second_step.wrong),
            Self::Passkey => t!(second_step.passkey_failed),
            Self::Phone => t!(phones.step_wrong),
            Self::RecoveryCode => t!(second_step.wrong_recovery),
        }
    }
}

/// The form of the second step. Leaving it gives up.
#[component]
pub fn SecondStepForm() -> impl IntoView {
    let vault = use_vault();
    let step = vault.second_step;
    let modes = Memo::new(move |_| step.asked.with(|asked| asked.as_ref().map(Mode::of).unwrap_or_default()));
    let first = modes.with_untracked(|modes| modes.first().copied());
    // Whoever has nothing else left can't go on; they are told what is missing.
    let mode = RwSignal::new(first.unwrap_or(Mode::RecoveryCode));
    let code = RwSignal::new(String::new());
    let problem = RwSignal::new(None);
    let asking = Attempt::new();
    let focus = move || {
        if let Some(field) = mode.get_untracked().field() {
            browser::focus(field);
        }
    };
    Effect::new(move |_| {
        let Some(asked) = step.asked.get() else { return };
        problem.set((asked.why == Why::Wrong).then(|| mode.get_untracked().wrong().to_owned()));
        if asked.why != Why::Needed {
            code.set(String::new());
            focus();
        }
    });
    on_cleanup(move || step.answer(None));
    let phone = Memo::new(move |_| step.asked.with(|asked| asked.as_ref().and_then(|asked| asked.phone.clone())));
    let sent = move || phone.with(|phone| phone.as_ref().is_some_and(|phone| phone.sent));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if step.busy.get_untracked() || asking.busy.get_untracked() {
            return;
        }
        problem.set(None);
        let typed = code.get_untracked();
        let proof = match mode.get_untracked() {
            Mode::Passkey => return vault.prove_with_passkey(asking),
            Mode::Phone if !untrack(sent) => return step.answer(Some(SecondFactorProof::send_to_phone())),
            Mode::Phone => digits(&typed).map(|code| (SecondFactorKind::Phone, code)).ok_or(t!(second_step.code_shape)),
            Mode::App => digits(&typed).map(|code| (SecondFactorKind::Totp, code)).ok_or(t!(second_step.code_shape)),
            Mode::RecoveryCode => Some(typed.trim().to_owned())
                .filter(|typed| !typed.is_empty())
                .map(|code| (SecondFactorKind::RecoveryCode, code))
                .ok_or(t!(common.field_required)),
        };
        match proof {
            Ok((kind, code)) => step.answer(Some(SecondFactorProof::code(kind, code))),
            Err(why) => {
                problem.set(Some(why.to_owned()));
                focus();
            }
        }
    };
    let switch = move |to: Mode| {
        code.set(String::new());
        problem.set(None);
        asking.problem.set(None);
        mode.set(to);
    };
    let wait = move || match step.asked.get()?.why {
        Why::Wait(until) => {
            let says = t!(second_step.wait, when = browser::format_time(until));
            Some(view! { <Banner tone=Tone::Warn>{says}</Banner> })
        }
        Why::Needed | Why::Sent | Why::Wrong => None,
    };
    let typed = move || match mode.get() {
        Mode::RecoveryCode => view! {
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
        Mode::App => view! { <CodeField id="second-step-code" code error=problem/> }.into_any(),
        Mode::Phone => view! { <PhoneStep phone code problem=problem/> }.into_any(),
        Mode::Passkey => {
            let says = move || asking.problem.get().or_else(|| problem.get());
            view! {
                {move || says().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
                <p>{t!(second_step.passkey_hint)}</p>
            }
            .into_any()
        }
    };
    let busy = Signal::derive(move || step.busy.get() || asking.busy.get());
    let submit_says = move || match mode.get() {
        Mode::Passkey => t!(second_step.passkey),
        Mode::Phone if !sent() => t!(phones.send),
        _ => t!(second_step.submit),
    };
    let another = move || {
        let offered = mode.get() == Mode::Phone && sent();
        let again = move |()| step.answer(Some(SecondFactorProof::send_to_phone()));
        offered.then(|| view! {
            <Button kind=ButtonKind::Quiet class="btn-small" disabled=busy on_click=again>{t!(phones.another)}</Button>
        })
    };
    let others = move || {
        let other = modes.get().into_iter().filter(|other| *other != mode.get());
        let button = |other: Mode| {
            view! {
                <Button kind=ButtonKind::Quiet class="btn-small" disabled=busy on_click=move |()| switch(other)>
                    {other.instead()}
                </Button>
            }
        };
        other.map(button).collect_view()
    };
    view! {
        <form class="form" method="dialog" on:submit=submit novalidate>
            {wait}
            {typed}
            <Button submit=true busy class="btn-wide">{submit_says}</Button>
            <p class="field-hint" role="status">{move || busy.get().then_some(t!(second_step.checking))}</p>
            <div class="page-actions">
                <Button kind=ButtonKind::Quiet class="btn-small" disabled=busy on_click=move |()| step.answer(None)>
                    {t!(second_step.back)}
                </Button>
                {another}
                {others}
            </div>
        </form>
    }
    .into_any()
}

/// Before a code was sent: where to. After: the field for it.
#[component]
fn PhoneStep(
    phone: Memo<Option<PhoneFactor>>,
    code: RwSignal<String>,
    problem: RwSignal<Option<String>>,
) -> impl IntoView {
    move || {
        let PhoneFactor { ending, sent } = phone.get()?;
        Some(match sent {
            true => view! {
                <p role="status">{t!(phones.sent, ending = ending)}</p>
                <SentCodeField id="sent-code" code error=problem/>
            }
            .into_any(),
            false => view! { <p>{t!(phones.step_text, ending = ending)}</p> }.into_any(),
        })
    }
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
