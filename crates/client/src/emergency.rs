//! Emergency contacts: trusting somebody, and being trusted. Who they are and how long they wait is what the account that
//! trusts signed; the server only says where an asking stands, and holds the sealed words back until its time.

use api_types::{
    AccountId, B64, UnixMillis, WayInId,
    accounts::WayInKind,
    emergency::{EmergencyContact as Row, EmergencyState, NewEmergencyContact},
};
use crypto::{
    account::{
        EMERGENCY_DELAY_DAYS, EmergencyContact, KeyChain, RecoveryKit, WayInSecret, open_emergency, seal_emergency,
    },
    sign::Signed,
};

use crate::{
    content::{Field, FieldProblem, wrong},
    error::{ClientError, Result},
    ids::ToCrypto,
    key_log::AskedAt,
    people::{Person, parse_chain},
    platform::{Platform, rng},
    refusal::Refusal,
    session::ways_in,
    vault::Vault,
};

/// An emergency contact, checked against what the account that trusts signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmergencyLink {
    /// Names it.
    pub way_in: WayInId,
    /// To the one who trusts: the contact. To the contact: who trusts.
    pub person: Person,
    /// Days between asking and opening, as signed.
    pub delay_days: u8,
    /// Where it stands, as the server says.
    pub state: EmergencyState,
    /// When it was made, as the server says.
    pub created_at: UnixMillis,
    /// When it was asked for.
    pub asked_at: Option<UnixMillis>,
    /// When it opens, or opened.
    pub opens_at: Option<UnixMillis>,
    /// When the contact was given the words.
    pub given_at: Option<UnixMillis>,
    /// When it was last refused.
    pub refused_at: Option<UnixMillis>,
    /// Before then it can't be asked for again.
    pub ask_again_at: Option<UnixMillis>,
}

/// A row with its statement, signed by the account of this chain about this way in.
fn signed<'a>(row: &Row, statement: &'a Signed<EmergencyContact>, chain: &KeyChain) -> Result<&'a EmergencyContact> {
    let said = statement.verify_emergency(chain).map_err(|_| Refusal::EmergencyForged)?;
    if said.way_in != row.way_in.crypto() {
        return Err(Refusal::EmergencyForged.into());
    }
    Ok(said)
}

fn statement(row: &Row) -> Result<Signed<EmergencyContact>> {
    Ok(Signed::parse(&row.statement.0).map_err(|_| Refusal::EmergencyForged)?)
}

fn link(row: Row, person: Person, delay_days: u8) -> EmergencyLink {
    EmergencyLink {
        way_in: row.way_in,
        person,
        delay_days,
        state: row.state,
        created_at: row.created_at,
        asked_at: row.asked_at,
        opens_at: row.opens_at,
        given_at: row.given_at,
        refused_at: row.refused_at,
        ask_again_at: row.ask_again_at,
    }
}

impl<P: Platform> Vault<P> {
    /// Those whom this account trusts: each as it was signed, with its way in, and no way in without one.
    ///
    /// # Errors
    /// [`Refusal::EmergencyForged`] where the server shows another contact than was signed; no connection.
    pub async fn emergency_contacts(&self) -> Result<Vec<EmergencyLink>> {
        let account = self.api().get_account().await?;
        if account.public.id != self.account_id() {
            return Err(Refusal::OtherThing.into());
        }
        let mut ways: Vec<_> = ways_in(&account, WayInKind::EmergencyContact)?.iter().map(|w| w.claimed().id).collect();
        let asked = self.asking();
        let rows = self.api().list_emergency_contacts().await?.items;
        self.prove_logged(&rows.iter().map(|row| row.account.clone()).collect::<Vec<_>>()).await?;
        let mut links = Vec::with_capacity(rows.len());
        for row in rows {
            let statement = statement(&row)?;
            let said = signed(&row, &statement, &self.chain())?;
            let place = ways.iter().position(|way| *way == said.way_in).ok_or(Refusal::EmergencyForged)?;
            ways.swap_remove(place);
            let person = self.learn(&row.account, asked)?;
            if said.contact != row.account.id.crypto() || !said.names_key_of(&person.chain) {
                return Err(Refusal::EmergencyForged.into());
            }
            links.push(link(row, person, said.delay_days));
        }
        // Whoever it was made for isn't shown.
        if ways.is_empty() { Ok(links) } else { Err(Refusal::EmergencyForged.into()) }
    }

