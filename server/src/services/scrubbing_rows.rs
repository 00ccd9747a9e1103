//! Scrubs of the signed rows: what was found damaged is named in the audit, in its report's own record too, and told to
//! administrators. It is served as it is: every client verifies it, and says what is wrong; the server can't mend it.

use std::{fmt, str::FromStr};

use api_types::{ReportId, audit::Action, storage::DamagedRow as ShownRow};
use sea_orm::ConnectionTrait;

use crate::{
    AppState, ServiceResult,
    audit::EventDraft,
    log::{self, Looked},
    mail::MailKind,
    services::{
        backups::tell_administrators,
        signed_rows::{NoRow, RowName},
        signed_rows_check::{Compared, compare},
        stored_blobs::{NoPlace, Walk},
    },
    storage::{
        self, audit,
        damaged_rows::{self, DamagedRow},
        db::WriteTx,
        log::Tree,
    },
};

/// Damaged rows that are looked at again in one round.
const AT_ONCE: u64 = 50;

/// How far a scrub is: it compares rows, then blobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Behind that row; before all of them.
    Rows(Option<RowName>),
    /// All rows were compared, and so many of the blobs.
    Blobs(Walk),
}

impl Default for Place {
    fn default() -> Self {
        Self::Rows(None)
    }
}

/// `begun`, `row NAME`, `blobs`, or a place in the walk over these: as it is kept.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rows(None) => f.write_str("begun"),
            Self::Rows(Some(name)) => write!(f, "row {name}"),
            Self::Blobs(Walk::Begun) => f.write_str("blobs"),
            Self::Blobs(walk) => write!(f, "{walk}"),
        }
    }
}

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        match (text, text.strip_prefix("row ")) {
            ("begun", _) => Ok(Self::Rows(None)),
            ("blobs", _) => Ok(Self::Blobs(Walk::Begun)),
            (_, Some(name)) => name.parse::<RowName>().map(|name| Self::Rows(Some(name))).map_err(|_| NoPlace),
            (walk, None) => walk.parse::<Walk>().map(Self::Blobs),
        }
    }
}

/// Rows that weren't what was signed when they were read. Whoever writes may have been half-way then, so each is looked at again
/// while nobody does. Says how many are damaged; one that is known is told of once.
pub async fn found(state: &AppState, suspects: &[RowName]) -> ServiceResult<u64> {
    if suspects.is_empty() {
        return Ok(0);
    }
    let (mut tx, now) = (state.db.begin_write().await?, state.clock.now());
    let damaged = still_damaged(state, suspects).await?;
    let mut new = 0;
    for &name in &damaged {
        let report_id = name.report().map(|report| report.0.to_vec());
        let row = DamagedRow { name: name.to_string(), report_id, found_at: now, looked_at: now };
        if damaged_rows::insert(tx.conn(), row).await? {
            new += 1;
            tracing::error!(row = %name, "a row of the database isn't what was signed; Administration names it");
            record(&mut tx, "row_damaged", &name.to_string(), name.report()).await?;
        }
    }
    if new > 0 {
        tell_administrators(state, &mut tx, MailKind::RowDamaged).await?;
        tx.commit().await?;
    }
    Ok(damaged.len() as u64)
}

/// Those that are still damaged, while a write transaction is open and nobody else writes. They are read beside it: PostgreSQL would
/// end it at a row that can't be read. Of the log, a bundle is read once.
async fn still_damaged<'a>(state: &AppState, suspects: &'a [RowName]) -> ServiceResult<Vec<&'a RowName>> {
    let (conn, instance) = (state.db.read(), state.instance.instance_id);
    let mut damaged = Vec::with_capacity(suspects.len());
    let mut bundle: Option<(Tree, u64, Looked)> = None;
    for name in suspects {
        let (tree, place) = match name {
            RowName::Event(place) => (Tree::Events, *place),
            RowName::Entry(place) => (Tree::Keys, *place),
            name => {
                if compare(conn, instance, name).await? == Compared::Damaged {
                    damaged.push(name);
                }
                continue;
            }
        };
        let is_in = |(of, first, looked): &(Tree, u64, Looked)| *of == tree && (*first..looked.end).contains(&place);
        if !bundle.as_ref().is_some_and(is_in) {
            bundle = log::look(conn, tree, place).await?.map(|looked| (tree, place, looked));
        }
        if bundle.as_ref().is_some_and(|(.., looked)| looked.damaged.contains(&place)) {
            damaged.push(name);
        }
    }
    Ok(damaged)
}

