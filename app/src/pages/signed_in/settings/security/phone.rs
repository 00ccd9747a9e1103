//! The account's phone number: add it by a code, say what it is for, remove it.

use api_types::{
    ErrorCode,
    phones::{Phone, PhoneCodeSent},
};
use leptos::prelude::*;

use super::{Screen, Security};
use crate::{
    components::{
        Badge, Banner, Button, ButtonKind, Card, Confirm, Glyph, Icon, Row, Rows, Toasts, Tone, sentence, use_toasts,
    },
    pages::{
        phone::{NumberField, SentCodeField},
        second_step::digits,
        signed_in::prove::Proving,
    },
    t,
    vault::{Attempt, Keys},
};

/// The number, and whether codes can be sent at all.
#[derive(Clone)]
pub(super) struct Known {
    phone: Option<Phone>,
    offered: bool,
}

pub(super) async fn ask(open: Keys) -> client::Result<Known> {
    let offered = open.api().get_instance().await?.phone;
    Ok(Known { phone: open.phone().await?, offered })
}

/// The number, a code that was sent to it, and what it is to be used for once that was typed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Again {
    number: String,
    sent: PhoneCodeSent,
    uses: (bool, bool),
}

/// The card; none where no codes are sent and there is no number.
#[component]
pub(super) fn PhoneCard(security: Security) -> impl IntoView {
    let removing = RwSignal::new(false);
    let attempt = Attempt::new();
    let card = move || {
        let Known { phone, offered } = security.phone.value.get()?;
        if phone.is_none() && !offered {
            return None;
        }
        let says = if phone.is_some() { t!(phones.replace) } else { t!(phones.add) };
        let number = match phone {
            Some(phone) => view! { <Number security phone offered attempt removing/> }.into_any(),
            None => view! { <p class="field-hint">{t!(phones.none)}</p> }.into_any(),
        };
        let add = offered.then(|| {
            view! {
                <Button kind=ButtonKind::Secondary glyph=Glyph::Device on_click=move |()| security.show(Screen::Phone)>
                    {says}
                </Button>
            }
        });
        Some(view! {
            <Card title=t!(phones.title).to_owned()>
                <div class="stack">
                    <p>{t!(phones.note)}</p>
                    {(!offered).then(|| view! { <Banner tone=Tone::Warn>{t!(phones.off)}</Banner> })}
                    {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
                    {number}
                    <div class="page-actions">{add}</div>
                </div>
            </Card>
        })
    };
    view! { {card} <Remove security open=removing/> }
}

#[component]
fn Number(
    security: Security,
    phone: Phone,
    offered: bool,
    attempt: Attempt,
    removing: RwSignal<bool>,
) -> impl IntoView {
    let (factor, sign_in, verified) = (phone.second_factor, phone.sign_in, phone.verified_at);
    let text = move || {
        let factor = factor.then(|| view! { " · "{t!(phones.is_factor)} });
        let sign_in = sign_in.then(|| view! { " · "{t!(phones.signs_in)} });
        view! { {sentence(t!(phones.verified), verified)}{factor}{sign_in} }
    };
    let title = phone.number.clone();
    let toasts = use_toasts();
    let to_change = StoredValue::new(phone.number.clone());
    let uses = move |factor: bool, sign_in: bool, says: &'static str| {
        let press = move |()| change((security, toasts, attempt), to_change.get_value(), (factor, sign_in));
        view! {
            <Button kind=ButtonKind::Secondary class="btn-small" busy=attempt.busy on_click=press>
                {says}
            </Button>
        }
    };
    // Switched off at any time; on only where codes are sent.
    let by_factor = if factor { t!(phones.factor_off) } else { t!(phones.factor_on) };
    let by_sign_in = if sign_in { t!(phones.sign_in_off) } else { t!(phones.sign_in_on) };
    let number = phone.number;
    view! {
        <div class="framed">
            <Rows label=t!(phones.list).to_owned()>
                <Row lead=|| view! { <span class="tile"><Icon glyph=Glyph::Device/></span> } title text>
                    <Badge tone=Tone::Warn>{t!(phones.weaker)}</Badge>
                    <Button kind=ButtonKind::DangerQuiet class="btn-small" on_click=move |()| removing.set(true)>
                        {t!(security.factor_remove)}<span class="sr-only">" "{number}</span>
                    </Button>
                </Row>
            </Rows>
        </div>
        <div class="page-actions">
            {(factor || offered).then(|| uses(!factor, sign_in, by_factor))}
            {(sign_in || offered).then(|| uses(factor, !sign_in, by_sign_in))}
        </div>
    }
}

/// What came of saying what the number is used for.
enum Changed {
    /// It is used so. Codes come with the first second factor.
    Done(Vec<String>),
    /// It was verified a while ago: a code is on its way.
    Asks(PhoneCodeSent),
}

fn change((security, toasts, attempt): (Security, Toasts, Attempt), number: String, uses: (bool, bool)) {
    let asked = number.clone();
    let work = move |open: Keys| {
        let number = asked.clone();
        async move {
            match open.use_phone(uses.0, uses.1).await {
                Err(error) if error.problem() == Some(ErrorCode::PhoneCodeRequired) => {
                    open.add_phone(&number).await.map(Changed::Asks)
                }
                used => used.map(|made| Changed::Done(made.codes)),
            }
        }
    };
    security.proving.run(attempt, work, move |changed| match changed {
        Changed::Asks(sent) => {
            security.phone_again.try_set(Some(Again { number, sent, uses }));
            security.show(Screen::PhoneAgain);
        }
        Changed::Done(codes) => {
            toasts.done(t!(phones.changed));
            security.phone.again();
            security.factors.again();
            if !codes.is_empty() {
                security.show_codes(codes);
            } else if security.screen.try_get_untracked() == Some(Screen::PhoneAgain) {
                security.show(Screen::Overview);
            }
        }
    });
}

