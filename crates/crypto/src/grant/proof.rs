//! The proof of an access code: lets a server count tries without ever seeing the code.

use thiserror::Error;

use crate::{
    account::KeyChain,
    encoding::{DecodeError, Reader, Writer},
    ids::{AccountId, GrantId, Hash32, SessionId},
    report::Recipient,
    sign::{Signed, SignedObject, VerifyError},
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

impl CodeProof {
    /// The proof that is expected of, and given by, the account of a grant by code; none if the grant is of another kind.
    pub fn for_grant(
        challenge: Hash32,
        grant: GrantId,
        recipient: &Recipient,
        chain: &KeyChain,
        session: SessionId,
    ) -> Option<Self> {
        let Recipient::Code { account, epoch, .. } = recipient else { return None };
        let key_hash = chain.record(*epoch)?.claimed().recipient().hash();
        Some(Self { challenge, grant, account: *account, key_hash, session })
    }
}

/// Why a proof doesn't count. All but [`ProofError::Verify`] are mistakes, not wrong codes.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProofError {
    /// The code was wrong: count it.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// It answers another challenge, or is by or for someone else.
    #[error("the proof answers something else than what was asked")]
    WrongSubject,
    /// The grant is not one by code.
    #[error("the grant has no access code")]
    NotACodeGrant,
}

impl Signed<CodeProof> {
    /// Verifies a proof for a grant: `expected` is what the server asked, and of whom.
    ///
    /// # Errors
    /// [`ProofError`].
    pub fn verify_proof(&self, recipient: &Recipient, expected: &CodeProof) -> Result<(), ProofError> {
        let Recipient::Code { proof, .. } = recipient else { return Err(ProofError::NotACodeGrant) };
        if self.claimed() != expected {
            return Err(ProofError::WrongSubject);
        }
        self.verify(proof)?;
        Ok(())
    }
}
