//! The second factors there are, and the recovery codes beside them.

use api_types::second_factors::{SecondFactor, SecondFactorKind, SecondFactorList};
use leptos::prelude::*;

use super::{Screen, Security};
use crate::{
    browser,
    components::{
        Badge, Banner, Button, ButtonKind, Card, Confirm, Glyph, Icon, Row, Rows, Tone, sentence, use_toasts,
    },
    pages::signed_in::question::Question,
    t,
    vault::Attempt,
};

/// So few recovery codes are too few.
const FEW: u32 = 3;

/// The card.
#[component]
pub(super) fn Factors(security: Security) -> impl IntoView {
    let removing = Question::new();
    let renewing = RwSignal::new(false);
    view! {
        <Card title=t!(security.factor).to_owned()>
            <div class="stack">
                <p>{t!(security.factor_note)}</p>
                {security.factors.show(t!(security.failed), 2, move |list| view! { <List list removing renewing/> })}
                <div class="page-actions">
                    <Button kind=ButtonKind::Secondary glyph=Glyph::Device on_click=move |()| security.show(Screen::Authenticator)>
                        {t!(security.factor_add)}
                    </Button>
                    {browser::has_passkeys().then(|| view! {
                        <Button kind=ButtonKind::Secondary glyph=Glyph::Key on_click=move |()| security.show(Screen::Passkey)>
                            {t!(security.passkey_add)}
                        </Button>
                    })}
                </div>
            </div>
        </Card>
        <Remove security question=removing/>
        <Renew security open=renewing/>
    }
}

#[component]
fn List(list: SecondFactorList, removing: Question<SecondFactor>, renewing: RwSignal<bool>) -> impl IntoView {
    let required = list.required.then(|| view! { <Banner>{t!(security.factor_required)}</Banner> });
    if list.items.is_empty() {
        return view! { {required} <p class="field-hint">{t!(security.factor_none)}</p> }.into_any();
    }
    let stays = list.required && list.items.len() == 1;
    let row = move |factor| view! { <FactorRow factor stays removing/> };
    view! {
        {required}
        <div class="framed"><Rows label=t!(security.factor_list).to_owned()>{list.items.into_iter().map(row).collect_view()}</Rows></div>
        <Left left=list.recovery_codes_left renewing/>
    }
    .into_any()
}

#[component]
fn FactorRow(factor: SecondFactor, stays: bool, removing: Question<SecondFactor>) -> impl IntoView {
    let (added, used) = (factor.created_at, factor.last_used_at);
    let (glyph, opens) = match (factor.kind, factor.way_in) {
        (SecondFactorKind::Passkey, Some(_)) => (Glyph::Key, Some(t!(security.passkey_unlocks))),
        (SecondFactorKind::Passkey, None) => (Glyph::Key, Some(t!(security.passkey_signs_in))),
        (SecondFactorKind::Phone, _) => (Glyph::Device, Some(t!(phones.weaker))),
        _ => (Glyph::Device, None),
    };
    let text = move || {
        let used = match used {
            Some(at) => sentence(t!(security.factor_used), at).into_any(),
            None => t!(security.factor_unused).into_any(),
        };
        view! { {opens.map(|opens| view! { {opens}" · " })}{sentence(t!(security.factor_added), added)}" · "{used} }
    };
    let label = match factor.kind {
        SecondFactorKind::Phone => format!("{} {}", t!(phones.title), factor.label),
        _ => factor.label.clone(),
    };
    let name = label.clone();
    let end = if stays {
        view! { <span class="field-hint">{t!(security.factor_last)}</span> }.into_any()
    } else {
        view! {
            <Button kind=ButtonKind::DangerQuiet class="btn-small" on_click=move |()| removing.ask(factor.clone())>
                {t!(security.factor_remove)}<span class="sr-only">" "{name}</span>
            </Button>
        }
        .into_any()
    };
    view! { <Row lead=move || view! { <span class="tile"><Icon glyph/></span> } title=label text>{end}</Row> }
}

#[component]
fn Left(left: u32, renewing: RwSignal<bool>) -> impl IntoView {
    let tone = if left <= FEW { Tone::Warn } else { Tone::Good };
    view! {
        <div class="stack-s">
            <h3 class="with-badge">{t!(security.codes)}" "<Badge tone>{t!(security.codes_left, left = left)}</Badge></h3>
            <p class="field-hint">{t!(security.codes_note)}" "{t!(security.codes_what)}</p>
            {(left <= FEW).then(|| view! { <p>{t!(security.codes_few)}</p> })}
            <div>
                <Button kind=ButtonKind::Secondary class="btn-small" on_click=move |()| renewing.set(true)>
                    {t!(security.codes_new)}
                </Button>
            </div>
        </div>
    }
}

/// "Remove?", and what that means.
#[component]
fn Remove(security: Security, question: Question<SecondFactor>) -> impl IntoView {
    let toasts = use_toasts();
    let attempt = Attempt::new();
    let name = move || question.about().map(|factor| factor.label).unwrap_or_default();
    let means = move || match question.about().map(|factor| factor.kind) {
        Some(SecondFactorKind::Passkey) => t!(security.passkey_remove_text),
        Some(SecondFactorKind::Phone) => t!(phones.factor_remove_text),
        _ => t!(security.factor_remove_text),
    };
    let remove = move |()| {
        let Some(factor) = question.about_untracked() else { return };
        let (id, is_passkey) = (factor.id, factor.kind == SecondFactorKind::Passkey);
        let work = move |open: crate::vault::Keys| async move {
            match is_passkey {
                true => open.remove_passkey(&id).await,
                false => open.remove_second_factor(&id).await,
            }
        };
        security.proving.run(attempt, work, move |()| {
            toasts.done(t!(security.factor_removed, name = factor.label));
            question.done();
            security.factors.again();
            security.phone.again();
        });
    };
    view! {
        <Confirm
            id="remove-factor"
            open=question.open
            title=Signal::derive(move || t!(security.factor_remove_title, name = name()))
            action=t!(security.factor_remove)
            busy=attempt.busy
            on_confirm=remove
        >
            <p>{means}</p>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
        </Confirm>
    }
}

/// "New recovery codes?"
#[component]
fn Renew(security: Security, open: RwSignal<bool>) -> impl IntoView {
    let attempt = Attempt::new();
    let renew = move |()| {
        let work = |keys: crate::vault::Keys| async move { keys.renew_recovery_codes().await };
        security.proving.run(attempt, work, move |made| {
            open.try_set(false);
            security.show_codes(made.codes);
        });
    };
    view! {
        <Confirm
            id="renew-codes"
            open
            title=t!(security.codes_new_title).to_owned()
            action=t!(security.codes_new)
            busy=attempt.busy
            on_confirm=renew
        >
            <p>{t!(security.codes_new_text)}</p>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
        </Confirm>
    }
}
