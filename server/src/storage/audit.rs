//! `audit_events`: append-only, chained. Rows are staged by the writer and inserted in one statement at commit.

use std::{collections::HashMap, ops::Range};

use api_types::{
    AccountId, ReportId, UnixMillis,
    audit::{Action, Outcome},
};
use entities::audit_events::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};

use super::{DbResult, audit_time};
use crate::{
    audit::{EventDraft, enum_name},
    audit_hash, random,
};

/// Reports whose newest event the writer remembers; beyond it forgets all and asks the table.
const REPORT_HEADS_MAX: usize = 50_000;

/// Where the chains stand: position and chain value of the whole log, position and hash per report.
#[derive(Debug, Default)]
pub struct Heads {
    next_seq: u64,
    /// Of the newest event.
    time: UnixMillis,
    /// `None` before the first event.
    chain: Option<[u8; 32]>,
    reports: HashMap<[u8; 32], ReportHead>,
}

/// The newest event of a report's own chain.
#[derive(Debug, Clone, Copy)]
struct ReportHead {
    next_seq: u64,
    hash: [u8; 32],
}

/// Events of a transaction that hasn't committed, and the heads after them.
#[derive(Debug, Default)]
pub struct Staged {
    rows: Vec<Model>,
    chain: Option<[u8; 32]>,
    reports: HashMap<[u8; 32], ReportHead>,
}

impl Staged {
    /// Whether there is nothing to insert.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Of the newest event.
    fn time(&self) -> Option<UnixMillis> {
        self.rows.last().map(|row| row.time)
    }
}

impl Heads {
    /// Reads the head of the whole log.
    pub async fn load(conn: &impl ConnectionTrait) -> DbResult<Self> {
        let newest = Entity::find().order_by_desc(Column::Seq).limit(1).one(conn).await?;
        match newest {
            None => Ok(Self::default()),
            Some(row) => Ok(Self {
                next_seq: row.seq.unsigned_abs() + 1,
                time: row.time,
                chain: Some(super::id("audit_events", "chain", &row.chain)?),
                reports: HashMap::new(),
            }),
        }
    }

    /// Reads where the whole log stands now. What is known of reports' chains stays where nobody else has written since: each
    /// value of the log's chain stands for all events before it.
    pub async fn catch_up(&mut self, conn: &impl ConnectionTrait) -> DbResult<()> {
        let now = Self::load(conn).await?;
        if (now.next_seq, now.chain) != (self.next_seq, self.chain) {
            *self = now;
        }
        Ok(())
    }

    /// When the newest event was recorded.
    pub fn time(&self) -> Option<UnixMillis> {
        self.chain.map(|_| self.time)
    }

    /// Takes over what a committed transaction added.
    pub fn advance(&mut self, staged: Staged) {
        self.next_seq += staged.rows.len() as u64;
        self.time = staged.time().unwrap_or(self.time);
        self.chain = staged.chain.or(self.chain);
        if self.reports.len() > REPORT_HEADS_MAX {
            self.reports.clear();
        }
        self.reports.extend(staged.reports);
    }
}

/// Gives a draft its place in the chains. Its time is never before that of the event before it, whatever the clock says: what
/// is removed for its age is older than what stays.
pub async fn stage(
    conn: &impl ConnectionTrait,
    heads: &Heads,
    staged: &mut Staged,
    draft: EventDraft,
    time: UnixMillis,
) -> DbResult<()> {
    let in_report = match draft.report {
        None => None,
        Some(report) => Some((report, report_head(conn, heads, staged, report).await?)),
    };
    let seq = heads.next_seq + staged.rows.len() as u64;
    let mut row = row(draft, seq, time.max(staged.time().unwrap_or(heads.time)));
    if let Some((_, head)) = in_report {
        row.report_seq = Some(head.next_seq as i64);
        row.report_prev = Some(head.hash.to_vec());
    }
    row.salt = Some(salt()?.to_vec());
    let hash = audit_hash::event(&row)?;
    let before = match staged.chain.or(heads.chain) {
        Some(chain) => chain,
        None => chain_start(conn).await?,
    };
    let chain = audit_hash::chain(&before, &hash);
    row.hash = hash.to_vec();
    row.chain = chain.to_vec();
    if let Some((report, head)) = in_report {
        staged.reports.insert(report.0, ReportHead { next_seq: head.next_seq + 1, hash });
    }
    staged.chain = Some(chain);
    staged.rows.push(row);
    Ok(())
}

async fn chain_start(conn: &impl ConnectionTrait) -> DbResult<[u8; 32]> {
    let instance = super::instance::load(conn).await?.ok_or_else(|| super::corrupt("instance", "id"))?;
    Ok(audit_hash::chain_start(&instance.instance_id))
}

fn row(draft: EventDraft, seq: u64, time: UnixMillis) -> Model {
    Model {
        seq: seq as i64,
        time,
        actor: draft.actor.map(|a| a.0.to_vec()),
        session: draft.session.map(|s| s.0.to_vec()),
        action: enum_name(&draft.action),
        outcome: enum_name(&draft.outcome),
        report_id: draft.report.map(|r| r.0.to_vec()),
        report_seq: None,
        report_prev: None,
        subject: draft.subject,
        details: draft.details,
        hash: Vec::new(),
        chain: Vec::new(),
        salt: None,
        request: draft.request,
    }
}

