//! Many reports out of some, for benchmarks: `copies DATABASE COUNT SAMPLE` copies the rows of reports under new ids into the
//! lists of whoever sees the originals, and prints the ids of SAMPLE copies as JSON. No server may be using the database.
//!
//! A hundred thousand reports by the honest client would take hours. The server verifies a report when it comes, and not again
//! when it lists or delivers it: copies cost it there what originals cost. Clients refuse them, as what is signed in them
//! names another report. Not part of what is installed.

use std::{collections::BTreeMap, error::Error};

use api_types::ReportId;
use entities::{access_entries, accounts, grants, report_access, reports, versions, wraps};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, EntityTrait,
    IntoActiveModel, QueryFilter, QuerySelect, sea_query::Expr,
};
use server::{
    database_url::DatabaseUrl,
    random,
    storage::{
        connect::{Purpose, begin, connect},
        reports_access::LIVE,
    },
};
use sha2::{Digest, Sha256};

/// Originals, copied in turn.
const ORIGINALS: u64 = 100;
/// Rows in one statement.
const ROWS: usize = 500;
/// Reports in one transaction.
const GROUP: u64 = 2_000;
/// Copies stand in lists in another order than they were made in, as reports do that are changed. A prime, so that each gets
/// a place of its own.
const STRIDE: u64 = 7_919;

/// Everything of some reports that is listed and delivered, but for ciphertext of files.
#[derive(Default)]
struct Rows {
    reports: Vec<reports::Model>,
    entries: Vec<access_entries::Model>,
    grants: Vec<grants::Model>,
    versions: Vec<versions::Model>,
    wraps: Vec<wraps::Model>,
    access: Vec<report_access::Model>,
}

/// Names a copy, and its grants.
struct Ids {
    salt: [u8; 16],
    n: u64,
}

impl Ids {
    fn hash(&self, of: &[u8]) -> [u8; 32] {
        Sha256::new().chain_update(self.salt).chain_update(self.n.to_be_bytes()).chain_update(of).finalize().into()
    }

    fn report(&self) -> Vec<u8> {
        self.hash(b"report").to_vec()
    }

    fn grant(&self, original: &[u8]) -> Vec<u8> {
        self.hash(original)[..16].to_vec()
    }
}

macro_rules! of_report {
    ($conn:expr, $table:ident, $id:expr) => {
        $table::Entity::find().filter($table::Column::ReportId.eq($id.clone())).all($conn).await?
    };
}

macro_rules! insert {
    ($conn:expr, $table:ident, $rows:expr) => {
        for some in $rows.chunks(ROWS) {
            let rows = some.iter().cloned().map(|row| row.into_active_model().reset_all());
            $table::Entity::insert_many(rows).exec_without_returning($conn).await?;
        }
    };
}

impl Rows {
    /// Of one report.
    async fn load(conn: &DatabaseConnection, report: reports::Model) -> Result<Self, DbErr> {
        let id = report.id.clone();
        let mut access = of_report!(conn, report_access, id);
        access.retain(|row| row.state == LIVE);
        Ok(Self {
            entries: of_report!(conn, access_entries, id),
            grants: of_report!(conn, grants, id),
            versions: of_report!(conn, versions, id),
            wraps: of_report!(conn, wraps, id),
            access,
            reports: vec![report],
        })
    }

