//! The organisation key: an instance's administrators vouch with it for accounts, names and roles.

use thiserror::Error;

use crate::{
    defence::Defence,
    encoding::{DecodeError, Reader, UnixMillis, Writer},
    ids::{AccountId, InstanceId},
    kem::{HpkeError, RecipientKey},
    sign::{PublicSigningKey, SignedObject, VerifyError},
};

/// A person's role on an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Role {
    /// Administers the instance; opens nothing.
    Administrator = 1,
    /// An approved doctor.
    Doctor = 2,
    /// A patient.
    Patient = 3,
}

impl Role {
    /// The role of a number.
    ///
    /// # Errors
    /// [`DecodeError::UnknownTag`].
    pub fn from_tag(tag: u8) -> Result<Self, DecodeError> {
        match tag {
            1 => Ok(Self::Administrator),
            2 => Ok(Self::Doctor),
            3 => Ok(Self::Patient),
            other => Err(DecodeError::UnknownTag { field: "role", tag: other.into() }),
        }
    }
}

/// "This account is this person in this role", under the organisation key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleStatement {
    /// The instance.
    pub instance: InstanceId,
    /// The account.
    pub account: AccountId,
    /// Full name, at most 800 bytes (200 characters).
    pub name: String,
    /// The role.
    pub role: Role,
    /// When it was said. A later statement replaces an earlier one.
    pub time: UnixMillis,
}

impl SignedObject for RoleStatement {
    const NAME: &'static str = "role-statement";
    const LIMIT: usize = 1024;

    fn encode(&self, w: &mut Writer) {
        w.bytes(self.instance.as_ref())
            .bytes(self.account.as_ref())
            .text(&self.name)
            .u8(self.role as u8)
            .time(self.time);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            instance: InstanceId(r.array("instance")?),
            account: AccountId(r.array("account")?),
            name: r.text("name", 800)?,
            role: Role::from_tag(r.u8("role")?)?,
            time: r.time("time")?,
        })
    }
}

/// Why a statement or the organisation key doesn't count.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OrganisationError {
    /// Not signed under the pinned organisation key.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// Said of another instance or account.
    #[error("the statement is about another instance or account")]
    WrongSubject,
    /// The wrapped key doesn't open.
    #[error(transparent)]
    Wrap(#[from] HpkeError),
    /// The wrapped key is not the pinned one.
    #[error("the organisation key is not the pinned one")]
    WrongKey,
}

impl crate::sign::Signed<RoleStatement> {
    /// Verifies a statement about an account under the pinned organisation key.
    ///
    /// # Errors
    /// [`OrganisationError::Verify`], [`OrganisationError::WrongSubject`].
    pub fn verify_role(
        &self,
        organisation: &PublicSigningKey,
        instance: &InstanceId,
        account: &AccountId,
    ) -> Result<&RoleStatement, OrganisationError> {
        let said = self.verify_under(Defence::ApprovalSignature, organisation)?;
        if said.instance == *instance && said.account == *account {
            Ok(said)
        } else {
            Err(OrganisationError::WrongSubject)
        }
    }
}

#[cfg_attr(not(feature = "open"), allow(dead_code))]
fn wrap_info(instance: &InstanceId, organisation: &PublicSigningKey, to: &AccountId, key: &RecipientKey) -> Vec<u8> {
    let mut w = Writer::with_context("organisation-key-wrap");
    w.bytes(instance.as_ref()).bytes(&organisation.0).bytes(to.as_ref()).bytes(key.hash().as_ref());
    w.finish()
}

#[cfg(feature = "open")]
mod private {
    use rand_core::CryptoRng;

    use super::*;
    use crate::{
        account::{AccountRemoval, EscrowEnd, EscrowKey, KeyChain, Keyring, RetentionRules},
        kem::hpke_seal,
        secret::Secret,
        sign::{Signed, SigningKey},
    };

    /// The organisation's private key.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct OrganisationKey(SigningKey);

    impl OrganisationKey {
        /// Made by the first administrator's client.
        pub fn generate(rng: &mut impl CryptoRng) -> Self {
            Self(SigningKey::generate(rng))
        }

        /// The public half, which clients pin.
        pub fn public(&self) -> PublicSigningKey {
            self.0.public()
        }

        /// Signs a statement.
        pub fn sign(&self, statement: RoleStatement) -> Signed<RoleStatement> {
            Signed::sign(statement, &self.0)
        }

        /// Signs that an account is removed.
        pub fn sign_removal(&self, statement: AccountRemoval) -> Signed<AccountRemoval> {
            Signed::sign(statement, &self.0)
        }

        /// Publishes an escrow key.
        pub fn sign_escrow_key(&self, statement: EscrowKey) -> Signed<EscrowKey> {
            Signed::sign(statement, &self.0)
        }

        /// Ends one.
        pub fn sign_escrow_end(&self, statement: EscrowEnd) -> Signed<EscrowEnd> {
            Signed::sign(statement, &self.0)
        }

        /// Signs how long reports are kept.
        pub fn sign_rules(&self, rules: RetentionRules) -> Signed<RetentionRules> {
            Signed::sign(rules, &self.0)
        }

        /// HPKE-wraps the seed to an administrator's current account key.
        ///
        /// # Errors
        /// [`OrganisationError::Wrap`].
        pub fn wrap(
            &self,
            instance: &InstanceId,
            to: &KeyChain,
            rng: &mut impl CryptoRng,
        ) -> Result<Vec<u8>, OrganisationError> {
            let info = wrap_info(instance, &self.public(), &to.account(), to.recipient());
            Ok(hpke_seal(to.recipient(), None, &info, self.0.seed().expose(), rng)?)
        }

        /// Opens a wrap with an administrator's keyring; `chain` is the administrator's own.
        ///
        /// # Errors
        /// [`OrganisationError::Wrap`], [`OrganisationError::WrongKey`] when it isn't `pinned`.
        pub fn open(
            instance: &InstanceId,
            pinned: &PublicSigningKey,
            chain: &KeyChain,
            keyring: &Keyring,
            wrap: &[u8],
        ) -> Result<Self, OrganisationError> {
            let mut result = Err(HpkeError::NotAuthentic);
            for record in chain.records().iter().rev() {
                let to = record.claimed().recipient();
                result = keyring.hpke_open(to, &wrap_info(instance, pinned, &chain.account(), to), wrap);
                if result.is_ok() {
                    break;
                }
            }
            let seed = Secret::from_slice(result?.expose()).ok_or(OrganisationError::WrongKey)?;
            let key = SigningKey::from_seed(seed);
            let other = key.public() != *pinned;
            if other && Defence::OrganisationKeyPair.holds() { Err(OrganisationError::WrongKey) } else { Ok(Self(key)) }
        }
    }
}
#[cfg(feature = "open")]
pub use private::OrganisationKey;
