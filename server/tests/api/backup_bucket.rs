//! Backups in a bucket, and installations whose ciphertext lies in one: taken, found again, verified, restored and dropped as in
//! folders.

use std::{collections::BTreeSet, path::Path};

use server::{
    backup::{self, BackupError, Order, Place, Repository, Restore},
    cli::default_database,
    clock::HOUR,
    database_url::DatabaseUrl,
    random,
    storage::blobs::{Blobs, BlobsConfig},
};

use crate::{
    backup::{FILE, Vaulted, back, write_some},
    harness::{self, Server},
    honest_client::{clinic, read},
    s3,
};

/// A part of the bucket that nobody else uses.
fn bucket(endpoint: &str) -> BlobsConfig {
    let name = hex::encode(random::bytes::<8>().unwrap());
    s3::bucket(endpoint, &format!("s3://tests/{name}"), s3::ACCESS)
}

/// What is wrong in a repository, without the identity and with it.
async fn faults(vaulted: &Vaulted, place: &Place) -> [Vec<String>; 2] {
    let repository = Repository::open(place).await.unwrap();
    let told = |found: backup::Verified| found.faults.iter().map(ToString::to_string).collect::<Vec<_>>();
    let shut = backup::verify(&repository, None, None).await.unwrap();
    let opened = backup::verify(&repository, Some(&vaulted.identities()), None).await.unwrap();
    [told(shut), told(opened)]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_holds_backups_and_takes_what_is_restored() {
    let Some(endpoint) = s3::endpoint() else { return };
    let (vaulted, config, stored) = (Vaulted::new(), bucket(&endpoint), bucket(&endpoint));
    let place = Place::Bucket(config.clone());
    let server = Server::start_with(|it| it.blobs = stored).await;
    let [_, _, patient] = clinic(&server).await;
    let order = |keep| Order { to: place.clone(), ..vaulted.order(&server, keep) };
    let mut reports = write_some(&patient, 1).await;
    let first = backup::take(&order(None)).await.unwrap();
    reports.extend(write_some(&patient, 1).await);
    let second = backup::take(&order(None)).await.unwrap();
    let new = second.size.new_bytes;
    assert!((FILE as u64..2 * FILE as u64).contains(&new) && second.size.bytes > 2 * FILE as u64, "{second:?}");
    assert_eq!(faults(&vaulted, &place).await, [vec![], Vec::<String>::new()]);
    let contents = Repository::open(&place).await.unwrap().contents().await.unwrap();
    assert_eq!(contents.snapshots, BTreeSet::from([first.id, second.id.clone()]));

    // What somebody changed or took away there is named.
    let blobs = Blobs::new(&server.state.config.data, &config).unwrap();
    let largest = contents.objects.iter().max_by_key(|(_, size)| **size).unwrap().0;
    let key = format!("objects/{largest}");
    let whole = blobs.whole(&key).await.unwrap();
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    blobs.store(&key, &changed).await.unwrap();
    assert!(faults(&vaulted, &place).await.iter().all(|named| named.iter().any(|fault| fault.starts_with(&key))));
    blobs.delete(&key).await.unwrap();
    let missing = format!("{key}: it is missing");
    assert!(faults(&vaulted, &place).await.iter().all(|named| named.contains(&missing)));
    blobs.store(&key, &whole).await.unwrap();

    let restore = async |data: &Path, database: DatabaseUrl, blobs: BlobsConfig| {
        let (from, identities) = (Repository::open(&place).await.unwrap(), vaulted.identities());
        let order = Restore { from, identities, snapshot: None, data: data.to_owned(), database, blobs };
        backup::restore(&order, |_| ()).await
    };
    let [refused, folder] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let into = server.state.config.blobs.clone();
    let used = restore(refused.path(), default_database(refused.path()), into).await;
    assert!(matches!(used, Err(BackupError::Occupied(_))), "into an empty bucket only: {used:?}");
    let (database, elsewhere) = (harness::database(folder.path()).await, bucket(&endpoint));
    let restored = restore(folder.path(), database, elsewhere.clone()).await.unwrap();
    assert_eq!((restored.snapshot, restored.blobs as u64), (second.id, second.size.blobs));
    let again = Server::start_in(folder, |it| it.blobs = elsewhere).await;
    let reader = back(&again, "ann@clinic.example").await;
    for id in &reports {
        assert_eq!(read(&reader, id).await.unwrap(), read(&patient, id).await.unwrap());
    }
    reader.check_log().await.unwrap();

    server.state.clock.advance(HOUR);
    let third = backup::take(&order(Some("1h"))).await.unwrap();
    assert_eq!(third.dropped, 2);
    let contents = Repository::open(&place).await.unwrap().contents().await.unwrap();
    let kept = BTreeSet::from([third.id.clone()]);
    assert_eq!((&contents.snapshots, &contents.indexes), (&kept, &kept));
    let index = Repository::open(&place).await.unwrap().index(&third.id).await.unwrap().unwrap();
    let needed: BTreeSet<String> = index.names().map(str::to_owned).collect();
    assert_eq!(contents.objects.into_keys().collect::<BTreeSet<_>>(), needed, "nothing that nobody needs");
}
