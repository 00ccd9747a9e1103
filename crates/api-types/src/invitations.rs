//! `/api/v1/invitations`. The token travels in a link's fragment; the 256-bit secret that hands over a patient's
//! reports travels beside it and never reaches the server.

use crate::{AccountId, InvitationId, PlaceholderId, UnixMillis, accounts::Role, body};

body! {
    /// `POST /invitations`. Administrators invite anyone; approved doctors invite patients.
    pub struct CreateInvitation {
        /// The role the new account gets.
        pub role: Role,
        /// Only this e-mail may use it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub email: Option<String>,
        /// Patients: the placeholder whose reports the invitation hands over.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub placeholder: Option<PlaceholderId>,
        /// Life in milliseconds; 1 hour to 30 days, 7 days where absent.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub expires_in: Option<i64>,
    }
}

body! {
    /// A made invitation; the token is shown this once.
    pub struct CreatedInvitation {
        /// The token. Where the invitation was mailed, another one is in the mail, of which signing up verifies the address.
        pub token: String,
        /// Whether it is being mailed to its address: administrators' invitations for an e-mail, where the server sends mail.
        #[serde(default)]
        pub mailed: bool,
        /// The rest.
        pub invitation: Invitation,
    }
}

body! {
    /// An invitation in the list.
    pub struct Invitation {
        /// Its id.
        pub id: InvitationId,
        /// Role.
        pub role: Role,
        /// Bound e-mail.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub email: Option<String>,
        /// Placeholder.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub placeholder: Option<PlaceholderId>,
        /// Who made it.
        pub created_by: AccountId,
        /// That person's name.
        pub created_by_name: String,
        /// When.
        pub created_at: UnixMillis,
        /// When it ends.
        pub expires_at: UnixMillis,
        /// The account that used it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub used_by: Option<AccountId>,
    }
}

body! {
    /// `GET /invitations`: one's own; administrators see all.
    pub struct InvitationList {
        /// Newest first.
        pub items: Vec<Invitation>,
    }
}

body! {
    /// `POST /invitations/look-up` (anonymous) and `POST /invitations/accept` (signed in: binds the placeholder to the account).
    pub struct InvitationToken {
        /// The token.
        pub token: String,
    }
}

body! {
    /// What the sign-up page may know from a token.
    pub struct InvitationInfo {
        /// Whether this is the set-up link of the first administrator.
        pub set_up: bool,
        /// Role.
        pub role: Role,
        /// Bound e-mail.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub email: Option<String>,
        /// Who invites.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub invited_by: Option<String>,
        /// Placeholder.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub placeholder: Option<PlaceholderId>,
        /// Whether signing up with it needs a code that is mailed to the address (`POST /sign-up/code`).
        #[serde(default)]
        pub asks_code: bool,
        /// When it ends.
        pub expires_at: UnixMillis,
    }
}