    /// Trusts somebody to open this account, so many days after they asked, unless it is refused meanwhile. Their key is
    /// checked as any recipient's, and pinned. The session must be confirmed ([`Vault::confirm`]).
    ///
    /// # Errors
    /// A delay out of range; `confirmation_required`; `conflict` for a sixth contact or the same one twice; a refusal.
    pub async fn add_emergency_contact(&self, contact: &AccountId, delay_days: u8) -> Result<()> {
        if !EMERGENCY_DELAY_DAYS.contains(&delay_days) {
            return Err(wrong(Field::Expiry, FieldProblem::Range).into());
        }
        if *contact == self.account_id() {
            return Err(ClientError::NotAllowed);
        }
        let person = self.person(contact).await?;
        person.may_receive()?;
        self.pin(&person.chain);
        self.save_state().await?;
        let words = RecoveryKit::generate(&mut rng());
        // A rotation must not come between.
        let _no_save_meanwhile = self.lock_saving().await;
        let way_in = self.present_way_in(WayInSecret::EmergencyContact(&words)).await?;
        let keyring = self.keyring();
        let (statement, sealed) = seal_emergency(
            (self.id(), keyring.current()),
            way_in.id.crypto(),
            &words,
            (&person.chain, delay_days),
            self.signing_time(),
            &mut rng(),
        )
        .map_err(|_| ClientError::Internal("the words could not be sealed"))?;
        let new = NewEmergencyContact { statement: B64::from(statement.as_bytes()), sealed: B64(sealed), way_in };
        self.api().add_emergency_contact(&new).await
    }

    /// Refuses what a contact asked for.
    ///
    /// # Errors
    /// `conflict` where nobody asks; no connection.
    pub async fn refuse_emergency(&self, way_in: &WayInId) -> Result<()> {
        self.api().refuse_emergency(way_in).await
    }

    /// Those who trust this account. What one of them didn't sign is refused beside the others.
    ///
    /// # Errors
    /// No connection; what is refused of one stands with that one.
    pub async fn trusted_by(&self) -> Result<Vec<Result<EmergencyLink>>> {
        let asked = self.asking();
        let rows = self.api().list_trusted().await?.items;
        self.prove_logged(&rows.iter().map(|row| row.account.clone()).collect::<Vec<_>>()).await?;
        Ok(rows.into_iter().map(|row| self.trusted(row, asked).map(|(link, _)| link)).collect())
    }

    fn trusted(&self, row: Row, asked: AskedAt) -> Result<(EmergencyLink, Signed<EmergencyContact>)> {
        let person = self.learn(&row.account, asked)?;
        let statement = statement(&row)?;
        let said = signed(&row, &statement, &parse_chain(&row.account)?)?;
        if said.contact != self.id() || !said.names_key_of(&self.chain()) {
            return Err(Refusal::EmergencyForged.into());
        }
        let delay_days = said.delay_days;
        Ok((link(row, person, delay_days), statement))
    }

    /// Accepts being an emergency contact, and pins the key of who trusts.
    ///
    /// # Errors
    /// `conflict` where it was answered already; [`Refusal::EmergencyForged`]; no connection.
    pub async fn accept_trust(&self, way_in: &WayInId) -> Result<()> {
        let (link, _) = self.trusted_now(way_in).await?;
        self.api().accept_trust(way_in).await?;
        self.pin(&link.person.chain);
        self.save_state_soon().await;
        Ok(())
    }

    async fn trusted_now(&self, way_in: &WayInId) -> Result<(EmergencyLink, Signed<EmergencyContact>)> {
        let asked = self.asking();
        let rows = self.api().list_trusted().await?.items;
        let row = rows.into_iter().find(|row| row.way_in == *way_in);
        let row = row.ok_or(ClientError::Missing { what: "This emergency contact" })?;
        self.prove_logged(std::slice::from_ref(&row.account)).await?;
        self.trusted(row, asked)
    }

    /// Declines it, also later.
    ///
    /// # Errors
    /// No connection.
    pub async fn decline_trust(&self, way_in: &WayInId) -> Result<()> {
        self.api().decline_trust(way_in).await
    }

    /// Asks for the account: the delay begins.
    ///
    /// # Errors
    /// `throttled` soon after a refusal; `emergency_not_open` for an account that is switched off; no connection.
    pub async fn ask_emergency(&self, way_in: &WayInId) -> Result<()> {
        self.api().ask_emergency(way_in).await
    }

    /// The 24 words, once the delay has run: they do what a recovery kit does ([`crate::Client::recover`]), once.
    ///
    /// # Errors
    /// `emergency_not_open` before that; [`Refusal::EmergencyForged`] for other words than were signed; no connection.
    pub async fn emergency_words(&self, way_in: &WayInId) -> Result<RecoveryKit> {
        let (_, statement) = self.trusted_now(way_in).await?;
        let sealed = self.api().get_emergency_words(way_in).await?.sealed;
        let opened = open_emergency(statement.claimed(), &sealed.0, (&self.chain(), &self.keyring()));
        Ok(opened.map_err(|_| Refusal::EmergencyForged)?)
    }
}
