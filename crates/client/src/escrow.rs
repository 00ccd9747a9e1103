//! Escrow, from the side of the account: off until its holder turned it on, for a key that the organisation signed and whose
//! fingerprint the holder compared. It is not strictly end-to-end: whoever keeps the organisation's escrow words can open
//! the account, after a delay that only the server keeps.

use api_types::{
    B64, UnixMillis, WayInId,
    accounts::WayInKind,
    escrow::{AccountEscrow as Row, EndedEscrowKey, EscrowState, NewAccountEscrow, RemoveAccountEscrow},
};
use crypto::{
    account::{AccountEscrow, EscrowEnd, EscrowKey, KeyChain, RecoveryKit, WayInSecret, seal_escrow},
    sign::Signed,
};

use crate::{
    error::{ClientError, Result},
    ids::{ToApi, ToCrypto},
    key_log::AskedAt,
    people::Person,
    platform::{Platform, rng},
    refusal::Refusal,
    session::ways_in,
    vault::Vault,
};

/// Words of an escrow key's fingerprint.
const WORDS: usize = 12;

/// What an account put in escrow, checked against what it and the organisation signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escrow {
    /// Names it.
    pub way_in: WayInId,
    /// Of the escrow key that it is sealed to.
    pub fingerprint: [&'static str; WORDS],
    /// Where it stands, as the server says; that the organisation ended the key is signed.
    pub state: EscrowState,
    /// When it was turned on, as the server says.
    pub created_at: UnixMillis,
    /// Who asked for it.
    pub asked_by: Option<Person>,
    /// When it was asked for.
    pub asked_at: Option<UnixMillis>,
    /// When it opens, or opened.
    pub opens_at: Option<UnixMillis>,
    /// When an administrator was given what is sealed.
    pub given_at: Option<UnixMillis>,
    /// When it was last refused.
    pub refused_at: Option<UnixMillis>,
    /// Before then it can't be asked for again.
    pub ask_again_at: Option<UnixMillis>,
}

/// Whether there is escrow here, and whether it is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscrowStanding {
    /// The key that the organisation offers.
    pub offered: Option<EscrowOffer>,
    /// What this account put in escrow.
    pub own: Option<Escrow>,
}

/// An escrow key that the organisation signed. Whoever turns escrow on types two words of its fingerprint that aren't shown, as
/// they have them from the organisation itself; which two is drawn anew each time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscrowOffer {
    key: EscrowKey,
    asked: [usize; 2],
}

/// A key whose fingerprint was compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmedEscrow(EscrowKey);

/// Two different places, in order.
fn two_places() -> [usize; 2] {
    let mut random = [0_u8; 2];
    crypto::rand_core::Rng::fill_bytes(&mut rng(), &mut random);
    let first = usize::from(random[0]) % WORDS;
    let second = (first + 1 + usize::from(random[1]) % (WORDS - 1)) % WORDS;
    [first.min(second), first.max(second)]
}

impl EscrowOffer {
    fn new(key: EscrowKey) -> Self {
        Self { key, asked: two_places() }
    }

    /// The fingerprint, without the words that are asked for.
    pub fn shown(&self) -> [Option<&'static str>; WORDS] {
        let words = self.key.fingerprint_words();
        std::array::from_fn(|at| (!self.asked.contains(&at)).then(|| words[at]))
    }

    /// Numbers of the words that are asked for, from 1.
    pub fn asked(&self) -> [usize; 2] {
        self.asked.map(|at| at + 1)
    }

    /// Compares the words that were typed for [`EscrowOffer::asked`].
    ///
    /// # Errors
    /// [`ClientError::EscrowFingerprint`].
    pub fn confirm(&self, typed: [&str; 2]) -> Result<ConfirmedEscrow> {
        let words = self.key.fingerprint_words();
        let same = |(at, typed): (usize, &str)| words[at] == typed.trim().to_lowercase();
        match self.asked.into_iter().zip(typed).all(same) {
            true => Ok(ConfirmedEscrow(self.key.clone())),
            false => Err(ClientError::EscrowFingerprint),
        }
    }
}

fn forged() -> ClientError {
    Refusal::EscrowForged.into()
}

impl<P: Platform> Vault<P> {
    /// An escrow key that the organisation signed, whether or not it still counts.
    pub(crate) fn signed_key(&self, statement: &B64) -> Result<EscrowKey> {
        let pinned = self.pinned();
        let organisation = pinned.organisation.as_ref().ok_or_else(forged)?;
        let statement = Signed::<EscrowKey>::parse(&statement.0).map_err(|_| forged())?;
        let said = statement.verify_escrow_key(organisation, &pinned.instance).map_err(|_| forged())?;
        Ok(said.clone())
    }

