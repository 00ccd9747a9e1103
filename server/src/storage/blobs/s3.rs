//! A store that speaks S3.

use std::time::Duration;

use object_store::{
    BackoffConfig, Certificate, ClientOptions, Result, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    prefix::PrefixStore,
};

use super::settings::{Addressing, S3Config};

/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(3);
/// Until the store has taken a request and begins to answer, and between two pieces of an answer: 5 MiB at 2 Mbit/s.
const READ: Duration = Duration::from_secs(20);
/// No further try begins so long after the first.
const TRIES: Duration = Duration::from_secs(10);
/// Tries after the first.
const RETRIES: usize = 4;

/// The client of a bucket, below its prefix. Nothing is asked yet.
pub fn open(config: &S3Config) -> Result<PrefixStore<AmazonS3>> {
    let credentials = &config.credentials;
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&config.bucket)
        .with_region(&config.region)
        .with_access_key_id(credentials.key_id.as_str())
        .with_secret_access_key(credentials.secret.as_str())
        .with_virtual_hosted_style_request(config.addressing == Addressing::VirtualHost)
        // Both are not everywhere.
        .with_disable_bulk_delete(true)
        .with_disable_tagging(true)
        .with_retry(retries())
        .with_client_options(client(config)?);
    if let Some(endpoint) = &config.endpoint {
        builder = builder.with_endpoint(endpoint.as_str().trim_end_matches('/'));
    }
    if let Some(token) = &credentials.token {
        builder = builder.with_token(token.as_str());
    }
    Ok(PrefixStore::new(builder.build()?, config.prefix.as_str()))
}

/// A store that is away is told of within half a minute: who waits for an answer has no longer.
fn retries() -> RetryConfig {
    let backoff =
        BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(2), base: 3.0 };
    RetryConfig { backoff, max_retries: RETRIES, retry_timeout: TRIES }
}

fn client(config: &S3Config) -> Result<ClientOptions> {
    let plain = config.endpoint.as_ref().is_some_and(|url| url.scheme() == "http");
    let mut options = ClientOptions::new()
        .with_allow_http(plain)
        .with_connect_timeout(CONNECT)
        .with_read_timeout(READ)
        .with_timeout_disabled();
    if let Some(pem) = &config.ca {
        options = options.with_no_system_certificates(true);
        for certificate in Certificate::from_pem_bundle(pem)? {
            options = options.with_root_certificate(certificate);
        }
    }
    Ok(options)
}
