//! Reading reports: the list, one report, the people of its access chain.

use std::collections::HashMap;

use api_types::{
    AccountId, B64, GrantId, ReportId, TeamId, UnixMillis,
    audit::Action,
    grants::GrantState,
    limits::{PAGE_DEFAULT, PAGE_MAX},
    reports::{OwnGrant, Report, ReportItem, ReportList, ReportPeople, VersionItem},
};
use crypto::audit::what;
use sea_orm::ConnectionTrait;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::NewlyListed,
    policy::Actor,
    services::{
        access,
        reading::Reading,
        sending_devices,
        standing::{self, Standing},
        teams,
        verify::Chain,
        versions::sent_wrap,
    },
    storage::{
        self,
        reports::OwnGrantRow,
        reports_access::Listed,
        reports_list::{self, Page, Row},
    },
};

/// Most sealed bytes in one page, but for a row that alone has more.
const PAGE_BYTES: u64 = 8 * 1024 * 1024;

/// What a list is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct ListQuery {
    /// Rows below this cursor.
    pub before: Option<u64>,
    /// What changed above this cursor.
    pub since: Option<u64>,
    /// Rows at most.
    pub limit: Option<u32>,
}

/// A page of the caller's list, or what changed in it.
pub async fn list(state: &AppState, actor: &Actor, reading: Reading, query: ListQuery) -> ServiceResult<ReportList> {
    actor.active()?;
    let event = reading.event(state, actor, Action::List, None, what::REPORTS)?;
    let limit = query.limit.unwrap_or(PAGE_DEFAULT);
    if limit == 0 || limit > PAGE_MAX {
        return Err(ServiceError::field("/limit", format!("must be 1 to {PAGE_MAX}")));
    }
    let now = state.clock.now();
    let overdue = reports_list::overdue(state.db.read(), actor.account, now).await?;
    if !overdue.is_empty() {
        access::end_overdue(state, overdue).await?;
    }
    let Found { rows, more, gone, erased, head } = find(state, actor, query, (limit, now)).await?;
    let listed = NewlyListed { account: actor.account, rows: new_to(actor.account, &rows)?, event: event.clone() };
    let event = event.delivered(rows.iter().map(|row| &row.report_id[..]));
    state.audit.record_list(event, listed).await?;
    let next = rows.last().filter(|_| more).map(|row| row.cursor.unsigned_abs());
    let ids = |ids: Vec<Vec<u8>>| -> storage::DbResult<Vec<ReportId>> {
        ids.iter().map(|id| storage::id("report_access", "report_id", id).map(ReportId)).collect()
    };
    Ok(ReportList {
        gone: ids(gone)?,
        erased: ids(erased)?,
        next,
        head: head.unsigned_abs(),
        items: rows.into_iter().map(item).collect::<ServiceResult<_>>()?,
    })
}

/// What a page is made of.
struct Found {
    rows: Vec<Row>,
    more: bool,
    gone: Vec<Vec<u8>>,
    erased: Vec<Vec<u8>>,
    head: i64,
}

/// All of it in one transaction: between two SQLite forgets the pages that it has read, where somebody writes meanwhile.
async fn find(
    state: &AppState,
    actor: &Actor,
    query: ListQuery,
    (limit, now): (u32, UnixMillis),
) -> ServiceResult<Found> {
    let conn = &state.db.snapshot().await?;
    let head = reports_list::head(conn, actor.account).await?;
    let mut page = Page {
        before: query.before.map_or(i64::MAX, cursor),
        since: query.since.map_or(0, cursor),
        limit: u64::from(limit),
    };
    let fitting = fitting(&reports_list::sizes(conn, actor.account, page, now).await?);
    page.limit = fitting as u64 + 1;
    let mut rows = reports_list::page(conn, actor.account, page, now).await?;
    let more = rows.len() > fitting;
    rows.truncate(fitting);
    let gone = match (query.since, query.before) {
        (Some(since), None) => reports_list::gone(conn, actor.account, cursor(since)).await?,
        _ => Vec::new(),
    };
    let erased = match query.since {
        Some(since) if !gone.is_empty() => reports_list::erased(conn, actor.account, cursor(since)).await?,
        _ => Vec::new(),
    };
    Ok(Found { rows, more, gone, erased, head })
}

/// What of these rows the account's list hasn't delivered before, of reports that somebody else owns: to whom it goes belongs into
/// the report's own record.
fn new_to(account: AccountId, rows: &[Row]) -> ServiceResult<Vec<Listed>> {
    let is_new = |row: &&Row| (row.version, row.revision) != (row.listed_version, row.listed_revision);
    let new = rows.iter().filter(is_new).filter(|row| row.owner != account.0);
    new.map(|row| {
        let report = ReportId(storage::id("report_access", "report_id", &row.report_id)?);
        Ok(Listed { report, version: row.version, revision: row.revision })
    })
    .collect()
}

/// How many rows of these sizes fit into one page: at least one.
fn fitting(sizes: &[i64]) -> usize {
    let mut sum = 0;
    let fit = sizes.iter().take_while(|size| {
        sum += size.unsigned_abs();
        sum <= PAGE_BYTES
    });
    fit.count().max(1)
}

/// A cursor beyond what the database counts to is beyond every row.
fn cursor(cursor: u64) -> i64 {
    i64::try_from(cursor).unwrap_or(i64::MAX)
}

