//! Recovery shares: the own recovery split among contacts, and the shares that others gave to this account. Who holds which,
//! and how many open it, is what the account that split signed; the server only says which were given out, and holds them
//! sealed.

use api_types::{
    AccountId, B64, UnixMillis, WayInId,
    accounts::WayInKind,
    recovery_shares::{HeldShare as HeldRow, NewRecoverySplit, RecoverySplit as SplitRow},
};
use crypto::{
    account::{
        KeyChain, RecoveryKit, RecoveryShare, RecoverySplit, SHARE_HOLDERS, SHARE_THRESHOLD_MIN, WayInSecret,
        open_share, split_recovery,
    },
    sign::Signed,
};

use crate::{
    error::{ClientError, Result},
    ids::{ToApi, ToCrypto},
    key_log::AskedAt,
    people::{Person, parse_chain},
    platform::{Platform, rng},
    refusal::Refusal,
    session::ways_in,
    vault::Vault,
};

/// Somebody who holds a share of the own recovery, as it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Who.
    pub person: Person,
    /// When they were first given it, as the server says.
    pub opened_at: Option<UnixMillis>,
}

/// How the own recovery is split, checked against what was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Names it.
    pub way_in: WayInId,
    /// How many of the holders open the account together.
    pub threshold: u8,
    /// Who holds a share.
    pub holders: Vec<Holder>,
    /// When it was made, as the server says.
    pub created_at: UnixMillis,
}

impl Split {
    /// How many of the holders are left: all but those whose accounts were closed, by a word that was verified. Whoever is
    /// disabled may be enabled again, and is so by the server's word alone.
    pub fn left(&self) -> usize {
        self.holders.iter().filter(|holder| holder.person.closed_by.is_none()).count()
    }

    /// Whether too few are left to open the account together.
    pub fn is_short(&self) -> bool {
        self.left() < usize::from(self.threshold)
    }
}

/// A share that somebody gave to this account, checked against what they signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldShare {
    /// Names it.
    pub way_in: WayInId,
    /// Whose account it helps to open.
    pub person: Person,
    /// How many open it together.
    pub threshold: u8,
    /// How many there are.
    pub shares: usize,
    /// When it was made, as the server says.
    pub created_at: UnixMillis,
    /// When it was first given out, as the server says.
    pub opened_at: Option<UnixMillis>,
}

/// A statement, signed by the account of this chain about this way in.
fn signed(blob: &B64, way_in: &WayInId, chain: &KeyChain) -> Result<Signed<RecoverySplit>> {
    let statement = Signed::<RecoverySplit>::parse(&blob.0).map_err(|_| Refusal::SharesForged)?;
    let said = statement.verify_split(chain).map_err(|_| Refusal::SharesForged)?;
    if said.way_in != way_in.crypto() {
        return Err(Refusal::SharesForged.into());
    }
    Ok(statement)
}

/// Whether a recovery can be split among these.
fn check_numbers(contacts: &[AccountId], threshold: u8) -> Result<()> {
    let twice = contacts.iter().enumerate().any(|(at, contact)| contacts[..at].contains(contact));
    let in_reach = threshold >= SHARE_THRESHOLD_MIN && usize::from(threshold) <= contacts.len();
    match SHARE_HOLDERS.contains(&contacts.len()) && in_reach && !twice {
        true => Ok(()),
        false => Err(ClientError::ShareNumbers { fewest: *SHARE_HOLDERS.start(), most: *SHARE_HOLDERS.end() }),
    }
}

impl<P: Platform> Vault<P> {
    /// How the recovery is split, as it was signed, with its way in; and no such way in without a split.
    ///
    /// # Errors
    /// [`Refusal::SharesForged`] where the server shows another split than was signed; no connection.
    pub async fn recovery_split(&self) -> Result<Option<Split>> {
        let account = self.api().get_account().await?;
        if account.public.id != self.account_id() {
            return Err(Refusal::OtherThing.into());
        }
        let ways: Vec<_> = ways_in(&account, WayInKind::RecoveryShares)?.iter().map(|w| w.claimed().id.api()).collect();
        let asked = self.asking();
        let row = self.api().get_recovery_split().await?.split;
        match (row, &ways[..]) {
            (None, []) => Ok(None),
            (Some(row), [way]) if row.way_in == *way => self.own_split(row, asked).await.map(Some),
            // Who holds its shares isn't shown, or what they open isn't there.
            _ => Err(Refusal::SharesForged.into()),
        }
    }

