//! Other people: their keys, verified and compared with the pins; their approval, verified under the organisation key.

use std::{collections::BTreeMap, sync::Arc};

use api_types::{
    ErrorCode,
    accounts::{AccountStatus, PublicAccount, Role},
    closing::ClosedBy,
    limits::SEARCH_MIN_CHARS,
};
use crypto::{
    account::{Device, KeyChain, KeyDirectory, RoleStatement, fingerprint_groups, fingerprint_words},
    defence::Defence,
    ids::{AccountId, TeamId},
    sign::Signed,
    team::TeamChain,
};
use serde::{Deserialize, Serialize};

use crate::{
    content::{Field, FieldProblem, check_email, wrong},
    devices::{KnownDevice, is_device},
    error::{ClientError, Result},
    ids::{ToApi, ToCrypto, role_to_crypto},
    key_code::KeyCode,
    key_log::AskedAt,
    memory::Pinned,
    platform::Platform,
    refusal::Refusal,
    reports::{Called, NamedBy},
    state::Compared,
    vault::Vault,
};

/// Key records and rosters that verified and don't contradict a pin, and devices that their owners signed for.
#[derive(Clone, Default)]
pub(crate) struct Directory(
    pub BTreeMap<AccountId, Arc<KeyChain>>,
    pub BTreeMap<TeamId, Arc<TeamChain>>,
    pub BTreeMap<AccountId, Arc<KnownDevice>>,
);

impl Directory {
    /// Whether this is a device, or a person whose keys go as far as this epoch.
    pub fn knows(&self, id: &AccountId, epoch: u32) -> bool {
        self.2.contains_key(id) || self.0.get(id).is_some_and(|chain| chain.epoch() >= epoch)
    }

    /// The teams whose newest rosters name nobody.
    pub fn dissolved_teams(&self) -> impl Iterator<Item = TeamId> {
        self.1.iter().filter(|(_, chain)| chain.is_dissolved()).map(|(team, _)| *team)
    }
}

impl KeyDirectory for Directory {
    fn chain(&self, account: &AccountId) -> Option<&KeyChain> {
        self.0.get(account).map(Arc::as_ref)
    }

    fn team(&self, team: &TeamId) -> Option<&TeamChain> {
        self.1.get(team).map(Arc::as_ref)
    }

    fn device(&self, id: &AccountId) -> Option<&Device> {
        self.2.get(id).map(|known| &known.device)
    }
}

/// Verifies an account's key records. A device's are none: it only sends.
pub(crate) fn parse_chain(account: &PublicAccount) -> Result<KeyChain> {
    if is_device(account) {
        let why = "it is shown as a person".to_owned();
        return Err(Refusal::DeviceForged { device: account.id.to_string(), why }.into());
    }
    KeyChain::parse(&account.id.crypto(), &account.key_records).map_err(|e| Refusal::KeyRecord(e.to_string()).into())
}

/// Whether a person compared the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verification {
    /// Never seen before.
    New,
    /// The same as at first sight.
    Pinned,
    /// Compared in person: these keys, or ones that signed what led to them ([`Person::new_keys`]).
    Verified,
}

/// Somebody, with what is proven about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Account id.
    pub id: api_types::AccountId,
    /// Name, as the server says; signed if [`Person::approved`].
    pub name: String,
    /// Role, as the server says; signed if [`Person::approved`].
    pub role: Role,
    /// Status, as the server says.
    pub status: AccountStatus,
    /// Whether the organisation signed this name and role for this account.
    pub approved: bool,
    /// Where their key stands.
    pub verification: Verification,
    /// Where they were found by e-mail, and the server sends mail: whether they have shown that they read that address's
    /// mail, as the server says.
    pub email_verified: Option<bool>,
    /// Of a deleted account: whose signed word closed it.
    pub closed_by: Option<ClosedBy>,
    pub(crate) compared: Compared,
    pub(crate) chain: Arc<KeyChain>,
}

/// What two people compare to know that nobody stands between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// Twelve words.
    pub words: [&'static str; 12],
    /// Eight groups of five digits.
    pub groups: [String; 8],
    /// For a QR code: a [`KeyCode`] as text.
    pub qr: String,
}

impl Fingerprint {
    fn of(chain: &KeyChain) -> Self {
        Self { words: fingerprint_words(chain), groups: fingerprint_groups(chain), qr: KeyCode::of(chain).to_string() }
    }
}

/// What the organisation signed for an account.
struct Approval {
    name: String,
    /// Whether this name and role are those that the server says.
    stands: bool,
}

