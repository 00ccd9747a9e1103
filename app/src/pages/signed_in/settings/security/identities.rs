//! The identities that sign in to the account, and providers to link one of.

use api_types::identities::{Identity, IdentityProvider, IdentityToLink};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::Security;
use crate::{
    browser,
    components::{Banner, Button, ButtonKind, Card, Dialog, Glyph, Icon, Row, Rows, Tone, sentence, use_toasts},
    pages::signed_in::{
        question::Question,
        sure::{Deed, Sure},
    },
    t,
    vault::{Attempt, Keys, explain, explain_identity, use_vault},
};

/// What is linked, and what can be.
#[derive(Clone)]
pub(super) struct Known {
    identities: Vec<Identity>,
    providers: Vec<IdentityProvider>,
}

pub(super) async fn ask(open: Keys) -> client::Result<Known> {
    let providers = open.api().get_instance().await?.identity_providers;
    Ok(Known { identities: open.identities().await?, providers })
}

/// Asks whether to link whom the provider named, or says what else came of leaving to link somebody.
pub(super) fn came_back(security: Security) {
    let Some(says) = browser::fragment_value(&browser::take_fragment(), "identity") else { return };
    let toasts = use_toasts();
    match says.as_str() {
        "linked" => toasts.done(t!(identities.linked)),
        "verified" => {
            let Some(open) = use_vault().keys() else { return };
            spawn_local(async move {
                match open.identity_to_link().await {
                    // Unless the page was left meanwhile.
                    Ok(found) if security.screen.try_get_untracked().is_some() => security.to_link.ask(found),
                    Ok(_) => {}
                    Err(error) => toasts.problem(explain(&error)),
                }
            });
        }
        code => toasts.problem(explain_identity(code)),
    }
}

/// The card; none where the server asks nobody and nothing is linked.
#[component]
pub(super) fn Identities(security: Security) -> impl IntoView {
    let removing = Question::new();
    let leaving = Attempt::new();
    let card = move || {
        let Known { identities, providers } = security.identities.value.get()?;
        if identities.is_empty() && providers.is_empty() {
            return None;
        }
        let link = move |provider: IdentityProvider| view! { <Link security provider leaving/> };
        Some(view! {
            <Card title=t!(identities.title).to_owned()>
                <div class="stack">
                    <p>{t!(identities.note)}</p>
                    {move || leaving.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
                    <List identities removing/>
                    <div class="page-actions">{providers.into_iter().map(link).collect_view()}</div>
                </div>
            </Card>
        })
    };
    let again = move || security.identities.again();
    view! {
        {card}
        <IsThatYou security/>
        <Sure proving=security.proving deed=removal() question=removing work=remove again/>
    }
}

/// Shows whom the provider named before they are linked: on a shared machine it may know somebody else still.
#[component]
fn IsThatYou(security: Security) -> impl IntoView {
    let toasts = use_toasts();
    let attempt = Attempt::new();
    let asked = security.to_link;
    let title = Signal::derive(move || {
        let found = asked.about();
        found.map(|found| t!(identities.link_title, name = found.provider_name)).unwrap_or_default()
    });
    let link = move |()| {
        let work = |open: Keys| async move { open.link_waiting_identity().await };
        security.proving.run(attempt, work, move |()| {
            toasts.done(t!(identities.linked));
            asked.done();
            security.identities.again();
        });
    };
    let who = move || {
        let IdentityToLink { provider_name, email, name } = asked.about()?;
        let who = email.or(name).unwrap_or_else(|| t!(identities.link_unnamed).to_owned());
        Some(view! { <p>{t!(identities.link_who, name = provider_name, who = who)}</p> })
    };
    view! {
        <Dialog id="link-identity" open=asked.open title>
            {who}
            <p>{t!(identities.link_whose)}</p>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
            <div class="dialog-actions">
                <Button kind=ButtonKind::Secondary on_click=move |()| asked.done()>{t!(common.cancel)}</Button>
                <Button busy=attempt.busy on_click=link>{t!(identities.link_confirm)}</Button>
            </div>
        </Dialog>
    }
}

#[component]
fn Link(security: Security, provider: IdentityProvider, leaving: Attempt) -> impl IntoView {
    let says = t!(identities.link, name = provider.name);
    let id = StoredValue::new(provider.id);
    let link = move |()| {
        let work = move |open: Keys| async move {
            let place = open.link_identity(&id.get_value()).await?;
            // The page goes, and with it what wasn't saved yet.
            open.save_state().await?;
            Ok(place)
        };
        security.proving.run(leaving, work, |place: String| browser::go(&place));
    };
    view! {
        <Button kind=ButtonKind::Secondary glyph=Glyph::Plus busy=leaving.busy on_click=link>{says}</Button>
    }
}

#[component]
fn List(identities: Vec<Identity>, removing: Question<Identity>) -> impl IntoView {
    if identities.is_empty() {
        return view! { <p class="field-hint">{t!(identities.none)}</p> }.into_any();
    }
    let row = move |identity: Identity| {
        let (added, used) = (identity.created_at, identity.last_used_at);
        let email = identity.email.clone();
        let text = move || {
            let used = used.map(|at| view! { " · "{sentence(t!(security.factor_used), at)} });
            let email = email.clone().map(|email| format!("{email} · "));
            view! { {email}{sentence(t!(identities.added), added)}{used} }
        };
        let name = identity.provider_name.clone();
        let (title, asked) = (name.clone(), identity);
        view! {
            <Row lead=|| view! { <span class="tile"><Icon glyph=Glyph::Person/></span> } title text>
                <Button kind=ButtonKind::DangerQuiet class="btn-small" on_click=move |()| removing.ask(asked.clone())>
                    {t!(security.factor_remove)}<span class="sr-only">" "{name}</span>
                </Button>
            </Row>
        }
    };
    let rows = identities.into_iter().map(row).collect_view();
    view! { <div class="framed"><Rows label=t!(identities.list).to_owned()>{rows}</Rows></div> }.into_any()
}

/// "Remove?", and what that means.
fn removal() -> Deed<Identity> {
    Deed {
        id: "remove-identity",
        action: t!(security.factor_remove),
        title: |identity| t!(identities.remove_title, name = identity.provider_name),
        text: |_| vec![t!(identities.remove_text).to_owned()],
        done: |identity, ()| t!(identities.removed, name = identity.provider_name),
    }
}

async fn remove(open: Keys, identity: Identity) -> client::Result<()> {
    open.remove_identity(&identity.id).await
}