    async fn own_split(&self, row: SplitRow, asked: AskedAt) -> Result<Split> {
        self.prove_logged(&row.holders.iter().map(|holder| holder.account.clone()).collect::<Vec<_>>()).await?;
        let statement = signed(&row.statement, &row.way_in, &self.chain())?;
        let said = statement.claimed();
        if said.holders.len() != row.holders.len() {
            return Err(Refusal::SharesForged.into());
        }
        let mut holders = Vec::with_capacity(row.holders.len());
        for (holder, signed) in row.holders.iter().zip(&said.holders) {
            let person = self.learn(&holder.account, asked)?;
            if !signed.names_key_of(&person.chain) {
                return Err(Refusal::SharesForged.into());
            }
            holders.push(Holder { person, opened_at: holder.opened_at });
        }
        Ok(Split { way_in: row.way_in, threshold: said.threshold, holders, created_at: row.created_at })
    }

    /// Splits the recovery of this account among contacts, so that `threshold` of them open it together and fewer know
    /// nothing. Their keys are checked as any recipient's, and pinned. The recovery kit stays what it is. The session must be
    /// confirmed ([`Vault::confirm`]).
    ///
    /// # Errors
    /// [`ClientError::ShareNumbers`]; `confirmation_required`; `conflict` where it is split already; a refusal.
    pub async fn split_recovery(&self, contacts: &[AccountId], threshold: u8) -> Result<()> {
        check_numbers(contacts, threshold)?;
        if contacts.contains(&self.account_id()) {
            return Err(ClientError::NotAllowed);
        }
        let mut people = Vec::with_capacity(contacts.len());
        for contact in contacts {
            let person = self.person(contact).await?;
            person.may_receive()?;
            self.pin(&person.chain);
            people.push(person);
        }
        self.save_state().await?;
        let secret = RecoveryKit::generate(&mut rng());
        // A rotation must not come between.
        let _no_save_meanwhile = self.lock_saving().await;
        let way_in = self.present_way_in(WayInSecret::RecoveryShares(&secret)).await?;
        let chains: Vec<&KeyChain> = people.iter().map(|person| &*person.chain).collect();
        let keyring = self.keyring();
        let (statement, sealed) = split_recovery(
            (self.id(), keyring.current()),
            way_in.id.crypto(),
            &secret,
            (&chains, threshold),
            self.signing_time(),
            &mut rng(),
        )
        .map_err(|_| ClientError::Internal("the recovery could not be split"))?;
        let sealed = sealed.into_iter().map(B64).collect();
        let new = NewRecoverySplit { statement: B64::from(statement.as_bytes()), sealed, way_in };
        self.api().make_recovery_split(&new).await
    }

    /// The shares that others gave to this account. What one of them didn't sign is refused beside the others.
    ///
    /// # Errors
    /// No connection; what is refused of one stands with that one.
    pub async fn held_shares(&self) -> Result<Vec<Result<HeldShare>>> {
        let asked = self.asking();
        let rows = self.api().list_held_shares().await?.items;
        self.prove_logged(&rows.iter().map(|row| row.account.clone()).collect::<Vec<_>>()).await?;
        Ok(rows.into_iter().map(|row| self.holding(row, asked).map(|(share, _)| share)).collect())
    }

    fn holding(&self, row: HeldRow, asked: AskedAt) -> Result<(HeldShare, Signed<RecoverySplit>)> {
        let person = self.learn(&row.account, asked)?;
        let statement = signed(&row.statement, &row.way_in, &parse_chain(&row.account)?)?;
        let said = statement.claimed();
        if !said.held_by(&self.id()).is_some_and(|own| own.names_key_of(&self.chain())) {
            return Err(Refusal::SharesForged.into());
        }
        let share = HeldShare {
            way_in: row.way_in,
            person,
            threshold: said.threshold,
            shares: said.holders.len(),
            created_at: row.created_at,
            opened_at: row.opened_at,
        };
        Ok((share, statement))
    }

    /// The own share of somebody's recovery, to be read out to them and to nobody else. They are told that it was opened. The
    /// session must be confirmed ([`Vault::confirm`]).
    ///
    /// # Errors
    /// [`ClientError::Missing`] where it was removed; [`Refusal::SharesForged`] for another share than was signed; no
    /// connection.
    pub async fn open_share(&self, way_in: &WayInId) -> Result<RecoveryShare> {
        let asked = self.asking();
        let rows = self.api().list_held_shares().await?.items;
        let row = rows.into_iter().find(|row| row.way_in == *way_in);
        let row = row.ok_or(ClientError::Missing { what: "This recovery share" })?;
        self.prove_logged(std::slice::from_ref(&row.account)).await?;
        let (_, statement) = self.holding(row, asked)?;
        let sealed = self.api().open_held_share(way_in).await?.sealed;
        let opened = open_share(&statement, &sealed.0, (&self.chain(), &self.keyring()));
        Ok(opened.map_err(|_| Refusal::SharesForged)?)
    }
}