fn item(row: Row) -> ServiceResult<ReportItem> {
    Ok(ReportItem {
        id: ReportId(storage::id("report_access", "report_id", &row.report_id)?),
        cursor: row.cursor.unsigned_abs(),
        creator: AccountId(storage::id("reports", "creator", &row.creator)?),
        owner: AccountId(storage::id("reports", "owner", &row.owner)?),
        created_at: row.created_at,
        updated_at: row.updated_at,
        version: row.version.unsigned_abs(),
        revision: row.revision.unsigned_abs(),
        manifest: B64(row.manifest),
        part0: B64(row.part0),
        access_head: B64(row.access_head),
        grant: OwnGrant {
            id: GrantId(storage::id("report_access", "grant_id", &row.grant_id)?),
            right: storage::name("grants", "right", &row.right)?,
            expires_at: row.expires_at,
            seed: row.seed.map(B64),
            team: team_id(row.team_id)?,
        },
        wrap: B64(row.wrap),
        rekey_pending: row.rekey_pending,
    })
}

/// One report: everything needed to verify and open it, but the ciphertext.
pub async fn get(state: &AppState, actor: &Actor, reading: Reading, report: ReportId) -> ServiceResult<Report> {
    let composed = compose(state, actor, report).await?;
    state.audit.record(reading.event(state, actor, Action::Read, Some(report), what::REPORT)?).await?;
    Ok(composed)
}

/// A report as the caller may see it; the caller records the event.
pub async fn compose(state: &AppState, actor: &Actor, id: ReportId) -> ServiceResult<Report> {
    // Wraps of before a version got new keys beside its manifest of after would look like a lie.
    let conn = &state.db.snapshot().await?;
    let seen = standing::of(conn, actor, id, state.clock.now()).await?;
    actor.may_read(seen.standing)?;
    let entries = storage::reports::entries(conn, id).await?;
    let (versions, superseded) = versions(conn, &seen, id).await?;
    Ok(Report {
        id,
        entries: entries.into_iter().map(B64).collect(),
        versions,
        superseded,
        grants: seen.grants.into_iter().map(own_grant).collect::<ServiceResult<_>>()?,
        created_at: seen.report.created_at,
        updated_at: seen.report.updated_at,
        genesis: B64(seen.report.genesis),
    })
}

/// The versions that the caller's grants cover, with the caller's wraps, and the manifests of all others.
async fn versions(
    conn: &impl ConnectionTrait,
    seen: &Standing,
    id: ReportId,
) -> ServiceResult<(Vec<VersionItem>, Vec<B64>)> {
    let mut wraps: HashMap<(i32, i32), Vec<_>> = HashMap::new();
    for wrap in storage::wraps::for_grants(conn, id, seen.grant_ids()).await? {
        wraps.entry((wrap.version, wrap.revision)).or_default().push(sent_wrap(wrap)?);
    }
    let (mut items, mut superseded) = (Vec::new(), Vec::new());
    for row in storage::versions::summaries(conn, id).await? {
        if row.superseded || !seen.covers(row.version) {
            superseded.push(B64(row.manifest));
            continue;
        }
        items.push(VersionItem {
            version: row.version.unsigned_abs(),
            revision: row.revision.unsigned_abs(),
            manifest: B64(row.manifest),
            created_at: row.created_at,
            wraps: wraps.remove(&(row.version, row.revision)).unwrap_or_default(),
            rekey_pending: seen.standing.owner && row.rekey_waits,
        });
    }
    Ok((items, superseded))
}

fn own_grant(row: OwnGrantRow) -> ServiceResult<OwnGrant> {
    Ok(OwnGrant {
        id: GrantId(storage::id("grants", "id", &row.id)?),
        right: row.right,
        expires_at: row.expires_at,
        seed: row.seed.map(B64),
        team: team_id(row.team_id)?,
    })
}

fn team_id(id: Option<Vec<u8>>) -> ServiceResult<Option<TeamId>> {
    Ok(id.map(|id| storage::id("grants", "team_id", &id)).transpose()?.map(TeamId))
}

/// The accounts that the access chain names, with their keys, and the teams with their rosters: for readers, and for
/// whoever has to verify the chain before redeeming a code or claiming a grant, and for whoever reads the events of a report
/// that they erased.
pub async fn people(
    state: &AppState,
    actor: &Actor,
    reading: Reading,
    report: ReportId,
) -> ServiceResult<ReportPeople> {
    let (conn, now) = (state.db.read(), state.clock.now());
    let seen = standing::of_record(conn, actor, report, now).await?;
    let waiting = waits_for(state, actor, report).await?;
    actor.may_see_people(seen.standing, waiting)?;
    let entries = storage::reports::entries(conn, report).await?;
    let mut accounts = Chain::stored(&seen.report.genesis, &entries)?.accounts();
    let mut teams = Vec::new();
    for team in storage::teams::of_report(conn, report).await? {
        let (rosters, people) = teams::signed(conn, team).await?;
        accounts.extend(people);
        teams.push(rosters);
    }
    let devices = sending_devices::of_report(conn, &accounts).await?;
    let accounts: Vec<AccountId> = accounts.into_iter().collect();
    let items = storage::accounts::public_by_ids(conn, &accounts).await?;
    let event = reading.event(state, actor, Action::Read, Some(report), what::PEOPLE)?;
    state.audit.record(event.delivered(items.iter().map(|account| &account.id.0[..]))).await?;
    Ok(ReportPeople { items, teams, devices })
}

/// Whether a grant on the report waits for the caller.
async fn waits_for(state: &AppState, actor: &Actor, report: ReportId) -> ServiceResult<bool> {
    for grant in storage::grants::waiting_for(state.db.read(), actor.account).await? {
        if grant.report_id == report.0 && access::grant_state(&grant, state.clock.now())? == GrantState::Pending {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_ends_where_its_bytes_are_full() {
        let mib = 1024 * 1024;
        assert_eq!(fitting(&[mib; 20]), 8);
        assert_eq!(fitting(&[mib; 3]), 3);
        assert_eq!(fitting(&[9 * mib, 1]), 1, "never none");
        assert_eq!(fitting(&[]), 1);
    }
}
