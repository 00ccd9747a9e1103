//! What of a repository is kept, and what in it is never touched.

use std::{collections::BTreeSet, fs};

use server::{
    backup::{self, BackupError, Repository},
    cli::default_database,
    clock::HOUR,
    services,
};

use crate::{
    backup::{FILE, Vaulted, write_some},
    harness::Server,
    honest_client::clinic,
};

#[tokio::test(flavor = "multi_thread")]
async fn as_many_are_kept_as_was_said() {
    let vaulted = Vaulted::new();
    let server = Server::start().await;
    let [_, _, patient] = clinic(&server).await;
    write_some(&patient, 1).await;
    let mut taken = Vec::new();
    for _ in 0..4 {
        taken.push(backup::take(&vaulted.order(&server, Some("2h"))).await.unwrap());
        server.state.clock.advance(HOUR);
    }
    assert_eq!(taken.iter().map(|one| one.dropped).collect::<Vec<_>>(), [0, 0, 1, 1]);
    let kept = taken[2..].iter().map(|one| one.id.clone()).collect::<BTreeSet<_>>();
    let contents = vaulted.repository().await.contents().await.unwrap();
    assert_eq!((&contents.snapshots, &contents.indexes), (&kept, &kept));
    let mut needed = BTreeSet::new();
    for id in &kept {
        let index = vaulted.repository().await.index(id).await.unwrap().unwrap();
        needed.extend(index.names().map(str::to_owned));
    }
    assert_eq!(contents.objects.into_keys().collect::<BTreeSet<_>>(), needed, "nothing that nobody needs");
    assert_eq!(vaulted.faults().await, [vec![], Vec::<String>::new()]);
    let gone = backup::verify(&vaulted.repository().await, None, Some(&taken[0].id)).await;
    assert!(matches!(gone, Err(BackupError::NoSnapshot(_))), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_stored_is_ever_written_over() {
    let vaulted = Vaulted::new();
    let server = Server::start().await;
    let [_, _, patient] = clinic(&server).await;
    write_some(&patient, 1).await;
    vaulted.take(&server).await;
    let before = vaulted.files();
    let held: Vec<Vec<u8>> = before.iter().map(|path| fs::read(path).unwrap()).collect();
    // Nobody knows any more what is there: all of it is stored once more, beside what there is.
    for index in fs::read_dir(vaulted.path().join("indexes")).unwrap() {
        fs::write(index.unwrap().path(), "{}").unwrap();
    }
    let second = vaulted.take(&server).await;
    assert!(second.size.new_bytes > FILE as u64, "{second:?}");
    assert!(vaulted.files().len() >= 2 * before.len() - 1);
    for (path, bytes) in before.iter().zip(&held) {
        assert!(fs::read(path).unwrap() == *bytes, "{}", path.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_name_is_unknown_no_object_is_deleted() {
    let vaulted = Vaulted::new();
    let server = Server::start().await;
    let [_, _, patient] = clinic(&server).await;
    write_some(&patient, 1).await;
    backup::take(&vaulted.order(&server, Some("1h"))).await.unwrap();
    let left_over = vaulted.path().join("objects/left-over");
    fs::write(&left_over, "of nobody").unwrap();
    let unknown = vaulted.path().join("snapshots/20261127T094100Z-5f3a09c1");
    fs::write(&unknown, "of another version").unwrap();
    server.state.clock.advance(HOUR);
    let taken = backup::take(&vaulted.order(&server, Some("1h"))).await.unwrap();
    assert_eq!((taken.dropped, left_over.exists()), (1, true));
    fs::remove_file(&unknown).unwrap();
    backup::take(&vaulted.order(&server, Some("1h"))).await.unwrap();
    assert!(!left_over.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_of_a_clock_that_was_ahead_takes_nobodys_place() {
    let vaulted = Vaulted::new();
    let server = Server::start().await;
    let [_, _, patient] = clinic(&server).await;
    write_some(&patient, 1).await;
    server.state.clock.advance(HOUR);
    let ahead = vaulted.take(&server).await;
    server.state.clock.advance(-HOUR);
    let plan = vaulted.schedule(None);
    assert!(
        services::backups::due(&server.state, &plan).await.unwrap().is_some(),
        "none was made by a clock that is right"
    );
    let taken = backup::take(&vaulted.order(&server, Some("1h"))).await.unwrap();
    assert!(services::backups::due(&server.state, &plan).await.unwrap().is_none());
    assert_eq!(vaulted.snapshots().await, BTreeSet::from([ahead.id.clone(), taken.id.clone()]));
    let contents = vaulted.repository().await.contents().await.unwrap();
    let now = server.state.clock.now();
    assert_eq!(contents.newest(now).unwrap(), taken.id);
    assert_eq!(contents.newest(now + HOUR).unwrap(), ahead.id);
    assert_eq!(contents.newest(now - 2 * HOUR).unwrap(), ahead.id, "a clock that is behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_with_something_in_it_is_left_alone() {
    let vaulted = Vaulted::new();
    let [server, other] = [Server::start().await, Server::start().await];
    fs::create_dir(vaulted.path()).unwrap();
    fs::write(vaulted.path().join("letter.txt"), "dear").unwrap();
    let full = backup::take(&vaulted.order(&server, None)).await;
    assert!(matches!(full, Err(BackupError::NotEmpty(_))), "{full:?}");
    assert!(matches!(Repository::open(&vaulted.place()).await, Err(BackupError::NoRepository(_))));
    fs::remove_file(vaulted.path().join("letter.txt")).unwrap();
    vaulted.take(&server).await;
    let foreign = backup::take(&vaulted.order(&other, None)).await;
    assert!(matches!(foreign, Err(BackupError::Foreign(_))), "{foreign:?}");

    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("letter.txt"), "dear").unwrap();
    let occupied = vaulted.restore(folder.path(), default_database(folder.path())).await;
    assert!(matches!(occupied, Err(BackupError::Occupied(_))), "{occupied:?}");
    let (used, data) = (other.state.config.database_url.clone(), folder.path().join("data"));
    if used.is_sqlite() {
        let occupied = vaulted.restore(&data, used).await;
        assert!(matches!(occupied, Err(BackupError::Occupied(_))), "{occupied:?}");
    }
}
