//! The gateway for text messages as an operator names it in a file; checked once at start. Secrets lie in files of their
//! own. Whether it answers shows when the first message is sent.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use url::Url;
use zeroize::Zeroizing;

use super::Number;
use crate::config::is_safe_url;

/// Messages a day, where the file doesn't say.
const DAILY: u32 = 500;
/// Messages a day to one number, for each purpose, where the file doesn't say.
const DAILY_PER_NUMBER: u32 = 10;
/// Most of either.
const DAILY_MAX: u32 = 1_000_000;
/// Fewest bytes of a webhook's secret.
const SECRET_MIN: usize = 24;

/// Which gateway, and how much it is given.
#[derive(Debug, Clone)]
pub struct SmsConfig {
    /// The gateway.
    pub gateway: GatewayConfig,
    /// Beginnings of numbers that get messages, for instance `+49`; all where empty.
    pub prefixes: Vec<String>,
    /// Most messages a day beyond those that are each number's own (`services::phone_codes`).
    /// There are never more than ten times as many in all.
    pub daily: u32,
    /// Most messages a day to one number, for each purpose.
    pub daily_per_number: u32,
}

impl SmsConfig {
    /// Whether a number gets messages.
    pub fn reaches(&self, number: &Number) -> bool {
        self.prefixes.is_empty() || self.prefixes.iter().any(|prefix| number.as_str().starts_with(prefix))
    }
}

/// Which gateway.
#[derive(Debug, Clone)]
pub enum GatewayConfig {
    /// Twilio, or what offers the same.
    Twilio(TwilioConfig),
    /// The operator's own.
    Webhook(WebhookConfig),
}

/// An account at Twilio.
#[derive(Clone)]
pub struct TwilioConfig {
    /// Where.
    pub base_url: Url,
    /// Which account.
    pub account_sid: String,
    /// Its secret.
    pub auth_token: Zeroizing<String>,
    /// From whom.
    pub sender: TwilioSender,
}

/// From whom messages come.
#[derive(Debug, Clone)]
pub enum TwilioSender {
    /// A number, or a sender's name.
    From(String),
    /// A messaging service.
    Service(String),
}

/// A webhook.
#[derive(Clone)]
pub struct WebhookConfig {
    /// Where.
    pub url: Url,
    /// Signs.
    pub secret: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for TwilioConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TwilioConfig(..)")
    }
}

impl fmt::Debug for WebhookConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookConfig(..)")
    }
}

/// Why a file is no good. Never with the text of a line: somebody may have written a secret there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SmsConfigError {
    /// A file can't be read.
    #[error("{0}: {1}")]
    Unreadable(PathBuf, io::Error),
    /// Not TOML, or not of this form.
    #[error("{file}, line {line}: {message}")]
    Malformed {
        /// Which file.
        file: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A setting that this kind needs is missing, or one of the other kind is there.
    #[error(
        "{0}: kind \"twilio\" needs account_sid, auth_token_file, and from or messaging_service_sid; kind \"webhook\" needs url and secret_file"
    )]
    Settings(PathBuf),
    /// An address over plain HTTP, or none.
    #[error("{0}: the gateway's address must look like https://sms.example.org, without name, password and fragment")]
    BadUrl(PathBuf),
    /// A value that can't stand in the request.
    #[error("{0}: {1} is not allowed to look like that")]
    BadValue(PathBuf, &'static str),
    /// Not the beginning of a number.
    #[error("{0}: prefixes look like \"+49\"")]
    BadPrefix(PathBuf),
    /// A limit out of its range.
    #[error("{0}: daily_limit and daily_limit_per_number are between 1 and {DAILY_MAX}")]
    BadLimit(PathBuf),
    /// A secret that is none.
    #[error("{0} is empty, or too short to be a secret")]
    NoSecret(PathBuf),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Twilio,
    Webhook,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    kind: Kind,
    base_url: Option<String>,
    account_sid: Option<String>,
    auth_token_file: Option<PathBuf>,
    from: Option<String>,
    messaging_service_sid: Option<String>,
    url: Option<String>,
    secret_file: Option<PathBuf>,
    #[serde(default)]
    prefixes: Vec<String>,
    daily_limit: Option<u32>,
    daily_limit_per_number: Option<u32>,
}