/// What the organisation signed for this account, if it did. A statement that is there but isn't its own is a lie.
fn approval(account: &PublicAccount, pinned: &Pinned) -> Result<Option<Approval>> {
    let (Some(approval), Some(key)) = (&account.approval, &pinned.organisation) else { return Ok(None) };
    let forged = || Refusal::ApprovalForged { account: account.id.to_string() };
    let statement = Signed::<RoleStatement>::parse(&approval.0).map_err(|_| forged())?;
    let said = statement.verify_role(key, &pinned.instance, &account.id.crypto()).map_err(|_| forged())?;
    let stands = said.role == role_to_crypto(account.role) && said.name == account.name;
    Ok(Some(Approval { name: said.name.clone(), stands }))
}

impl<P: Platform> Vault<P> {
    /// Verifies what the server says about an account whose records were looked for in the log of keys
    /// ([`Vault::prove_logged`]). `asked` is from before the request ([`Vault::asking`]). Remembers its keys for this session; pins
    /// nothing.
    pub(crate) fn learn(&self, account: &PublicAccount, asked: AskedAt) -> Result<Person> {
        let chain = self.learn_chain(account, asked)?;
        let closed_by = self.closed_by(account, &chain)?;
        let pin = self.state().pins.get(&chain.account()).copied();
        let verification = match pin {
            None => Verification::New,
            Some(pin) if pin.verified() => Verification::Verified,
            Some(_) => Verification::Pinned,
        };
        let compared = pin.map_or(Compared::Never, |pin| pin.compared_at(chain.epoch()));
        let approval = approval(account, self.pinned())?;
        let approved = approval.as_ref().is_some_and(|approval| approval.stands);
        self.note_name(&chain, account, approval);
        Ok(Person {
            id: account.id,
            name: account.name.clone(),
            role: account.role,
            status: account.status,
            approved,
            email_verified: None,
            closed_by,
            verification,
            compared,
            chain,
        })
    }

    /// Remembers what somebody is called: as the organisation signed it, also where that isn't shown later; else as the server
    /// says. A deleted account has no name any more, and keeps the one that this session knew.
    fn note_name(&self, chain: &KeyChain, account: &PublicAccount, signed: Option<Approval>) {
        let by = if signed.is_some() { NamedBy::Organisation } else { NamedBy::Server };
        let name = signed.map_or_else(|| account.name.clone(), |approval| approval.name);
        let mut called = self.called();
        let signed_before = called.get(&chain.account()).is_some_and(|known| known.by == NamedBy::Organisation);
        if !name.trim().is_empty() && (by == NamedBy::Organisation || !signed_before) {
            called.insert(chain.account(), Called { name, by });
        }
    }

    fn learn_chain(&self, account: &PublicAccount, asked: AskedAt) -> Result<Arc<KeyChain>> {
        let id = account.id.crypto();
        self.expect_logged(account)?;
        let known = self.people().0.get(&id).and_then(|known| {
            let same = known.records().len() == account.key_records.len()
                && known.records().iter().zip(&account.key_records).all(|(a, b)| a.as_bytes() == b.0);
            same.then(|| Arc::clone(known))
        });
        if let Some(known) = known {
            self.check_seen(&known, asked)?;
            return Ok(known);
        }
        let chain = parse_chain(account)?;
        self.check_seen(&chain, asked)?;
        if let Some(known) = self.people().0.get(&id).filter(|_| Defence::PinnedKeys.holds()) {
            chain
                .continues(known.epoch(), &known.current().hash())
                .map_err(|_| Refusal::KeyRecordChanged { account: id.to_string() })?;
        }
        let chain = Arc::new(chain);
        self.people().0.insert(id, Arc::clone(&chain));
        Ok(chain)
    }

    /// Refuses keys that aren't the pinned ones, or end before those that the log of keys has.
    fn check_seen(&self, chain: &KeyChain, asked: AskedAt) -> Result<(), Refusal> {
        self.state().check_pin(chain)?;
        self.check_newest(chain, asked)
    }

    /// Pins a person's newest key: from now on another is refused.
    pub(crate) fn pin(&self, chain: &KeyChain) {
        if self.state().pin(chain) {
            self.touch();
        }
    }

    /// Approved doctors by name. Empty for fewer than two characters.
    ///
    /// # Errors
    /// No connection; a refusal if an answer is forged.
    pub async fn find_doctors(&self, name: &str) -> Result<Vec<Person>> {
        let name = name.trim();
        if name.chars().count() < SEARCH_MIN_CHARS {
            return Ok(Vec::new());
        }
        if name.chars().count() > 200 {
            return Err(wrong(Field::Search, FieldProblem::TooLong(200)).into());
        }
        let asked = self.asking();
        let found = self.api().find_accounts_by_name(name).await?;
        self.prove_logged(&found.items).await?;
        found.items.iter().map(|account| self.learn(account, asked)).collect()
    }

