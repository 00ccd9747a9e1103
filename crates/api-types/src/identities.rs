//! Identity providers (OpenID Connect): `/api/v1/identity-providers`, `/api/v1/sign-in/identity`,
//! `/api/v1/account/identities`. A provider says who somebody is; it gets nothing that opens a report.

use crate::{IdentityId, UnixMillis, body, second_factors::SecondFactorProof, sessions::Carrier};

body! {
    /// An identity provider that this server asks, in `GET /instance`.
    pub struct IdentityProvider {
        /// Names it in paths.
        pub id: String,
        /// What people call it.
        pub name: String,
    }
}

body! {
    /// What a provider is asked for.
    pub enum IdentityPurpose {
        /// To sign in, or to create an account.
        SignIn,
        /// To link what it answers to the account that is signed in.
        Link,
    }
}

body! {
    /// `POST /identity-providers/{provider_id}/start`.
    pub struct StartIdentity {
        /// For what. To link needs a confirmed session.
        pub purpose: IdentityPurpose,
    }
}

body! {
    /// Where the browser is to go. The answer's cookie binds what comes back to this browser, for ten minutes.
    pub struct IdentityStarted {
        /// At the provider.
        pub authorization_url: String,
    }
}

body! {
    /// `GET /sign-in/identity`: who the provider said this browser's user is, until an account is made of it.
    pub struct WaitingIdentity {
        /// What people call the provider.
        pub provider_name: String,
        /// The e-mail address that it verified; the account gets this one.
        pub email: String,
        /// The name that it knows, for a start.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub name: Option<String>,
    }
}

body! {
    /// `GET /account/identities/waiting`: whom the provider said this browser's user is, until it is linked. On a shared machine
    /// that may be somebody else, whom the provider knows there still.
    pub struct IdentityToLink {
        /// What people call the provider.
        pub provider_name: String,
        /// The e-mail address that it knows.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub email: Option<String>,
        /// The name that it knows.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub name: Option<String>,
    }
}

body! {
    /// `POST /sign-in/identity`. Answers with `SignedIn`; a session of the same account that the request carries ends.
    pub struct IdentitySignIn {
        /// Where the account has one. Without it such a sign-in is answered by `second_factor_required`, and waits for the
        /// same request with it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub second_factor: Option<SecondFactorProof>,
        /// How the session is carried.
        pub carrier: Carrier,
        /// What the session is called in the list.
        pub device: String,
    }
}

body! {
    /// An identity that signs in to the account.
    pub struct Identity {
        /// Its id here.
        pub id: IdentityId,
        /// What people call the provider; its address, where it is not asked any more.
        pub provider_name: String,
        /// The e-mail address that the provider knew when the identity was linked.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub email: Option<String>,
        /// When it was linked.
        pub created_at: UnixMillis,
        /// When it last signed in.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub last_used_at: Option<UnixMillis>,
    }
}

body! {
    /// `GET /account/identities`.
    pub struct IdentityList {
        /// Oldest first.
        pub items: Vec<Identity>,
    }
}
