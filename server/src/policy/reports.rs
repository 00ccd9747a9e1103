//! Who may write reports, and who may do what with one: its access chain says that, and no role opens it.

use api_types::{AccountId, ErrorCode, accounts::Role, grants::Right};

use super::{Actor, Verdict, allow};

/// A person's standing towards one report, as the stored access chain says it now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReportStanding {
    /// Owns it (the patient, or the custodian).
    pub owner: bool,
    /// The highest right of a grant that is live now: redeemed, not expired, not revoked.
    pub right: Option<Right>,
}

/// A person's standing towards a code or bearer grant that nobody has redeemed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WaitingGrant {
    /// The grant names the person.
    pub named: bool,
    /// The grant stands for a patient placeholder that the person's accepted invitation carried.
    pub holds_placeholder: bool,
}

impl ReportStanding {
    /// Whether they may add versions.
    pub fn contributes(self) -> bool {
        self.owner || self.reaches(Right::Contribute)
    }

    /// Whether the right held is at least this one.
    fn reaches(self, needed: Right) -> bool {
        self.right.is_some_and(|held| rank(held) >= rank(needed))
    }
}

/// Rights in their order: each includes those below.
pub fn rank(right: Right) -> u8 {
    match right {
        Right::View => 0,
        Right::Contribute => 1,
        Right::Reshare => 2,
        Right::Own => 3,
    }
}

impl Actor {
    /// Beginning a draft: doctors write reports, patients bring their own.
    pub fn may_write_reports(&self) -> Verdict {
        self.active_as(&[Role::Doctor, Role::Patient])
    }

    /// Creating a report: doctors and their devices about anyone, patients and theirs about themselves alone. `patient` is the account that the
    /// genesis names; none for a placeholder.
    pub fn may_create_about(&self, patient: Option<AccountId>) -> Verdict {
        self.may_write_reports()?;
        let person = self.device_of.unwrap_or(self.account);
        allow(self.role != Role::Patient || patient == Some(person), ErrorCode::Forbidden)
    }

    /// Reading a report: its owner and holders of a live grant. No role opens one.
    pub fn may_read(&self, standing: ReportStanding) -> Verdict {
        self.active()?;
        allow(standing.owner || standing.right.is_some(), ErrorCode::NotFound)
    }

    /// Adding a version.
    pub fn may_contribute(&self, standing: ReportStanding) -> Verdict {
        self.may_read(standing)?;
        allow(standing.contributes(), ErrorCode::Forbidden)
    }

    /// Passing access on.
    pub fn may_share(&self, standing: ReportStanding) -> Verdict {
        self.may_read(standing)?;
        allow(standing.owner || standing.reaches(Right::Reshare), ErrorCode::Forbidden)
    }

    /// A draft or an upload belongs to one person; to everyone else it isn't there.
    pub fn may_use_own(&self, holder: AccountId) -> Verdict {
        self.active()?;
        allow(holder == self.account, ErrorCode::NotFound)
    }

    /// Reading one version: the owner, and whoever holds a live grant that covers it.
    pub fn may_open(&self, standing: ReportStanding, covered: bool) -> Verdict {
        self.may_read(standing)?;
        allow(covered, ErrorCode::NotFound)
    }

    /// Redeeming or claiming: the person that a grant waits for; to everyone else it isn't there.
    pub fn may_take(&self, waiting: WaitingGrant) -> Verdict {
        self.active()?;
        allow(waiting.named || waiting.holds_placeholder, ErrorCode::NotFound)
    }

    /// Revoking: whoever may share, and the person whom the grant is for (to leave). What the chain's rules say besides
    /// is verified from the signed entries.
    pub fn may_revoke(&self, standing: ReportStanding, named: bool) -> Verdict {
        if named { self.active() } else { self.may_share(standing) }
    }

    /// Seeing that a report was erased, and by whose word: whoever had it.
    pub fn may_see_erasure(&self, had: bool) -> Verdict {
        self.active()?;
        allow(had, ErrorCode::NotFound)
    }

    /// Reading the events of an erased report, and who is in them: whose it was. Whoever else had it learns that it was erased.
    pub fn may_read_record_of_erased(&self, standing: ReportStanding) -> Verdict {
        self.active()?;
        allow(standing.owner, ErrorCode::ReportErased)
    }

    /// Seeing whom the access chain names: readers, and whoever must verify it before taking a grant.
    pub fn may_see_people(&self, standing: ReportStanding, waiting: bool) -> Verdict {
        if waiting { self.active() } else { self.may_read(standing) }
    }

    /// Reading a report's audit: everyone who may read the report, since its events name them too.
    pub fn may_read_events(&self, standing: ReportStanding) -> Verdict {
        self.may_read(standing)
    }

    /// Re-keying, and whatever else belongs to the owner alone.
    pub fn may_own(&self, standing: ReportStanding) -> Verdict {
        self.may_read(standing)?;
        allow(standing.owner, ErrorCode::Forbidden)
    }
}

#[cfg(test)]
mod tests {
    use api_types::accounts::AccountStatus;

    use super::*;
    use crate::policy::tests::{ROLES, actor};

    const NOBODY: ReportStanding = ReportStanding { owner: false, right: None };

    #[test]
    fn what_is_left_of_an_erased_report_is_whose_it_was() {
        let a = actor(Role::Patient, AccountStatus::Active);
        let held = ReportStanding { owner: false, right: Some(Right::Own) };
        assert_eq!(a.may_read_record_of_erased(ReportStanding { owner: true, right: None }), Ok(()));
        assert_eq!(a.may_read_record_of_erased(held), Err(ErrorCode::ReportErased));
        let off = actor(Role::Patient, AccountStatus::Disabled);
        assert_eq!(off.may_read_record_of_erased(ReportStanding::default()), Err(ErrorCode::AccountDisabled));
    }

    #[test]
    fn no_role_opens_a_report() {
        for role in ROLES {
            assert_eq!(actor(role, AccountStatus::Active).may_read(NOBODY), Err(ErrorCode::NotFound));
        }
    }

    #[test]
    fn rights_are_ordered() {
        let doctor = actor(Role::Doctor, AccountStatus::Active);
        let with = |right| ReportStanding { owner: false, right: Some(right) };
        assert_eq!(doctor.may_contribute(with(Right::View)), Err(ErrorCode::Forbidden));
        assert_eq!(doctor.may_contribute(with(Right::Contribute)), Ok(()));
        assert_eq!(doctor.may_share(with(Right::Contribute)), Err(ErrorCode::Forbidden));
        assert_eq!(doctor.may_share(with(Right::Reshare)), Ok(()));
        assert_eq!(doctor.may_own(with(Right::Reshare)), Err(ErrorCode::Forbidden));
    }
}
