//! A backup is taken while people upload, share, take back and save; it is restored elsewhere, and every report in it is opened and
//! compared with what was written.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

use api_types::{ReportId, grants::Right};
use bytes::Bytes;
use futures::future::join_all;
use server::{log, random};

use crate::{
    backup::{Vaulted, back},
    harness::{self, Server},
    honest_client::Person,
    kill::{PEOPLE, email, workers},
    kill_people::{Dice, Tally, Worker, read_version},
};

/// What is done before a backup is begun, at least.
const BEFORE: u64 = 16;
/// Most backups until something was done while one was taken.
const TRIES: usize = 10;

/// What somebody's reports were when a backup began: by id, how many versions each had.
type Had = BTreeMap<ReportId, usize>;

fn had(worker: &Worker<'_>) -> Had {
    worker.kept.iter().map(|kept| (kept.id, kept.revisions.len())).collect()
}

/// Works until it is told to stop.
async fn work(worker: &mut Worker<'_>, tally: &Tally, stop: &Cell<bool>) {
    while !stop.get() {
        worker.work(tally.acknowledged() + 1).await;
    }
}

/// Takes backups until one was taken while something was done. Says how much.
async fn taken_under_load(vaulted: &Vaulted, server: &Server, tally: &Tally, stop: &Cell<bool>) -> u64 {
    let mut meanwhile = 0;
    for _ in 0..TRIES {
        let before = tally.acknowledged();
        vaulted.take(server).await;
        meanwhile = tally.acknowledged() - before;
        if meanwhile > 0 {
            break;
        }
    }
    stop.set(true);
    meanwhile
}

/// Opens whatever somebody sees, each version of it, and compares it with what its owner wrote. Says which reports that were.
async fn assert_as_written(reader: &Person, written: &BTreeMap<ReportId, Bytes>) -> BTreeMap<ReportId, usize> {
    let page = reader.list_all().await.unwrap();
    assert!(page.refused.is_empty(), "{:?}", page.refused);
    let mut found = BTreeMap::new();
    for row in page.rows {
        let open = reader.report(&row.id).await.unwrap();
        for version in &open.versions {
            let content = read_version(reader, &open, version.version).await.unwrap();
            assert!(content == written[&row.id], "{} version {}", row.id, version.version);
        }
        if open.right == Right::Own {
            assert!(reader.report_events(&row.id, usize::MAX).await.unwrap().complete, "{}", row.id);
        }
        found.insert(row.id, open.versions.len());
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn every_report_of_a_backup_that_was_taken_under_load_opens_elsewhere_as_it_was_written() {
    let vaulted = Vaulted::new();
    let server = Server::start_with(|config| config.address_factor = 100).await;
    let seed = u64::from_le_bytes(random::bytes().unwrap());
    let (mut dice, tally, stop) = (Dice::new(seed), Tally::default(), Cell::new(false));
    let mut workers = workers(&server.origin, &server.set_up_token, &mut dice, &tally).await;
    join_all(workers.iter_mut().map(|worker| worker.work(BEFORE))).await;
    let had: Vec<Had> = workers.iter().map(had).collect();
    let working = join_all(workers.iter_mut().map(|worker| work(worker, &tally, &stop)));
    let (meanwhile, _) = tokio::join!(taken_under_load(&vaulted, &server, &tally, &stop), working);
    println!("seed {seed}: {meanwhile} operations while the backup was taken, {tally:?}");
    assert!(meanwhile > 0, "it was taken under load");
    let of = |worker: &Worker<'_>| worker.kept.iter().map(|kept| (kept.id, kept.content.clone())).collect::<Vec<_>>();
    let written: BTreeMap<ReportId, Bytes> = workers.iter().flat_map(of).collect();
    drop(server.stop().await);

    let folder = tempfile::tempdir().unwrap();
    let database = harness::database(folder.path()).await;
    vaulted.restore(folder.path(), database.clone()).await.unwrap();
    let restored = Server::start_in(folder, |config| config.address_factor = 100).await;
    let mut seen = BTreeSet::new();
    for (name, had) in PEOPLE.into_iter().zip(&had) {
        let reader = back(&restored, &email(name)).await;
        let found = assert_as_written(&reader, &written).await;
        for (id, versions) in had {
            assert!(
                found.get(id).is_some_and(|found| found >= versions),
                "{id}: {versions} versions were acknowledged"
            );
        }
        seen.extend(found.into_keys());
        reader.check_log().await.unwrap();
    }
    assert!(seen.len() >= had.iter().map(BTreeMap::len).sum::<usize>(), "{}", seen.len());
    let folder = restored.stop().await;
    log::verify(&database, folder.path()).await.unwrap();
}
