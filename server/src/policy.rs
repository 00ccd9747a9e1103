//! Who may do what: the one place where that is decided, of reports in `reports`. Pure functions; what isn't allowed here is refused.
//!
//! Services load the facts and ask; they don't decide. What a person may not see answers `not_found`, so that the
//! answer doesn't tell whether it exists; what they see but may not do answers `forbidden`.

mod reports;

use api_types::{
    AccountId, ErrorCode, SessionId, UnixMillis,
    accounts::{AccountStatus, Role},
    sessions::Carrier,
};
use crypto::sign::PublicSigningKey;

use crate::{clock::MINUTE, scopes::Scopes};
pub use reports::{ReportStanding, WaitingGrant, rank};

/// So long a session counts as confirmed after a proof of the password.
pub const CONFIRMED_FOR: UnixMillis = 10 * MINUTE;
/// So much later than now the proof may seem: another server took it, whose clock is a little ahead.
const CLOCKS_DIFFER: UnixMillis = MINUTE / 2;

/// A signed-in person, as the session says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// Account.
    pub account: AccountId,
    /// Role.
    pub role: Role,
    /// Status now.
    pub status: AccountStatus,
    /// The role needs a second factor, and the account has none.
    pub second_factor_due: bool,
    /// Session.
    pub session: SessionId,
    /// How the session's token travels.
    pub carrier: Carrier,
    /// Of an API token, which stands in the session's place: what it reaches. The table of `scopes` is asked before anything
    /// here.
    pub token: Option<Scopes>,
    /// Of a device: whose it is. `account` is the device then, and role and status are its owner's.
    pub device_of: Option<AccountId>,
    /// The account's newest key, under which its requests to read count. None where the record of it can't be read.
    pub reading_key: Option<ReadingKey>,
}

/// What verifies a request to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadingKey {
    /// The epoch that the request must name.
    pub epoch: u32,
    /// The key that must have signed it.
    pub signing: PublicSigningKey,
}

/// Allowed, or the code that refuses.
pub type Verdict = Result<(), ErrorCode>;

/// A person's standing towards another account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountStanding {
    /// The other's role.
    pub role: Role,
    /// The other's status.
    pub status: AccountStatus,
    /// Both are named in the access chain of a report that the asker may see.
    pub shares_report: bool,
}

fn allow(condition: bool, refusal: ErrorCode) -> Verdict {
    if condition { Ok(()) } else { Err(refusal) }
}

impl Actor {
    /// Whether the account may act at all; every route but the account's own state asks this first. Whoever is in breach
    /// of a policy can only secure their account.
    pub fn active(&self) -> Verdict {
        match self.status {
            AccountStatus::Active if self.second_factor_due => Err(ErrorCode::SecondFactorDue),
            AccountStatus::Active => Ok(()),
            AccountStatus::Pending => Err(ErrorCode::AccountPending),
            AccountStatus::Refused | AccountStatus::Disabled => Err(ErrorCode::AccountDisabled),
            AccountStatus::Deleted => Err(ErrorCode::SignedOut),
        }
    }

    fn active_as(&self, roles: &[Role]) -> Verdict {
        self.active()?;
        allow(roles.contains(&self.role), ErrorCode::Forbidden)
    }

    /// Securing one's own account: adding a second factor; refusing, ending and removing what others could get in by;
    /// leaving. Also while it waits, or is in breach of a policy. Whoever was switched off may not, lest it be in other
    /// hands.
    pub fn may_secure_account(&self) -> Verdict {
        allow(self.status != AccountStatus::Deleted, ErrorCode::SignedOut)?;
        allow(self.status != AccountStatus::Disabled, ErrorCode::AccountDisabled)
    }

    /// Changing anything else of one's own account: not while it is in breach of a policy, as a password alone must not be
    /// enough to make another way in.
    pub fn may_change_account(&self) -> Verdict {
        self.may_secure_account()?;
        allow(!self.second_factor_due, ErrorCode::SecondFactorDue)
    }