/// What keeps an event's leaf from telling anything. Never used twice.
pub(super) fn salt() -> DbResult<[u8; 32]> {
    random::bytes().map_err(|error| sea_orm::DbErr::Custom(error.to_string()))
}

/// Where a report's own chain stands: numbers from 1, and the report id before the first event.
async fn report_head(
    conn: &impl ConnectionTrait,
    heads: &Heads,
    staged: &Staged,
    report: ReportId,
) -> DbResult<ReportHead> {
    if let Some(head) = staged.reports.get(&report.0).or_else(|| heads.reports.get(&report.0)) {
        return Ok(*head);
    }
    let newest = Entity::find()
        .filter(Column::ReportId.eq(report.0.to_vec()))
        .order_by_desc(Column::ReportSeq)
        .limit(1)
        .one(conn)
        .await?;
    match newest {
        None => Ok(ReportHead { next_seq: 1, hash: report.0 }),
        Some(row) => Ok(ReportHead {
            next_seq: row.report_seq.unwrap_or(0).unsigned_abs() + 1,
            hash: super::id("audit_events", "hash", &row.hash)?,
        }),
    }
}

/// Rows of one `INSERT`: SQLite takes 32,766 bound values, PostgreSQL 65,535.
const INSERT_ROWS: usize = 1000;

/// Inserts what was staged.
pub async fn insert(conn: &impl ConnectionTrait, staged: &Staged) -> DbResult<()> {
    for rows in staged.rows.chunks(INSERT_ROWS) {
        Entity::insert_many(rows.iter().cloned().map(active)).exec_without_returning(conn).await?;
    }
    Ok(())
}

fn active(row: Model) -> ActiveModel {
    ActiveModel {
        seq: Set(row.seq),
        time: Set(row.time),
        actor: Set(row.actor),
        session: Set(row.session),
        action: Set(row.action),
        outcome: Set(row.outcome),
        report_id: Set(row.report_id),
        report_seq: Set(row.report_seq),
        report_prev: Set(row.report_prev),
        subject: Set(row.subject),
        details: Set(row.details),
        hash: Set(row.hash),
        chain: Set(row.chain),
        salt: Set(row.salt),
        request: Set(row.request),
    }
}

/// What a page of events is narrowed to.
#[derive(Debug, Default, Clone, Copy)]
pub struct EventFilter {
    /// Only events before this position.
    pub before: Option<u64>,
    /// Only this report's.
    pub report: Option<ReportId>,
    /// Only this person's.
    pub actor: Option<AccountId>,
    /// Only this action.
    pub action: Option<Action>,
    /// Only this outcome.
    pub outcome: Option<Outcome>,
    /// Only from this time on.
    pub from: Option<UnixMillis>,
    /// Only before this time.
    pub until: Option<UnixMillis>,
}

/// A page of events, newest first.
pub async fn list(conn: &impl ConnectionTrait, filter: EventFilter, limit: u64) -> DbResult<Vec<Model>> {
    let mut query = Entity::find();
    if let Some(before) = filter.before {
        query = query.filter(Column::Seq.lt(i64::try_from(before).unwrap_or(i64::MAX)));
    }
    if let Some(report) = filter.report {
        query = query.filter(Column::ReportId.eq(report.0.to_vec()));
    }
    if let Some(actor) = filter.actor {
        query = query.filter(Column::Actor.eq(actor.0.to_vec()));
    }
    if let Some(action) = filter.action {
        query = query.filter(Column::Action.eq(enum_name(&action)));
    }
    query = match filter.outcome {
        // As the index in part says it: a bound value would not be recognised.
        Some(Outcome::Denied) => query.filter(Expr::cust("outcome = 'denied'")),
        Some(outcome) => query.filter(Column::Outcome.eq(enum_name(&outcome))),
        None => query,
    };
    if filter.from.is_some() || filter.until.is_some() {
        query = query.filter(audit_time::between(conn, filter.from, filter.until).await?);
    }
    query.order_by_desc(Column::Seq).limit(limit).all(conn).await
}

/// Whether the server itself has said this from a time on and before another.
pub async fn is_said(conn: &impl ConnectionTrait, subject: &str, within: Range<UnixMillis>) -> DbResult<bool> {
    let query = Entity::find().select_only().column(Column::Seq).filter(Column::Action.eq(enum_name(&Action::System)));
    let query = query.filter(Column::Subject.eq(subject));
    let query = query.filter(audit_time::between(conn, Some(within.start), Some(within.end)).await?);
    let found: Option<i64> = query.limit(1).into_tuple().one(conn).await?;
    Ok(found.is_some())
}

/// When the newest event was recorded, by its own time.
pub async fn newest_time(conn: &impl ConnectionTrait) -> DbResult<Option<UnixMillis>> {
    let newest = Entity::find().select_only().column(Column::Time).order_by_desc(Column::Seq).limit(1);
    newest.into_tuple().one(conn).await
}

/// Whether a report exists, and so has a chain of its own.
pub async fn report_exists(conn: &impl ConnectionTrait, report: ReportId) -> DbResult<bool> {
    use entities::reports;
    let id = reports::Entity::find_by_id(report.0.to_vec()).select_only().column(reports::Column::Id);
    Ok(id.into_tuple::<Vec<u8>>().one(conn).await?.is_some())
}
