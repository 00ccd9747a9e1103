//! Lies about keys and addresses that the public log of keys brings to light: what isn't in it is refused by name, and what
//! is in it in somebody's name alarms them.

mod labels;
mod logged;
mod newest;
mod own;
mod reading;
mod tree;

use std::sync::Arc;

use api_types::{AccountId, B64, accounts::Role};
use client::{Alarm, AlarmKind, NoSecondFactor, PatientChoice, Scanned, Share, Vault};
use crypto::{account::KeyRecord, sign::Signed};
use malicious_server::scene::made_up;
use tlog::leaf::KeyTreeLeaf;

use crate::{
    fake::{Fake, PASSWORD, World, device, email},
    flows::report,
};

const ALL: u64 = u64::MAX;

struct Clinic {
    server: Arc<Fake>,
    ann: Vault<World>,
    dora: Vault<World>,
}

async fn clinic() -> Clinic {
    let server = Fake::new();
    server.keep_keys();
    let ann = server.person("Ann Example", Role::Patient).await;
    let dora = server.person("Dora Doctor", Role::Doctor).await;
    Clinic { server, ann, dora }
}

impl Clinic {
    /// Another session of Ann's, on a device that knows nothing.
    async fn again(&self) -> Vault<World> {
        self.server.client().sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await.unwrap()
    }

    fn asked_to_seal(&self) -> bool {
        self.server.asked.lock().unwrap().iter().any(|request| request.contains("Post") && request.contains("/grants"))
    }
}

fn alarm(leaf: u64, kind: AlarmKind) -> Alarm {
    Alarm { leaf, kind, acknowledged: false }
}

/// Adds somebody with these records to the server, without a word in the log.
fn put(server: &Fake, name: &str, records: &[&Signed<KeyRecord>]) -> AccountId {
    let records: Vec<B64> = records.iter().map(|record| B64::from(record.as_bytes())).collect();
    let id = AccountId(crypto::encoding::sha256(&records[0].0).0);
    server.db().accounts.insert(id, made_up(name, &email(name), records));
    id
}

fn log_record(server: &Fake, id: AccountId, epoch: u32, record: &Signed<KeyRecord>) -> u64 {
    server.with_keys(|keys| keys.push(&KeyTreeLeaf::key(&id.0, epoch, record.as_bytes())))
}

/// From now on the server says nothing of these in what it says of itself.
fn leave_out(server: &Fake, fields: &'static [&'static str]) {
    server.lie(move |request, value| {
        if request.path.ends_with("/instance") {
            fields.iter().for_each(|field| drop(value.as_object_mut().unwrap().remove(*field)));
        }
    });
}

#[tokio::test]
async fn an_honest_server_is_believed_and_raises_no_alarm() {
    let clinic = clinic().await;
    let id = report(&clinic.dora, PatientChoice::Account(clinic.ann.account_id())).await;
    let found = clinic.ann.find_by_email("  DORA.doctor@Clinic.example ").await;
    // The double compares addresses as they are sent.
    assert!(found.unwrap().is_none());
    let found = clinic.ann.find_by_email(&email("Dora Doctor")).await.unwrap().unwrap();
    clinic.ann.share(&id, &Share::with_code(found.id)).await.unwrap();
    assert_eq!(clinic.ann.find_doctors("Dora").await.unwrap().len(), 1);
    for vault in [&clinic.ann, &clinic.dora] {
        assert_eq!(vault.scan_keys(ALL).await.unwrap(), Scanned { read: 4, left: 0 });
        assert_eq!(vault.scan_keys(ALL).await.unwrap(), Scanned { read: 0, left: 0 });
        assert_eq!((vault.alarms(), vault.stopped()), (vec![], None));
    }
}
