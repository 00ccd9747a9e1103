//! OPAQUE (RFC 9807): ristretto255-SHA512, 3DH, Argon2id. Bytes in, bytes out.
//!
//! Credential identifier = account id bytes (a keyed pseudonym for an unknown e-mail); server identity = instance id;
//! client identity = its public key; context = `"healthsecure/v1/opaque"`. The client's two `finish` steps run
//! Argon2id: give their whole input to a worker and take the whole output back, both are plain bytes.

#[cfg(feature = "open")]
mod client;
#[cfg(feature = "opaque-server")]
mod server;
mod suite;

use thiserror::Error;

#[cfg(feature = "open")]
pub use client::{
    ClientStart, ExportKey, FinishInput, LoginOutput, Password, PasswordError, RegistrationOutput, login_finish,
    login_start, registration_finish, registration_start,
};
#[cfg(feature = "opaque-server")]
pub use server::{LoginStart, OpaqueServer};

/// Why a step failed.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpaqueError {
    /// A message or a stored state is not one.
    #[error("a message of the sign-in is not valid")]
    Malformed,
    /// Wrong password, or no such account: the two can't be told apart.
    #[error("the password is wrong or the account does not exist")]
    WrongPassword,
    /// The server sent the client's own value back.
    #[error("the server reflected the client's message")]
    Reflected,
    /// The parameters are refused.
    #[error(transparent)]
    Kdf(#[from] crate::stretch::KdfError),
    /// Argon2id could not run, usually for want of memory.
    #[error("the key derivation could not run")]
    KdfFailed,
}

type InnerError = opaque_ke::errors::ProtocolError;

fn error(e: InnerError) -> OpaqueError {
    use opaque_ke::errors::{InternalError, ProtocolError};
    match e {
        ProtocolError::InvalidLoginError => OpaqueError::WrongPassword,
        ProtocolError::ReflectedValueError => OpaqueError::Reflected,
        ProtocolError::LibraryError(InternalError::KsfError) => OpaqueError::KdfFailed,
        _ => OpaqueError::Malformed,
    }
}
