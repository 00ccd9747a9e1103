//! `/api/v1/sign-in`: OPAQUE login (RFC 9807).

use crate::{
    B64,
    accounts::OwnAccount,
    body,
    second_factors::SecondFactorProof,
    sessions::{Carrier, Session},
};

body! {
    /// `POST /sign-in/start`. The answer looks the same whether the account exists or not.
    pub struct StartSignIn {
        /// Sign-in e-mail.
        pub email: String,
        /// OPAQUE KE1.
        pub credential_request: B64,
    }
}

body! {
    /// Answer to the start.
    pub struct SignInStarted {
        /// Names the pending login for a minute.
        pub sign_in_id: B64,
        /// OPAQUE KE2.
        pub credential_response: B64,
    }
}

body! {
    /// `POST /sign-in/finish`. Answers with `SignedIn`; a session of the same account that the request carries ends.
    pub struct FinishSignIn {
        /// From the start.
        pub sign_in_id: B64,
        /// OPAQUE KE3.
        pub credential_finalization: B64,
        /// Where the account has one. Without it such a sign-in is answered by `second_factor_required` and waits five
        /// minutes for the same request with it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub second_factor: Option<SecondFactorProof>,
        /// How the session is carried.
        pub carrier: Carrier,
        /// What the session is called in the list.
        pub device: String,
    }
}

body! {
    /// A session begins.
    pub struct SignedIn {
        /// The session.
        pub session: Session,
        /// Bearer carriers only: the token, shown once.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub token: Option<String>,
        /// All that is needed to unlock.
        pub account: OwnAccount,
    }
}
