//! Steps that run Argon2id (64 MiB, half a second in a browser): plain bytes in, plain bytes out, so that a page can run
//! them in a worker that ends afterwards. Both sides call [`run`]; the default [`Inline`] runs on the spot.

use std::future::Future;

use crypto::{opaque::OpaqueError, secret::SecretBytes};

use crate::{
    error::{ClientError, Refusal, Result},
    platform::{MaybeSend, MaybeSync, rng},
};

/// Which step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum HeavyKind {
    /// OPAQUE registration, second step.
    Register = 1,
    /// OPAQUE login, second step.
    LogIn = 2,
    /// Stretching of an access code.
    Code = 3,
}

impl HeavyKind {
    /// The kind of a number, for messages to a worker.
    pub fn from_tag(tag: u8) -> Option<Self> {
        match tag {
            1 => Some(Self::Register),
            2 => Some(Self::LogIn),
            3 => Some(Self::Code),
            _ => None,
        }
    }
}

/// A step to run. The input holds a password or a code: wipe it after use, never log it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeavyTask {
    /// Which.
    pub kind: HeavyKind,
    /// Its input in `crypto`'s own encoding.
    pub input: SecretBytes,
}

/// Why a step failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[repr(u8)]
#[non_exhaustive]
pub enum HeavyError {
    /// The input or the server's answer makes no sense.
    #[error("a message of the sign-in is not valid")]
    Malformed = 1,
    /// Wrong password.
    #[error("the password is wrong or the account does not exist")]
    WrongPassword = 2,
    /// Parameters below the floor.
    #[error("the key derivation asked for is too weak")]
    WeakKdf = 3,
    /// Parameters above the ceiling.
    #[error("the key derivation asked for is too costly")]
    ExcessiveKdf = 4,
    /// No memory, or the worker died.
    #[error("the key derivation could not run")]
    Failed = 5,
}

impl HeavyError {
    /// The error of a number, for messages from a worker.
    pub fn from_tag(tag: u8) -> Self {
        match tag {
            1 => Self::Malformed,
            2 => Self::WrongPassword,
            3 => Self::WeakKdf,
            4 => Self::ExcessiveKdf,
            _ => Self::Failed,
        }
    }
}

impl From<OpaqueError> for HeavyError {
    fn from(e: OpaqueError) -> Self {
        match e {
            OpaqueError::WrongPassword => Self::WrongPassword,
            OpaqueError::Kdf(crypto::stretch::KdfError::WeakKdf) => Self::WeakKdf,
            OpaqueError::Kdf(crypto::stretch::KdfError::ExcessiveKdf) => Self::ExcessiveKdf,
            OpaqueError::KdfFailed => Self::Failed,
            _ => Self::Malformed,
        }
    }
}

impl From<HeavyError> for ClientError {
    fn from(e: HeavyError) -> Self {
        match e {
            HeavyError::WrongPassword => Self::WrongPassword,
            HeavyError::WeakKdf => Refusal::WeakKdf.into(),
            HeavyError::ExcessiveKdf => Refusal::ExcessiveKdf.into(),
            HeavyError::Malformed => Refusal::SignInForged.into(),
            HeavyError::Failed => Self::HeavyStep,
        }
    }
}

/// Where heavy steps run.
pub trait HeavySteps: MaybeSync + 'static {
    /// Runs [`run`] somewhere and returns what it returned.
    fn run(&self, task: HeavyTask) -> impl Future<Output = Result<SecretBytes, HeavyError>> + MaybeSend;
}

/// Runs a step here and now.
///
/// # Errors
/// [`HeavyError`].
pub fn run(task: &HeavyTask) -> Result<SecretBytes, HeavyError> {
    use crypto::opaque::{FinishInput, login_finish, registration_finish};
    let input = task.input.expose();
    match task.kind {
        HeavyKind::Register => Ok(registration_finish(&FinishInput::from_bytes(input)?, &mut rng())?.to_bytes()),
        HeavyKind::LogIn => Ok(login_finish(&FinishInput::from_bytes(input)?, &mut rng())?.to_bytes()),
        HeavyKind::Code => crate::code::stretch(input),
    }
}

/// Runs steps on the calling thread.
#[derive(Debug, Clone, Copy, Default)]
pub struct Inline;

impl HeavySteps for Inline {
    async fn run(&self, task: HeavyTask) -> Result<SecretBytes, HeavyError> {
        run(&task)
    }
}
