//! Where blobs lie, as an operator says it; checked once at start.

use std::{fmt, fs, io, path::PathBuf};

use rustls::pki_types::{CertificateDer, pem::PemObject};
use url::Url;

use crate::config::is_safe_url;

use super::credentials::{Credentials, CredentialsError};

/// The region that most stores of one's own take.
const USUAL_REGION: &str = "us-east-1";

/// What the command line and the environment say.
#[derive(Debug, Default)]
pub struct BlobOptions {
    /// `--blobs`.
    pub blobs: Option<String>,
    /// `--blobs-endpoint`.
    pub endpoint: Option<String>,
    /// `--blobs-region`, or `AWS_REGION`, or `AWS_DEFAULT_REGION`.
    pub region: Option<String>,
    /// `--blobs-addressing`.
    pub addressing: Option<Addressing>,
    /// `--blobs-credentials-file`.
    pub credentials_file: Option<PathBuf>,
    /// `AWS_ACCESS_KEY_ID` and its fellows: from the environment alone.
    pub environment: Option<Credentials>,
    /// `--blobs-ca`.
    pub ca: Option<PathBuf>,
    /// `--blobs-allow-plain-text`.
    pub allow_plain_text: bool,
}

/// Where blobs lie.
#[derive(Debug, Clone, Default)]
pub enum BlobsConfig {
    /// `blobs/` in the data folder.
    #[default]
    Folder,
    /// A store that speaks S3.
    S3(Box<S3Config>),
}

/// A bucket, and how it is reached.
#[derive(Debug, Clone)]
pub struct S3Config {
    /// Bucket.
    pub bucket: String,
    /// What all keys begin with; nothing where empty.
    pub prefix: String,
    /// Where the store is; AWS where absent.
    pub endpoint: Option<Url>,
    /// Region.
    pub region: String,
    /// How the bucket is named in a request.
    pub addressing: Addressing,
    /// As whom.
    pub credentials: Credentials,
    /// The only authority whose certificates count, PEM; those that the system trusts where absent.
    pub ca: Option<Vec<u8>>,
}

/// How a bucket is named in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Addressing {
    /// `https://store/bucket/key`.
    Path,
    /// `https://bucket.store/key`.
    VirtualHost,
}

/// Why blobs can't lie where it was said.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlobsConfigError {
    /// Not a bucket.
    #[error("--blobs must look like s3://bucket or s3://bucket/prefix, of letters, digits, '.', '-' and '_'")]
    Malformed,
    /// Not an endpoint.
    #[error("--blobs-endpoint must look like https://s3.example.org")]
    MalformedEndpoint,
    /// Credentials where every process of the machine can read them.
    #[error("no credentials in a URL: give --blobs-credentials-file, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")]
    CredentialsInUrl,
    /// Ciphertext and credentials' signatures would travel in clear.
    #[error(
        "blobs would travel to {0} in clear, where whoever is on the way can change and delete them: use https, or say \
         --blobs-allow-plain-text"
    )]
    PlainText(String),
    /// AWS needs one.
    #[error("--blobs without --blobs-endpoint is AWS: give --blobs-region or AWS_REGION")]
    NoRegion,
    /// A prefix of the bucket's name in an address.
    #[error("--blobs-addressing virtual-host needs an endpoint with a host name and no path")]
    NoHostName,
    /// Nobody to ask as.
    #[error("--blobs needs --blobs-credentials-file, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")]
    NoCredentials,
    /// A file holds none.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// A file can't be read.
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    /// A file holds no certificate.
    #[error("{0} holds no certificate (PEM)")]
    NoCertificate(PathBuf),
}

