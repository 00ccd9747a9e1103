//! Identity providers as an operator names them in a file; checked once at start. Whether one answers shows when somebody
//! first signs in with it: a provider that is away must not keep the server from starting.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use openidconnect::{ClientId, ClientSecret, IssuerUrl};
use serde::Deserialize;

use crate::config::is_safe_url;

/// Most that a server asks: each is a button on the page.
const MAX: usize = 12;
/// Longest id.
const ID_MAX: usize = 32;
/// Longest name, in characters.
const NAME_MAX: usize = 60;

/// A provider, and this server as it knows it.
#[derive(Debug, Clone)]
pub struct ProviderConfig {
    /// Names it in paths, events and the database.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Where its configuration is found (OpenID Connect Discovery), and what its tokens name.
    pub issuer: IssuerUrl,
    /// This server's name there.
    pub client_id: ClientId,
    /// This server's secret there; a public client has none.
    pub client_secret: Option<ClientSecret>,
}

/// Why a file of providers is no good. Never with the text of a line: somebody may have written a secret there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProvidersFileError {
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
    /// Too many of them.
    #[error("{0}: at most {MAX} identity providers")]
    TooMany(PathBuf),
    /// An id that can't stand in a path.
    #[error("{0}: the id of an identity provider has 1 to {ID_MAX} of a-z, 0-9 and hyphen")]
    BadId(PathBuf),
    /// Two of one id, or of one issuer: nobody could tell them apart.
    #[error("{0}: two identity providers have the id or issuer of {1}")]
    Twice(PathBuf, String),
    /// A name that can't stand on a button.
    #[error("{0}: the name of {1} has 1 to {NAME_MAX} characters")]
    BadName(PathBuf, String),
    /// An issuer over plain HTTP, or none.
    #[error("{0}: the issuer of {1} must look like https://accounts.example.org, without query and fragment")]
    BadIssuer(PathBuf, String),
    /// No client id.
    #[error("{0}: {1} has no client_id")]
    NoClient(PathBuf, String),
    /// A secret that is none.
    #[error("{0} is empty: it should hold the client secret of {1}")]
    NoSecret(PathBuf, String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    provider: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    name: String,
    issuer: String,
    client_id: String,
    client_secret_file: Option<PathBuf>,
}

/// Reads a file of providers, and the files of secrets that it names; those are found from its folder.
///
/// # Errors
/// [`ProvidersFileError`].
pub fn read(path: &Path) -> Result<Vec<ProviderConfig>, ProvidersFileError> {
    let text = fs::read_to_string(path).map_err(|error| ProvidersFileError::Unreadable(path.into(), error))?;
    let file: File = toml::from_str(&text).map_err(|error| malformed(path, &text, &error))?;
    if file.provider.len() > MAX {
        return Err(ProvidersFileError::TooMany(path.into()));
    }
    let mut seen = BTreeSet::new();
    let mut providers = Vec::new();
    for entry in file.provider {
        let provider = entry.check(path)?;
        if !seen.insert(provider.id.clone()) || !seen.insert(provider.issuer.to_string()) {
            return Err(ProvidersFileError::Twice(path.into(), provider.id));
        }
        providers.push(provider);
    }
    Ok(providers)
}

fn malformed(path: &Path, text: &str, error: &toml::de::Error) -> ProvidersFileError {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    ProvidersFileError::Malformed { file: path.into(), line, message: error.message().to_owned() }
}

impl Entry {
    fn check(self, path: &Path) -> Result<ProviderConfig, ProvidersFileError> {
        let id_ok = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if self.id.is_empty() || self.id.len() > ID_MAX || !self.id.bytes().all(id_ok) {
            return Err(ProvidersFileError::BadId(path.into()));
        }
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
            return Err(ProvidersFileError::BadName(path.into(), self.id));
        }
        let issuer = IssuerUrl::new(self.issuer).ok();
        let issuer = issuer.filter(|issuer| {
            let url = issuer.url();
            is_safe_url(url) && url.query().is_none() && url.fragment().is_none() && url.username().is_empty()
        });
        let Some(issuer) = issuer else { return Err(ProvidersFileError::BadIssuer(path.into(), self.id)) };
        if self.client_id.trim().is_empty() {
            return Err(ProvidersFileError::NoClient(path.into(), self.id));
        }
        let client_secret = match self.client_secret_file {
            Some(file) => Some(secret(&path.parent().unwrap_or(Path::new("")).join(file), &self.id)?),
            None => None,
        };
        let name = name.to_owned();
        Ok(ProviderConfig { id: self.id, name, issuer, client_id: ClientId::new(self.client_id), client_secret })
    }
}

fn secret(file: &Path, id: &str) -> Result<ClientSecret, ProvidersFileError> {
    let text = fs::read_to_string(file).map_err(|error| ProvidersFileError::Unreadable(file.into(), error))?;
    match text.trim() {
        "" => Err(ProvidersFileError::NoSecret(file.into(), id.to_owned())),
        secret => Ok(ClientSecret::new(secret.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<ProviderConfig>, ProvidersFileError> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secret"), " marked-secret\n").unwrap();
        fs::write(folder.path().join("empty"), "\n").unwrap();
        let path = folder.path().join("providers.toml");
        fs::write(&path, text).unwrap();
        read(&path)
    }

    fn one(id: &str, issuer: &str, more: &str) -> String {
        format!("[[provider]]\nid = \"{id}\"\nname = \"Work\"\nissuer = \"{issuer}\"\nclient_id = \"us\"\n{more}\n")
    }

    #[test]
    fn providers_come_with_their_secrets_and_show_none() {
        let google = one("google", "https://accounts.google.com", "client_secret_file = \"secret\"");
        let public = one("work-2", "http://localhost:8080/realm", "");
        let providers = parse(&format!("{google}{public}")).unwrap();
        assert_eq!(providers[0].client_secret.as_ref().map(|secret| secret.secret().as_str()), Some("marked-secret"));
        assert!(providers[1].client_secret.is_none());
        assert!(!format!("{providers:?}").contains("marked"));
        assert!(parse("").unwrap().is_empty());
    }

    #[test]
    fn a_bad_file_is_refused_by_name() {
        let issuer = "https://id.example.org";
        let refused = |text: &str| parse(text).unwrap_err();
        use ProvidersFileError as E;
        assert!(matches!(refused(&one("Google", issuer, "")), E::BadId(_)));
        assert!(matches!(refused(&one("a/b", issuer, "")), E::BadId(_)));
        for issuer in
            ["http://id.example.org", "id.example.org", "https://u@id.example.org", "https://id.example.org?x"]
        {
            assert!(matches!(refused(&one("a", issuer, "")), E::BadIssuer(..)), "{issuer}");
        }
        assert!(matches!(refused(&(one("a", issuer, "") + &one("a", "https://b.example", ""))), E::Twice(..)));
        assert!(matches!(refused(&(one("a", issuer, "") + &one("b", issuer, ""))), E::Twice(..)));
        assert!(matches!(refused(&one("a", issuer, "client_secret_file = \"empty\"")), E::NoSecret(..)));
        assert!(matches!(refused(&one("a", issuer, "client_secret_file = \"none\"")), E::Unreadable(..)));
        let written = refused(&one("a", issuer, "client_secret = \"marked-secret\"")).to_string();
        assert!(written.contains("line 6") && !written.contains("marked"), "{written}");
    }
}
