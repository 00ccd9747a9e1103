//! How long reports of each kind are kept, by the organisation's signed word. Of what kind a report is stands sealed in it, so
//! nothing is removed by these rules here: they are stored and given to the people, whose clients verify them and suggest.

use api_types::{
    B64, ErrorCode,
    audit::Action,
    retention::{PutRetentionRules, RetentionRules},
};
use crypto::{account, ids::InstanceId, sign::PublicSigningKey};

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    policy::Actor,
    services::{confirmation, verify},
    storage::{self, retention_rules as store},
};

/// `GET /retention-rules`.
pub async fn get(state: &AppState, actor: &Actor) -> ServiceResult<RetentionRules> {
    actor.active()?;
    let newest = store::newest(state.db.read()).await?;
    state.audit.record(EventDraft::by(actor, Action::Read).with("what", "retention_rules")).await?;
    Ok(RetentionRules { statement: newest.map(|(_, statement)| B64(statement)) })
}

/// `PUT /admin/retention-rules`.
pub async fn put(state: &AppState, actor: &Actor, body: PutRetentionRules) -> ServiceResult<()> {
    actor.may_administer()?;
    confirmation::confirmed(state, actor).await?;
    let now = state.clock.now();
    let statement = verify::parse::<account::RetentionRules>("/statement", &body.statement.0)?;
    let mut tx = state.db.begin_write().await?;
    let instance = storage::instance::load(tx.conn()).await?;
    let key = instance.and_then(|row| row.organisation_key).ok_or(ErrorCode::Conflict)?;
    let here = InstanceId(state.instance.instance_id);
    let said = statement
        .verify_rules(&PublicSigningKey(key), &here)
        .map_err(|error| ServiceError::because(ErrorCode::InvalidSignature, format!("statement: {error}")))?;
    verify::not_ahead("/statement", said.time, now)?;
    let before = store::newest(tx.conn()).await?.map_or(0, |(number, _)| number);
    if said.number != before.saturating_add(1) {
        let detail = format!("the newest rules are number {before}; fetch them and sign the next");
        return Err(ServiceError::because(ErrorCode::Conflict, detail));
    }
    store::insert(tx.conn(), said.number, body.statement.0, now).await?;
    let event = EventDraft::by(actor, Action::System).with("what", "retention_rules");
    tx.record(event.with("number", said.number).with("rules", said.rules.len())).await?;
    tx.commit().await
}