    /// Securing how one gets in: only shortly after the password was proved, so that a session left open, or stolen, isn't
    /// enough.
    pub fn may_secure_ways_in(&self, confirmed_at: UnixMillis, now: UnixMillis) -> Verdict {
        self.may_secure_account()?;
        self.may_end_sessions(confirmed_at, now)
    }

    /// Ending other sessions of one's own, whatever became of the account: likewise, so that whoever has one of them puts nobody out.
    pub fn may_end_sessions(&self, confirmed_at: UnixMillis, now: UnixMillis) -> Verdict {
        let lately = (-CLOCKS_DIFFER..=CONFIRMED_FOR).contains(&(now - confirmed_at));
        allow(lately, ErrorCode::ConfirmationRequired)
    }

    /// Changing how one gets in, likewise.
    pub fn may_change_ways_in(&self, confirmed_at: UnixMillis, now: UnixMillis) -> Verdict {
        self.may_change_account()?;
        self.may_secure_ways_in(confirmed_at, now)
    }

    /// Signing in with a phone: not for administrators, who can act on others without keys, as a number is easily taken over.
    pub fn may_sign_in_by_phone(&self) -> Verdict {
        self.may_change_account()?;
        allow(self.role != Role::Administrator, ErrorCode::Forbidden)
    }

    /// Refusing or removing an emergency contact: whoever made it; to everyone else it isn't there. Also while the account
    /// waits or is in breach of a policy.
    pub fn may_refuse_emergency(&self, owner: AccountId) -> Verdict {
        self.may_secure_account()?;
        allow(owner == self.account, ErrorCode::NotFound)
    }

    /// Removing a recovery split: whoever made it; to everyone else it isn't there.
    pub fn may_remove_split(&self, owner: AccountId) -> Verdict {
        self.may_secure_account()?;
        allow(owner == self.account, ErrorCode::NotFound)
    }

    /// Refusing what is asked of one's escrow, or turning it off: its holder; to everyone else it isn't there.
    pub fn may_end_escrow(&self, owner: AccountId) -> Verdict {
        self.may_secure_account()?;
        allow(owner == self.account, ErrorCode::NotFound)
    }

    /// Administration: people, approval, the whole audit. Gives no sight of content.
    pub fn may_administer(&self) -> Verdict {
        self.active_as(&[Role::Administrator])
    }

    /// Administrators invite anyone; doctors invite patients.
    pub fn may_invite(&self, role: Role) -> Verdict {
        self.active()?;
        match (self.role, role) {
            (Role::Administrator, _) | (Role::Doctor, Role::Patient) => Ok(()),
            _ => Err(ErrorCode::Forbidden),
        }
    }

    /// Inviting for a placeholder: whoever made a grant for it, since accepting shows that grant's report's chain and
    /// people. Knowing the placeholder is not enough, every reader does. One that no grant names is nobody's yet.
    pub fn may_invite_for(&self, makers: &[AccountId]) -> Verdict {
        self.active()?;
        allow(makers.is_empty() || makers.contains(&self.account), ErrorCode::NotFound)
    }

    /// Own invitations; administrators all. A stranger's answers as if it weren't there.
    pub fn may_withdraw_invitation(&self, created_by: AccountId) -> Verdict {
        self.active()?;
        allow(self.role == Role::Administrator || created_by == self.account, ErrorCode::NotFound)
    }

    /// Binding a placeholder (the reports that wait for a patient) is for patients.
    pub fn may_accept_invitation(&self) -> Verdict {
        self.active_as(&[Role::Patient])
    }

    /// Looking people up: by name finds approved doctors, by e-mail exactly one.
    pub fn may_look_up(&self) -> Verdict {
        self.active()
    }

    /// Searching in another way than by the exact e-mail: not for devices, which are told whom they send to.
    pub fn may_search(&self) -> Verdict {
        self.may_look_up()?;
        allow(self.device_of.is_none(), ErrorCode::Forbidden)
    }

