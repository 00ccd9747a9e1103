//! What is demanded of people by their role.

use api_types::{accounts::Role, audit::Action, policies::Policies};

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::{EventDraft, enum_name},
    policy::Actor,
    services::{confirmation, second_factor},
    storage::policies,
};

/// `GET /admin/policies`.
pub async fn get(state: &AppState, actor: &Actor) -> ServiceResult<Policies> {
    actor.may_administer()?;
    let policies = Policies { second_factor_roles: policies::second_factor_roles(state.db.read()).await? };
    state.audit.record(EventDraft::by(actor, Action::Read).with("what", "policies")).await?;
    Ok(policies)
}

/// `PUT /admin/policies`. Counts from the next request on, for open sessions too.
pub async fn put(state: &AppState, actor: &Actor, body: Policies) -> ServiceResult<()> {
    actor.may_administer()?;
    confirmation::confirmed(state, actor).await?;
    let mut roles = body.second_factor_roles;
    roles.sort_by_key(|role| *role as u8);
    roles.dedup();
    if roles.contains(&Role::Administrator) && !has_one(state, actor).await? {
        return Err(ServiceError::field("/second_factor_roles", "add a second factor of your own first"));
    }
    let mut tx = state.db.begin_write().await?;
    policies::put_second_factor_roles(tx.conn(), &roles, state.clock.now()).await?;
    let names: Vec<_> = roles.iter().map(enum_name).collect();
    let names = if names.is_empty() { "none".to_owned() } else { names.join(",") };
    tx.record(EventDraft::by(actor, Action::System).with("what", "policies").with("second_factor", names)).await?;
    tx.commit().await?;
    state.sessions.forget_all();
    Ok(())
}

async fn has_one(state: &AppState, actor: &Actor) -> ServiceResult<bool> {
    second_factor::has(state.db.read(), actor.account).await
}
