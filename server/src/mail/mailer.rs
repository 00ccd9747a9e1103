//! Hands messages to the mail server.

use std::{fmt, time::Duration};

use lettre::{
    Message,
    address::Envelope,
    message::Mailbox,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};
use tokio::time::timeout;

use super::settings::{MailConfig, Security, SmtpServer};
use crate::config::Origin;

/// A silent connection ends after that.
const SILENCE: Duration = Duration::from_secs(30);
/// Longest that one message may take.
pub(super) const LONGEST: Duration = Duration::from_secs(90);
/// What a mail server says of an address that it can't take as it isn't ASCII (RFC 6531, section 3.7.4).
const NO_UTF8_ADDRESSES: u16 = 553;

/// The way out.
pub struct Mailer {
    host: String,
    port: u16,
    tls: Tls,
    login: Option<Credentials>,
    hello: ClientId,
    from: Mailbox,
    /// The right side of Message-IDs, and what this side calls itself.
    name: String,
}

enum Tls {
    Wrapped(TlsParameters),
    Upgraded(TlsParameters),
    None,
}

/// Why a message was not taken. What the other side said isn't kept: it may name the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSent {
    /// The message, or whom it is for, was refused with that status.
    Refused(u16),
    /// Whatever is sent would be refused, with that status: the login, the sender, all of it for now.
    Closed(u16),
    /// No TLS, or no certificate that counts.
    Tls,
    /// It took too long.
    Timeout,
    /// Not reached, or the connection broke off.
    NoConnection,
    /// The two sides don't understand each other.
    Protocol,
}

impl NotSent {
    /// Whether the same is to be expected of this message again.
    pub fn is_permanent(self) -> bool {
        matches!(self, Self::Refused(500..))
    }

    /// Whether it is the mail server that fails, or how it was set up here, and not this message.
    pub fn is_servers(self) -> bool {
        !matches!(self, Self::Refused(_))
    }
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(status) => write!(f, "refused with {status}"),
            Self::Closed(status) => write!(f, "whatever is sent is refused with {status}"),
            Self::Tls => f.write_str("no TLS, or no certificate that counts"),
            Self::Timeout => f.write_str("it took too long"),
            Self::NoConnection => f.write_str("no connection"),
            Self::Protocol => f.write_str("the mail server speaks otherwise"),
        }
    }
}

impl Mailer {
    /// Prepares it; connects to nothing yet.
    pub fn new(config: &MailConfig, origin: &Origin) -> Result<Self, Error> {
        let SmtpServer { host, port, login, .. } = &config.server;
        let name = url::Url::parse(origin.as_str()).ok().and_then(|url| url.host_str().map(str::to_owned));
        let name = name.unwrap_or_else(|| "localhost".to_owned());
        let login = login.as_ref().map(|login| Credentials::new(login.user.clone(), login.password.to_string()));
        Ok(Self {
            host: host.clone(),
            port: *port,
            tls: tls(&config.server)?,
            login,
            hello: ClientId::Domain(name.clone()),
            from: config.from.clone(),
            name,
        })
    }

    /// From whom.
    pub(super) fn from(&self) -> &Mailbox {
        &self.from
    }

    /// What this side calls itself.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Hands one over.
    pub async fn send(&self, message: Message) -> Result<(), NotSent> {
        timeout(LONGEST, self.hand_over(&message)).await.unwrap_or(Err(NotSent::Timeout))
    }

    async fn hand_over(&self, message: &Message) -> Result<(), NotSent> {
        let bytes = message.formatted();
        let mut connection = self.connect().await.map_err(closed)?;
        let done = transact(&mut connection, message.envelope(), &bytes).await;
        connection.abort().await;
        done
    }

    /// As far as the login.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let wrapped = if let Tls::Wrapped(parameters) = &self.tls { Some(parameters.clone()) } else { None };
        let server = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(SILENCE), &self.hello, wrapped, None).await?;
        if let Tls::Upgraded(parameters) = &self.tls {
            connection.starttls(parameters.clone(), &self.hello).await?;
        }
        if let Some(login) = &self.login {
            connection.auth(DEFAULT_MECHANISMS, login).await?;
        }
        Ok(connection)
    }
}

/// The steps of RFC 5321, section 3.3, one by one: up to the sender a refusal is none of this message.
async fn transact(connection: &mut AsyncSmtpConnection, envelope: &Envelope, message: &[u8]) -> Result<(), NotSent> {
    let options = options(connection, envelope, message)?;
    connection.command(Mail::new(envelope.from().cloned(), options)).await.map_err(closed)?;
    for recipient in envelope.to() {
        connection.command(Rcpt::new(recipient.clone(), Vec::new())).await.map_err(refused)?;
    }
    connection.command(Data).await.map_err(refused)?;
    connection.message(message).await.map_err(refused)?;
    Ok(())
}

/// What must be said beforehand of addresses and text that aren't ASCII; a mail server that doesn't know it takes none.
fn options(
    connection: &AsyncSmtpConnection,
    envelope: &Envelope,
    message: &[u8],
) -> Result<Vec<MailParameter>, NotSent> {
    let mut options = Vec::new();
    let knows = |extension| connection.server_info().supports_feature(extension);
    let mut addresses = envelope.to().iter().chain(envelope.from());
    if addresses.any(|address| !AsRef::<str>::as_ref(address).is_ascii()) {
        // This one's address, not what others have.
        if !knows(Extension::SmtpUtfEight) {
            return Err(NotSent::Refused(NO_UTF8_ADDRESSES));
        }
        options.push(MailParameter::SmtpUtfEight);
    }
    if !message.is_ascii() {
        if !knows(Extension::EightBitMime) {
            return Err(NotSent::Protocol);
        }
        options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    Ok(options)
}

fn closed(error: Error) -> NotSent {
    why(&error, NotSent::Closed)
}

/// That one has to log in first, better or at all, is said of whatever is sent (RFC 4954, section 6), only later by some; and
/// so is that the mail server closes (RFC 5321, section 3.8).
fn refused(error: Error) -> NotSent {
    match why(&error, NotSent::Refused) {
        NotSent::Refused(status @ (421 | 530 | 534 | 535 | 538)) => NotSent::Closed(status),
        other => other,
    }
}

fn why(error: &Error, refused: fn(u16) -> NotSent) -> NotSent {
    match error.status() {
        Some(code) => refused(u16::from(code)),
        None if error.is_tls() => NotSent::Tls,
        None if error.is_timeout() => NotSent::Timeout,
        None if error.is_client() || error.is_response() => NotSent::Protocol,
        None => NotSent::NoConnection,
    }
}

fn tls(server: &SmtpServer) -> Result<Tls, Error> {
    let parameters = || {
        let builder = TlsParameters::builder(server.host.clone());
        let builder = match &server.ca {
            Some(pem) => {
                builder.certificate_store(CertificateStore::None).add_root_certificate(Certificate::from_pem(pem)?)
            }
            None => builder,
        };
        builder.build()
    };
    Ok(match server.security {
        Security::Tls => Tls::Wrapped(parameters()?),
        Security::StartTls => Tls::Upgraded(parameters()?),
        Security::PlainText => Tls::None,
    })
}
