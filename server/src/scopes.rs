//! What API tokens reach: each route's scope, in one table. What doesn't stand in it, no token reaches.
//!
//! No scope names what changes how one gets in, who else gets in, what is demanded of people, or what the account remembers
//! (whoever holds a token alone could put rubbish in its place, and the account would open no more). A test compares the
//! table with the OpenAPI document, so that nobody adds a route without deciding.

use api_types::tokens::Scope;
use axum::http::Method;

use crate::router::PREFIX;

/// How a token stands to a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// It looks at nobody's credentials.
    Open,
    /// With this scope.
    With(Scope),
    /// Never.
    Never,
}

use Reach::{Never, Open, With};
use Scope::{AccountRead, AuditRead, PeopleRead, ReportsRead, ReportsWrite, SharesWrite};

/// Method, path below the prefix, and who reaches it.
const TABLE: &[(&str, &str, Reach)] = &[
    ("GET", "/instance", Open),
    ("GET", "/session", With(AccountRead)),
    ("DELETE", "/session", With(AccountRead)),
    ("GET", "/account", With(AccountRead)),
    ("GET", "/account/quota", With(AccountRead)),
    ("GET", "/accounts", With(PeopleRead)),
    ("GET", "/accounts/{account_id}", With(PeopleRead)),
    ("GET", "/reports", With(ReportsRead)),
    ("GET", "/reports/{report_id}", With(ReportsRead)),
    ("GET", "/reports/{report_id}/people", With(ReportsRead)),
    ("GET", "/reports/{report_id}/grants", With(ReportsRead)),
    ("GET", "/reports/{report_id}/versions/{version}", With(ReportsRead)),
    ("GET", "/reports/{report_id}/versions/{version}/revisions/{revision}/parts/{part}", With(ReportsRead)),
    ("GET", "/reports/{report_id}/erasure", With(ReportsRead)),
    ("GET", "/retention-rules", With(ReportsRead)),
    ("GET", "/grants", With(ReportsRead)),
    ("GET", "/drafts", With(ReportsWrite)),
    ("GET", "/drafts/{report_id}", With(ReportsWrite)),
    ("PUT", "/drafts/{report_id}", With(ReportsWrite)),
    ("DELETE", "/drafts/{report_id}", With(ReportsWrite)),
    ("POST", "/uploads", With(ReportsWrite)),
    ("GET", "/uploads/{upload_id}", With(ReportsWrite)),
    ("DELETE", "/uploads/{upload_id}", With(ReportsWrite)),
    ("PUT", "/uploads/{upload_id}/segments/{n}", With(ReportsWrite)),
    ("POST", "/reports", With(ReportsWrite)),
    ("POST", "/reports/{report_id}/versions", With(ReportsWrite)),
    ("POST", "/reports/{report_id}/versions/{version}/revisions", With(SharesWrite)),
    ("POST", "/reports/{report_id}/grants", With(SharesWrite)),
    ("POST", "/reports/{report_id}/grants/{grant_id}/revoke", With(SharesWrite)),
    ("GET", "/reports/{report_id}/events", With(AuditRead)),
    ("GET", "/teams", With(ReportsRead)),
    ("GET", "/teams/{team_id}", With(ReportsRead)),
    ("POST", "/reports/{report_id}/grants/{grant_id}/team-key", With(SharesWrite)),
    ("POST", "/invitations/look-up", Open),
    ("POST", "/recovery/finish", Open),
    ("POST", "/recovery/start", Open),
    ("POST", "/recovery/verify", Open),
    ("GET", "/sign-in/identity", Open),
    ("POST", "/sign-in/phone/start", Open),
    ("POST", "/sign-in/start", Open),
    ("POST", "/sign-up", Open),
    ("POST", "/sign-up/code", Open),
    ("POST", "/sign-up/code/check", Open),
    ("POST", "/sign-up/start", Open),
    ("PUT", "/account/client-state", Never),
    ("POST", "/account/deletion", Never),
    ("POST", "/account/deletion/check", Never),
    ("POST", "/account/disable", Never),
    ("GET", "/account/devices", Never),
    ("POST", "/account/devices", Never),
    ("POST", "/account/devices/{device_id}/remove", Never),
    ("GET", "/account/email/change", Never),
    ("POST", "/account/email/change", Never),
    ("DELETE", "/account/email/change", Never),
    ("POST", "/account/email/verification", Never),
    ("GET", "/account/emergency-contacts", Never),
    ("POST", "/account/emergency-contacts", Never),
    ("POST", "/account/emergency-contacts/{way_in_id}/refuse", Never),
    ("POST", "/account/emergency-contacts/{way_in_id}/remove", Never),
    ("GET", "/account/escrow", Never),
    ("POST", "/account/escrow", Never),
    ("POST", "/account/escrow/{way_in_id}/refuse", Never),
    ("POST", "/account/escrow/{way_in_id}/remove", Never),
    ("GET", "/account/identities", Never),
    ("GET", "/account/identities/waiting", Never),
    ("POST", "/account/identities", Never),
    ("DELETE", "/account/identities/{identity_id}", Never),
    ("POST", "/account/passkeys", Never),
    ("POST", "/account/passkeys/start", Never),
    ("POST", "/account/passkeys/{factor_id}/remove", Never),
    ("POST", "/account/key", Never),
    ("POST", "/account/keys", Never),
    ("PUT", "/account/password", Never),
    ("POST", "/account/password/start", Never),
    ("GET", "/account/phone", Never),
    ("POST", "/account/phone", Never),
    ("PUT", "/account/phone", Never),
    ("DELETE", "/account/phone", Never),
    ("POST", "/account/phone/verify", Never),
    ("POST", "/account/recovery-codes", Never),
    ("PUT", "/account/recovery-kit", Never),
    ("GET", "/account/recovery-split", Never),
    ("POST", "/account/recovery-split", Never),
    ("POST", "/account/recovery-split/{way_in_id}/remove", Never),
    ("GET", "/account/second-factors", Never),
    ("POST", "/account/second-factors/totp", Never),
    ("DELETE", "/account/second-factors/{factor_id}", Never),
    ("POST", "/account/second-factors/{factor_id}/confirm", Never),
    ("GET", "/account/tokens", Never),
    ("POST", "/account/tokens", Never),
    ("DELETE", "/account/tokens/{token_id}", Never),
    ("GET", "/admin/accounts", Never),
    ("POST", "/admin/accounts/{account_id}/approve", Never),
    ("POST", "/admin/accounts/{account_id}/disable", Never),
    ("POST", "/admin/accounts/{account_id}/enable", Never),
    ("GET", "/admin/accounts/{account_id}/quota", Never),
    ("PUT", "/admin/accounts/{account_id}/quota", Never),
    ("POST", "/admin/accounts/{account_id}/refuse", Never),
    ("POST", "/admin/accounts/{account_id}/removal", Never),
    ("DELETE", "/admin/accounts/{account_id}/second-factors", Never),
    ("GET", "/admin/backups", Never),
    ("GET", "/admin/escrow", Never),
    ("POST", "/admin/escrow/accounts/{account_id}/ask", Never),
    ("POST", "/admin/escrow/accounts/{account_id}/secret", Never),
    ("POST", "/admin/escrow/key", Never),
    ("POST", "/admin/escrow/key/end", Never),
    ("GET", "/admin/events", Never),
    ("GET", "/admin/mail", Never),
    ("GET", "/admin/policies", Never),
    ("PUT", "/admin/policies", Never),
    ("GET", "/admin/quota", Never),
    ("PUT", "/admin/quota", Never),
    ("PUT", "/admin/retention-rules", Never),
    ("GET", "/admin/storage", Never),
    ("POST", "/email-change", Never),
    ("POST", "/email-verification", Never),
    ("POST", "/grants/{grant_id}/challenge", Never),
    ("POST", "/grants/{grant_id}/redeem", Never),
    ("POST", "/grants/{grant_id}/request-again", Never),
    ("PUT", "/grants/{grant_id}/seed", Never),
    ("POST", "/identity-providers/{provider_id}/start", Never),
    ("GET", "/invitations", Never),
    ("POST", "/invitations", Never),
    ("POST", "/invitations/accept", Never),
    ("DELETE", "/invitations/{invitation_id}", Never),
    ("GET", "/live", Never),
    ("POST", "/passkeys/challenge", Never),
    ("POST", "/reports/{report_id}/erasure", Never),
    ("POST", "/reports/{report_id}/grants/{grant_id}/claim", Never),
    ("POST", "/session/confirmation/finish", Never),
    ("POST", "/session/confirmation/passkey", Never),
    ("POST", "/session/confirmation/start", Never),
    ("DELETE", "/sessions", Never),
    ("GET", "/sessions", Never),
    ("DELETE", "/sessions/{session_id}", Never),
    ("POST", "/sign-in/finish", Never),
    ("POST", "/sign-in/identity", Never),
    ("POST", "/sign-in/passkey", Never),
    ("POST", "/teams", Never),
    ("POST", "/teams/{team_id}/accept", Never),
    ("POST", "/teams/{team_id}/leave", Never),
    ("POST", "/teams/{team_id}/rosters", Never),
    ("GET", "/trusted", Never),
    ("GET", "/trusted/shares", Never),
    ("POST", "/trusted/shares/{way_in_id}/open", Never),
    ("POST", "/trusted/{way_in_id}/accept", Never),
    ("POST", "/trusted/{way_in_id}/ask", Never),
    ("POST", "/trusted/{way_in_id}/decline", Never),
    ("POST", "/trusted/{way_in_id}/words", Never),
    ("POST", "/sign-in/phone", Never),
];

