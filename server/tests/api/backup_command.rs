//! Backups on the command line, beside a running server.

use std::{fs, path::Path};

use api_types::ErrorCode;
use server::{backup::SnapshotId, config::Config, database_url::DatabaseUrl, mail::MailOptions, oidc, sms, upkeep};
use tlog::{cosignature::Cosigner, note::KeyName};

use crate::{
    backup::{FILE, Vaulted, back, events, program, write_some},
    harness::{Server, database, left_out},
    honest_client::{clinic, read},
    s3,
};

/// The one that the program says it made.
fn snapshot(said: &str) -> SnapshotId {
    said.split_once("Snapshot ").and_then(|(_, rest)| rest.split_once(':')).unwrap().0.parse().unwrap()
}

/// Much to remember, and secrets among it.
fn told_much(config: &mut Config, folder: &Path) {
    let client = "issuer = \"https://id.example.org\"\nclient_id = \"us\"\nclient_secret_file = \"secret\"";
    let providers = format!("[[provider]]\nid = \"work\"\nname = \"Work\"\n{client}\n");
    for (name, text) in [
        ("secret", "marked-secret-of-24-bytes"),
        ("providers", providers.as_str()),
        ("sms", "kind = \"webhook\"\nurl = \"https://sms.example.org/marked\"\nsecret_file = \"secret\"\n"),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
    let mail = MailOptions {
        smtp: Some("smtp://marked@localhost:1?tls=none".into()),
        from: Some("no-reply@clinic.example".into()),
        password_file: Some(folder.join("secret")),
        ..MailOptions::default()
    };
    let key = Cosigner::ed25519(KeyName::new("w.example").unwrap(), &[1; 32]).key().to_string();
    config.mail = mail.config().unwrap();
    config.identity_providers = oidc::read(&folder.join("providers")).unwrap();
    config.sms = Some(sms::read(&folder.join("sms")).unwrap());
    config.witnesses = vec![format!("{key} http://marked:marked@127.0.0.1:1").parse().unwrap()];
    config.trusted_proxies = vec![[192, 0, 2, 1].into(), [192, 0, 2, 2].into()];
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_does_it_beside_a_running_server() {
    if left_out(s3::everywhere(), "the programs are told of no bucket") {
        return;
    }
    let vaulted = Vaulted::new();
    let server = Server::start().await;
    let [_, _, patient] = clinic(&server).await;
    let id = write_some(&patient, 1).await.remove(0);
    let told = tempfile::tempdir().unwrap();
    let server = Server::start_in(server.stop().await, |config| told_much(config, told.path())).await;
    let patient = back(&server, "ann@clinic.example").await;
    let run_on = |database: &DatabaseUrl, arguments: &[&str]| {
        let done = program(database).args(arguments).output().unwrap();
        let said = [&done.stdout[..], &done.stderr[..]].concat();
        (done.status.success(), String::from_utf8(said).unwrap())
    };
    let served = server.state.config.database_url.clone();
    let run = |arguments: &[&str]| run_on(&served, arguments);
    let [data, place, identity] = [server.state.config.data.clone(), vaulted.path(), vaulted.identity()]
        .map(|path| path.to_str().unwrap().to_owned());
    let recipient = vaulted.recipient.to_string();
    let made = run(&["backup", "--to", &place, "--recipient", &recipient, "--data", &data, "--keep", "1h"]);
    assert!(made.0 && made.1.contains("Snapshot "), "{}", made.1);
    let listed = run(&["backup", "list", "--from", &place]);
    assert!(listed.0 && listed.1.contains("1 snapshots in"), "{}", listed.1);
    let with: [&[&str]; 2] = [&[], &["--identity", &identity]];
    for more in with {
        let verified = run(&[&["backup", "verify", "--from", &place][..], more].concat());
        assert!(verified.0 && verified.1.contains("1 snapshots;"), "{}", verified.1);
    }
    let first = snapshot(&made.1);
    let later = write_some(&patient, 1).await.remove(0);
    let made = run(&["backup", "--to", &place, "--recipient", &recipient, "--data", &data]);
    assert!(made.0 && snapshot(&made.1) != first, "{}", made.1);
    let listed = run(&["backup", "list", "--from", &place]);
    assert!(listed.0 && listed.1.contains("2 snapshots in") && listed.1.contains(first.as_str()), "{}", listed.1);
    // They are in the audit of the server, which didn't make them.
    upkeep::once(&server.state).await.unwrap();
    assert_eq!(events(&server, "what=backup snapshot=%").await, 2);
    let origin = server.origin.clone();
    drop(server.stop().await);

    let earlier = tempfile::tempdir().unwrap();
    let to = earlier.path().to_str().unwrap();
    let named = ["--snapshot", first.as_str(), "--data", to];
    let arguments = [&["restore", "--from", &place, "--identity", &identity][..], &named[..]].concat();
    let restored = run_on(&database(earlier.path()).await, &arguments);
    let said = format!("Restored the snapshot {first} of");
    assert!(restored.0 && restored.1.contains(&said), "{}", restored.1);
    let server = Server::start_in(earlier, |_| ()).await;
    let patient = back(&server, "ann@clinic.example").await;
    assert_eq!(read(&patient, &id).await.unwrap().len(), FILE);
    let refused = read(&patient, &later).await.unwrap_err();
    assert_eq!(refused.problem(), Some(ErrorCode::NotFound), "it was written after that: {refused}");
    drop(server.stop().await);

    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().to_str().unwrap();
    let other = Vaulted::new();
    let stranger = other.identity().to_str().unwrap().to_owned();
    let empty = database(folder.path()).await;
    let refused = run_on(&empty, &["restore", "--from", &place, "--identity", &stranger, "--data", to]);
    assert!(!refused.0 && refused.1.contains("this identity doesn't open the backup"), "{}", refused.1);
    let restored = run_on(&empty, &["restore", "--from", &place, "--identity", &identity, "--data", to]);
    assert!(restored.0 && restored.1.contains("the log of"), "{}", restored.1);
    for said in [
        "name: Test clinic",
        &format!("origin: {origin}\n"),
        "trusted-proxy: 192.0.2.1,192.0.2.2",
        "identity-providers: work (Work) at https://id.example.org/ as us",
        "sms-gateway: webhook at https://sms.example.org to all numbers",
        "smtp: smtp://localhost:1?tls=none",
        "mail-from: no-reply@clinic.example",
        "http://127.0.0.1:1/",
        "session-idle-hours: 12",
    ] {
        assert!(restored.1.contains(said), "{said}: {}", restored.1);
    }
    assert!(!restored.1.contains("marked"), "{}", restored.1);
    let server = Server::start_in(folder, |_| ()).await;
    let patient = back(&server, "ann@clinic.example").await;
    for id in [&id, &later] {
        assert_eq!(read(&patient, id).await.unwrap().len(), FILE, "the newest has both");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_into_a_bucket_waits_in_the_data_folder_and_nowhere_else() {
    if left_out(s3::everywhere(), "the program is told of no bucket for blobs") {
        return;
    }
    let Some(endpoint) = s3::endpoint() else { return };
    let vaulted = Vaulted::new();
    let server = Server::start().await;
    let [_, _, patient] = clinic(&server).await;
    write_some(&patient, 1).await;
    let data = server.state.config.data.to_str().unwrap().to_owned();
    let place = format!("s3://tests/{}", hex::encode(&server::random::token_hash(&data)[..8]));
    let recipient = vaulted.recipient.to_string();
    let done = program(&server.state.config.database_url)
        .args(["backup", "--to", &place, "--recipient", &recipient, "--data", &data, "--backup-endpoint", &endpoint])
        .envs([("AWS_ACCESS_KEY_ID", s3::ACCESS.0), ("AWS_SECRET_ACCESS_KEY", s3::ACCESS.1)])
        // Nobody writes there.
        .current_dir("/proc")
        .output()
        .unwrap();
    let said = String::from_utf8([&done.stdout[..], &done.stderr[..]].concat()).unwrap();
    assert!(done.status.success() && said.contains("Snapshot "), "{said}");
}