    /// The key that is offered: signed, neither older than one seen before nor ended, and remembered. So is the one that
    /// ended last.
    pub(crate) fn offered_key(
        &self,
        offered: Option<&B64>,
        ended: Option<&EndedEscrowKey>,
    ) -> Result<Option<EscrowKey>> {
        let offered = offered.map(|key| self.signed_key(key)).transpose()?;
        if let Some(key) = &offered {
            self.see_key(key)?;
        }
        if let Some(ended) = ended {
            let key = self.signed_key(&ended.key)?;
            self.check_end(&ended.end, &key)?;
            self.note_key(&key, true);
        }
        // It may have ended between the server's looks at the two.
        Ok(offered.filter(|key| self.state().check_escrow_key(key).is_ok()))
    }

    /// Refuses a key that is older than one seen, or has ended; remembers any other.
    fn see_key(&self, key: &EscrowKey) -> Result<()> {
        self.state().check_escrow_key(key)?;
        self.note_key(key, false);
        Ok(())
    }

    /// Remembers a key, and whether it has ended.
    pub(crate) fn note_key(&self, key: &EscrowKey, ended: bool) {
        if self.state().note_escrow_key(key, ended) {
            self.touch();
        }
    }

    /// What the account of this chain signed, and the key that it names: one that still counts, unless it is shown that it
    /// has ended.
    pub(crate) fn escrowed(&self, row: &Row, chain: &KeyChain) -> Result<(Signed<AccountEscrow>, EscrowKey)> {
        let statement = Signed::<AccountEscrow>::parse(&row.statement.0).map_err(|_| forged())?;
        let said = statement.verify_escrow(chain).map_err(|_| forged())?;
        let key = self.signed_key(&row.key)?;
        if said.way_in != row.way_in.crypto() || said.key_hash != key.public.hash() {
            return Err(forged());
        }
        match (&row.end, row.state == EscrowState::Ended) {
            (Some(end), true) => {
                self.check_end(end, &key)?;
                self.note_key(&key, true);
            }
            (None, false) => self.see_key(&key)?,
            _ => return Err(forged()),
        }
        Ok((statement, key))
    }

    /// A key has ended by the organisation's word, and by nobody else's.
    fn check_end(&self, end: &B64, key: &EscrowKey) -> Result<()> {
        let pinned = self.pinned();
        let organisation = pinned.organisation.as_ref().ok_or_else(forged)?;
        let end = Signed::<EscrowEnd>::parse(&end.0).map_err(|_| forged())?;
        end.verify_escrow_end(organisation, &pinned.instance, &key.public.hash()).map_err(|_| forged())?;
        Ok(())
    }

    /// A row as it is shown, once it was checked. `asked` is from before the request ([`Vault::asking`]).
    pub(crate) async fn shown_escrow(&self, row: Row, key: &EscrowKey, asked: AskedAt) -> Result<Escrow> {
        let asked_by = match &row.asked_by {
            Some(account) => {
                self.prove_logged(std::slice::from_ref(account)).await?;
                Some(self.learn(account, asked)?)
            }
            None => None,
        };
        Ok(Escrow {
            way_in: row.way_in,
            fingerprint: key.fingerprint_words(),
            state: row.state,
            created_at: row.created_at,
            asked_by,
            asked_at: row.asked_at,
            opens_at: row.opens_at,
            given_at: row.given_at,
            refused_at: row.refused_at,
            ask_again_at: row.ask_again_at,
        })
    }

    /// Ways in by escrow, as the own account has them.
    async fn escrow_ways(&self) -> Result<Vec<WayInId>> {
        let account = self.api().get_account().await?;
        if account.public.id != self.account_id() {
            return Err(Refusal::OtherThing.into());
        }
        Ok(ways_in(&account, WayInKind::Escrow)?.iter().map(|way| way.claimed().id.api()).collect())
    }

    /// The one that is in escrow. What else the server says of it doesn't matter to who wants to be rid of it.
    async fn escrow_way(&self) -> Result<WayInId> {
        self.escrow_ways().await?.first().copied().ok_or(ClientError::Missing { what: "Something in escrow" })
    }