    /// Seeing another account: oneself, someone on a shared report, an approved doctor; administrators see all.
    pub fn may_see_account(&self, other: AccountId, standing: AccountStanding) -> Verdict {
        if other == self.account {
            return Ok(());
        }
        self.active()?;
        if let Some(owner) = self.device_of {
            return allow(other == owner, ErrorCode::NotFound);
        }
        // Whoever knew a doctor learns that the account was deleted, with the proof of it.
        let listed = matches!(standing.status, AccountStatus::Active | AccountStatus::Deleted);
        let known_doctor = standing.role == Role::Doctor && listed;
        allow(self.role == Role::Administrator || standing.shares_report || known_doctor, ErrorCode::NotFound)
    }

    /// Making a team. Administrators don't: whoever belongs to a team has its key.
    pub fn may_make_teams(&self) -> Verdict {
        self.active_as(&[Role::Doctor])
    }

    /// Changing a team: its managers. Others see it, so that it isn't hidden from them.
    pub fn may_manage_team(&self, manager: bool) -> Verdict {
        self.active_as(&[Role::Doctor])?;
        allow(manager, ErrorCode::Forbidden)
    }

    /// Having devices that send: whoever writes reports.
    pub fn may_add_devices(&self) -> Verdict {
        self.may_write_reports()
    }
}

#[cfg(test)]
mod tests {
    use api_types::grants::Right;

    use super::*;

    pub(super) fn actor(role: Role, status: AccountStatus) -> Actor {
        Actor {
            account: AccountId([1; 32]),
            role,
            status,
            second_factor_due: false,
            session: SessionId([9; 16]),
            carrier: Carrier::Bearer,
            token: None,
            device_of: None,
            reading_key: None,
        }
    }

    pub(super) const ROLES: [Role; 3] = [Role::Administrator, Role::Doctor, Role::Patient];

    #[test]
    fn whoever_is_not_active_may_nothing() {
        let owner = ReportStanding { owner: true, right: Some(Right::Own) };
        for role in ROLES {
            for (status, code) in [
                (AccountStatus::Pending, ErrorCode::AccountPending),
                (AccountStatus::Refused, ErrorCode::AccountDisabled),
                (AccountStatus::Disabled, ErrorCode::AccountDisabled),
                (AccountStatus::Deleted, ErrorCode::SignedOut),
            ] {
                let a = actor(role, status);
                for verdict in [
                    a.may_administer(),
                    a.may_invite(Role::Patient),
                    a.may_look_up(),
                    a.may_write_reports(),
                    a.may_read(owner),
                    a.may_own(owner),
                ] {
                    assert_eq!(verdict, Err(code), "{role:?} {status:?}");
                }
            }
        }
    }

    #[test]
    fn whoever_is_in_breach_of_a_policy_may_nothing() {
        for role in ROLES {
            let a = Actor { second_factor_due: true, ..actor(role, AccountStatus::Active) };
            assert_eq!(a.active(), Err(ErrorCode::SecondFactorDue));
            let waiting = Actor { status: AccountStatus::Pending, ..a };
            assert_eq!(waiting.active(), Err(ErrorCode::AccountPending));
        }
    }

    #[test]
    fn a_confirmation_lasts_ten_minutes() {
        let a = actor(Role::Patient, AccountStatus::Active);
        let at = |confirmed_at| a.may_change_ways_in(confirmed_at, 10 * MINUTE);
        assert_eq!((at(0), at(10 * MINUTE)), (Ok(()), Ok(())));
        assert_eq!(at(-1), Err(ErrorCode::ConfirmationRequired));
        assert_eq!(at(10 * MINUTE + 1_000), Ok(()), "proved to another server, whose clock is ahead by a second");
        assert_eq!(at(11 * MINUTE), Err(ErrorCode::ConfirmationRequired), "a clock that was set back");
        let off = actor(Role::Patient, AccountStatus::Disabled);
        assert_eq!(off.may_change_ways_in(0, 0), Err(ErrorCode::AccountDisabled));
        assert_eq!(off.may_secure_ways_in(0, 0), Err(ErrorCode::AccountDisabled));
    }

