//! `/administration/policies`: which roles need a second factor, how much accounts may store, how long reports are kept.

use api_types::{ErrorCode, accounts::Role, policies::Policies};
use leptos::prelude::*;

use super::{Administrators, quota::DefaultQuota, retention::RetentionRules};
use crate::{
    components::{Banner, Button, Card, CheckBox, Tone, role_name, use_toasts},
    pages::signed_in::prove::{ProveDialog, Proving},
    t,
    vault::{Attempt, Keys, Loaded, use_vault},
};

const ROLES: [Role; 3] = [Role::Administrator, Role::Doctor, Role::Patient];

/// Policies.
#[component]
pub fn PoliciesPage() -> impl IntoView {
    view! { <Administrators><Roles/></Administrators> }
}

#[component]
fn Roles() -> impl IntoView {
    let vault = use_vault();
    let proving = Proving::new(vault);
    let stored = Loaded::new(vault, |open: Keys| async move { open.api().get_policies().await });
    view! {
        <Card title=t!(administration.policies_title).to_owned()>
            <div class="stack">
                <p>{t!(administration.policies_note)}</p>
                {stored.show(t!(administration.failed), 2, move |policies| view! { <Form policies proving/> })}
            </div>
        </Card>
        <DefaultQuota proving/>
        <RetentionRules proving/>
        <ProveDialog proving/>
    }
}

/// How the server took it.
enum Stored {
    Yes,
    /// Administrators would be asked for what this one hasn't.
    OwnFirst,
}

async fn put(open: Keys, policies: Policies) -> client::Result<Stored> {
    match open.api().put_policies(&policies).await {
        Ok(()) => Ok(Stored::Yes),
        Err(error) if error.problem() == Some(ErrorCode::InvalidField) => Ok(Stored::OwnFirst),
        Err(error) => Err(error),
    }
}

#[component]
fn Form(policies: Policies, proving: Proving) -> impl IntoView {
    let toasts = use_toasts();
    let attempt = Attempt::new();
    let own_first = RwSignal::new(false);
    let boxes = ROLES.map(|role| (role, RwSignal::new(policies.second_factor_roles.contains(&role))));
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        own_first.set(false);
        let roles = boxes.iter().filter(|(_, needed)| needed.get_untracked()).map(|(role, _)| *role).collect();
        let policies = Policies { second_factor_roles: roles };
        proving.run(
            attempt,
            move |open| put(open, policies.clone()),
            move |stored| match stored {
                Stored::Yes => toasts.done(t!(administration.policies_saved)),
                Stored::OwnFirst => drop(own_first.try_set(true)),
            },
        );
    };
    let box_of = |(role, needed)| {
        view! { <CheckBox value=needed>{t!(administration.policies_role, role = role_name(role))}</CheckBox> }
    };
    view! {
        <form class="form" novalidate on:submit=save>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
            {move || own_first.get().then(|| view! {
                <Banner tone=Tone::Warn>
                    <p>{t!(administration.policies_own)}</p>
                    <p><a href="/settings/security">{t!(administration.policies_own_link)}</a></p>
                </Banner>
            })}
            <fieldset class="stack-s">
                <legend class="sr-only">{t!(administration.policies_title)}</legend>
                {boxes.map(box_of).collect_view()}
            </fieldset>
            <div class="form-end"><Button submit=true busy=attempt.busy>{t!(administration.policies_save)}</Button></div>
        </form>
    }
}
