//! `/api/v1/account/passkeys` and signing in with one (WebAuthn Level 3). What an authenticator's extensions give stays in
//! the client: with `prf` a passkey opens the account as well, and the server never sees that output.

use crate::{B64, SecondFactorId, accounts::Rotation, body, sessions::Carrier, sign_up::NewWayIn};

body! {
    /// `POST /account/passkeys/start`: what the browser makes a passkey with (PublicKeyCredentialCreationOptions). It must be
    /// discoverable and verify its user; no attestation is asked for.
    pub struct PasskeyCreation {
        /// Names the pending registration for five minutes.
        pub ceremony_id: B64,
        /// Random; the authenticator answers it.
        pub challenge: B64,
        /// Relying party id: the host of the instance's origin.
        pub rp_id: String,
        /// The organisation's name.
        pub rp_name: String,
        /// The account as authenticators keep it, 16 bytes.
        pub user_id: B64,
        /// Sign-in e-mail, for the authenticator's list.
        pub user_name: String,
        /// Full name, for the same.
        pub user_display_name: String,
        /// COSE algorithms, the preferred one first.
        pub algorithms: Vec<i64>,
        /// Credentials that the account has already.
        pub exclude: Vec<B64>,
    }
}

body! {
    /// `POST /account/passkeys`: the passkey that was made. The session must be confirmed.
    pub struct NewPasskey {
        /// From the start.
        pub ceremony_id: B64,
        /// What the person calls it, 1 to 100 characters.
        pub label: String,
        /// The credential's id.
        pub credential_id: B64,
        /// `clientDataJSON`.
        pub client_data: B64,
        /// `attestationObject`.
        pub attestation_object: B64,
        /// Where the authenticator offers `prf`: the way in that it opens, under the account key's present generation, else
        /// `counter_stale`.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub way_in: Option<NewWayIn>,
        /// With a way in: the counter of the client state that announces it, the stored one or an earlier one. Clients refuse a
        /// way in that none of them announced.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub announced_in: Option<u64>,
    }
}

body! {
    /// Answer to a new passkey.
    pub struct PasskeyAdded {
        /// It stands among the second factors.
        pub id: SecondFactorId,
        /// Recovery codes, where it is the first second factor; shown once.
        pub codes: Vec<String>,
    }
}

body! {
    /// `POST /account/passkeys/{id}/remove`. The session must be confirmed. Every other session ends.
    pub struct RemovePasskey {
        /// Everything under a new account key, without this passkey's way in.
        pub rotation: Rotation,
    }
}

body! {
    /// `POST /passkeys/challenge`: the same for everybody, as nobody knows whose passkey will answer.
    pub struct PasskeyChallenge {
        /// Names the challenge for five minutes; it serves once.
        pub ceremony_id: B64,
        /// Random; the passkey signs it.
        pub challenge: B64,
        /// Relying party id.
        pub rp_id: String,
    }
}

body! {
    /// What a passkey answered (AuthenticatorAssertionResponse), without the outputs of its extensions.
    pub struct PasskeyAssertion {
        /// From the challenge.
        pub ceremony_id: B64,
        /// The credential's id.
        pub credential_id: B64,
        /// `clientDataJSON`.
        pub client_data: B64,
        /// `authenticatorData`.
        pub authenticator_data: B64,
        /// `signature`.
        pub signature: B64,
        /// `userHandle`: as `user_id` when it was made.
        pub user_handle: B64,
    }
}

body! {
    /// `POST /sign-in/passkey`. Answers with `SignedIn`; a session of the same account that the request carries ends. A
    /// passkey verifies its user, so no second factor is asked for.
    pub struct PasskeySignIn {
        /// The answer to a challenge.
        pub assertion: PasskeyAssertion,
        /// How the session is carried.
        pub carrier: Carrier,
        /// What the session is called in the list.
        pub device: String,
    }
}

body! {
    /// `POST /session/confirmation/passkey`: in the place of password and second factor.
    pub struct PasskeyConfirmation {
        /// The answer to a challenge.
        pub assertion: PasskeyAssertion,
    }
}
