//! `/administration/invitations`: who was invited, and inviting.

use api_types::invitations::Invitation;
use leptos::prelude::*;

use super::{Administrators, invite::InviteDialog};
use crate::{
    components::{
        Badge, Button, ButtonKind, Card, Clock, Confirm, Glyph, Icon, Row, Rows, Time, TimeStyle, Tone, role_name,
        use_toasts,
    },
    pages::signed_in::question::Question,
    t,
    vault::{Attempt, Keys, Loaded, explain, use_vault},
};

/// Invitations.
#[component]
pub fn InvitationsPage() -> impl IntoView {
    let inviting = RwSignal::new(false);
    let actions = move || view! { <Button glyph=Glyph::Mail on_click=move |()| inviting.set(true)>{t!(administration.invite)}</Button> };
    view! { <Administrators actions><List inviting/></Administrators> }
}

#[component]
fn List(inviting: RwSignal<bool>) -> impl IntoView {
    let list = Loaded::new(use_vault(), |open: Keys| async move { open.invitations().await });
    let question = Question::new();
    view! {
        <Card title=t!(administration.invitations_title).to_owned() flush=true>
            {list.show(t!(administration.failed), 4, move |items| view! { <Invited items question/> })}
        </Card>
        <Withdraw question again=move || list.again()/>
        <InviteDialog open=inviting on_made=move |()| list.again()/>
    }
}

#[component]
fn Invited(items: Vec<Invitation>, question: Question<Invitation>) -> impl IntoView {
    if items.is_empty() {
        return view! { <p class="card-note">{t!(administration.invitations_none)}</p> }.into_any();
    }
    let row = move |invitation| view! { <InvitationRow invitation question/> };
    view! { <Rows label=t!(administration.invitations_title).to_owned()>{items.into_iter().map(row).collect_view()}</Rows> }.into_any()
}

#[component]
fn InvitationRow(invitation: Invitation, question: Question<Invitation>) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let ended = invitation.expires_at;
    let (used, now) = (invitation.used_by.is_some(), clock.0);
    let badge = move || {
        let (tone, word) = match (used, ended <= now.get()) {
            (true, _) => (Tone::Good, t!(administration.invited_used)),
            (false, true) => (Tone::Plain, t!(administration.invited_ended)),
            (false, false) => (Tone::Info, t!(administration.invited_open)),
        };
        view! { <Badge tone>{word}</Badge> }
    };
    let title = invitation.email.clone().unwrap_or_else(|| t!(administration.invited_anyone).to_owned());
    let role = t!(administration.invited_as, role = role_name(invitation.role));
    let by = invitation.created_by_name.clone();
    let text = move || view! { {role.clone()}" · "{by.clone()}" · "<Time at=ended style=TimeStyle::DateTime/> };
    let withdraw = (!used).then(|| {
        view! {
            <Button kind=ButtonKind::DangerQuiet class="btn-small" on_click=move |()| question.ask(invitation.clone())>
                {t!(administration.withdraw)}
            </Button>
        }
    });
    view! {
        <Row lead=|| view! { <span class="tile"><Icon glyph=Glyph::Mail/></span> } title text>
            {badge}
            {withdraw}
        </Row>
    }
}

#[component]
fn Withdraw(question: Question<Invitation>, again: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let vault = use_vault();
    let toasts = use_toasts();
    let attempt = Attempt::new();
    let withdraw = move |()| {
        let (Some(open), Some(invitation)) = (vault.keys(), question.about_untracked()) else { return };
        if !attempt.begin() {
            return;
        }
        wasm_bindgen_futures::spawn_local(async move {
            match open.withdraw_invitation(&invitation.id).await {
                Ok(()) => toasts.done(t!(administration.withdrawn)),
                Err(error) => toasts.problem(explain(&error)),
            }
            attempt.done();
            question.done();
            again();
        });
    };
    view! {
        <Confirm
            id="withdraw"
            open=question.open
            title=t!(administration.withdraw_title).to_owned()
            action=t!(administration.withdraw)
            busy=attempt.busy
            on_confirm=withdraw
        >
            <p>{t!(administration.withdraw_text)}</p>
        </Confirm>
    }
}
