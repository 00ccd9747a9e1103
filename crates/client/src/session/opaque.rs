//! OPAQUE with its heavy halves where the platform runs them.

use crypto::{
    opaque::{
        ClientStart, FinishInput, LoginOutput, Password, PasswordError, RegistrationOutput, login_start,
        registration_start,
    },
    stretch::KdfParams,
};

use crate::{
    content::{Field, FieldProblem, wrong},
    error::{ClientError, Result},
    heavy::{HeavyKind, HeavySteps, HeavyTask},
    memory::Pinned,
    platform::{Platform, rng},
    refusal::Refusal,
};

/// A login or registration between its two messages.
pub(crate) struct Step<const REGISTER: bool> {
    start: ClientStart,
    password: Password,
}

/// A login.
pub(crate) type Login = Step<false>;
/// A registration.
pub(crate) type Registration = Step<true>;

fn password(typed: &str) -> Result<Password> {
    Password::new(typed).map_err(|e| match e {
        PasswordError::Empty => wrong(Field::Password, FieldProblem::Empty).into(),
        _ => wrong(Field::Password, FieldProblem::TooLarge(1024)).into(),
    })
}

fn impossible<E>(_: E) -> ClientError {
    ClientError::Internal("a password step could not begin")
}

/// First message of a login.
pub(crate) fn start_login(typed: &str) -> Result<Login> {
    let password = password(typed)?;
    Ok(Step { start: login_start(&password, &mut rng()).map_err(impossible)?, password })
}

/// First message of a registration; the password's length is checked here.
pub(crate) fn start_registration(typed: &str, min_chars: usize) -> Result<Registration> {
    crate::content::check_password(typed, min_chars)?;
    let password = password(typed)?;
    Ok(Step { start: registration_start(&password, &mut rng()).map_err(impossible)?, password })
}

impl<const REGISTER: bool> Step<REGISTER> {
    /// To send.
    pub fn message(&self) -> &[u8] {
        &self.start.message
    }

    async fn run(
        self,
        platform: &impl Platform,
        pinned: &Pinned,
        response: Vec<u8>,
    ) -> Result<crypto::secret::SecretBytes> {
        let input = FinishInput {
            state: self.start.state,
            password: self.password,
            response,
            instance: pinned.instance,
            kdf: KdfParams::FLOOR,
        };
        let kind = if REGISTER { HeavyKind::Register } else { HeavyKind::LogIn };
        Ok(platform.heavy().run(HeavyTask { kind, input: input.to_bytes() }).await?)
    }
}

impl Login {
    /// Second message.
    pub async fn finish(self, platform: &impl Platform, pinned: &Pinned, response: Vec<u8>) -> Result<LoginOutput> {
        let output = self.run(platform, pinned, response).await?;
        Ok(LoginOutput::from_bytes(output.expose()).map_err(|_| Refusal::SignInForged)?)
    }
}

impl Registration {
    /// Second message.
    pub async fn finish(
        self,
        platform: &impl Platform,
        pinned: &Pinned,
        response: Vec<u8>,
    ) -> Result<RegistrationOutput> {
        let output = self.run(platform, pinned, response).await?;
        Ok(RegistrationOutput::from_bytes(output.expose()).map_err(|_| Refusal::SignInForged)?)
    }
}
