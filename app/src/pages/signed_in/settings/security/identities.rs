//! The identities that sign in to the account, and providers to link one of.

use api_types::identities::{Identity, IdentityProvider};
use leptos::prelude::*;

use super::Security;
use crate::{
    browser,
    components::{Banner, Button, ButtonKind, Card, Glyph, Icon, Row, Rows, Tone, sentence, use_toasts},
    pages::signed_in::{
        question::Question,
        sure::{Deed, Sure},
    },
    t,
    vault::{Attempt, Keys, explain_identity},
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

/// Says what came of leaving to link one.
pub(super) fn came_back() {
    let Some(says) = browser::fragment_value(&browser::take_fragment(), "identity") else { return };
    let toasts = use_toasts();
    match says.as_str() {
        "linked" => toasts.done(t!(identities.linked)),
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
    view! { {card} <Sure proving=security.proving deed=removal() question=removing work=remove again/> }
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