    #[test]
    fn whoever_is_in_breach_of_a_policy_secures_their_account_and_changes_nothing_else() {
        for (role, status) in ROLES.into_iter().flat_map(|role| {
            [AccountStatus::Active, AccountStatus::Pending, AccountStatus::Refused].map(|status| (role, status))
        }) {
            let fine = actor(role, status);
            let due = Actor { second_factor_due: true, ..fine };
            assert_eq!((fine.may_change_account(), fine.may_change_ways_in(0, 0)), (Ok(()), Ok(())));
            assert_eq!((due.may_secure_account(), due.may_secure_ways_in(0, 0)), (Ok(()), Ok(())));
            let refused = Err(ErrorCode::SecondFactorDue);
            assert_eq!((due.may_change_account(), due.may_sign_in_by_phone()), (refused, refused));
            assert_eq!(due.may_change_ways_in(0, 0), refused);
            assert_eq!(due.may_change_ways_in(0, 11 * MINUTE), refused, "nobody is asked for a password in vain");
            assert_eq!(due.may_secure_ways_in(0, 11 * MINUTE), Err(ErrorCode::ConfirmationRequired));
            let own = due.account;
            let ending = [due.may_refuse_emergency(own), due.may_remove_split(own), due.may_end_escrow(own)];
            assert_eq!(ending, [Ok(()); 3]);
        }
    }

    #[test]
    fn a_phone_signs_no_administrator_in() {
        let by_phone = |role| actor(role, AccountStatus::Active).may_sign_in_by_phone();
        assert_eq!(ROLES.map(by_phone), [Err(ErrorCode::Forbidden), Ok(()), Ok(())]);
    }

    #[test]
    fn a_device_finds_by_e_mail_and_sees_its_owner() {
        let (owner, device) = (AccountId([3; 32]), actor(Role::Doctor, AccountStatus::Active));
        let device = Actor { device_of: Some(owner), ..device };
        assert_eq!((device.may_look_up(), device.may_search()), (Ok(()), Err(ErrorCode::Forbidden)));
        let doctor = AccountStanding { role: Role::Doctor, status: AccountStatus::Active, shares_report: true };
        assert_eq!(device.may_see_account(owner, doctor), Ok(()));
        assert_eq!(device.may_see_account(AccountId([2; 32]), doctor), Err(ErrorCode::NotFound));
        let patients = Actor { role: Role::Patient, ..device };
        assert_eq!(patients.may_create_about(Some(owner)), Ok(()));
        assert_eq!(patients.may_create_about(Some(device.account)), Err(ErrorCode::Forbidden));
    }

    #[test]
    fn invitations_follow_roles() {
        let doctor = actor(Role::Doctor, AccountStatus::Active);
        assert_eq!(doctor.may_invite(Role::Patient), Ok(()));
        assert_eq!(doctor.may_invite(Role::Doctor), Err(ErrorCode::Forbidden));
        assert_eq!(actor(Role::Patient, AccountStatus::Active).may_invite(Role::Patient), Err(ErrorCode::Forbidden));
        assert_eq!(actor(Role::Administrator, AccountStatus::Active).may_invite(Role::Administrator), Ok(()));
    }

    #[test]
    fn patients_and_pending_doctors_are_not_found_by_strangers() {
        let doctor = actor(Role::Doctor, AccountStatus::Active);
        let other = AccountId([2; 32]);
        let see = |role, status, shares_report| {
            doctor.may_see_account(other, AccountStanding { role, status, shares_report })
        };
        assert_eq!(see(Role::Patient, AccountStatus::Active, false), Err(ErrorCode::NotFound));
        assert_eq!(see(Role::Doctor, AccountStatus::Pending, false), Err(ErrorCode::NotFound));
        assert_eq!(see(Role::Doctor, AccountStatus::Active, false), Ok(()));
        assert_eq!(see(Role::Patient, AccountStatus::Active, true), Ok(()));
    }
}
