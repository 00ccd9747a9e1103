//! Hands messages to the mail server.

use std::{fmt, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::Mailbox,
    transport::smtp::{
        Error,
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
        extension::ClientId,
    },
};
use tokio::time::timeout;

use super::settings::{MailConfig, Security, SmtpServer};
use crate::config::Origin;

/// A silent connection ends after that.
const SILENCE: Duration = Duration::from_secs(30);
/// Longest that one message may take.
pub(super) const LONGEST: Duration = Duration::from_secs(90);

/// The way out.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    /// The right side of Message-IDs, and what this side calls itself.
    name: String,
}

/// Why a message was not taken. What the other side said isn't kept: it may name the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSent {
    /// Refused with that status.
    Refused(u16),
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
    /// Whether the same is to be expected again soon.
    pub fn is_permanent(self) -> bool {
        matches!(self, Self::Refused(500..))
    }
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(status) => write!(f, "refused with {status}"),
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
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host.as_str())
            .port(*port)
            .tls(tls(&config.server)?)
            .hello_name(ClientId::Domain(name.clone()))
            .timeout(Some(SILENCE));
        let builder = match login {
            Some(login) => builder.credentials(Credentials::new(login.user.clone(), login.password.to_string())),
            None => builder,
        };
        Ok(Self { transport: builder.build(), from: config.from.clone(), name })
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
        match timeout(LONGEST, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(why(&error)),
            Err(_) => Err(NotSent::Timeout),
        }
    }
}

fn why(error: &Error) -> NotSent {
    match error.status() {
        Some(code) => NotSent::Refused(u16::from(code)),
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
        Security::Tls => Tls::Wrapper(parameters()?),
        Security::StartTls => Tls::Required(parameters()?),
        Security::PlainText => Tls::None,
    })
}
