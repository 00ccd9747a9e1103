//! Where mail goes out, as an operator says it; checked once at start.

use std::{fs, io, net::IpAddr, path::PathBuf};

use lettre::message::Mailbox;
use percent_encoding::percent_decode_str;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use url::Url;
use zeroize::Zeroizing;

/// What the command line and the environment say.
#[derive(Debug, Default)]
pub struct MailOptions {
    /// `--smtp`.
    pub smtp: Option<String>,
    /// `--mail-from`.
    pub from: Option<String>,
    /// `--smtp-password-file`.
    pub password_file: Option<PathBuf>,
    /// `HEALTHSECURE_SMTP_PASSWORD`: from the environment alone.
    pub password: Option<Zeroizing<String>>,
    /// `--smtp-ca`.
    pub ca: Option<PathBuf>,
    /// `--smtp-allow-plain-text`.
    pub allow_plain_text: bool,
}

/// Where mail goes out, and from whom.
#[derive(Debug, Clone)]
pub struct MailConfig {
    /// The server that takes it.
    pub server: SmtpServer,
    /// From whom.
    pub from: Mailbox,
}

/// A mail server.
#[derive(Debug, Clone)]
pub struct SmtpServer {
    /// Name or address; the certificate must be its.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How it is kept from others on the way.
    pub security: Security,
    /// As whom.
    pub login: Option<Login>,
    /// The only authority whose certificates count, PEM; those that the system trusts where absent.
    pub ca: Option<Vec<u8>>,
}

/// How a connection is kept from others on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte.
    Tls,
    /// STARTTLS, and nothing without it.
    StartTls,
    /// None.
    PlainText,
}

/// Name and password.
#[derive(Clone)]
pub struct Login {
    /// Name.
    pub user: String,
    /// Password.
    pub password: Zeroizing<String>,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Login(..)")
    }
}

/// Why mail can't be sent as configured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MailConfigError {
    /// Not a mail server's address.
    #[error("--smtp must look like smtps://user@mail.example.org:465 or smtp://user@mail.example.org:587?tls=required")]
    Malformed,
    /// A password where every process of the machine can read it.
    #[error("no password in --smtp: give --smtp-password-file or HEALTHSECURE_SMTP_PASSWORD")]
    PasswordInUrl,
    /// An unknown way of keeping it from others.
    #[error("--smtp knows tls=required (STARTTLS, the default of smtp://) and tls=none, which smtps:// doesn't take")]
    UnknownTls,
    /// Mail would travel in clear.
    #[error(
        "mail to {0} would travel in clear, with links that open things: use smtps:// or tls=required, or say \
         --smtp-allow-plain-text"
    )]
    PlainText(String),
    /// A user without a password.
    #[error("--smtp names a user: give --smtp-password-file or HEALTHSECURE_SMTP_PASSWORD")]
    NoPassword,
    /// A password without a user.
    #[error("a password for SMTP, but --smtp names no user")]
    NoUser,
    /// Two passwords.
    #[error("give either --smtp-password-file or HEALTHSECURE_SMTP_PASSWORD, not both")]
    TwoPasswords,
    /// A file can't be read.
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    /// A file holds no certificate.
    #[error("{0} holds no certificate (PEM)")]
    NoCertificate(PathBuf),
    /// No sender.
    #[error("--smtp needs --mail-from, for instance 'Clinic <no-reply@example.org>'")]
    NoFrom,
    /// Not an address.
    #[error("--mail-from must look like no-reply@example.org or 'Clinic <no-reply@example.org>'")]
    BadFrom,
}

impl MailOptions {
    /// Checks them; without `--smtp` no mail is sent.
    pub fn config(self) -> Result<Option<MailConfig>, MailConfigError> {
        let Some(smtp) = &self.smtp else { return Ok(None) };
        let url = Url::parse(smtp).map_err(|_| MailConfigError::Malformed)?;
        let security = self.security(&url)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(MailConfigError::Malformed)?;
        let server = SmtpServer {
            host: bare(host).to_owned(),
            port: url.port().unwrap_or(security.port()),
            security,
            login: self.login(&url)?,
            ca: self.ca()?,
        };
        let from = self.from.as_deref().ok_or(MailConfigError::NoFrom)?;
        Ok(Some(MailConfig { server, from: sender(from).ok_or(MailConfigError::BadFrom)? }))
    }

    fn security(&self, url: &Url) -> Result<Security, MailConfigError> {
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(MailConfigError::Malformed);
        }
        let mut tls = None;
        for (name, value) in url.query_pairs() {
            match (&*name, tls.is_some()) {
                ("tls", false) => tls = Some(value.into_owned()),
                _ => return Err(MailConfigError::Malformed),
            }
        }
        match (url.scheme(), tls.as_deref()) {
            ("smtps", None) => Ok(Security::Tls),
            ("smtp", None | Some("required")) => Ok(Security::StartTls),
            ("smtp", Some("none")) => {
                let host = bare(url.host_str().unwrap_or_default());
                let allowed = self.allow_plain_text || is_loopback(host);
                if allowed { Ok(Security::PlainText) } else { Err(MailConfigError::PlainText(host.to_owned())) }
            }
            ("smtp" | "smtps", Some(_)) => Err(MailConfigError::UnknownTls),
            _ => Err(MailConfigError::Malformed),
        }
    }

    fn login(&self, url: &Url) -> Result<Option<Login>, MailConfigError> {
        if url.password().is_some() {
            return Err(MailConfigError::PasswordInUrl);
        }
        let user = percent_decode_str(url.username()).decode_utf8().map_err(|_| MailConfigError::Malformed)?;
        match (user.is_empty(), self.password()?) {
            (true, None) => Ok(None),
            (true, Some(_)) => Err(MailConfigError::NoUser),
            (false, None) => Err(MailConfigError::NoPassword),
            (false, Some(password)) => Ok(Some(Login { user: user.into_owned(), password })),
        }
    }

    fn password(&self) -> Result<Option<Zeroizing<String>>, MailConfigError> {
        match (&self.password_file, &self.password) {
            (Some(_), Some(_)) => Err(MailConfigError::TwoPasswords),
            (None, password) => Ok(password.clone()),
            (Some(path), None) => {
                let text = fs::read_to_string(path).map_err(|error| MailConfigError::File(path.clone(), error))?;
                let text = Zeroizing::new(text);
                Ok(Some(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned())))
            }
        }
    }

    fn ca(&self) -> Result<Option<Vec<u8>>, MailConfigError> {
        let Some(path) = &self.ca else { return Ok(None) };
        let pem = fs::read(path).map_err(|error| MailConfigError::File(path.clone(), error))?;
        let mut certificates = CertificateDer::pem_slice_iter(&pem);
        match certificates.next() {
            Some(Ok(_)) => Ok(Some(pem)),
            _ => Err(MailConfigError::NoCertificate(path.clone())),
        }
    }
}

impl Security {
    fn port(self) -> u16 {
        match self {
            Self::Tls => 465,
            Self::StartTls => 587,
            Self::PlainText => 25,
        }
    }
}

/// `no-reply@example.org` or `Clinic <no-reply@example.org>`, and nothing after it.
fn sender(text: &str) -> Option<Mailbox> {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return None;
    }
    let Some((name, address)) = text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) else {
        return Some(Mailbox::new(None, text.parse().ok()?));
    };
    let name = name.trim().trim_matches('"').to_owned();
    Some(Mailbox::new(Some(name).filter(|name| !name.is_empty()), address.trim().parse().ok()?))
}

/// An IPv6 address without its brackets.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
