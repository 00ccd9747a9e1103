//! Newer keys that the tree has of pinned accounts: the server is asked for them, and an alarm is raised about whom it withholds.

use api_types::{
    ErrorCode,
    accounts::{PublicAccount, Role},
};
use crypto::{
    account::{KeyChain, KeyError},
    defence::Defence,
    ids::AccountId,
};

use super::{AlarmKind, AskedAt, Newer};
use crate::{
    error::{ClientError, Result},
    ids::ToApi,
    people::parse_chain,
    platform::Platform,
    refusal::Refusal,
    vault::Vault,
};

/// What came of asking for newer keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// They were given out.
    Given,
    /// Something else was, or that there is nothing any more.
    Withheld,
    /// The server says that there is nobody whom one may see. An honest one says it of somebody with whom one has no report in
    /// common any more, or never had. Whatever it shows of them later must have the newer keys.
    NotTold,
}

impl<P: Platform> Vault<P> {
    /// Asks for the newer keys that the tree has of pinned accounts, and raises an alarm about those that are withheld. What didn't
    /// come to be known is asked for again by the next scan.
    ///
    /// # Errors
    /// No answer, or one that says nothing of somebody's keys: it is returned once the others were asked for, unless the connection
    /// or the session is at its end.
    pub(super) async fn ask_for_newer(&self) -> Result<()> {
        let mut unknown = None;
        for (account, newer) in self.newer_due() {
            match self.ask_for(account, &newer).await {
                Ok(Asked::Withheld) => self.alarm_withheld(account, &newer),
                Ok(Asked::Given | Asked::NotTold) => {}
                Err(error) if ends_asking(&error) => return Err(error),
                Err(error) => unknown = unknown.or(Some(error)),
            }
        }
        unknown.map_or(Ok(()), Err)
    }

    /// Newer keys that nobody has been asked for yet, or was given.
    fn newer_due(&self) -> Vec<(AccountId, Newer)> {
        let state = self.state();
        let due = |(id, newer): &(&AccountId, &Newer)| {
            let behind = state.pins.get(id).is_some_and(|pin| pin.epoch < newer.epoch);
            behind && !state.keys.has_alarmed(newer.leaf)
        };
        state.keys.newer.iter().filter(due).map(|(id, newer)| (*id, *newer)).collect()
    }

    /// Asks the server, and not what this session remembers of a look-up: that may be from before the newer keys.
    async fn ask_for(&self, id: AccountId, newer: &Newer) -> Result<Asked> {
        let asked = self.asking();
        let answer = self.api().get_account_by_id(&id.api()).await;
        let account = match answer {
            Ok(account) => account,
            Err(error) => return self.told_nothing(error),
        };
        let chain = match KeyChain::parse(&id, &account.key_records) {
            Ok(chain) => chain,
            // Records of no form that this version knows say nothing to it.
            Err(error @ KeyError::Decode(_)) => return Err(Refusal::KeyRecord(error.to_string()).into()),
            Err(_) => return Ok(Asked::Withheld),
        };
        if self.withholds(&chain, newer) {
            return Ok(Asked::Withheld);
        }
        self.prove_logged(std::slice::from_ref(&account)).await?;
        match self.learn(&account, asked) {
            // They go on from the pinned ones, and are in the tree.
            Ok(person) => self.pin(&person.chain),
            // The newer keys are there. What else is wrong with the account is refused by its name wherever it is used.
            Err(ClientError::Refused(refusal)) if !refusal.stops_session() => {}
            Err(error) => return Err(error),
        }
        Ok(Asked::Given)
    }

    /// What it says of somebody's newer keys that the server tells nothing of them.
    fn told_nothing(&self, error: ClientError) -> Result<Asked> {
        let sees_all = self.own_account().public.role == Role::Administrator;
        refused(&error, sees_all).ok_or(error)
    }