    /// Whether the organisation offers escrow, and whether this account has it on: as it was signed, with its way in, and no
    /// such way in without a statement.
    ///
    /// # Errors
    /// [`Refusal::EscrowForged`] for a key that the organisation didn't sign, and for another escrow than was signed;
    /// [`Refusal::EscrowKeyOlder`] for a key that it replaced or ended; no connection.
    pub async fn escrow(&self) -> Result<EscrowStanding> {
        let ways = self.escrow_ways().await?;
        let asked = self.asking();
        let body = self.api().get_escrow().await?;
        let offered = self.offered_key(body.offered.as_ref(), body.ended.as_ref())?.map(EscrowOffer::new);
        let own = match (body.own, &ways[..]) {
            (None, []) => None,
            (Some(row), [way]) if row.way_in == *way => {
                let (_, key) = self.escrowed(&row, &self.chain())?;
                Some(self.shown_escrow(row, &key, asked).await?)
            }
            // Under which key it lies isn't shown, or what it opens isn't there.
            _ => return Err(forged()),
        };
        self.save_state_soon().await;
        Ok(EscrowStanding { offered, own })
    }

    /// Turns escrow on, under a key whose fingerprint was compared. From then on whoever keeps the organisation's escrow words
    /// can open this account. The session must be confirmed ([`Vault::confirm`]).
    ///
    /// # Errors
    /// `confirmation_required`; `conflict` where it is on, or another key is offered by now; [`Refusal::EscrowKeyOlder`] where
    /// that was seen already; no connection.
    pub async fn turn_on_escrow(&self, confirmed: &ConfirmedEscrow) -> Result<()> {
        self.see_key(&confirmed.0)?;
        self.save_state().await?;
        let secret = RecoveryKit::generate(&mut rng());
        // A rotation must not come between.
        let _no_save_meanwhile = self.lock_saving().await;
        let way_in = self.present_way_in(WayInSecret::Escrow(&secret)).await?;
        let keyring = self.keyring();
        let (statement, sealed) = seal_escrow(
            (self.id(), keyring.current()),
            way_in.id.crypto(),
            &secret,
            &confirmed.0,
            self.signing_time(),
            &mut rng(),
        )
        .map_err(|_| ClientError::Internal("the secret could not be sealed"))?;
        let new = NewAccountEscrow { statement: B64::from(statement.as_bytes()), sealed: B64(sealed), way_in };
        self.api().add_escrow(&new).await
    }

    /// Turns escrow off and rotates the account key: what was in escrow opens nothing any more. Every other session ends. It
    /// needs nothing of what [`Vault::escrow`] may refuse. The session must be confirmed ([`Vault::confirm`]).
    ///
    /// # Errors
    /// [`ClientError::Missing`] where nothing is in escrow; as [`Vault::remove_emergency_contact`].
    pub async fn turn_off_escrow(&self) -> Result<()> {
        let id = self.escrow_way().await?;
        self.rotate_without(&id, async |rotation| {
            self.api().remove_escrow(&id, &RemoveAccountEscrow { rotation }).await
        })
        .await
    }

    /// Refuses what an administrator asked for.
    ///
    /// # Errors
    /// [`ClientError::Missing`] where nothing is in escrow; `conflict` where nobody asks; no connection.
    pub async fn refuse_escrow(&self) -> Result<()> {
        self.api().refuse_escrow(&self.escrow_way().await?).await
    }
}

#[cfg(test)]
mod tests {
    use crypto::{account::EscrowWords, ids::InstanceId};

    use super::*;

    #[test]
    fn two_different_places_are_asked_for_in_order() {
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..2000 {
            let [first, second] = two_places();
            assert!(first < second && second < WORDS);
            seen.extend([first, second]);
        }
        assert_eq!(seen.len(), WORDS, "each word is asked for some time");
    }

    #[test]
    fn only_the_words_that_are_left_out_confirm_a_key() {
        let key = EscrowKey::of(&EscrowWords::generate(&mut rng()), InstanceId([7; 16]), 1);
        let words = key.fingerprint_words();
        let offer = EscrowOffer { key, asked: [3, 8] };
        assert_eq!(offer.asked(), [4, 9]);
        let shown = offer.shown();
        assert!((0..WORDS).all(|at| shown[at] == (at != 3 && at != 8).then(|| words[at])));
        assert!(offer.confirm([words[3], &format!(" {} ", words[8].to_uppercase())]).is_ok());
        let other = if words[3] == "zoo" { "zone" } else { "zoo" };
        for typed in [[other, words[8]], [words[3], ""]] {
            assert!(matches!(offer.confirm(typed), Err(ClientError::EscrowFingerprint)), "{typed:?}");
        }
    }
}
