//! Completing a draft: genesis, first access entries and version 1 become a report in one transaction.

use std::collections::BTreeSet;

use api_types::{
    AccountId, ApiTokenId, ErrorCode, PlaceholderId, ReportId, UnixMillis,
    accounts::{AccountStatus, Role},
    audit::Action,
    reports::{CreateReport, NewVersion, Report},
};
use crypto::report::{AccessState, Change, Manifest, Patient, Recipient};
use sea_orm::ConnectionTrait;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    policy::Actor,
    services::{
        access, grants, quotas, reports,
        verify::{self, CLOCK_LEEWAY, Chain, Keys},
        versions,
        versions_check::{self, Checked, int},
    },
    storage::{self, reports as store},
};

/// Most entries that a report begins with: the owner's grant, the author's, and shares to accounts or placeholders.
const ENTRIES_MAX: usize = 100;

/// Completes a draft. The same request again answers the same.
pub async fn create(state: &AppState, actor: &Actor, body: CreateReport) -> ServiceResult<Report> {
    actor.may_write_reports()?;
    let now = state.clock.now();
    if body.entries.len() > ENTRIES_MAX {
        return Err(ServiceError::field("/entries", format!("at most {ENTRIES_MAX}")));
    }
    let chain = Chain::parse(&body.genesis, &body.entries)?;
    let report = chain.report();
    if chain.genesis.claimed().creator.0 != actor.account.0 {
        return Err(ServiceError::because(ErrorCode::Forbidden, "the genesis names another creator"));
    }
    actor.may_create_about(patient(&chain))?;
    if actor.device_of.is_some() {
        return send(state, actor, chain, body, now).await;
    }
    if exists(state.db.read(), report, &body.version.manifest.0).await? {
        let again = reports::compose(state, actor, report).await?;
        state.audit.record(event(actor, report).with("repeated", true)).await?;
        return Ok(again);
    }
    let alone = versions::sealed_alone(&body.version);
    let (access, checked) = verify(state, actor, &chain, body.version, now).await?;
    commit(state, actor, (&chain, &access), (checked, alone), now).await?;
    reports::compose(state, actor, report).await
}

/// A device's report. It may read nothing, so the answer holds what it sent, and no more.
async fn send(
    state: &AppState,
    actor: &Actor,
    chain: Chain,
    body: CreateReport,
    now: UnixMillis,
) -> ServiceResult<Report> {
    check_sent(actor, &chain, &body.version, now)?;
    let report = chain.report();
    let repeated = exists(state.db.read(), report, &body.version.manifest.0).await?;
    let receipt = Report {
        id: report,
        genesis: body.genesis,
        entries: body.entries,
        versions: Vec::new(),
        superseded: Vec::new(),
        grants: Vec::new(),
        created_at: now,
        updated_at: now,
    };
    if repeated {
        state.audit.record(event(actor, report).with("repeated", true)).await?;
        return Ok(receipt);
    }
    let alone = versions::sealed_alone(&body.version);
    let (access, checked) = verify(state, actor, &chain, body.version, now).await?;
    commit(state, actor, (&chain, &access), (checked, alone), now).await?;
    Ok(receipt)
}

/// What a device begins is a patient's with an account, and its owner's as if they had written it. It is sent now: a copied key
/// can't date anything back.
fn check_sent(actor: &Actor, chain: &Chain, version: &NewVersion, now: UnixMillis) -> ServiceResult<()> {
    let Some(patient) = patient(chain) else {
        return Err(ServiceError::field("/genesis", "a device sends to patients with an account"));
    };
    let entries = if actor.device_of == Some(patient) { 1 } else { 2 };
    if chain.entries.len() != entries {
        let detail = "a device gives access to the patient and to its owner, and to nobody else";
        return Err(ServiceError::field("/entries", detail));
    }
    let manifest = verify::parse::<Manifest>("/version/manifest", &version.manifest.0)?;
    if manifest.claimed().time < now - CLOCK_LEEWAY {
        let detail = "its time is long past; is this device's clock right?";
        return Err(ServiceError::field("/version/manifest", detail));
    }
    Ok(())
}

