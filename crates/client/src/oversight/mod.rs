//! What the owner of reports sees of all of them: who can see what, who did what and why, and an account of it on paper.
//! Everything here follows from verified chains and events; nothing asks the server but [`Vault::oversee`] and
//! [`Vault::oversee_erased`].

mod disclosures;
mod people;
mod period;
mod visits;

use api_types::{AccountId, ReportId, UnixMillis};

pub use disclosures::{Accounting, Disclosure, DisclosureKind, Subject, account_for};
pub use people::{HeldReport, PersonAccess, by_person, opens_still, with_ended};
pub use period::{Period, PeriodError, YEARS, day, years_before};
pub use visits::{Visit, newest_first, visits};

use crate::{
    error::Result,
    ids::ToApi,
    platform::Platform,
    reports::{Access, ExplainedEvent, KnownNames, Purposes},
    sharing::AccessRow,
    vault::Vault,
};

/// One report of the reader's own: who can see it, and what was done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overseen {
    /// The report.
    pub report: ReportId,
    /// Who owns it, by the verified chain.
    pub owner: AccountId,
    /// Everyone who has or had access, the newest grant first, from the verified chain.
    pub access: Vec<AccessRow>,
    /// Who held it, when and why.
    pub purposes: Purposes,
    /// What whoever held it is called, as far as this client knows.
    pub names: KnownNames,
    /// Newest first, each looked for in the public log, with its actor's name and the purposes under which it was done.
    pub events: Vec<ExplainedEvent>,
    /// Whether the events were followed down to the report's first.
    pub complete: bool,
    /// The server removed events before this time for their age: more than six years.
    pub removed_before: Option<UnixMillis>,
    /// When its owner erased it, by the signed entry. Its events stay, and what it was called is gone.
    pub erased: Option<UnixMillis>,
}

impl<P: Platform> Vault<P> {
    /// A report with its access and its newest `limit` events, all verified; `None` for somebody else's, by its signed chain.
    ///
    /// # Errors
    /// As [`Vault::access`] and [`Vault::report_events`].
    pub async fn oversee(&self, report: &ReportId, limit: usize) -> Result<Option<Overseen>> {
        let access = self.report_access(report).await?;
        self.oversee_by(report, &access, limit).await
    }

    /// The same of a report that was erased: who had it, and what was done with it.
    ///
    /// # Errors
    /// [`crate::Refusal::ErasureForged`] for one that its owner didn't erase; else as [`Vault::oversee`].
    pub async fn oversee_erased(&self, report: &ReportId, limit: usize) -> Result<Option<Overseen>> {
        let access = self.erased_access(report).await?;
        self.oversee_by(report, &access, limit).await
    }

    async fn oversee_by(&self, report: &ReportId, access: &Access, limit: usize) -> Result<Option<Overseen>> {
        if access.state.owner() != self.id() {
            return Ok(None);
        }
        let (rows, events) = futures::try_join!(self.access_rows(report, access), self.report_events(report, limit))?;
        let purposes = access.purposes();
        Ok(Some(Overseen {
            report: *report,
            owner: access.state.owner().api(),
            access: rows,
            names: self.known_names(purposes.held().iter().map(|held| held.holder)),
            events: self.explain(&purposes, events.items),
            complete: events.complete,
            removed_before: events.removed_before,
            erased: access.state.erased().map(|erasure| erasure.time),
            purposes,
        }))
    }
}
