//! The proof of an access code: lets a server count tries without ever seeing the code.

use crate::{
    encoding::{DecodeError, Reader, Writer},
    ids::{AccountId, GrantId, Hash32, SessionId},
    sign::SignedObject,
};

/// Signed by the key that the code's stretching seeds; verified under the grant's proof key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeProof {
    /// The server's fresh challenge.
    pub challenge: Hash32,
    /// The grant.
    pub grant: GrantId,
    /// Who redeems.
    pub account: AccountId,
    /// SHA-256 of the redeemer's public key that the seed is sealed to.
    pub key_hash: Hash32,
    /// The redeemer's session.
    pub session: SessionId,
}

impl SignedObject for CodeProof {
    const NAME: &'static str = "code-proof";
    const LIMIT: usize = 256;

    fn encode(&self, w: &mut Writer) {
        w.bytes(self.challenge.as_ref())
            .bytes(self.grant.as_ref())
            .bytes(self.account.as_ref())
            .bytes(self.key_hash.as_ref())
            .bytes(self.session.as_ref());
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            challenge: Hash32(r.array("challenge")?),
            grant: GrantId(r.array("grant")?),
            account: AccountId(r.array("account")?),
            key_hash: Hash32(r.array("key hash")?),
            session: SessionId(r.array("session")?),
        })
    }
}