/// Reads the file, and the file of the secret that it names; that is found from its folder.
///
/// # Errors
/// [`SmsConfigError`].
pub fn read(path: &Path) -> Result<SmsConfig, SmsConfigError> {
    let text = fs::read_to_string(path).map_err(|error| SmsConfigError::Unreadable(path.into(), error))?;
    let file: File = toml::from_str(&text).map_err(|error| malformed(path, &text, &error))?;
    let prefix_ok = |prefix: &String| {
        let digits = prefix.strip_prefix('+').unwrap_or_default();
        (1..=14).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0')
    };
    if !file.prefixes.iter().all(prefix_ok) {
        return Err(SmsConfigError::BadPrefix(path.into()));
    }
    let (daily, daily_per_number) =
        (file.daily_limit.unwrap_or(DAILY), file.daily_limit_per_number.unwrap_or(DAILY_PER_NUMBER));
    if ![daily, daily_per_number].iter().all(|limit| (1..=DAILY_MAX).contains(limit)) {
        return Err(SmsConfigError::BadLimit(path.into()));
    }
    let prefixes = file.prefixes.clone();
    Ok(SmsConfig { gateway: file.gateway(path)?, prefixes, daily, daily_per_number })
}

fn malformed(path: &Path, text: &str, error: &toml::de::Error) -> SmsConfigError {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    SmsConfigError::Malformed { file: path.into(), line, message: error.message().to_owned() }
}

impl File {
    fn gateway(self, path: &Path) -> Result<GatewayConfig, SmsConfigError> {
        match self.kind {
            Kind::Twilio => self.twilio(path).map(GatewayConfig::Twilio),
            Kind::Webhook => self.webhook(path).map(GatewayConfig::Webhook),
        }
    }

    fn twilio(self, path: &Path) -> Result<TwilioConfig, SmsConfigError> {
        let settings = || SmsConfigError::Settings(path.into());
        let (Some(account_sid), Some(token), None, None) =
            (self.account_sid, self.auth_token_file, &self.url, &self.secret_file)
        else {
            return Err(settings());
        };
        let sender = match (self.from, self.messaging_service_sid) {
            (Some(from), None) => TwilioSender::From(from),
            (None, Some(sid)) => TwilioSender::Service(sid),
            _ => return Err(settings()),
        };
        let word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !word(&account_sid) {
            return Err(SmsConfigError::BadValue(path.into(), "account_sid"));
        }
        match &sender {
            TwilioSender::Service(sid) if !word(sid) => {
                return Err(SmsConfigError::BadValue(path.into(), "messaging_service_sid"));
            }
            TwilioSender::From(from) if from.trim().is_empty() || from.chars().any(char::is_control) => {
                return Err(SmsConfigError::BadValue(path.into(), "from"));
            }
            _ => {}
        }
        let base_url = safe_url(path, self.base_url.as_deref().unwrap_or("https://api.twilio.com"))?;
        Ok(TwilioConfig { base_url, account_sid, auth_token: secret(path, &token)?, sender })
    }

    fn webhook(self, path: &Path) -> Result<WebhookConfig, SmsConfigError> {
        let others = [&self.base_url, &self.account_sid, &self.from, &self.messaging_service_sid];
        let alone = others.iter().all(|other| other.is_none()) && self.auth_token_file.is_none();
        let (Some(url), Some(file), true) = (self.url, self.secret_file, alone) else {
            return Err(SmsConfigError::Settings(path.into()));
        };
        let text = secret(path, &file)?;
        let bytes = match text.strip_prefix("whsec_") {
            Some(base64) => STANDARD.decode(base64).map_err(|_| SmsConfigError::NoSecret(beside(path, &file)))?,
            None => text.as_bytes().to_vec(),
        };
        let bytes = Zeroizing::new(bytes);
        if bytes.len() < SECRET_MIN {
            return Err(SmsConfigError::NoSecret(beside(path, &file)));
        }
        Ok(WebhookConfig { url: safe_url(path, &url)?, secret: bytes })
    }
}

fn safe_url(path: &Path, text: &str) -> Result<Url, SmsConfigError> {
    let url = Url::parse(text).ok().filter(|url| {
        is_safe_url(url) && url.username().is_empty() && url.password().is_none() && url.fragment().is_none()
    });
    url.ok_or_else(|| SmsConfigError::BadUrl(path.into()))
}

fn beside(path: &Path, file: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).join(file)
}

fn secret(path: &Path, file: &Path) -> Result<Zeroizing<String>, SmsConfigError> {
    let file = beside(path, file);
    let text = fs::read_to_string(&file).map_err(|error| SmsConfigError::Unreadable(file.clone(), error))?;
    let text = Zeroizing::new(text);
    match text.trim() {
        "" => Err(SmsConfigError::NoSecret(file)),
        secret => Ok(Zeroizing::new(secret.to_owned())),
    }
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