    /// Whether keys don't go on from the pinned ones, or lack these newer ones.
    fn withholds(&self, chain: &KeyChain, newer: &Newer) -> bool {
        let other = self.state().check_pin(chain).is_err();
        other || (!newer.is_of(chain) && Defence::NewestKey.holds())
    }

    /// Raises the alarm, where the entry has raised none yet.
    fn alarm_withheld(&self, account: AccountId, newer: &Newer) {
        let known = self.state().keys.has_alarmed(newer.leaf);
        if !known {
            self.note(|keys| keys.raise(newer.leaf, AlarmKind::others(account, newer.epoch)));
        }
    }

    /// What to know of an answer that shows people, before it is asked for ([`Vault::learn`]).
    pub(crate) fn asking(&self) -> AskedAt {
        self.state().keys.asking()
    }

    /// Refuses keys that end before those that the tree has. Who shows them to somebody who had read these before they asked withholds
    /// the newer ones, whatever it says when it is asked for these: that is an alarm too. What was asked for earlier may just be older.
    pub(crate) fn check_newest(&self, chain: &KeyChain, asked: AskedAt) -> Result<(), Refusal> {
        let (checked, withheld) = {
            let state = self.state();
            (state.keys.check_newest(chain), state.keys.withheld(chain, asked))
        };
        if let Some(newer) = withheld {
            self.alarm_withheld(chain.account(), &newer);
        }
        checked
    }

    /// Whether what this session remembers of a look-up is from before keys that the tree has: it isn't what the server shows now.
    pub(crate) fn is_outdated(&self, account: &PublicAccount) -> bool {
        parse_chain(account).is_ok_and(|chain| self.state().keys.check_newest(&chain).is_err())
    }
}

/// Whether the next one needn't be asked for.
fn ends_asking(error: &ClientError) -> bool {
    match error {
        ClientError::Transport(_) => true,
        ClientError::Refused(refusal) => refusal.stops_session(),
        _ => false,
    }
}

/// What a refusal to tell of somebody says of their newer keys; `None` where it says nothing: the server is away, broken or busy, or it
/// is about who asks (signed out, disabled, a second factor due, a token that doesn't reach so far).
fn refused(error: &ClientError, sees_all: bool) -> Option<Asked> {
    match error.problem()? {
        // Administrators see everybody, those who are gone among them.
        ErrorCode::NotFound if sees_all => Some(Asked::Withheld),
        ErrorCode::NotFound => Some(Asked::NotTold),
        // Of a deleted account the keys are shown, and the signed word that closed it.
        ErrorCode::AccountDeleted | ErrorCode::Gone => Some(Asked::Withheld),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use api_types::Problem;

    use super::*;
    use crate::transport::TransportError;

    #[test]
    fn only_what_is_said_of_the_keys_decides() {
        let said = |code, sees_all| refused(&Problem::new(code).into(), sees_all);
        assert_eq!(said(ErrorCode::NotFound, false), Some(Asked::NotTold));
        assert_eq!(said(ErrorCode::NotFound, true), Some(Asked::Withheld));
        for code in [ErrorCode::AccountDeleted, ErrorCode::Gone] {
            assert_eq!((said(code, false), said(code, true)), (Some(Asked::Withheld), Some(Asked::Withheld)));
        }
        // Neither an alarm nor as if nothing had been asked.
        for code in [
            ErrorCode::Internal,
            ErrorCode::Unavailable,
            ErrorCode::DatabaseUnavailable,
            ErrorCode::Throttled,
            ErrorCode::SignedOut,
            ErrorCode::SecondFactorDue,
            ErrorCode::BeyondScope,
        ] {
            assert_eq!((said(code, false), said(code, true)), (None, None), "{code:?}");
        }
        for error in [ClientError::Answer { status: 404 }, ClientError::Answer { status: 502 }] {
            assert_eq!(refused(&error, true), None, "it isn't this API's answer");
        }
        assert_eq!(refused(&TransportError::Offline.into(), true), None);
    }
}
