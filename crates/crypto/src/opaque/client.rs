//! The client's steps.

use std::fmt;

use opaque_ke::{
    ClientLogin, ClientLoginFinishParameters, ClientRegistration, ClientRegistrationFinishParameters,
    CredentialResponse, RegistrationResponse,
};
use rand_core::CryptoRng;
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::{
    OpaqueError, error,
    suite::{Bridge, CONTEXT, Stretch, Suite, identifiers},
};
use crate::{
    encoding::{DecodeError, Reader, VERSION, Writer, split_version},
    ids::InstanceId,
    secret::{Secret, SecretBytes},
    stretch::KdfParams,
};

/// Why a password is refused.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PasswordError {
    /// No characters.
    #[error("the password is empty")]
    Empty,
    /// More than 1024 bytes.
    #[error("the password is longer than 1024 bytes")]
    TooLong,
}

/// A password in Unicode NFC, so that it is the same bytes from every keyboard.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(SecretBytes);

impl Password {
    /// Normalises a typed password. Strength is judged where it is chosen.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub fn new(typed: &str) -> Result<Self, PasswordError> {
        let mut out = Zeroizing::new(String::with_capacity(typed.len() * 3));
        out.extend(typed.nfc());
        match out.len() {
            0 => Err(PasswordError::Empty),
            1..=1024 => Ok(Self(SecretBytes::new(std::mem::take(&mut *out).into_bytes()))),
            _ => Err(PasswordError::TooLong),
        }
    }

    fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// OPAQUE's export key: opens the way in by password, never leaves the client.
#[derive(Clone, PartialEq, Eq)]
pub struct ExportKey(Secret<64>);

impl ExportKey {
    /// The bytes.
    pub fn secret(&self) -> &Secret<64> {
        &self.0
    }

    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        Secret::from_slice(bytes).map(Self)
    }
}

impl fmt::Debug for ExportKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExportKey(..)")
    }
}

/// The first message of registration or login, and what the client keeps for the second.
#[derive(Debug, Clone)]
pub struct ClientStart {
    /// To send.
    pub message: Vec<u8>,
    /// To keep in memory until the answer comes.
    pub state: SecretBytes,
}

/// Everything a `finish` step needs: to hand to a worker as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishInput {
    /// From [`ClientStart`].
    pub state: SecretBytes,
    /// The password again.
    pub password: Password,
    /// The server's answer.
    pub response: Vec<u8>,
    /// The pinned instance.
    pub instance: InstanceId,
    /// The key stretching that the server names, already checked against the floor.
    pub kdf: KdfParams,
}

impl FinishInput {
    /// For a message to a worker. Holds the password: wipe it after use.
    pub fn to_bytes(&self) -> SecretBytes {
        let mut w = Writer::with_capacity(16 * 1024);
        w.bytes(self.state.expose())
            .bytes(self.password.expose())
            .bytes(&self.response)
            .bytes(self.instance.as_ref())
            .u32(self.kdf.memory_kib())
            .u32(self.kdf.passes())
            .u32(self.kdf.lanes());
        SecretBytes::new(versioned(w))
    }

    /// Reads what [`FinishInput::to_bytes`] wrote; checks the floor again.
    ///
    /// # Errors
    /// [`OpaqueError::Malformed`], [`OpaqueError::Kdf`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, OpaqueError> {
        let malformed = |_: DecodeError| OpaqueError::Malformed;
        let mut r = Reader::new(split_version(bytes).map_err(malformed)?);
        let state = r.bytes("state", 4096).map_err(malformed)?.to_vec().into();
        let password = Password(r.bytes("password", 1024).map_err(malformed)?.to_vec().into());
        let response = r.bytes("response", 4096).map_err(malformed)?.to_vec();
        let instance = InstanceId(r.array("instance").map_err(malformed)?);
        let m = r.u32("memory").map_err(malformed)?;
        let t = r.u32("passes").map_err(malformed)?;
        let p = r.u32("lanes").map_err(malformed)?;
        r.finish().map_err(malformed)?;
        Ok(Self { state, password, response, instance, kdf: KdfParams::new(m, t, p)? })
    }
}

/// What registration gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationOutput {
    /// To send.
    pub upload: Vec<u8>,
    /// Makes the way in by password.
    pub export_key: ExportKey,
    /// The server's OPAQUE public key (32 bytes), which a client may pin.
    pub server_key: [u8; 32],
}

impl RegistrationOutput {
    /// For a message from a worker.
    pub fn to_bytes(&self) -> SecretBytes {
        let mut w = Writer::with_capacity(16 * 1024);
        w.bytes(&self.upload).bytes(self.export_key.0.expose()).bytes(&self.server_key);
        SecretBytes::new(versioned(w))
    }

    /// Reads what [`RegistrationOutput::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(split_version(bytes)?);
        let upload = r.bytes("upload", 4096)?.to_vec();
        let export_key = ExportKey(Secret::new(r.array("export key")?));
        let server_key = r.array("server key")?;
        r.finish()?;
        Ok(Self { upload, export_key, server_key })
    }
}