/// What a device reaches beside what is open: whom it sends to, and sending. Its scope is in no other token.
const SENDING: &[(&str, &str)] = &[
    ("GET", "/accounts"),
    ("GET", "/accounts/{account_id}"),
    ("POST", "/uploads"),
    ("PUT", "/uploads/{upload_id}/segments/{n}"),
    ("POST", "/reports"),
];

/// Whether a device reaches a route.
pub fn sends(method: &Method, route: &str) -> bool {
    let path = route.strip_prefix(PREFIX).unwrap_or(route);
    SENDING.iter().any(|(of, at)| *of == method.as_str() && *at == path)
}

/// How a token stands to a route by its template, prefix included.
pub fn reach(method: &Method, route: &str) -> Reach {
    let path = route.strip_prefix(PREFIX).unwrap_or(route);
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    TABLE.iter().find(|(of, at, _)| *of == method && *at == path).map_or(Never, |(_, _, reach)| *reach)
}

/// The routes that are decided on.
pub fn decided() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE.iter().map(|(method, path, _)| (*method, *path))
}

/// Some scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// Whether this is one of them.
    pub fn has(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u8) != 0
    }

    /// In their order.
    pub fn list(self) -> Vec<Scope> {
        let all = Scope::ALL.into_iter().chain([Scope::ReportsSend]);
        all.filter(|scope| self.has(*scope)).collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | 1 << scope as u8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_in_the_table_is_out_of_reach() {
        assert_eq!(reach(&Method::GET, "/api/v1/reports"), With(ReportsRead));
        assert_eq!(reach(&Method::POST, "/api/v1/reports"), With(ReportsWrite));
        assert_eq!(reach(&Method::HEAD, "/api/v1/reports"), With(ReportsRead));
        for (method, route) in [
            (Method::PUT, "/api/v1/account/password"),
            (Method::PUT, "/api/v1/account/client-state"),
            (Method::POST, "/api/v1/account/tokens"),
            (Method::GET, "/api/v1/admin/events"),
            (Method::DELETE, "/api/v1/reports"),
            (Method::GET, "/api/v1/new"),
        ] {
            assert_eq!(reach(&method, route), Never, "{method} {route}");
        }
    }

    #[test]
    fn a_device_reaches_sending_alone() {
        assert!(sends(&Method::POST, "/api/v1/reports") && sends(&Method::GET, "/api/v1/accounts"));
        assert!(!sends(&Method::GET, "/api/v1/reports") && !sends(&Method::HEAD, "/api/v1/accounts"));
        for (method, path) in SENDING {
            let decided = reach(&method.parse().unwrap(), &format!("{PREFIX}{path}"));
            assert!(matches!(decided, With(PeopleRead | ReportsWrite)), "{method} {path}");
        }
    }

    #[test]
    fn scopes_are_a_set() {
        let some: Scopes = [AuditRead, AccountRead, AuditRead].into_iter().collect();
        assert_eq!(some.list(), [AccountRead, AuditRead]);
        assert!(!some.has(ReportsRead));
        assert_eq!(Scope::ALL.into_iter().collect::<Scopes>().list(), Scope::ALL);
        let sending: Scopes = [Scope::ReportsSend].into_iter().collect();
        assert_eq!(sending.list(), [Scope::ReportsSend]);
    }
}
