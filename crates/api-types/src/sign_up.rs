//! `/api/v1/sign-up`: OPAQUE registration (RFC 9807) and everything the new account brings.

use crate::{AccountId, B64, UnixMillis, WayInId, accounts::Role, body};

body! {
    /// `POST /sign-up/code`: proves an address before it has an account, where the server sends mail. The answer is the same, in
    /// the same time, for every address: one that has an account, or had one, gets a message that says so in the place of a code.
    pub struct AskSignUpCode {
        /// The address that the account is to have.
        pub email: String,
        /// Invitation token.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub invitation: Option<String>,
    }
}

body! {
    /// A message is on its way. A code counts for ten minutes and five tries.
    pub struct SignUpCodeAsked {
        /// Random; binds the code to whoever asked for it, and later the account to the code. To be kept until then.
        pub secret: String,
        /// When the code ends.
        pub expires_at: UnixMillis,
    }
}

body! {
    /// `POST /sign-up/code/check`: the address is proved, and its account may be made within an hour.
    pub struct CheckSignUpCode {
        /// Of the answer to `POST /sign-up/code`.
        pub secret: String,
        /// The code that was mailed; spaces and hyphens don't matter.
        pub code: String,
    }
}

body! {
    /// `POST /sign-up/start`. The client has made its epoch-0 key record already.
    pub struct StartSignUp {
        /// SHA-256 of the epoch-0 key record; the OPAQUE credential identifier.
        pub account_id: AccountId,
        /// OPAQUE RegistrationRequest.
        pub registration_request: B64,
        /// Invitation or set-up token.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub invitation: Option<String>,
    }
}

body! {
    /// Answer to a registration request.
    pub struct RegistrationStarted {
        /// OPAQUE RegistrationResponse.
        pub registration_response: B64,
    }
}

body! {
    /// A way in as the client makes it.
    pub struct NewWayIn {
        /// Random.
        pub id: WayInId,
        /// The signed way-in record.
        pub record: B64,
        /// Recovery kit, emergency contact, recovery shares and escrow: Ed25519 public half.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub proof_key: Option<B64>,
    }
}

body! {
    /// The organisation key, brought by the first administrator.
    pub struct NewOrganisation {
        /// Ed25519 public half.
        pub public_key: B64,
        /// Its seed wrapped to the administrator's account key.
        pub wrap: B64,
        /// The administrator's own approval statement.
        pub approval: B64,
    }
}

body! {
    /// `POST /sign-up`. Answers with `SignedIn`.
    pub struct FinishSignUp {
        /// As in the start.
        pub account_id: AccountId,
        /// Sign-in e-mail.
        pub email: String,
        /// Full name.
        pub name: String,
        /// Role asked for; an invitation's role wins.
        pub role: Role,
        /// The epoch-0 key record.
        pub key_record: B64,
        /// OPAQUE RegistrationUpload.
        pub registration_upload: B64,
        /// The password way in.
        pub password: NewWayIn,
        /// The recovery kit way in.
        pub recovery_kit: NewWayIn,
        /// AK-sealed keyring.
        pub keyring: B64,
        /// AK-sealed client state, counter 0.
        pub client_state: B64,
        /// Invitation or set-up token.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub invitation: Option<String>,
        /// Set-up only.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub organisation: Option<NewOrganisation>,
        /// The secret of the code by which the e-mail was proved (`POST /sign-up/code`). Needed where the server sends mail,
        /// unless the account comes by the set-up link, by an invitation whose token was mailed, or of an identity.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub email_proof: Option<String>,
        /// Whether the account is made of the identity that waits in this browser (`GET /sign-in/identity`): it signs in from
        /// then on, and the e-mail address, which must be its, counts as verified.
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        pub identity: bool,
        /// How the session is carried.
        pub carrier: crate::sessions::Carrier,
        /// What the session is called in the list, for instance "Firefox on Linux".
        pub device: String,
    }
}
