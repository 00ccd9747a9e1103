//! Which servers may share what: one that can't be among the others is refused at its start, by name.

use std::{fs, path::Path, process::Command};

use server::{
    AppState,
    config::{Config, Origin},
    data_folder,
    database_url::DatabaseUrl,
    keep::KeepRule,
    membership::MembershipError,
    secrets::SecretsError,
    state::StartError,
    storage::blobs::BlobsConfig,
};
use tempfile::TempDir;

use crate::{
    replica_harness::{Place, copy_secrets},
    world::plain_config,
};

/// An option, and how a server is told something else by it.
type Change = (&'static str, fn(&mut Config));

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn config(place: &Place, data: &Path) -> Config {
    let mut config = Config { data: data.to_owned(), ..plain_config() };
    place.tell(&mut config);
    config
}

async fn open(place: &Place, data: &Path, change: impl FnOnce(&mut Config)) -> Result<AppState, StartError> {
    let mut config = config(place, data);
    change(&mut config);
    AppState::open(config).await
}

async fn refused(place: &Place, data: &Path, change: impl FnOnce(&mut Config)) -> StartError {
    open(place, data, change).await.map(drop).unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn other_secrets_are_refused_by_name() {
    let Some(place) = Place::new().await else { return };
    let (here, there) = (folder(), folder());
    let first = open(&place, here.path(), |_| ()).await.unwrap();
    let none = refused(&place, there.path(), |_| ()).await;
    assert!(
        matches!(
            &none,
            StartError::Membership(MembershipError::Secrets(SecretsError::NotShared(_)))
                | StartError::Secrets(SecretsError::NotShared(_))
        ),
        "{none:?}"
    );
    assert!(none.to_string().contains("copy the folder secrets/"), "{none}");
    copy_secrets(here.path(), there.path());
    for name in ["opaque-server-setup", "throttle-key", "totp-key", "mail-key", "sms-key", "log-vrf-key"] {
        let file = there.path().join("secrets").join(name);
        let kept = fs::read(&file).unwrap();
        let mut other = kept.clone();
        *other.last_mut().unwrap() ^= 1;
        fs::write(&file, &other).unwrap();
        let said = refused(&place, there.path(), |_| ()).await.to_string();
        assert!(said.contains(name), "{name}: {said}");
        assert_eq!(fs::read(&file).unwrap(), other, "nothing was changed");
        fs::write(&file, kept).unwrap();
    }
    open(&place, there.path(), |_| ()).await.unwrap();
    drop(first);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_they_are_told_must_be_the_same() {
    let Some(place) = Place::new().await else { return };
    let (here, there) = (folder(), folder());
    let first = open(&place, here.path(), |_| ()).await.unwrap();
    copy_secrets(here.path(), there.path());
    let changes: [Change; 7] = [
        ("--origin", |config| config.origin = Origin::parse("http://localhost:1").unwrap()),
        ("--keep-events", |config| config.keep_events = Some("7y".parse().unwrap())),
        ("--keep", |config| config.keep = ["drafts=1y".parse::<KeepRule>().unwrap()].into_iter().collect()),
        ("--quota", |config| config.quota = Some("20GB".parse().unwrap())),
        ("--open-sign-up", |config| config.open_sign_up = false),
        ("--session-idle-hours", |config| config.sessions.cookie_idle = 1),
        ("--blobs", |config| {
            let BlobsConfig::S3(s3) = &mut config.blobs else { panic!("a folder") };
            s3.prefix.push('x');
        }),
    ];
    for (name, change) in changes {
        match refused(&place, there.path(), change).await {
            StartError::Membership(MembershipError::Setting(said)) => assert_eq!(said, name),
            other => panic!("{name}: {other:?}"),
        }
    }
    open(&place, there.path(), |config| config.listen = ([127, 0, 0, 1], 9).into()).await.unwrap();
    // Once the others have ended, each may be told something else.
    let second = folder();
    copy_secrets(here.path(), second.path());
    first.membership.leave(&first.db).await.unwrap();
    let there_again = open(&place, there.path(), |_| ()).await.unwrap();
    there_again.membership.leave(&there_again.db).await.unwrap();
    open(&place, second.path(), |config| config.open_sign_up = false).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn with_ciphertext_in_a_folder_a_server_stays_alone() {
    let Some(place) = Place::new().await else { return };
    let (here, there) = (folder(), folder());
    let in_folder = |config: &mut Config| config.blobs = BlobsConfig::Folder;
    let alone = open(&place, here.path(), in_folder).await.unwrap();
    copy_secrets(here.path(), there.path());
    let second = refused(&place, there.path(), in_folder).await;
    assert!(matches!(second, StartError::Membership(MembershipError::FolderHere)), "{second:?}");
    let second = refused(&place, there.path(), |_| ()).await;
    assert!(matches!(second, StartError::Membership(MembershipError::FolderThere)), "{second:?}");
    // Killed and started again on its own folder it doesn't wait for itself; who still runs there is told.
    let again = open(&place, here.path(), in_folder).await.unwrap();
    let replaced = alone.membership.renew(&alone.db).await;
    assert!(matches!(replaced, Err(MembershipError::Replaced)), "{replaced:?}");
    again.membership.renew(&again.db).await.unwrap();
    // A copy of the whole folder is another server.
    fs::copy(here.path().join("server-id"), there.path().join("server-id")).unwrap();
    assert!(matches!(
        refused(&place, there.path(), in_folder).await,
        StartError::Membership(MembershipError::FolderHere)
    ));
    again.membership.leave(&again.db).await.unwrap();
    open(&place, there.path(), in_folder).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_that_start_at_once_on_an_empty_database_one_makes_the_secrets() {
    let Some(place) = Place::new().await else { return };
    let folders = [folder(), folder(), folder()];
    let [a, b, c] = &folders;
    let started =
        tokio::join!(open(&place, a.path(), |_| ()), open(&place, b.path(), |_| ()), open(&place, c.path(), |_| ()));
    let started = [started.0, started.1, started.2];
    let won = started.iter().position(Result::is_ok).expect("one starts");
    for (n, other) in started.iter().enumerate().filter(|(n, _)| *n != won) {
        let said = other.as_ref().map(|_| ()).unwrap_err().to_string();
        assert!(said.contains("copy the folder secrets/"), "{said}");
        fs::remove_dir_all(folders[n].path().join("secrets")).unwrap();
        copy_secrets(folders[won].path(), folders[n].path());
        open(&place, folders[n].path(), |_| ()).await.unwrap();
    }
    let ids: Vec<_> = started.iter().flatten().map(|state| state.instance.instance_id).collect();
    assert_eq!(ids.len(), 1);
}

#[test]
fn a_database_that_is_a_file_belongs_to_one_server() {
    let folder = folder();
    let file = folder.path().join("records.db");
    let url = DatabaseUrl::sqlite(&file);
    let first = data_folder::lock_database(&url).unwrap();
    assert!(first.is_some());
    let second = data_folder::lock_database(&url).map(drop);
    assert!(matches!(&second, Err(StartError::InUse(path)) if path.ends_with("records.db")), "{second:?}");
    drop(first);
    data_folder::lock_database(&url).unwrap();
    let postgres = DatabaseUrl::parse("postgres://u@localhost/d").unwrap();
    assert!(data_folder::lock_database(&postgres).unwrap().is_none());
}

/// Two data folders, one file: the program itself says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_program_on_the_same_file_is_refused() {
    let folder = folder();
    let url = format!("sqlite:{}", folder.path().join("records.db").display());
    let first = crate::binary::Program::start(&folder.path().join("one"), &["--database", &url]);
    let mut second = Command::new(env!("CARGO_BIN_EXE_healthsecure"));
    second.args(["serve", "--listen", "127.0.0.1:0", "--database", &url, "--data"]).arg(folder.path().join("two"));
    let output = second.output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("another healthsecure uses") && said.contains("records.db"), "{said}");
    first.terminate();
}