/// The account that the genesis names as the patient.
fn patient(chain: &Chain) -> Option<AccountId> {
    match chain.genesis.claimed().patient {
        Patient::Account(patient) => Some(AccountId(patient.0)),
        Patient::Placeholder(_) => None,
    }
}

/// Whether this very report exists; one with the same id and another first manifest is a conflict.
async fn exists(conn: &impl ConnectionTrait, report: ReportId, manifest: &[u8]) -> ServiceResult<bool> {
    if store::get(conn, report).await?.is_none() {
        return Ok(false);
    }
    let first = storage::versions::get(conn, report, 1, 0).await?;
    if first.is_some_and(|row| row.manifest == manifest) {
        return Ok(true);
    }
    Err(ServiceError::because(ErrorCode::Conflict, "this draft was completed already, with another content"))
}

/// Everything that needs no transaction: signatures, rules, sizes, hashes.
async fn verify(
    state: &AppState,
    actor: &Actor,
    chain: &Chain,
    version: NewVersion,
    now: UnixMillis,
) -> ServiceResult<(AccessState, Checked)> {
    let conn = state.db.read();
    let accounts = chain.accounts();
    check_accounts(conn, actor, chain).await?;
    let mut keys = Keys { people: verify::keys(conn, &accounts).await?, ..Keys::default() };
    if actor.device_of.is_some() {
        verify::add_devices(conn, &mut keys, &BTreeSet::from([actor.account]), state.instance.instance_id).await?;
    }
    verify::not_ahead("/genesis", chain.genesis.claimed().time, now)?;
    for entry in &chain.entries {
        verify::not_ahead("/entries", entry.claimed().time, now)?;
    }
    check_kinds(chain)?;
    let access = chain.replay(&keys, now)?;
    if !access.is_founded() {
        return Err(ServiceError::field("/entries", "the owner's own grant is missing"));
    }
    if (version.version, version.revision) != (1, 0) {
        return Err(ServiceError::field("/version", "a report begins with version 1, revision 0"));
    }
    let checked = versions_check::check(chain.report(), version, Vec::new(), &access, &keys, now)?;
    Ok((access, checked))
}

/// Everyone named must be there, but for the device that sends; the patient must be a patient.
async fn check_accounts(conn: &impl ConnectionTrait, actor: &Actor, chain: &Chain) -> ServiceResult<()> {
    for account in chain.accounts() {
        if actor.device_of.is_none() || account != actor.account {
            grants::check_recipient(conn, account).await?;
        }
    }
    if let Some(patient) = patient(chain) {
        let row = storage::accounts::get(conn, patient).await?;
        let patient = row.filter(|row| row.role == Role::Patient && row.status == AccountStatus::Active);
        if patient.is_none() {
            return Err(ServiceError::field("/genesis", "the patient named is not a patient here"));
        }
    }
    Ok(())
}

/// A report begins with grants. Codes come later: their sealed seed has no place in this request. So do teams, which nobody
/// named before the report was there.
fn check_kinds(chain: &Chain) -> ServiceResult<()> {
    for entry in &chain.entries {
        match &entry.claimed().change {
            Change::Grant(grant) if matches!(grant.recipient, Recipient::Account(_) | Recipient::Bearer { .. }) => {}
            _ => {
                return Err(ServiceError::field("/entries", "a report begins with grants to accounts or placeholders"));
            }
        }
    }
    Ok(())
}

