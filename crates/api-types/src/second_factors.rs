//! `/api/v1/account/second-factors` and `/api/v1/account/recovery-codes`; passkeys are second factors as well.

use crate::{SecondFactorId, UnixMillis, WayInId, body, passkeys::PasskeyAssertion};

body! {
    /// What proves a second factor.
    pub enum SecondFactorKind {
        /// A time-based one-time password of an authenticator app (RFC 6238): 6 digits, SHA-1, 30 seconds.
        Totp,
        /// A recovery code; counts once.
        RecoveryCode,
        /// A passkey (WebAuthn).
        Passkey,
        /// A code sent by text message. Weaker than the others: whoever takes the number over gets it.
        Phone,
    }
}

body! {
    /// The proof, beside a password or recovery kit. A code counts once.
    pub struct SecondFactorProof {
        /// Of what.
        pub kind: SecondFactorKind,
        /// As shown; white space and hyphens don't matter. Absent for a passkey. Absent for a phone it asks to have one sent,
        /// and the answer is `second_factor_required` again.
        #[serde(skip_serializing_if = "String::is_empty", default)]
        pub code: String,
        /// A passkey's answer to a challenge (`POST /passkeys/challenge`).
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub passkey: Option<PasskeyAssertion>,
    }
}

impl SecondFactorProof {
    /// By a code.
    pub fn code(kind: SecondFactorKind, code: impl Into<String>) -> Self {
        Self { kind, code: code.into(), passkey: None }
    }

    /// Asks to have a code sent to the account's phone.
    pub fn send_to_phone() -> Self {
        Self::code(SecondFactorKind::Phone, "")
    }

    /// By a passkey.
    pub fn passkey(assertion: PasskeyAssertion) -> Self {
        Self { kind: SecondFactorKind::Passkey, code: String::new(), passkey: Some(assertion) }
    }
}

body! {
    /// A second factor in the list.
    pub struct SecondFactor {
        /// Its id.
        pub id: SecondFactorId,
        /// Its kind.
        pub kind: SecondFactorKind,
        /// What the person calls it.
        pub label: String,
        /// When it was added.
        pub created_at: UnixMillis,
        /// When it was last used.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub last_used_at: Option<UnixMillis>,
        /// The way in that a passkey opens; absent where it doesn't unlock.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub way_in: Option<WayInId>,
        /// Weaker than the others (a phone): it lets no password be shorter.
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        pub weaker: bool,
    }
}

body! {
    /// `GET /account/second-factors`.
    pub struct SecondFactorList {
        /// Oldest first.
        pub items: Vec<SecondFactor>,
        /// Recovery codes not used yet.
        pub recovery_codes_left: u32,
        /// Whether the account's role needs one.
        pub required: bool,
    }
}

body! {
    /// `POST /account/second-factors/totp`.
    pub struct StartTotp {
        /// What the person calls it, 1 to 100 characters.
        pub label: String,
    }
}

body! {
    /// A second factor that counts once its first code was right. Replaces one that was begun and not confirmed.
    pub struct TotpStarted {
        /// Its id.
        pub id: SecondFactorId,
        /// The app's secret in base32 (RFC 4648), 160 bits; shown once.
        pub secret: String,
        /// The same as `otpauth://` address, for a QR code.
        pub uri: String,
    }
}

body! {
    /// `POST /account/second-factors/{id}/confirm`. Ends every session that proved no second factor, but this one.
    pub struct ConfirmTotp {
        /// The app's current code.
        pub code: String,
    }
}

body! {
    /// Ten codes, each of which stands in for the second factor once; shown once. They open no record.
    pub struct RecoveryCodes {
        /// 24 characters of Crockford base32 in groups of six, 120 random bits; none where an earlier set stays.
        pub codes: Vec<String>,
    }
}
