//! The end of a report, for everybody: by its owner's entry, or with its owner's account.

use api_types::{
    B64, ReportId,
    closing::{ClosedBy, EraseReport},
};
use crypto::{defence::Defence, report::Change};

use super::{entries::append, tries::Tries};
use crate::{
    error::{ClientError, Result},
    ids::ToApi,
    people::Person,
    platform::Platform,
    refusal::Refusal,
    reports::Access,
    vault::Vault,
};

impl<P: Platform> Vault<P> {
    /// Erases an own report for everybody: its keys and all that was sealed under them go at once. Nothing brings it back.
    /// Done already is done. The session must be confirmed ([`Vault::confirm`]).
    ///
    /// # Errors
    /// [`ClientError::NotAllowed`] if one isn't the owner, by the chain; `confirmation_required`; a refusal; no connection.
    pub async fn erase_report(&self, report: &ReportId) -> Result<()> {
        let mut tries = Tries::default();
        loop {
            let access = match self.report_access(report).await {
                Err(ClientError::Erased { .. }) => return Ok(()),
                access => access?,
            };
            let mut state = access.state.clone();
            let entry = append(self, &mut state, &access.keys, Change::Erase)?;
            match self.api().erase_report(report, &EraseReport { entry: B64::from(entry.as_bytes()) }).await {
                Ok(()) => {
                    self.see_access(&state);
                    self.see_rekey(&state, false);
                    self.save_state_soon().await;
                    return Ok(());
                }
                Err(e) => tries.again(e)?,
            }
        }
    }

    /// What a report's absence is, where the server says that it was erased: that, if its owner's word shows it.
    pub(crate) async fn erased(&self, report: &ReportId) -> ClientError {
        match self.who_erased(report).await {
            Ok(by) => ClientError::Erased { by },
            Err(error) => error,
        }
    }

    async fn who_erased(&self, report: &ReportId) -> Result<ClosedBy> {
        let (access, people) = self.left_of(report).await?;
        if access.state.erased().is_some() || !Defence::ErasureSigned.holds() {
            return Ok(ClosedBy::Holder);
        }
        let owner = access.state.owner().api();
        let closed = people.iter().find(|person| person.id == owner).and_then(|person| person.closed_by);
        Ok(closed.ok_or(Refusal::ErasureForged)?)
    }

    /// Who had access to an erased report, verified to its end, which must be its owner's word.
    pub(crate) async fn erased_access(&self, report: &ReportId) -> Result<Access> {
        let (access, _) = self.left_of(report).await?;
        match access.state.erased().is_some() || !Defence::ErasureSigned.holds() {
            true => Ok(access),
            false => Err(Refusal::ErasureForged.into()),
        }
    }

    /// The verified chain of a report that the server says was erased, whatever it ends with, and whom it names.
    async fn left_of(&self, report: &ReportId) -> Result<(Access, Vec<Person>)> {
        let asked = self.asking();
        let left = self.api().get_erasure(report).await?;
        self.prove_logged(&left.people).await?;
        let mut people = Vec::with_capacity(left.people.len());
        for account in &left.people {
            people.push(self.learn(account, asked)?);
        }
        self.learn_devices(&left.devices, asked).await?;
        let access = self.verify_access(report, &left.genesis, &left.entries).await?;
        self.save_state_soon().await;
        Ok((access, people))
    }
}
