//! The server's steps. What it keeps for an account is the registration record; what it keeps for itself is the set-up
//! (OPRF seed and key), which must lie outside the database and its backups.

use std::fmt;

use chacha20::ChaCha20Rng;
use hmac::{Hmac, KeyInit, Mac};
use opaque_ke::{
    CredentialFinalization, CredentialRequest, RegistrationRequest, RegistrationUpload, ServerLogin,
    ServerLoginParameters, ServerRegistration, ServerSetup,
};
use rand_core::{CryptoRng, SeedableRng};
use sha2::Sha256;

use super::{
    OpaqueError, error,
    suite::{Bridge, CONTEXT, Suite, identifiers},
};
use crate::{
    encoding::{VERSION, Writer, split_version},
    ids::{AccountId, InstanceId},
    kdf::subkey,
    secret::{Secret, SecretBytes},
};

/// An instance's OPAQUE keys.
pub struct OpaqueServer {
    setup: ServerSetup<Suite>,
    pseudonym_key: Secret<32>,
    login_key: Secret<32>,
    instance: InstanceId,
    /// Has the form of a record, and is read where there is none.
    decoy: Vec<u8>,
}

/// A record after its public key: masking key, nonce and tag of the envelope.
const AFTER_KEY: usize = 64 + 32 + 64;

impl fmt::Debug for OpaqueServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpaqueServer({})", self.instance)
    }
}

/// The answer to a login's first message, and what the server keeps until the second.
#[derive(Debug, Clone)]
pub struct LoginStart {
    /// To send.
    pub response: Vec<u8>,
    /// To keep, for at most minutes.
    pub state: SecretBytes,
}

impl OpaqueServer {
    /// Fresh keys for a new instance.
    pub fn generate(instance: InstanceId, rng: &mut impl CryptoRng) -> Self {
        Self::with(instance, ServerSetup::new(&mut Bridge(rng)))
    }

    fn with(instance: InstanceId, setup: ServerSetup<Suite>) -> Self {
        let bytes = SecretBytes::new(setup.serialize().to_vec());
        let pseudonym_key = subkey(bytes.expose(), "opaque-pseudonym", &[]);
        let login_key = subkey(bytes.expose(), "opaque-login", &[]);
        let mut decoy = setup.keypair().public().serialize().to_vec();
        decoy.resize(decoy.len() + AFTER_KEY, 0);
        Self { setup, pseudonym_key, login_key, instance, decoy }
    }

    /// The keys, to be kept in a file of their own, mode 0600.
    pub fn to_bytes(&self) -> SecretBytes {
        let setup = SecretBytes::new(self.setup.serialize().to_vec());
        let mut out = Vec::with_capacity(1 + setup.expose().len());
        out.push(VERSION);
        out.extend_from_slice(setup.expose());
        SecretBytes::new(out)
    }

    /// Reads what [`OpaqueServer::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`OpaqueError::Malformed`].
    pub fn from_bytes(instance: InstanceId, bytes: &[u8]) -> Result<Self, OpaqueError> {
        let setup = split_version(bytes).map_err(|_| OpaqueError::Malformed)?;
        Ok(Self::with(instance, ServerSetup::deserialize(setup).map_err(error)?))
    }

    /// The credential identifier for an e-mail that nobody has: stable, so that repeated attempts look like an account.
    /// `email` in the normal form under which accounts are looked up.
    pub fn pseudonym(&self, email: &str) -> AccountId {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(self.pseudonym_key.expose())
            .expect("HMAC takes keys of any length");
        let mut w = Writer::with_context("opaque-pseudonym");
        w.text(email);
        mac.update(&w.finish());
        AccountId(mac.finalize().into_bytes().into())
    }

    /// Answers a registration's first message.
    ///
    /// # Errors
    /// [`OpaqueError::Malformed`].
    pub fn registration_start(&self, account: &AccountId, request: &[u8]) -> Result<Vec<u8>, OpaqueError> {
        let request = RegistrationRequest::deserialize(request).map_err(error)?;
        let start = ServerRegistration::<Suite>::start(&self.setup, request, account.as_ref()).map_err(error)?;
        Ok(start.message.serialize().to_vec())
    }

    /// Checks a registration's last message and gives the record to store.
    ///
    /// # Errors
    /// [`OpaqueError::Malformed`].
    pub fn registration_finish(&self, upload: &[u8]) -> Result<Vec<u8>, OpaqueError> {
        let upload = RegistrationUpload::<Suite>::deserialize(upload).map_err(error)?;
        Ok(ServerRegistration::finish(upload).serialize().to_vec())
    }

    /// Answers a login's first message. `record` is none for an unknown account: pass its [`OpaqueServer::pseudonym`].
    ///
    /// # Errors
    /// [`OpaqueError::Malformed`].
    pub fn login_start(
        &self,
        account: &AccountId,
        record: Option<&[u8]>,
        request: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<LoginStart, OpaqueError> {
        // Reading one takes time; so it is done in any case.
        let read = ServerRegistration::<Suite>::deserialize(record.unwrap_or(&self.decoy)).map_err(error)?;
        let record = record.map(|_| read);
        let request = CredentialRequest::deserialize(request).map_err(error)?;
        let start =
            ServerLogin::start(&mut Bridge(rng), &self.setup, record, request, account.as_ref(), self.parameters())
                .map_err(error)?;
        let state = SecretBytes::new(start.state.serialize().to_vec());
        Ok(LoginStart { response: start.message.serialize().to_vec(), state })
    }

    /// As [`OpaqueServer::login_start`], with randomness of the login's own: the same inputs give the same answer and state
    /// again, to whoever has these keys and to nobody else. So servers that share them need not keep the state between a
    /// login's two messages, and what they keep instead, `login` and the inputs, tells nothing.
    ///
    /// `login` must be random, and new for each login.
    ///
    /// # Errors
    /// [`OpaqueError::Malformed`].
    pub fn login_start_as(
        &self,
        login: &[u8; 32],
        account: &AccountId,
        record: Option<&[u8]>,
        request: &[u8],
    ) -> Result<LoginStart, OpaqueError> {
        let seed = subkey(self.login_key.expose(), "opaque-login-seed", &[&login[..]]);
        self.login_start(account, record, request, &mut ChaCha20Rng::from_seed(*seed.expose()))
    }

    /// Checks a login's last message. Gives the session key, equal to the client's.
    ///
    /// # Errors
    /// [`OpaqueError::WrongPassword`], [`OpaqueError::Malformed`].
    pub fn login_finish(&self, state: &SecretBytes, finalization: &[u8]) -> Result<Secret<64>, OpaqueError> {
        let state = ServerLogin::<Suite>::deserialize(state.expose()).map_err(error)?;
        let message = CredentialFinalization::deserialize(finalization).map_err(error)?;
        let done = state.finish(message, self.parameters()).map_err(error)?;
        let key = SecretBytes::new(done.session_key.to_vec());
        Secret::from_slice(key.expose()).ok_or(OpaqueError::Malformed)
    }

    fn parameters(&self) -> ServerLoginParameters<'_, '_> {
        ServerLoginParameters { context: Some(CONTEXT), identifiers: identifiers(&self.instance) }
    }
}
