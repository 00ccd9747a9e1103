//! `/api/v1/session` and `/api/v1/sessions`.

use crate::{
    B64, SessionId, UnixMillis,
    accounts::{AccountStatus, Role},
    body,
    second_factors::SecondFactorProof,
};

body! {
    /// How a session's token travels.
    pub enum Carrier {
        /// `__Host-session` cookie: HttpOnly, Secure, SameSite=Strict.
        Cookie,
        /// `Authorization: Bearer`.
        Bearer,
    }
}

body! {
    /// Where a session began, as far as its address tells. The address itself is not kept.
    pub enum Place {
        /// The machine that the server runs on.
        ThisMachine,
        /// A network of private addresses: the clinic, a home (RFC 1918, RFC 4193, RFC 6598).
        LocalNetwork,
        /// Anywhere else.
        Internet,
    }
}

body! {
    /// A session in the list.
    pub struct Session {
        /// Its id.
        pub id: SessionId,
        /// How it is carried.
        pub carrier: Carrier,
        /// What the client called itself.
        pub device: String,
        /// When it began.
        pub created_at: UnixMillis,
        /// When it was last used, to the minute.
        pub last_seen_at: UnixMillis,
        /// When it ends at the latest.
        pub expires_at: UnixMillis,
        /// Where it began; absent for sessions from before this was noted.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub place: Option<Place>,
        /// Whether it began on the network from which this request comes (IPv4: the first 24 bits, IPv6: 48).
        #[serde(default)]
        pub same_network: bool,
        /// Whether this request carries it.
        pub current: bool,
    }
}

body! {
    /// `GET /sessions`.
    pub struct SessionList {
        /// Newest first.
        pub items: Vec<Session>,
    }
}

body! {
    /// `GET /session`: who the request is, so that the page can render its shell. Never an error when signed out.
    pub struct CurrentSession {
        /// Absent when signed out.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub signed_in: Option<WhoAmI>,
    }
}

body! {
    /// The person behind a session.
    pub struct WhoAmI {
        /// Account id.
        pub account_id: crate::AccountId,
        /// Full name.
        pub name: String,
        /// E-mail.
        pub email: String,
        /// Role.
        pub role: Role,
        /// Status.
        pub status: AccountStatus,
        /// Whether the role needs a second factor that the account doesn't have: until then nothing else is allowed.
        #[serde(default)]
        pub second_factor_due: bool,
        /// When the account is deleted by the organisation, where an administrator asked for that and it is disabled.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub removal_at: Option<UnixMillis>,
        /// The session.
        pub session: Session,
    }
}

body! {
    /// `POST /session/confirmation/start`: the password again, before something that a thief of the session must not do.
    pub struct StartConfirmation {
        /// OPAQUE KE1.
        pub credential_request: B64,
    }
}

body! {
    /// `POST /session/confirmation/finish`. The session is confirmed for ten minutes.
    pub struct FinishConfirmation {
        /// From the start.
        pub sign_in_id: B64,
        /// OPAQUE KE3.
        pub credential_finalization: B64,
        /// Where the account has one; as for a sign-in.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub second_factor: Option<SecondFactorProof>,
    }
}
