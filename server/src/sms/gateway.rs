//! What takes a text message.

use std::fmt;

use futures::future::BoxFuture;
use zeroize::Zeroizing;

use super::{GatewayConfig, Number, http::Http, twilio::Twilio, webhook::Webhook};

/// A message as it leaves.
pub struct Sms {
    /// The code's row: the same for every try, so that a gateway can leave out what it has sent.
    pub id: [u8; 16],
    /// Where to.
    pub to: Number,
    /// What it says.
    pub text: Zeroizing<String>,
}

/// In no log.
impl fmt::Debug for Sms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sms({})", hex::encode(self.id))
    }
}

/// Takes text messages.
pub trait SmsGateway: Send + Sync {
    /// Hands one over.
    fn send<'a>(&'a self, sms: &'a Sms) -> BoxFuture<'a, Result<(), NotSent>>;
}

/// Why a message was not taken. What the gateway said isn't kept: it may name the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSent {
    /// Answered with that status.
    Refused(u16),
    /// It took too long.
    Timeout,
    /// Not reached, no TLS that counts, or the connection broke off.
    NoConnection,
    /// The request can't be made.
    Impossible,
}

impl NotSent {
    /// Whether the same is to be expected again.
    pub fn is_permanent(self) -> bool {
        match self {
            Self::Refused(status) => status < 500 && !matches!(status, 408 | 425 | 429),
            Self::Impossible => true,
            Self::Timeout | Self::NoConnection => false,
        }
    }
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(status) => write!(f, "the gateway answered with {status}"),
            Self::Timeout => f.write_str("it took too long"),
            Self::NoConnection => f.write_str("no connection"),
            Self::Impossible => f.write_str("the request can't be made"),
        }
    }
}

/// Prepares the one that is configured; connects to nothing yet.
pub fn gateway(config: &GatewayConfig) -> Result<Box<dyn SmsGateway>, reqwest::Error> {
    let http = Http::new()?;
    Ok(match config {
        GatewayConfig::Twilio(twilio) => Box::new(Twilio::new(http, twilio.clone())),
        GatewayConfig::Webhook(webhook) => Box::new(Webhook::new(http, webhook.clone())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_tried_again() {
        for status in [408, 425, 429, 500, 502, 503] {
            assert!(!NotSent::Refused(status).is_permanent(), "{status}");
        }
        for status in [301, 400, 401, 403, 404, 422] {
            assert!(NotSent::Refused(status).is_permanent(), "{status}");
        }
        assert!(!NotSent::Timeout.is_permanent() && !NotSent::NoConnection.is_permanent());
    }
}