/// Looks at some that were damaged, what was longest not looked at first: what is whole again, or gone, is damaged no more.
pub async fn look_again(state: &AppState) -> ServiceResult<()> {
    let rows = damaged_rows::longest_not_looked_at(state.db.read(), AT_ONCE).await?;
    if rows.is_empty() {
        return Ok(());
    }
    let mut compared = Vec::with_capacity(rows.len());
    for row in rows {
        let now = match row.name.parse::<RowName>() {
            Ok(name) => compare(state.db.read(), state.instance.instance_id, &name).await?,
            // A later version named it.
            Err(NoRow) => Compared::Damaged,
        };
        compared.push((row, now));
    }
    let (mut tx, now) = (state.db.begin_write().await?, state.clock.now());
    for (row, compared) in compared {
        match compared {
            Compared::Damaged => damaged_rows::looked(tx.conn(), &row.name, now).await?,
            Compared::Whole { .. } => forget(&mut tx, &row, "row_whole").await?,
            Compared::Gone => forget(&mut tx, &row, "row_deleted").await?,
        }
    }
    tx.commit().await
}

async fn forget(tx: &mut WriteTx, row: &DamagedRow, what: &str) -> ServiceResult<()> {
    if damaged_rows::remove(tx.conn(), &row.name).await? {
        tracing::info!(what, row = %row.name, "a damaged row is one no more");
        record(tx, what, &row.name, report(row)?).await?;
    }
    Ok(())
}

/// Says it, in the report's own record where there is such a report.
async fn record(tx: &mut WriteTx, what: &str, name: &str, report: Option<ReportId>) -> ServiceResult<()> {
    let mut event = EventDraft::anonymous(Action::System).with("what", what).with("row", name);
    if let Some(report) = report
        && audit::report_exists(tx.conn(), report).await?
    {
        event = event.on(report);
    }
    tx.record(event).await
}

fn report(row: &DamagedRow) -> storage::DbResult<Option<ReportId>> {
    let id = row.report_id.as_deref().map(|id| storage::id("damaged_rows", "report_id", id)).transpose()?;
    Ok(id.map(ReportId))
}

/// How many are damaged, and the first so many of them, oldest first.
pub async fn listed(conn: &impl ConnectionTrait, limit: u64) -> storage::DbResult<(u64, Vec<ShownRow>)> {
    let shown = |row: DamagedRow| {
        let report_id = report(&row)?;
        Ok(ShownRow { row: row.name, report_id, found_at: row.found_at })
    };
    let rows = damaged_rows::list(conn, limit).await?.into_iter().map(shown);
    Ok((damaged_rows::count(conn).await?, rows.collect::<storage::DbResult<_>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_scrub_is_kept_as_text() {
        let places = [
            (Place::default(), "begun"),
            (Place::Rows(Some(RowName::Event(12))), "row event/12"),
            (Place::Blobs(Walk::Begun), "blobs"),
            (Place::Blobs("version 00ff 3 1".parse().unwrap()), "version 00ff 3 1"),
        ];
        for (place, text) in places {
            assert_eq!((place.to_string().as_str(), text.parse()), (text, Ok(place)));
        }
        for text in ["", "row", "row event", "row begun", "blobs 1"] {
            assert_eq!(text.parse::<Place>(), Err(NoPlace), "{text}");
        }
    }
}
