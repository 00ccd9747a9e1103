//! An answer about a report is of one moment, whatever changes while it is put together: its reader would take anything
//! else for a lie.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use client::{PatientChoice, Share, bulk::Control};

use crate::{
    harness::Server,
    honest_client::{clinic, write},
};

const READERS: usize = 6;
const CHANGES: u32 = 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_report_opens_at_any_moment_of_getting_new_keys() {
    let server = Server::start().await;
    let [_, doctor, patient] = clinic(&server).await;
    let id = write(&patient, PatientChoice::Account(patient.account_id())).await;
    let straight = Share { with_code: false, expires_in: 0, ..Share::with_code(doctor.account_id()) };
    patient.share(&id, &straight).await.unwrap();
    let doctor = Arc::new(doctor);
    let (done, reads) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let readers: Vec<_> = (0..READERS)
        .map(|_| {
            let (doctor, done, reads) = (Arc::clone(&doctor), Arc::clone(&done), Arc::clone(&reads));
            tokio::spawn(async move {
                while !done.load(Ordering::Relaxed) {
                    let open = doctor.report(&id).await.unwrap();
                    assert!(!open.versions.is_empty());
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for _ in 0..CHANGES {
        // Another grant of the same doctor's is taken away; the one to read by stays.
        let given = patient.share(&id, &straight).await.unwrap();
        patient.revoke(&id, &given.grant).await.unwrap();
        patient.rekey(&id, &Control::none()).await.unwrap();
        if readers.iter().any(tokio::task::JoinHandle::is_finished) {
            break;
        }
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
    assert!(reads.load(Ordering::Relaxed) > CHANGES, "it was read all the while");
}