    /// Adds a copy of all of it, at a place in each list that is counted from what the list had before.
    fn copy_to(&self, to: &mut Self, ids: &Ids, heads: &BTreeMap<Vec<u8>, i64>, place: i64) {
        let report_id = ids.report();
        let id = || report_id.clone();
        to.reports.extend(self.reports.iter().cloned().map(|row| reports::Model { id: id(), ..row }));
        to.entries.extend(self.entries.iter().cloned().map(|row| access_entries::Model { report_id: id(), ..row }));
        to.grants.extend(self.grants.iter().cloned().map(|row| grants::Model {
            id: ids.grant(&row.id),
            report_id: id(),
            parent: row.parent.as_deref().map(|parent| ids.grant(parent)),
            ..row
        }));
        to.versions.extend(self.versions.iter().cloned().map(|row| versions::Model { report_id: id(), ..row }));
        to.wraps.extend(self.wraps.iter().cloned().map(|row| wraps::Model {
            report_id: id(),
            grant_id: ids.grant(&row.grant_id),
            ..row
        }));
        to.access.extend(self.access.iter().cloned().map(|row| report_access::Model {
            report_id: id(),
            cursor: heads.get(&row.account_id).copied().unwrap_or_default() + 1 + place,
            grant_id: row.grant_id.as_deref().map(|grant| ids.grant(grant)),
            ..row
        }));
    }

    async fn insert(&self, tx: &DatabaseTransaction) -> Result<(), DbErr> {
        insert!(tx, reports, self.reports);
        insert!(tx, access_entries, self.entries);
        insert!(tx, grants, self.grants);
        insert!(tx, versions, self.versions);
        insert!(tx, wraps, self.wraps);
        insert!(tx, report_access, self.access);
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [database, count, sample] = args.as_slice() else {
        return Err("usage: copies DATABASE COUNT SAMPLE".into());
    };
    let (url, count, sample) = (DatabaseUrl::parse(database)?, count.parse::<u64>()?, sample.parse::<u64>()?);
    let conn = connect(&url, Purpose::Write).await?;
    if url.is_sqlite() {
        conn.execute_unprepared("PRAGMA cache_size = -262144").await?;
    }
    let salt = random::bytes::<16>()?;
    copy(&conn, salt, count).await?;
    if !url.is_sqlite() {
        // What autovacuum and the checkpointer would have done in the time that so many reports take.
        for statement in ["VACUUM (ANALYZE)", "CHECKPOINT"] {
            conn.execute_unprepared(statement).await?;
        }
    }
    conn.close().await?;
    let step = (count / sample.max(1)).max(1);
    let ids = (0..count).step_by(usize::try_from(step)?).take(usize::try_from(sample)?);
    let ids: Vec<String> = ids.map(|n| ReportId(Ids { salt, n }.hash(b"report")).to_string()).collect();
    println!("{}", serde_json::json!(ids));
    Ok(())
}

async fn copy(conn: &DatabaseConnection, salt: [u8; 16], count: u64) -> Result<(), Box<dyn Error>> {
    let mut originals = Vec::new();
    for report in reports::Entity::find().limit(ORIGINALS).all(conn).await? {
        originals.push(Rows::load(conn, report).await?);
    }
    if originals.is_empty() {
        return Err("there is no report to copy".into());
    }
    let heads = heads(conn, &originals).await?;
    for first in (0..count).step_by(GROUP as usize) {
        let mut rows = Rows::default();
        for n in first..count.min(first + GROUP) {
            let original = &originals[n as usize % originals.len()];
            original.copy_to(&mut rows, &Ids { salt, n }, &heads, (n * STRIDE % count) as i64);
        }
        let tx = begin(conn).await?;
        rows.insert(&tx).await?;
        tx.commit().await?;
    }
    for (account, head) in heads {
        accounts::Entity::update_many()
            .col_expr(accounts::Column::ListHead, Expr::value(head + count as i64))
            .filter(accounts::Column::Id.eq(account))
            .exec(conn)
            .await?;
    }
    Ok(())
}

/// The highest place in the list of each account that sees one of them.
async fn heads(conn: &DatabaseConnection, originals: &[Rows]) -> Result<BTreeMap<Vec<u8>, i64>, DbErr> {
    let mut heads = BTreeMap::new();
    for row in originals.iter().flat_map(|original| &original.access) {
        if heads.contains_key(&row.account_id) {
            continue;
        }
        let account = accounts::Entity::find_by_id(row.account_id.clone()).one(conn).await?;
        heads.insert(row.account_id.clone(), account.map_or(0, |account| account.list_head));
    }
    Ok(heads)
}