impl BlobOptions {
    /// Checks them; without `--blobs` it is the folder.
    pub fn config(self) -> Result<BlobsConfig, BlobsConfigError> {
        let Some(blobs) = &self.blobs else { return Ok(BlobsConfig::Folder) };
        let (bucket, prefix) = place(blobs)?;
        let endpoint = self.endpoint.as_deref().map(|text| self.endpoint(text)).transpose()?;
        let addressing = self.addressing.unwrap_or(match endpoint {
            Some(_) => Addressing::Path,
            // The certificate of AWS holds for one more name, not for two.
            None if bucket.contains('.') => Addressing::Path,
            None => Addressing::VirtualHost,
        });
        let endpoint = match (endpoint, addressing) {
            (Some(endpoint), Addressing::VirtualHost) => Some(with_bucket(&endpoint, &bucket)?),
            (endpoint, _) => endpoint,
        };
        let region = match (&self.region, &endpoint) {
            (Some(region), _) => region.clone(),
            (None, Some(_)) => USUAL_REGION.to_owned(),
            (None, None) => return Err(BlobsConfigError::NoRegion),
        };
        let ca = self.ca()?;
        let credentials = match self.credentials_file {
            Some(file) => Credentials::read(&file)?,
            None => self.environment.ok_or(BlobsConfigError::NoCredentials)?,
        };
        Ok(BlobsConfig::S3(Box::new(S3Config { bucket, prefix, endpoint, region, addressing, credentials, ca })))
    }

    fn endpoint(&self, text: &str) -> Result<Url, BlobsConfigError> {
        let url = Url::parse(text).map_err(|_| BlobsConfigError::MalformedEndpoint)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BlobsConfigError::CredentialsInUrl);
        }
        let bare = url.query().is_none() && url.fragment().is_none();
        let Some(host) = url.host_str().filter(|_| matches!(url.scheme(), "http" | "https") && bare) else {
            return Err(BlobsConfigError::MalformedEndpoint);
        };
        if !is_safe_url(&url) && !self.allow_plain_text {
            return Err(BlobsConfigError::PlainText(host.to_owned()));
        }
        Ok(url)
    }

    fn ca(&self) -> Result<Option<Vec<u8>>, BlobsConfigError> {
        let Some(path) = &self.ca else { return Ok(None) };
        let pem = fs::read(path).map_err(|error| BlobsConfigError::File(path.clone(), error))?;
        let mut certificates = CertificateDer::pem_slice_iter(&pem);
        match certificates.next() {
            Some(Ok(_)) => Ok(Some(pem)),
            _ => Err(BlobsConfigError::NoCertificate(path.clone())),
        }
    }
}

/// Bucket and prefix. Neither is escaped: what would need it is refused.
fn place(text: &str) -> Result<(String, String), BlobsConfigError> {
    let rest = text.strip_prefix("s3://").ok_or(BlobsConfigError::Malformed)?;
    if rest.contains('@') {
        return Err(BlobsConfigError::CredentialsInUrl);
    }
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    let of_prefix = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_segment = |s: &str| !s.is_empty() && s != "." && s != ".." && s.chars().all(of_prefix);
    if !is_bucket(bucket) || !(prefix.is_empty() || prefix.split('/').all(is_segment)) {
        return Err(BlobsConfigError::Malformed);
    }
    Ok((bucket.to_owned(), prefix.to_owned()))
}

/// As S3 names buckets: 3 to 63 lower-case letters, digits, dots and hyphens, a letter or digit at both ends.
fn is_bucket(name: &str) -> bool {
    let at_end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.chars().all(|c| at_end(c) || matches!(c, '-' | '.'))
        && name.starts_with(at_end)
        && name.ends_with(at_end)
        && !name.contains("..")
}

fn with_bucket(endpoint: &Url, bucket: &str) -> Result<Url, BlobsConfigError> {
    let Some(name) = endpoint.domain().filter(|_| endpoint.path() == "/") else {
        return Err(BlobsConfigError::NoHostName);
    };
    let mut url = endpoint.clone();
    url.set_host(Some(&format!("{bucket}.{name}"))).map_err(|_| BlobsConfigError::NoHostName)?;
    Ok(url)
}

impl fmt::Display for S3Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}", self.bucket)?;
        if !self.prefix.is_empty() {
            write!(f, "/{}", self.prefix)?;
        }
        match &self.endpoint {
            Some(endpoint) => write!(f, " at {}", endpoint.as_str().trim_end_matches('/')),
            None => write!(f, " in {}", self.region),
        }
    }
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
