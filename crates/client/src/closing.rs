//! The end of accounts: one's own, and what is believed of others'. Nobody counts as gone without their own signed word, or the
//! organisation's.

use api_types::{
    AccountId, B64, ErrorCode, Problem, UnixMillis,
    accounts::{AccountStatus, PublicAccount},
    closing::{CheckDeletion, ClosedBy, Closing, DeleteAccount, PauseAccount, RemoveAccount},
    instance::ErasedInBackups,
};
use crypto::{
    account::{AccountClosing, AccountRemoval, KeyChain},
    defence::Defence,
    sign::Signed,
};

use crate::{
    content::check_email, error::Result, ids::ToCrypto, people::Person, platform::Platform, refusal::Refusal,
    transport::Transport, vault::Vault,
};

/// Milliseconds.
const DAY: UnixMillis = 86_400_000;

/// For how long backups hold what is erased now, as the server says: nothing shows it to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InBackups {
    /// The server makes none, and knows of none.
    NoneKnown,
    /// Until then at the latest, as long as backups are made as planned.
    Until(UnixMillis),
    /// There are some, and nobody set when they end, or the server doesn't know it.
    NoEnd,
}

impl InBackups {
    fn of(said: Option<ErasedInBackups>, now: UnixMillis) -> Self {
        match said {
            None => Self::NoneKnown,
            Some(ErasedInBackups { days: None }) => Self::NoEnd,
            Some(ErasedInBackups { days: Some(days) }) => {
                Self::Until(now.saturating_add(DAY.saturating_mul(i64::from(days))))
            }
        }
    }
}

impl Person {
    /// Whether anything new may be given to them.
    pub(crate) fn may_receive(&self) -> Result<()> {
        match self.status {
            AccountStatus::Deleted => Err(Problem::new(ErrorCode::AccountDeleted).into()),
            AccountStatus::Disabled => Err(Problem::new(ErrorCode::RecipientDisabled).into()),
            _ => Ok(()),
        }
    }
}

impl<P: Platform> Vault<P> {
    /// Who closed an account, where the server says that it is deleted; refused where nobody entitled said so.
    pub(crate) fn closed_by(&self, account: &PublicAccount, chain: &KeyChain) -> Result<Option<ClosedBy>, Refusal> {
        let forged = || Refusal::ClosingForged { account: account.id.to_string() };
        if account.status != AccountStatus::Deleted {
            return if account.closing.is_none() { Ok(None) } else { Err(forged()) };
        }
        let by = match &account.closing {
            Some(closing) => self.verify_closing(closing, chain).ok_or_else(forged)?,
            None if Defence::ClosingSigned.holds() => return Err(forged()),
            None => ClosedBy::Holder,
        };
        self.closed_accounts().insert(chain.account());
        Ok(Some(by))
    }

    fn verify_closing(&self, closing: &Closing, chain: &KeyChain) -> Option<ClosedBy> {
        let pinned = self.pinned();
        match closing.by {
            ClosedBy::Holder => {
                let statement = Signed::<AccountClosing>::parse(&closing.statement.0).ok()?;
                statement.verify_closing(&pinned.instance, chain).ok()?;
            }
            ClosedBy::Organisation => {
                let statement = Signed::<AccountRemoval>::parse(&closing.statement.0).ok()?;
                let key = pinned.organisation.as_ref()?;
                statement.verify_removed(key, &pinned.instance, &chain.account(), self.clock_ahead()).ok()?;
            }
        }
        Some(closing.by)
    }

    /// Now, by the clock that is furthest ahead of this one and still taken.
    fn clock_ahead(&self) -> UnixMillis {
        self.now().saturating_add(crypto::account::EPOCH_OVERLAP)
    }

    /// For how long backups would hold what is erased now. Said before anything is.
    ///
    /// # Errors
    /// No connection.
    pub async fn erased_in_backups(&self) -> Result<InBackups> {
        Ok(InBackups::of(self.api().get_instance().await?.erased_in_backups, self.now()))
    }

    /// Deletes this account, and erases every report that it owns for everybody. Nothing brings it back. The session must be
    /// confirmed ([`Vault::confirm`]); drop every clone of the vault afterwards. The server is asked before anything is signed:
    /// what an honest one would refuse is no statement that it could show.
    ///
    /// # Errors
    /// `sole_team_manager` with the names of the teams that nobody could change any more ([`Vault::managed_alone`]); a field
    /// error of the server for another address than the account's; `confirmation_required`; `last_administrator`; no
    /// connection.
    pub async fn delete_account(&self, email: &str) -> Result<()> {
        check_email(email.trim())?;
        self.leaves_no_team_alone().await?;
        self.api().check_deletion(&CheckDeletion { email: email.trim().to_owned() }).await?;
        // A save that comes later would only be refused.
        let _no_save_meanwhile = self.lock_saving().await;
        let keyring = self.keyring();
        let own = keyring.current();
        let said = AccountClosing {
            instance: self.pinned().instance,
            account: self.id(),
            epoch: own.epoch,
            time: self.signing_time(),
        };
        let statement = B64::from(Signed::sign(said, &own.signing).as_bytes());
        self.api().delete_account(&DeleteAccount { email: email.trim().to_owned(), statement }).await?;
        self.platform().transport().set_token(None);
        Ok(())
    }

    /// Pauses this account: every session ends, nothing can be shared with it, and an administrator enables it again. The
    /// session must be confirmed.
    ///
    /// # Errors
    /// As [`Vault::delete_account`].
    pub async fn pause_account(&self, email: &str) -> Result<()> {
        check_email(email.trim())?;
        self.leaves_no_team_alone().await?;
        self.save_state_soon().await;
        self.api().pause_account(&PauseAccount { email: email.trim().to_owned() }).await?;
        self.platform().transport().set_token(None);
        Ok(())
    }

    /// Has a disabled account deleted in 30 days, by a statement under the organisation key. Says when. The session must be
    /// confirmed.
    ///
    /// # Errors
    /// [`crate::ClientError::NotAllowed`] without the organisation key; `conflict` for an account that isn't disabled; no
    /// connection.
    pub async fn request_removal(&self, account: &AccountId) -> Result<UnixMillis> {
        let said = AccountRemoval::new(self.pinned().instance, account.crypto(), self.now());
        let statement = B64::from(self.organisation()?.sign_removal(said).as_bytes());
        Ok(self.api().remove_account(account, &RemoveAccount { statement }).await?.removal_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_does_not_say_of_backups_is_no_date() {
        let of = |days| InBackups::of(Some(ErasedInBackups { days }), 5);
        assert_eq!(InBackups::of(None, 5), InBackups::NoneKnown);
        assert_eq!(of(None), InBackups::NoEnd);
        assert_eq!(of(Some(36)), InBackups::Until(5 + 36 * DAY));
        assert_eq!(InBackups::of(Some(ErasedInBackups { days: Some(1) }), i64::MAX), InBackups::Until(i64::MAX));
    }
}
