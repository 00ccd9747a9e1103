//! What an operator decides, checked once at start.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use api_types::UnixMillis;
use url::{Host, Url};

use crate::{
    backup::schedule::Schedule,
    clock::{DAY, HOUR},
    database_url::DatabaseUrl,
    keep::Keep,
    keep_events::KeepEvents,
    mail::MailConfig,
    oidc::ProviderConfig,
    scrub::ScrubPlan,
    size::Size,
    sms::SmsConfig,
    storage::blobs::BlobsConfig,
    witnesses::Witness,
};

/// How long sessions live.
#[derive(Debug, Clone, Copy)]
pub struct SessionLimits {
    /// A cookie session ends after this long unused.
    pub cookie_idle: UnixMillis,
    /// A cookie session ends after this long.
    pub cookie_absolute: UnixMillis,
    /// A bearer session ends after this long unused.
    pub bearer_idle: UnixMillis,
    /// A bearer session ends after this long.
    pub bearer_absolute: UnixMillis,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self { cookie_idle: 12 * HOUR, cookie_absolute: 7 * DAY, bearer_idle: 30 * DAY, bearer_absolute: 90 * DAY }
    }
}

/// Certificate and key for TLS, PEM files.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Certificate chain.
    pub cert: PathBuf,
    /// Private key.
    pub key: PathBuf,
}

/// The server's configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Database, blobs and secrets lie here unless said otherwise.
    pub data: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// The one origin that the page is served from, for instance `https://health.example.org`.
    pub origin: Origin,
    /// SQLite or PostgreSQL.
    pub database_url: DatabaseUrl,
    /// Where ciphertext lies.
    pub blobs: BlobsConfig,
    /// Whether people may create accounts without an invitation.
    pub open_sign_up: bool,
    /// The organisation's display name; taken when the database is empty.
    pub name: String,
    /// TLS, where no proxy does it.
    pub tls: Option<Tls>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Multiplies the tries that one network address has free: more for a clinic whose staff share one.
    pub address_factor: u32,
    /// Sessions.
    pub sessions: SessionLimits,
    /// Who is asked to cosign the log's checkpoints.
    pub witnesses: Vec<Witness>,
    /// How long audit events are kept; for ever where it isn't said.
    pub keep_events: Option<KeepEvents>,
    /// How long other things are kept.
    pub keep: Keep,
    /// The most that an account may store, where Administration says nothing; no limit where it isn't said.
    pub quota: Option<Size>,
    /// Where mail goes out; nowhere where it isn't said.
    pub mail: Option<MailConfig>,
    /// Identity providers by which people can sign in.
    pub identity_providers: Vec<ProviderConfig>,
    /// Where text messages go out; phones are not offered where it isn't said.
    pub sms: Option<SmsConfig>,
    /// Backups that the server makes by itself; none where it isn't said.
    pub backup: Option<Schedule>,
    /// How stored blobs are read again and compared; not at all where it isn't said.
    pub scrub: Option<ScrubPlan>,
}

/// An origin as browsers write it: scheme, host and port, nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

/// Why a text is not an origin that can be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OriginError {
    /// Not an origin.
    #[error("the origin must look like https://health.example.org, without a path")]
    Malformed,
    /// Browsers give neither cookies nor cryptography to it.
    #[error("browsers refuse cryptography and secure cookies on plain http, except on localhost: use https")]
    Insecure,
}

impl Origin {
    /// Checks an origin and writes it as browsers do.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let url = Url::parse(text).map_err(|_| OriginError::Malformed)?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if !matches!(url.scheme(), "http" | "https") || !bare {
            return Err(OriginError::Malformed);
        }
        if url.scheme() == "http" && !is_loopback(&url) {
            return Err(OriginError::Insecure);
        }
        Ok(Self(url.origin().ascii_serialization()))
    }

    /// Scheme, host and port.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host alone.
    pub fn host(&self) -> String {
        let url = Url::parse(&self.0).ok();
        url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_else(|| "localhost".to_owned())
    }
}

/// Whether nobody on the way can read or answer what goes there: TLS, or this machine.
pub fn is_safe_url(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_browsers_do() {
        let origin = |text| Origin::parse(text).map(|o| o.0);
        assert_eq!(origin("https://Health.Example.org:443/"), Ok("https://health.example.org".into()));
        assert_eq!(origin("http://localhost:3000"), Ok("http://localhost:3000".into()));
        assert_eq!(origin("http://[::1]:3000"), Ok("http://[::1]:3000".into()));
        assert_eq!(Origin::parse("https://health.example.org:8443").unwrap().host(), "health.example.org");
    }

    #[test]
    fn what_no_browser_can_use_is_refused() {
        assert_eq!(Origin::parse("http://health.example.org"), Err(OriginError::Insecure));
        for text in ["health.example.org", "ftp://a", "https://a/path", "https://a?x", "https://u@a"] {
            assert_eq!(Origin::parse(text), Err(OriginError::Malformed), "{text}");
        }
    }
}
