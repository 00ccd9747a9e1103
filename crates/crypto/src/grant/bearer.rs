//! Invitations: a 256-bit secret that travels by QR or paper, never through the server.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use rand_core::CryptoRng;
use sha2::Sha256;
use thiserror::Error;

use crate::{
    account::{AccountKey, KeyChain, KeyRecord},
    encoding::Writer,
    format::{Label, SmallError},
    ids::{AccountId, GrantId, InvitationId, PlaceholderId, ReportId},
    kdf::subkey,
    kem::{PrivateKey, Suite},
    report::{AccountRecipient, Claim, Recipient},
    secret::Secret,
    sign::{Signed, SigningKey},
};

/// Why an invitation can't be used.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvitationError {
    /// The kept secret doesn't open.
    #[error(transparent)]
    Sealed(#[from] SmallError),
    /// The secret is not 32 bytes.
    #[error("that is not an invitation's secret")]
    NotASecret,
    /// The key record was not made by a holder of the secret.
    #[error("the key record was not made by a holder of the invitation")]
    WrongMac,
}

/// An invitation's secret.
#[derive(Clone, PartialEq, Eq)]
pub struct InvitationSecret(Secret<32>);

impl fmt::Debug for InvitationSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvitationSecret(..)")
    }
}

/// The keys that an invitation's secret gives for one report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BearerKeys {
    /// Receives the grant's wraps.
    pub kem: PrivateKey,
    /// Signs the claim.
    pub claim: SigningKey,
}

impl InvitationSecret {
    /// A fresh secret.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(Secret::random(rng))
    }

    /// The secret of given bytes, as a QR code or a link's fragment holds them.
    ///
    /// # Errors
    /// [`InvitationError::NotASecret`].
    pub fn from_slice(bytes: &[u8]) -> Result<Self, InvitationError> {
        Secret::from_slice(bytes).map(Self).ok_or(InvitationError::NotASecret)
    }

    /// The bytes, for a QR code.
    pub fn secret(&self) -> &Secret<32> {
        &self.0
    }

    /// The keys for one report: HKDF with labels "invitation/kem" and "invitation/claim".
    pub fn keys(&self, report: &ReportId) -> BearerKeys {
        let of = |label| subkey(self.0.expose(), label, &[report.as_ref()]);
        BearerKeys {
            kem: PrivateKey::from_seed(Suite::XWing, of("invitation/kem")),
            claim: SigningKey::from_seed(of("invitation/claim")),
        }
    }

    /// HMAC-SHA-256 over the invitee's first key record, so that the inviter pins the right key.
    pub fn mac(&self, record: &Signed<KeyRecord>) -> [u8; 32] {
        self.hmac(record).finalize().into_bytes().into()
    }

    /// Checks such a MAC in constant time.
    ///
    /// # Errors
    /// [`InvitationError::WrongMac`].
    pub fn check_mac(&self, record: &Signed<KeyRecord>, mac: &[u8; 32]) -> Result<(), InvitationError> {
        self.hmac(record).verify_slice(mac).map_err(|_| InvitationError::WrongMac)
    }

    fn hmac(&self, record: &Signed<KeyRecord>) -> Hmac<Sha256> {
        let key = subkey(self.0.expose(), "invitation/mac", &[]);
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key.expose()).expect("HMAC takes keys of any length");
        let mut w = Writer::with_context("invitation-mac");
        w.bytes(record.hash().as_ref());
        mac.update(&w.finish());
        mac
    }

    /// Seals the secret for its maker, so that the invitation can be shown again.
    pub fn seal(
        &self,
        ak: &AccountKey,
        account: &AccountId,
        invitation: &InvitationId,
        rng: &mut impl CryptoRng,
    ) -> Vec<u8> {
        ak.seal(Label::Invitation, &[account.as_ref(), invitation.as_ref()], self.0.expose(), rng)
    }

    /// Opens what [`InvitationSecret::seal`] sealed.
    ///
    /// # Errors
    /// [`InvitationError`].
    pub fn open(
        ak: &AccountKey,
        account: &AccountId,
        invitation: &InvitationId,
        sealed: &[u8],
    ) -> Result<Self, InvitationError> {
        let opened = ak.open(Label::Invitation, &[account.as_ref(), invitation.as_ref()], sealed)?;
        Self::from_slice(opened.expose())
    }
}

impl BearerKeys {
    /// The recipient of a grant entry.
    pub fn recipient(&self, placeholder: PlaceholderId) -> Recipient {
        Recipient::Bearer { placeholder, key: self.kem.public(), claim: self.claim.public() }
    }

    /// The claim entry's change, for the claimant whose current key is `chain`'s.
    pub fn claim(&self, report: &ReportId, grant: GrantId, chain: &KeyChain) -> Claim {
        let recipient = AccountRecipient::current(chain);
        let record = chain.current().hash();
        let signature = self.claim.sign(&Claim::input(report, &grant, &recipient.account, &record));
        Claim { grant, recipient, record, signature }
    }
}
