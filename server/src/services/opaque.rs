//! The server's half of OPAQUE (RFC 9807), with its keys from the secrets folder.

use api_types::{AccountId, ErrorCode};
use crypto::{
    ids,
    opaque::{LoginStart, OpaqueServer},
    rand_core::UnwrapErr,
    secret::SecretBytes,
};
use getrandom::SysRng;

use crate::{
    ServiceError, ServiceResult,
    secrets::{SecretsDir, SecretsError},
};

/// Name of the secret: OPRF seed and key pair.
const FILE: &str = "opaque-server-setup";

/// The server's half.
#[derive(Debug)]
pub struct Opaque(OpaqueServer);

impl Opaque {
    /// Reads the keys, or makes them where the folder may create.
    pub fn load(secrets: &SecretsDir, instance: &[u8; 16]) -> Result<Self, SecretsError> {
        let instance = ids::InstanceId(*instance);
        let make = || Ok(OpaqueServer::generate(instance, &mut rng()).to_bytes().expose().to_vec());
        let bytes = SecretBytes::new(secrets.load_or_create(FILE, make)?);
        OpaqueServer::from_bytes(instance, bytes.expose()).map(Self).map_err(|_| secrets.damaged(FILE))
    }

    /// The id under which an e-mail that nobody has is answered, always the same.
    pub fn pseudonym(&self, email_key: &str) -> AccountId {
        AccountId(self.0.pseudonym(email_key).0)
    }

    /// Answers a RegistrationRequest.
    pub fn registration_start(&self, account: AccountId, request: &[u8]) -> ServiceResult<Vec<u8>> {
        let answer = self.0.registration_start(&ids::AccountId(account.0), request);
        answer.map_err(|_| malformed("/registration_request"))
    }

    /// Checks a RegistrationUpload; gives the record to store.
    pub fn registration_finish(&self, upload: &[u8]) -> ServiceResult<Vec<u8>> {
        self.0.registration_finish(upload).map_err(|_| malformed("/registration_upload"))
    }

    /// Answers KE1. Without a record the answer is made up, of the same form and in the same time.
    /// The same inputs give the same answer and state, on every server that shares the keys.
    pub fn sign_in_start(
        &self,
        sign_in_id: &[u8; 32],
        account: AccountId,
        record: Option<&[u8]>,
        ke1: &[u8],
    ) -> ServiceResult<LoginStart> {
        let answer = self.0.login_start_as(sign_in_id, &ids::AccountId(account.0), record, ke1);
        answer.map_err(|_| malformed("/credential_request"))
    }

    /// Whether KE3 shows the right password.
    pub fn sign_in_finish(&self, state: &SecretBytes, ke3: &[u8]) -> ServiceResult<()> {
        match self.0.login_finish(state, ke3) {
            Ok(_session_key) => Ok(()),
            Err(_) => Err(ErrorCode::SignInFailed.into()),
        }
    }
}

fn malformed(pointer: &'static str) -> ServiceError {
    ServiceError::field(pointer, "not the OPAQUE message that belongs here")
}

/// The operating system's randomness; a system without it can't go on.
fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}
