//! The second factor, asked for while a password or recovery kit is proved.

use std::future::Future;

use api_types::{
    ErrorCode, UnixMillis,
    phones::PhoneFactor,
    second_factors::{SecondFactorKind, SecondFactorProof},
};

use crate::{
    error::{ClientError, Result},
    platform::{MaybeSend, MaybeSync},
};

/// What a person is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactorAsked {
    /// What the account has.
    pub kinds: Vec<SecondFactorKind>,
    /// The phone among them, and whether a code was sent to it: [`SecondFactorProof::send_to_phone`] has one sent.
    pub phone: Option<PhoneFactor>,
    /// Why they are asked.
    pub why: WhyAsked,
}

/// Why a second factor is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyAsked {
    /// The account has one.
    Needed,
    /// A code was sent to the phone, as was asked.
    Sent,
    /// What was given is wrong, or was used before.
    Wrong,
    /// It was wrong too often: the next is taken at this time.
    Wait(UnixMillis),
}

/// Whoever has the second factor. The password was right.
pub trait AskSecondFactor: MaybeSync {
    /// The person's answer; `None` when they give up.
    fn ask(&self, asked: SecondFactorAsked) -> impl Future<Output = Option<SecondFactorProof>> + MaybeSend;
}

/// For accounts without one: others end in the server's `second_factor_required`.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSecondFactor;

impl AskSecondFactor for NoSecondFactor {
    async fn ask(&self, _: SecondFactorAsked) -> Option<SecondFactorProof> {
        None
    }
}

/// Asks as long as the server does.
pub(crate) struct Asking<'a, A> {
    ask: &'a A,
    kinds: Vec<SecondFactorKind>,
    phone: Option<PhoneFactor>,
}

impl<'a, A: AskSecondFactor> Asking<'a, A> {
    pub fn new(ask: &'a A) -> Self {
        Self { ask, kinds: Vec::new(), phone: None }
    }

    /// What to try next after an answer, which is given back where it isn't about the second factor.
    pub async fn after(&mut self, error: ClientError) -> Result<SecondFactorProof> {
        let ClientError::Problem(problem) = &error else { return Err(error) };
        let asked_before = !self.kinds.is_empty();
        let why = match problem.code {
            ErrorCode::SecondFactorRequired => {
                self.kinds.clone_from(&problem.second_factors);
                self.phone.clone_from(&problem.phone);
                match &self.phone {
                    Some(phone) if phone.sent => WhyAsked::Sent,
                    _ => WhyAsked::Needed,
                }
            }
            ErrorCode::SecondFactorWrong => WhyAsked::Wrong,
            ErrorCode::Throttled if asked_before => WhyAsked::Wait(problem.retry_at.unwrap_or_default()),
            // The password was right minutes ago.
            ErrorCode::SignInFailed | ErrorCode::RecoveryFailed | ErrorCode::PhoneCodeExpired if asked_before => {
                return Err(ClientError::SecondFactorTooLate);
            }
            _ => return Err(error),
        };
        let asked = SecondFactorAsked { kinds: self.kinds.clone(), phone: self.phone.clone(), why };
        self.ask.ask(asked).await.ok_or(error)
    }
}