/// What a login gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginOutput {
    /// To send.
    pub finalization: Vec<u8>,
    /// Shared with the server; binds what follows to this login.
    pub session_key: Secret<64>,
    /// Opens the way in by password.
    pub export_key: ExportKey,
    /// The server's OPAQUE public key.
    pub server_key: [u8; 32],
}

impl LoginOutput {
    /// For a message from a worker.
    pub fn to_bytes(&self) -> SecretBytes {
        let mut w = Writer::with_capacity(16 * 1024);
        w.bytes(&self.finalization)
            .bytes(self.session_key.expose())
            .bytes(self.export_key.0.expose())
            .bytes(&self.server_key);
        SecretBytes::new(versioned(w))
    }

    /// Reads what [`LoginOutput::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(split_version(bytes)?);
        let finalization = r.bytes("finalization", 4096)?.to_vec();
        let session_key = Secret::new(r.array("session key")?);
        let export_key = ExportKey(Secret::new(r.array("export key")?));
        let server_key = r.array("server key")?;
        r.finish()?;
        Ok(Self { finalization, session_key, export_key, server_key })
    }
}

fn versioned(w: Writer) -> Vec<u8> {
    let body = Zeroizing::new(w.finish());
    let mut out = Vec::with_capacity(1 + body.len());
    out.push(VERSION);
    out.extend_from_slice(&body);
    out
}

/// First step of registration, also of a password change.
///
/// # Errors
/// [`OpaqueError::Malformed`], with negligible probability.
pub fn registration_start(password: &Password, rng: &mut impl CryptoRng) -> Result<ClientStart, OpaqueError> {
    let start = ClientRegistration::<Suite>::start(&mut Bridge(rng), password.expose()).map_err(error)?;
    let state = SecretBytes::new(start.state.serialize().to_vec());
    Ok(ClientStart { message: start.message.serialize().to_vec(), state })
}

/// Second step of registration. Runs Argon2id: half a second and 64 MiB.
///
/// # Errors
/// [`OpaqueError`].
pub fn registration_finish(input: &FinishInput, rng: &mut impl CryptoRng) -> Result<RegistrationOutput, OpaqueError> {
    let state = ClientRegistration::<Suite>::deserialize(input.state.expose()).map_err(error)?;
    let response = RegistrationResponse::deserialize(&input.response).map_err(error)?;
    let stretch = Stretch(input.kdf);
    let params = ClientRegistrationFinishParameters::new(identifiers(&input.instance), Some(&stretch));
    let done = state.finish(&mut Bridge(rng), input.password.expose(), response, params).map_err(error)?;
    let export_key = Zeroizing::new(done.export_key.to_vec());
    Ok(RegistrationOutput {
        upload: done.message.serialize().to_vec(),
        export_key: ExportKey::from_slice(&export_key).ok_or(OpaqueError::Malformed)?,
        server_key: done.server_s_pk.serialize().as_slice().try_into().map_err(|_| OpaqueError::Malformed)?,
    })
}

/// First step of a login.
///
/// # Errors
/// [`OpaqueError::Malformed`], with negligible probability.
pub fn login_start(password: &Password, rng: &mut impl CryptoRng) -> Result<ClientStart, OpaqueError> {
    let start = ClientLogin::<Suite>::start(&mut Bridge(rng), password.expose()).map_err(error)?;
    let state = SecretBytes::new(start.state.serialize().to_vec());
    Ok(ClientStart { message: start.message.serialize().to_vec(), state })
}

/// Second step of a login. Runs Argon2id: half a second and 64 MiB.
///
/// # Errors
/// [`OpaqueError`]; a wrong password and an unknown account both end in [`OpaqueError::WrongPassword`].
pub fn login_finish(input: &FinishInput, rng: &mut impl CryptoRng) -> Result<LoginOutput, OpaqueError> {
    let state = ClientLogin::<Suite>::deserialize(input.state.expose()).map_err(error)?;
    let response = CredentialResponse::deserialize(&input.response).map_err(error)?;
    let stretch = Stretch(input.kdf);
    let params = ClientLoginFinishParameters::new(Some(CONTEXT), identifiers(&input.instance), Some(&stretch));
    let done = state.finish(&mut Bridge(rng), input.password.expose(), response, params).map_err(error)?;
    let export_key = Zeroizing::new(done.export_key.to_vec());
    let session_key = Zeroizing::new(done.session_key.to_vec());
    Ok(LoginOutput {
        finalization: done.message.serialize().to_vec(),
        session_key: Secret::from_slice(&session_key).ok_or(OpaqueError::Malformed)?,
        export_key: ExportKey::from_slice(&export_key).ok_or(OpaqueError::Malformed)?,
        server_key: done.server_s_pk.serialize().as_slice().try_into().map_err(|_| OpaqueError::Malformed)?,
    })
}
