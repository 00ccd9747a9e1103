//! `/api/v1/recovery`: the recovery kit opens the account and sets a new password.

use crate::{
    AccountId, B64,
    accounts::{OwnAccount, Rotation},
    body,
    recovery_shares::NamedSplit,
    second_factors::SecondFactorProof,
    sessions::Carrier,
};

body! {
    /// `POST /recovery/start`. The answer is the same whether the account exists or not.
    pub struct StartRecovery {
        /// Sign-in e-mail.
        pub email: String,
        /// With recovery shares: what each of them says of its split, 8 bytes. Of a split that is this account's it is
        /// answered by the statement, else by `recovery_failed`, as it is for an unknown e-mail.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub split: Option<B64>,
    }
}

body! {
    /// Answer to the start.
    pub struct RecoveryStarted {
        /// Names the attempt for 15 minutes; random.
        pub recovery_id: B64,
        /// What the proof names in the account's place: a pseudonym of the e-mail, which stays the same whether it has an account
        /// or not. Not the account's id, by which anybody would find its entries in the log of keys.
        pub pseudonym: AccountId,
        /// 32 random bytes that the kit's proof key signs.
        pub challenge: B64,
        /// The split that was named.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub split: Option<NamedSplit>,
    }
}

body! {
    /// `POST /recovery/verify`.
    pub struct VerifyRecovery {
        /// From the start.
        pub recovery_id: B64,
        /// `crypto` recovery proof over instance, account and challenge, signed by the kit's proof key.
        pub signature: B64,
        /// OPAQUE RegistrationRequest for the new password.
        pub registration_request: B64,
        /// Where the account has one: the kit doesn't go around it. Without it such a recovery is answered by
        /// `second_factor_required` and waits for the same request with it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub second_factor: Option<SecondFactorProof>,
    }
}

body! {
    /// Answer: the kit is right.
    pub struct RecoveryVerified {
        /// What the kit opens.
        pub account: OwnAccount,
        /// OPAQUE RegistrationResponse for the new password.
        pub registration_response: B64,
    }
}

body! {
    /// `POST /recovery/finish`: new password, rotated account key, in one transaction. Every other session ends. Answers `SignedIn`.
    pub struct FinishRecovery {
        /// From the start.
        pub recovery_id: B64,
        /// OPAQUE RegistrationUpload.
        pub registration_upload: B64,
        /// Everything under the rotated account key; the password's way in is new, the kit's the stored one.
        pub rotation: Rotation,
        /// How the session is carried.
        pub carrier: Carrier,
        /// What the session is called.
        pub device: String,
    }
}