/// The code once more; with it the number is used as was said.
#[component]
pub(super) fn VerifyAgain(security: Security, again: Again) -> impl IntoView {
    let toasts = use_toasts();
    let attempt = Attempt::new();
    let ending = again.sent.ending.clone();
    let (number, sent) = (RwSignal::new(again.number), RwSignal::new(Some(again.sent)));
    let added = move |()| change((security, toasts, attempt), number.get_untracked(), again.uses);
    view! {
        {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
        <AskCode proving=security.proving ending number sent added on_cancel=move |()| security.back()/>
    }
}

/// "Remove?", and what that means.
#[component]
fn Remove(security: Security, open: RwSignal<bool>) -> impl IntoView {
    let toasts = use_toasts();
    let attempt = Attempt::new();
    let remove = move |()| {
        let work = |keys: Keys| async move { keys.remove_phone().await };
        security.proving.run(attempt, work, move |()| {
            toasts.done(t!(phones.removed));
            open.try_set(false);
            security.phone.again();
            security.factors.again();
        });
    };
    view! {
        <Confirm
            id="remove-phone"
            open
            title=t!(phones.remove_title).to_owned()
            action=t!(security.factor_remove)
            busy=attempt.busy
            on_confirm=remove
        >
            <p>{t!(phones.remove_text)}</p>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
        </Confirm>
    }
}

/// The number, then the code that came there.
#[component]
pub(super) fn AddPhone(
    proving: Proving,
    #[prop(into)] added: Callback<()>,
    #[prop(into)] on_cancel: Callback<()>,
) -> impl IntoView {
    let number = RwSignal::new(String::new());
    let sent = RwSignal::new(None::<PhoneCodeSent>);
    move || match sent.get() {
        None => view! { <AskNumber proving number sent on_cancel/> }.into_any(),
        Some(code) => view! { <AskCode proving ending=code.ending number sent added on_cancel/> }.into_any(),
    }
}

#[component]
fn AskNumber(
    proving: Proving,
    number: RwSignal<String>,
    sent: RwSignal<Option<PhoneCodeSent>>,
    on_cancel: Callback<()>,
) -> impl IntoView {
    let attempt = Attempt::new();
    let shape = RwSignal::new(None);
    let error = Signal::derive(move || shape.get().or_else(|| attempt.problem.get()));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if number.with_untracked(|typed| typed.trim().is_empty()) {
            return shape.set(Some(t!(common.field_required).to_owned()));
        }
        shape.set(None);
        send(proving, attempt, (number, sent));
    };
    view! {
        <Card>
            <form class="form form-narrow" method="dialog" on:submit=submit novalidate>
                <NumberField id="new-phone" number error/>
                <div class="page-actions">
                    <Button submit=true busy=attempt.busy>{t!(phones.send)}</Button>
                    <Button kind=ButtonKind::Quiet on_click=on_cancel>{t!(common.cancel)}</Button>
                </div>
            </form>
        </Card>
    }
}

fn send(proving: Proving, attempt: Attempt, (number, sent): (RwSignal<String>, RwSignal<Option<PhoneCodeSent>>)) {
    let typed = number.get_untracked();
    let work = move |open: Keys| {
        let typed = typed.clone();
        async move { open.add_phone(typed.trim()).await }
    };
    proving.run(attempt, work, move |code| drop(sent.try_set(Some(code))));
}

#[component]
fn AskCode(
    proving: Proving,
    ending: String,
    number: RwSignal<String>,
    sent: RwSignal<Option<PhoneCodeSent>>,
    #[prop(into)] added: Callback<()>,
    #[prop(into)] on_cancel: Callback<()>,
) -> impl IntoView {
    let (attempt, sending) = (Attempt::new(), Attempt::new());
    let code = RwSignal::new(String::new());
    let shape = RwSignal::new(None);
    let error = Signal::derive(move || shape.get().or_else(|| attempt.problem.get()));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(typed) = code.with_untracked(|typed| digits(typed)) else {
            return shape.set(Some(t!(second_step.code_shape).to_owned()));
        };
        shape.set(None);
        let work = move |open: Keys| {
            let typed = typed.clone();
            async move { open.verify_phone(&typed).await }
        };
        proving.run(attempt, work, move |()| {
            added.try_run(());
        });
    };
    view! {
        <Card>
            <form class="form form-narrow" method="dialog" on:submit=submit novalidate>
                <p role="status">{t!(phones.sent, ending = ending)}</p>
                {move || sending.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
                <SentCodeField id="new-phone-code" code error/>
                <div class="page-actions">
                    <Button submit=true busy=attempt.busy>{t!(phones.verify)}</Button>
                    <Button kind=ButtonKind::Quiet busy=sending.busy on_click=move |()| send(proving, sending, (number, sent))>
                        {t!(phones.another)}
                    </Button>
                    <Button kind=ButtonKind::Quiet on_click=on_cancel>{t!(common.cancel)}</Button>
                </div>
            </form>
        </Card>
    }
}
