//! `/api/v1/account/tokens`: personal API tokens, for programs. A token gives metadata and ciphertext within its scopes; what opens
//! them stays with the account key. Its id stands where a session's would: in signed requests and in events.

use crate::{ApiTokenId, UnixMillis, body, sessions::Place};

body! {
    /// What a token may reach. What no scope names, no token reaches: ways in, second factors, identities, sessions, tokens,
    /// invitations, administration, and what the account remembers.
    pub enum Scope {
        /// Who one is, and one's own sealed keys: what unlocking needs.
        #[serde(rename = "account:read")]
        AccountRead,
        /// Look up other accounts and their public keys.
        #[serde(rename = "people:read")]
        PeopleRead,
        /// List reports and shares, fetch their ciphertext, manifests, grants and people.
        #[serde(rename = "reports:read")]
        ReportsRead,
        /// Drafts, uploads, new reports and versions.
        #[serde(rename = "reports:write")]
        ReportsWrite,
        /// Grant and revoke access, and re-key after that.
        #[serde(rename = "shares:write")]
        SharesWrite,
        /// The events of reports.
        #[serde(rename = "audit:read")]
        AuditRead,
        /// Sending new reports, and nothing else: a device's scope (`POST /account/devices`), which no other token has.
        #[serde(rename = "reports:send")]
        ReportsSend,
    }
}

impl Scope {
    /// Every scope that a person gives a token.
    pub const ALL: [Self; 6] = [
        Self::AccountRead,
        Self::PeopleRead,
        Self::ReportsRead,
        Self::ReportsWrite,
        Self::SharesWrite,
        Self::AuditRead,
    ];

    /// As it is written in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccountRead => "account:read",
            Self::PeopleRead => "people:read",
            Self::ReportsRead => "reports:read",
            Self::ReportsWrite => "reports:write",
            Self::SharesWrite => "shares:write",
            Self::AuditRead => "audit:read",
            Self::ReportsSend => "reports:send",
        }
    }

    /// By its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().chain([Self::ReportsSend]).find(|scope| scope.name() == name)
    }
}

/// What every API token's text begins with; 84 characters of Crockford base32 follow.
pub const TOKEN_PREFIX: &str = "hst_";
/// Most tokens of an account.
pub const TOKENS_MAX: usize = 20;
/// Longest life of a token, in days.
pub const TOKEN_MAX_DAYS: u32 = 365;

body! {
    /// `POST /account/tokens`. The session must be confirmed.
    pub struct NewApiToken {
        /// What the person calls it, 1 to 100 characters.
        pub name: String,
        /// At least one.
        pub scopes: Vec<Scope>,
        /// 1 to 365 days.
        pub expires_in_days: u32,
    }
}

body! {
    /// A token in the list.
    pub struct ApiToken {
        /// Its id.
        pub id: ApiTokenId,
        /// What the person calls it.
        pub name: String,
        /// What it may reach.
        pub scopes: Vec<Scope>,
        /// When it was made.
        pub created_at: UnixMillis,
        /// When it ends. It is listed for 30 days after, or for as long as the server was told (`--keep ended-tokens=TIME`).
        pub expires_at: UnixMillis,
        /// When it was last used, to the minute.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub last_used_at: Option<UnixMillis>,
        /// Where it was used then.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub last_place: Option<Place>,
    }
}

body! {
    /// Answer to a new token.
    pub struct ApiTokenCreated {
        /// As it is listed.
        pub token: ApiToken,
        /// What a program sends (`Authorization: Bearer hst_…`); shown this once.
        pub secret: String,
    }
}

body! {
    /// `GET /account/tokens`.
    pub struct ApiTokenList {
        /// Newest first.
        pub items: Vec<ApiToken>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_json() {
        for scope in Scope::ALL.into_iter().chain([Scope::ReportsSend]) {
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.name());
            assert_eq!(Scope::from_name(scope.name()), Some(scope));
        }
        assert_eq!(Scope::from_name("admin"), None);
    }
}
