use super::*;

fn options(blobs: &str) -> BlobOptions {
    let variable = |name: &str| Some(format!("marked {name}"));
    BlobOptions {
        blobs: Some(blobs.to_owned()),
        environment: Credentials::from_environment(variable),
        ..BlobOptions::default()
    }
}

fn at(endpoint: &str) -> BlobOptions {
    BlobOptions { endpoint: Some(endpoint.to_owned()), ..options("s3://clinic/records") }
}

fn s3(options: BlobOptions) -> Result<S3Config, BlobsConfigError> {
    match options.config()? {
        BlobsConfig::S3(config) => Ok(*config),
        BlobsConfig::Folder => panic!("a folder"),
    }
}

#[test]
fn without_a_bucket_it_is_the_folder() {
    let environment = BlobOptions { blobs: None, ..options("") };
    assert!(matches!(environment.config(), Ok(BlobsConfig::Folder)));
}

#[test]
fn a_store_of_ones_own_is_addressed_by_path() {
    let config = s3(at("https://s3.example.org:9000/")).unwrap();
    assert_eq!((&*config.bucket, &*config.prefix, &*config.region), ("clinic", "records", "us-east-1"));
    assert_eq!(config.addressing, Addressing::Path);
    assert_eq!(config.to_string(), "s3://clinic/records at https://s3.example.org:9000");
    assert!(!format!("{config:?}").contains("marked"));
    let below = s3(at("https://example.org/storage/s3")).unwrap();
    assert_eq!(below.endpoint.unwrap().as_str(), "https://example.org/storage/s3");
}

#[test]
fn or_by_host_name_where_that_is_said() {
    let by_host = |endpoint| s3(BlobOptions { addressing: Some(Addressing::VirtualHost), ..at(endpoint) });
    let config = by_host("https://s3.example.org").unwrap();
    assert_eq!(config.endpoint.unwrap().as_str(), "https://clinic.s3.example.org/");
    assert!(matches!(by_host("https://127.0.0.1:9000"), Err(BlobsConfigError::NoHostName)));
    assert!(matches!(by_host("https://s3.example.org/below"), Err(BlobsConfigError::NoHostName)));
}

#[test]
fn aws_needs_a_region_and_no_endpoint() {
    assert!(matches!(s3(options("s3://clinic")), Err(BlobsConfigError::NoRegion)));
    let in_region = |blobs| s3(BlobOptions { region: Some("eu-central-1".into()), ..options(blobs) }).unwrap();
    let config = in_region("s3://clinic/");
    assert_eq!((&*config.prefix, config.addressing), ("", Addressing::VirtualHost));
    assert_eq!(config.to_string(), "s3://clinic in eu-central-1");
    assert_eq!(in_region("s3://clinic.example.org").addressing, Addressing::Path);
}

#[test]
fn plain_http_stays_on_this_machine_unless_that_is_said() {
    for endpoint in ["http://127.0.0.1:8333", "http://localhost:8333", "http://[::1]:8333"] {
        assert!(s3(at(endpoint)).is_ok(), "{endpoint}");
    }
    let error = s3(at("http://s3.example.org")).unwrap_err().to_string();
    assert!(error.contains("s3.example.org") && error.contains("in clear"), "{error}");
    assert!(s3(BlobOptions { allow_plain_text: true, ..at("http://s3.example.org") }).is_ok());
}

#[test]
fn what_is_no_bucket_is_refused() {
    for blobs in [
        "clinic",
        "https://clinic",
        "s3://",
        "s3://ab",
        "s3://Clinic",
        "s3://-clinic",
        "s3://cli..nic",
        "s3://clinic//a",
        "s3://clinic/a/../b",
        "s3://clinic/a?b",
        "s3://clinic/a b",
    ] {
        let refused = BlobOptions { region: Some("eu-central-1".into()), ..options(blobs) }.config();
        assert!(matches!(refused, Err(BlobsConfigError::Malformed)), "{blobs}");
    }
    for endpoint in ["s3.example.org", "ftp://s3.example.org", "https://s3.example.org?a=b", "https://s3.example.org#a"]
    {
        assert!(matches!(s3(at(endpoint)), Err(BlobsConfigError::MalformedEndpoint)), "{endpoint}");
    }
}

#[test]
fn credentials_stand_in_no_url() {
    for options in [options("s3://marked:marked@clinic"), at("https://marked:marked@s3.example.org")] {
        let error = s3(options).unwrap_err();
        assert!(matches!(error, BlobsConfigError::CredentialsInUrl) && !error.to_string().contains("marked"));
    }
    let nobody = BlobOptions { environment: None, ..at("https://s3.example.org") };
    assert!(matches!(s3(nobody), Err(BlobsConfigError::NoCredentials)));
}

#[test]
fn an_authority_is_a_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    let with_ca = || s3(BlobOptions { ca: Some(path.clone()), ..at("https://s3.example.org") });
    assert!(matches!(with_ca(), Err(BlobsConfigError::File(..))));
    std::fs::write(&path, "no certificate").unwrap();
    assert!(matches!(with_ca(), Err(BlobsConfigError::NoCertificate(_))));
}
