//! The second step of a way in: what is asked while it runs, and the person's answer.

use api_types::{UnixMillis, phones::PhoneFactor, second_factors::SecondFactorProof};
use futures::channel::oneshot;
use leptos::prelude::*;

/// What a person is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Whether an authenticator app's code is one of the answers.
    pub app: bool,
    /// Whether a passkey is.
    pub passkey: bool,
    /// Whether a recovery code will do as well.
    pub recovery_code: bool,
    /// The phone that codes can be sent to.
    pub phone: Option<PhoneFactor>,
    /// Why it is asked for.
    pub why: Why,
}

/// Why a second factor is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The account has one.
    Needed,
    /// A code was sent to the phone.
    Sent,
    /// The last answer was wrong, or used before.
    Wrong,
    /// Wrong too often: the next is taken at this time.
    Wait(UnixMillis),
}

/// `Copy`; one for the page, as only one way in runs at a time.
#[derive(Clone, Copy)]
pub struct SecondStep {
    /// What is asked now; stays while an answer is checked.
    pub asked: RwSignal<Option<Asked>>,
    /// Whether an answer is being checked.
    pub busy: RwSignal<bool>,
    answer: StoredValue<Option<oneshot::Sender<Option<SecondFactorProof>>>>,
    gave_up: StoredValue<bool>,
}

impl SecondStep {
    /// Nothing is asked.
    pub fn new() -> Self {
        Self {
            asked: RwSignal::new(None),
            busy: RwSignal::new(false),
            answer: StoredValue::new(None),
            gave_up: StoredValue::new(false),
        }
    }

    /// Whether a form for it has to stand in the place of the one before.
    pub fn open(self) -> Signal<bool> {
        Memo::new(move |_| self.asked.with(Option::is_some)).into()
    }

    /// Whether one is asked for now.
    pub fn waits(self) -> bool {
        self.asked.try_with_untracked(Option::is_some).unwrap_or_default()
    }

    /// The person's answer; `None` gives up.
    pub fn answer(self, proof: Option<SecondFactorProof>) {
        let waiting = self.answer.try_update_value(Option::take).flatten();
        let Some(waiting) = waiting else { return };
        self.busy.try_set(proof.is_some());
        self.gave_up.try_set_value(proof.is_none());
        // Whoever asked may have gone.
        let _ = waiting.send(proof);
    }

    /// The way in has ended, well or not. Says whether because the person gave up.
    pub fn end(self) -> bool {
        self.asked.try_set(None);
        self.busy.try_set(false);
        self.answer.try_set_value(None);
        self.gave_up.try_update_value(std::mem::take).unwrap_or_default()
    }
}

impl Default for SecondStep {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(feature = "hydrate")]
impl client::AskSecondFactor for SecondStep {
    async fn ask(&self, asked: client::SecondFactorAsked) -> Option<SecondFactorProof> {
        use api_types::second_factors::SecondFactorKind;
        let (answer, answered) = oneshot::channel();
        let why = match asked.why {
            client::WhyAsked::Needed => Why::Needed,
            client::WhyAsked::Sent => Why::Sent,
            client::WhyAsked::Wrong => Why::Wrong,
            client::WhyAsked::Wait(until) => Why::Wait(until),
        };
        let has = |kind| asked.kinds.contains(&kind);
        let (app, passkey) = (has(SecondFactorKind::Totp), has(SecondFactorKind::Passkey));
        let recovery_code = has(SecondFactorKind::RecoveryCode);
        self.answer.try_set_value(Some(answer));
        self.busy.try_set(false);
        self.asked.try_set(Some(Asked { app, passkey, recovery_code, phone: asked.phone.clone(), why }));
        answered.await.ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use api_types::second_factors::SecondFactorKind;

    use super::*;

    #[test]
    fn an_answer_reaches_who_asked_and_giving_up_is_told() {
        Owner::new().with(|| {
            let step = SecondStep::new();
            let (answer, mut answered) = oneshot::channel();
            step.answer.set_value(Some(answer));
            let proof = SecondFactorProof::code(SecondFactorKind::Totp, "123456");
            step.answer(Some(proof.clone()));
            assert_eq!(answered.try_recv(), Ok(Some(Some(proof))));
            assert!(step.busy.get_untracked() && !step.end());

            let (answer, mut answered) = oneshot::channel();
            step.answer.set_value(Some(answer));
            step.answer(None);
            assert_eq!(answered.try_recv(), Ok(Some(None)));
            assert!(step.end());
            assert!(!step.end(), "told once");
        });
    }
}