    /// One account by its exact e-mail.
    ///
    /// # Errors
    /// As [`Vault::find_doctors`].
    pub async fn find_by_email(&self, email: &str) -> Result<Option<Person>> {
        check_email(email.trim())?;
        let asked = self.asking();
        let found = self.api().find_accounts_by_email(email.trim()).await?;
        let (binding, email_verified) = (found.binding, found.email_verified);
        let Some(account) = found.items.into_iter().next() else { return Ok(None) };
        self.prove_logged(std::slice::from_ref(&account)).await?;
        self.prove_address(email, &account, binding.as_ref()).await?;
        let person = self.learn(&account, asked)?;
        self.note_found(account);
        Ok(Some(Person { email_verified, ..person }))
    }

    /// The account that a scanned QR text names, if it exists, may act, and these are its newest keys. Finds, and pins
    /// nothing: a picture of a code can be sent by anyone. Once its reader says that the code was on the other person's
    /// own screen, [`Vault::verify_by_qr`] pins it.
    ///
    /// # Errors
    /// [`ClientError::KeyCode`] for a text that isn't such a code; [`Refusal::KeyCodeContradicted`] if the server answers
    /// with another account or other keys; as [`Vault::find_doctors`].
    pub async fn find_by_qr(&self, scanned: &str) -> Result<Option<Person>> {
        let code: KeyCode = scanned.parse()?;
        let asked = self.asking();
        let mut found = self.api().find_accounts_by_key(&code).await?.items.into_iter();
        let Some(account) = found.next() else { return Ok(None) };
        // Before anything of the answer is remembered.
        let alone = account.id == code.account.api() && found.next().is_none();
        let named = alone && KeyCode::of(&parse_chain(&account)?) == code;
        if !named && Defence::KeyCodeAnswered.holds() {
            return Err(Refusal::KeyCodeContradicted.into());
        }
        self.prove_logged(std::slice::from_ref(&account)).await?;
        let person = self.learn(&account, asked)?;
        self.note_found(account);
        Ok(Some(person))
    }

    /// Keeps what a look-up found for [`Vault::person`]: the server gives strangers by id to nobody.
    fn note_found(&self, account: PublicAccount) {
        let mut looked_up = self.looked_up();
        looked_up.retain(|known| known.id != account.id);
        looked_up.push(account);
    }

    /// One account by its id: an approved doctor, somebody with a report in common, or who was found by e-mail or QR code.
    ///
    /// # Errors
    /// As [`Vault::find_doctors`]; [`Refusal::OtherThing`] if the server answers about someone else.
    pub async fn person(&self, id: &api_types::AccountId) -> Result<Person> {
        let asked = self.asking();
        let account = match self.api().get_account_by_id(id).await {
            Err(e) if e.problem() == Some(ErrorCode::NotFound) => {
                let found = self.looked_up().iter().find(|known| known.id == *id).cloned();
                found.filter(|known| !self.is_outdated(known)).ok_or(e)?
            }
            account => account?,
        };
        if account.id != *id {
            return Err(Refusal::OtherThing.into());
        }
        self.prove_logged(std::slice::from_ref(&account)).await?;
        self.learn(&account, asked)
    }

    /// One's own fingerprint, for others to compare.
    pub fn own_fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.chain())
    }

    /// A person's fingerprint, to be compared in person.
    pub fn fingerprint(&self, person: &Person) -> Fingerprint {
        Fingerprint::of(&person.chain)
    }

    /// Pins a person's key for good, after a person compared it.
    ///
    /// # Errors
    /// No connection: the pin holds in this session and is saved with the next change.
    pub async fn mark_verified(&self, person: &Person) -> Result<()> {
        {
            let mut state = self.state();
            state.check_pin(&person.chain)?;
            state.pin(&person.chain);
            if let Some(pin) = state.pins.get_mut(&person.chain.account()) {
                pin.compared = Compared::These;
            }
        }
        self.touch();
        self.save_state().await
    }

    /// Compares a scanned QR text with a person's key and pins it for good if it is the same. Only for a code that was
    /// scanned from the person's own screen.
    ///
    /// # Errors
    /// [`ClientError::KeyCode`] for a text that isn't such a code; [`Refusal::KeyRecordChanged`] if it isn't the same.
    pub async fn verify_by_qr(&self, person: &Person, scanned: &str) -> Result<()> {
        let other = scanned.parse::<KeyCode>()? != KeyCode::of(&person.chain);
        if other && Defence::KeyCodeCompared.holds() {
            return Err(Refusal::KeyRecordChanged { account: person.id.to_string() }.into());
        }
        self.mark_verified(person).await
    }

    /// Key records of accounts, from this session's memory or the server.
    pub(crate) async fn ensure_known(&self, accounts: impl IntoIterator<Item = AccountId>) -> Result<()> {
        for account in accounts {
            if self.people().0.contains_key(&account) {
                continue;
            }
            match self.person(&account.api()).await {
                Ok(_) => {}
                // An account that may not be looked up stays unknown: whatever needs its key fails by name.
                Err(ClientError::Problem(p)) if p.code == api_types::ErrorCode::NotFound => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}
