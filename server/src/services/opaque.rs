//! The server's half of OPAQUE, with its keys from the secrets folder.

use api_types::AccountId;
use crypto::{
    ids::{AccountId as CryptoAccountId, InstanceId},
    opaque::{LoginStart, OpaqueServer},
    secret::SecretBytes,
};

use crate::{
    random,
    secrets::{SecretsDir, SecretsError},
};

/// Name of the secret: OPRF seed and key pair.
const FILE: &str = "opaque-server-setup";

/// Why OPAQUE can't start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpaqueError {
    /// The secret.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
}
