//! Escrow, from the organisation's side: its key, whose words nobody but paper keeps, and asking for an account.

use api_types::{
    AccountId, B64, UnixMillis,
    escrow::{EndEscrowKey, EscrowedAccount, NewEscrowKey},
};
use crypto::account::{EscrowEnd, EscrowError, EscrowKey, EscrowWords, RecoveryKit, open_escrow};

use crate::{
    error::{ClientError, Result},
    escrow::Escrow,
    key_log::AskedAt,
    people::{Person, parse_chain},
    platform::{Platform, rng},
    refusal::Refusal,
    vault::Vault,
};

const NO_KEY: ClientError = ClientError::Missing { what: "An escrow key" };

/// The escrow key that is offered to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedEscrow {
    /// What is handed out on paper, for people to compare.
    pub fingerprint: [&'static str; 12],
    /// When it was signed.
    pub time: UnixMillis,
}

/// Somebody with something in escrow, checked against what they signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscrowedPerson {
    /// Who.
    pub person: Person,
    /// What.
    pub escrow: Escrow,
}

/// A page of accounts with something in escrow.
#[derive(Debug)]
pub struct EscrowPage {
    /// The key that is offered.
    pub key: Option<PublishedEscrow>,
    /// Those that were turned on last come first. What isn't signed is refused beside the others.
    pub items: Vec<Result<EscrowedPerson>>,
    /// Pass as `before` for the next page.
    pub next: Option<String>,
}

impl<P: Platform> Vault<P> {
    /// Fresh escrow words, to be printed and kept away from any computer.
    pub fn new_escrow_words(&self) -> EscrowWords {
        EscrowWords::generate(&mut rng())
    }

    /// Publishes the escrow key of these words, signed under the organisation key and later than every key before it, and gives
    /// its fingerprint. The session must be confirmed ([`Vault::confirm`]). The words are kept by neither this client nor the
    /// server.
    ///
    /// # Errors
    /// [`ClientError::NotAllowed`] without the organisation key; `conflict` while another key is offered; no connection.
    pub async fn make_escrow_key(&self, words: &EscrowWords) -> Result<[&'static str; 12]> {
        let organisation = self.organisation()?;
        self.present_escrow_key().await?;
        let newest = self.state().escrow.map(|seen| seen.time);
        let time = newest.map_or(self.now(), |newest| self.now().max(newest.saturating_add(1)));
        let key = EscrowKey::of(words, self.pinned().instance, time);
        let statement = B64::from(organisation.sign_escrow_key(key.clone()).as_bytes());
        self.api().make_escrow_key(&NewEscrowKey { statement }).await?;
        self.note_key(&key, false);
        self.save_state_soon().await;
        Ok(key.fingerprint_words())
    }

    /// Ends the escrow key that is offered, also one that this account refuses to use, as a restored database may offer one: what
    /// was sealed to it is deleted. The session must be confirmed.
    ///
    /// # Errors
    /// [`ClientError::Missing`] where there is none; as [`Vault::make_escrow_key`].
    pub async fn end_escrow_key(&self) -> Result<()> {
        let key = self.api().list_escrows(None).await?.key.ok_or(NO_KEY)?;
        let key = self.signed_key(&key)?;
        let said =
            EscrowEnd { instance: self.pinned().instance, key_hash: key.public.hash(), time: self.now().max(key.time) };
        let statement = B64::from(self.organisation()?.sign_escrow_end(said).as_bytes());
        self.api().end_escrow_key(&EndEscrowKey { statement }).await?;
        self.note_key(&key, true);
        self.save_state_soon().await;
        Ok(())
    }

    async fn present_escrow_key(&self) -> Result<Option<EscrowKey>> {
        let page = self.api().list_escrows(None).await?;
        self.offered_key(page.key.as_ref(), page.ended.as_ref())
    }

    /// The key that is offered, and accounts with something in escrow.
    ///
    /// # Errors
    /// [`Refusal::EscrowForged`] for a key that the organisation didn't sign; [`Refusal::EscrowKeyOlder`] for one that it
    /// replaced or ended; `forbidden`; no connection. What is refused of one account stands with that one.
    pub async fn escrows(&self, before: Option<&str>) -> Result<EscrowPage> {
        let asked = self.asking();
        let page = self.api().list_escrows(before).await?;
        let key = self.offered_key(page.key.as_ref(), page.ended.as_ref())?;
        let accounts: Vec<_> = page.items.iter().map(|item| item.account.clone()).collect();
        self.prove_logged(&accounts).await?;
        let mut items = Vec::with_capacity(page.items.len());
        for item in page.items {
            items.push(self.escrowed_person(item, asked).await);
        }
        self.save_state_soon().await;
        let key = key.map(|key| PublishedEscrow { fingerprint: key.fingerprint_words(), time: key.time });
        Ok(EscrowPage { key, items, next: page.next })
    }

    async fn escrowed_person(&self, item: EscrowedAccount, asked: AskedAt) -> Result<EscrowedPerson> {
        let person = self.learn(&item.account, asked)?;
        let (_, key) = self.escrowed(&item.escrow, &parse_chain(&item.account)?)?;
        Ok(EscrowedPerson { person, escrow: self.shown_escrow(item.escrow, &key, asked).await? })
    }

    /// Asks for an account: its holder is told, and the delay begins. The session must be confirmed.
    ///
    /// # Errors
    /// `not_found` where nothing is in escrow; `conflict` where it was asked for; `throttled` soon after a refusal; no
    /// connection.
    pub async fn ask_escrow(&self, account: &AccountId) -> Result<()> {
        self.api().ask_escrow(account).await
    }

    /// The 24 words that open an account, once the delay has run: to be handed to its holder, who recovers with them
    /// ([`crate::Client::recover`]), once. The session must be confirmed.
    ///
    /// # Errors
    /// [`ClientError::EscrowWords`] and [`ClientError::EscrowKeyOther`] for wrong escrow words, before anything is asked for;
    /// `escrow_not_open` before the delay has run; [`Refusal::EscrowForged`] for another secret than was signed;
    /// [`Refusal::EscrowKeyOlder`] for a key that was replaced or ended; no connection.
    pub async fn open_escrow(&self, account: &AccountId, escrow_words: &str) -> Result<RecoveryKit> {
        let words = EscrowWords::parse(escrow_words).map_err(ClientError::EscrowWords)?;
        if words.public() != self.present_escrow_key().await?.ok_or(NO_KEY)?.public {
            return Err(ClientError::EscrowKeyOther);
        }
        let asked = self.asking();
        let body = self.api().get_escrow_secret(account).await?;
        let of = body.of;
        if of.account.id != *account {
            return Err(Refusal::OtherThing.into());
        }
        self.prove_logged(std::slice::from_ref(&of.account)).await?;
        self.learn(&of.account, asked)?;
        let (statement, _) = self.escrowed(&of.escrow, &parse_chain(&of.account)?)?;
        open_escrow(statement.claimed(), &body.sealed.0, &words).map_err(|error| match error {
            EscrowError::WrongKey => ClientError::EscrowKeyOther,
            _ => Refusal::EscrowForged.into(),
        })
    }
}