/// Stores it. Where it was stored since it was looked for, by the same request on its way at the same time, only that is noted.
async fn commit(
    state: &AppState,
    actor: &Actor,
    (chain, access): (&Chain, &AccessState),
    (checked, alone): (Checked, Option<u64>),
    now: UnixMillis,
) -> ServiceResult<()> {
    let report = chain.report();
    let owner = AccountId(access.owner().0);
    let person = actor.device_of.unwrap_or(actor.account);
    let mut tx = state.db.begin_write().await?;
    if exists(tx.conn(), report, checked.manifest_bytes()).await? {
        return tx.repeated(event(actor, report)).await;
    }
    // What a doctor, or a doctor's device, wrote about somebody else isn't refused for that one's space.
    if let Some(bytes) = alone.filter(|_| owner == person) {
        quotas::admit(state, tx.conn(), actor, owner, bytes).await?;
    }
    // One of them may have been deleted meanwhile.
    check_accounts(tx.conn(), actor, chain).await?;
    if actor.device_of.is_some() {
        still_sends(tx.conn(), actor, now).await?;
    }
    end_draft(tx.conn(), actor, report).await?;
    store::insert(tx.conn(), row(chain, access, now)?).await?;
    let entries = chain.entries.iter().map(|entry| grants::entry_row(report, entry, now));
    store::insert_entries(tx.conn(), entries.collect::<ServiceResult<_>>()?).await?;
    let rows = access.grants().map(|grant| grants::row(access, grant, now)).collect::<ServiceResult<Vec<_>>>()?;
    grants::check_unused(tx.conn(), &rows).await?;
    storage::grants::insert(tx.conn(), rows).await?;
    versions_check::store(tx.conn(), actor, checked, now).await?;
    versions::discard_uploads(tx.conn(), actor, report, now).await?;
    let changed = access::refresh(tx.conn(), report, now).await?;
    tx.record(event(actor, report)).await?;
    // What was uploaded lies in the owner's space now, and no more in that of whoever wrote it.
    for account in BTreeSet::from([owner, person]) {
        quotas::tell(state, &mut tx, account).await?;
    }
    for grant in access.grants() {
        grants::tell(state, actor, &mut tx, &grant.grant.recipient).await?;
    }
    changed.tell(&mut tx);
    tx.commit().await
}

/// The device may have been removed meanwhile, or its token have ended.
async fn still_sends(conn: &impl ConnectionTrait, actor: &Actor, now: UnixMillis) -> ServiceResult<()> {
    let token = storage::api_tokens::find(conn, ApiTokenId(actor.session.0)).await?;
    if token.is_none_or(|found| found.token.device != Some(actor.account)) {
        return Err(ErrorCode::ApiTokenInvalid.into());
    }
    Ok(storage::devices::sent(conn, actor.account, now).await?)
}

fn event(actor: &Actor, report: ReportId) -> EventDraft {
    EventDraft::by(actor, Action::Create).on(report).with("version", 1)
}

/// The draft has become the report. There need not be one.
async fn end_draft(conn: &impl ConnectionTrait, actor: &Actor, report: ReportId) -> ServiceResult<()> {
    storage::drafts::delete(conn, report, actor.account).await?;
    Ok(())
}

fn row(chain: &Chain, access: &AccessState, now: UnixMillis) -> ServiceResult<store::Report> {
    let genesis = chain.genesis.claimed();
    let placeholder = match genesis.patient {
        Patient::Placeholder(placeholder) => Some(PlaceholderId(placeholder.0)),
        Patient::Account(_) => None,
    };
    Ok(store::Report {
        id: chain.report().0.to_vec(),
        creator: genesis.creator.0.to_vec(),
        owner: access.owner().0.to_vec(),
        placeholder: placeholder.map(|placeholder| placeholder.0.to_vec()),
        access_head: access.head().0.to_vec(),
        entries: int(u32::try_from(access.seq()).unwrap_or(u32::MAX))?,
        latest_version: 1,
        created_at: now,
        updated_at: now,
        genesis: chain.genesis.as_bytes().to_vec(),
        erased_at: None,
    })
}
