//! Finding somebody by the QR code of their key: account id and newest key record, or nobody.

use api_types::{
    AccountId,
    accounts::{AccountList, AccountStatus, Role},
};
use crypto::ids::Hash32;
use server::storage::key_records;

use crate::{
    harness::{Answer, Server},
    person::{Applicant, Person, founder, rng},
    world::World,
};

struct Clinic {
    server: Server,
    ada: Person,
    pat: Person,
    lea: Person,
}

/// An administrator and two patients who share nothing.
async fn clinic() -> Clinic {
    let server = Server::start().await;
    let ada = founder(&server).await;
    let pat = Applicant::new("Pat Patient", Role::Patient).sign_up(&server, None).await;
    let lea = Applicant::new("Lea Patient", Role::Patient).sign_up(&server, None).await;
    Clinic { server, ada, pat, lea }
}

fn newest(person: &Person) -> Hash32 {
    person.applicant.chain.current().hash()
}

impl Clinic {
    async fn ask(&self, key: &str) -> Answer {
        self.server.get(&format!("/accounts?key={key}"), Some(&self.pat.token)).await
    }

    async fn find(&self, account: AccountId, record: Hash32) -> Vec<AccountId> {
        let list: AccountList = self.ask(&format!("{account}.{record}")).await.body();
        list.items.iter().map(|found| found.id).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_halves_find_the_one_account() {
    let clinic = clinic().await;
    assert_eq!(clinic.find(clinic.lea.id, newest(&clinic.lea)).await, [clinic.lea.id]);
    assert_eq!(clinic.find(clinic.pat.id, newest(&clinic.pat)).await, [clinic.pat.id], "one's own too");
    // What is found by e-mail and what is found by key is the same.
    let by_email = clinic.server.get("/accounts?email=lea.patient@example.org", Some(&clinic.pat.token)).await;
    let by_key = clinic.ask(&format!("{}.{}", clinic.lea.id, newest(&clinic.lea))).await;
    let (by_key, by_email): (AccountList, AccountList) = (by_key.body(), by_email.body());
    assert_eq!(by_key.items, by_email.items);
    assert!(by_key.binding.is_none() && by_email.binding.is_some(), "who knew no address learns nothing of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_half_alone_says_nothing() {
    let clinic = clinic().await;
    let (id, record) = (clinic.lea.id, newest(&clinic.lea));
    let mut answers = Vec::new();
    for (account, hash) in [
        (id, Hash32([7; 32])),
        (id, newest(&clinic.pat)),
        (AccountId([7; 32]), record),
        (clinic.pat.id, record),
        (AccountId([7; 32]), Hash32([7; 32])),
    ] {
        let answer = clinic.ask(&format!("{account}.{hash}")).await;
        assert_eq!(answer.status, 200);
        answers.push(answer.text);
    }
    assert!(answers.iter().all(|text| text == r#"{"items":[]}"#), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_record_finds_nobody_once_there_is_a_newer() {
    let mut clinic = clinic().await;
    let (id, old) = (clinic.lea.id, newest(&clinic.lea));
    let applicant = &mut clinic.lea.applicant;
    let later = applicant.chain.current().claimed().created_at + 1;
    let record = applicant.keyring.rotate(&applicant.chain, later, &mut rng()).unwrap();
    let tx = clinic.server.state.db.begin_write().await.unwrap();
    key_records::insert(tx.conn(), id, 1, record.as_bytes(), later).await.unwrap();
    tx.commit().await.unwrap();
    assert!(clinic.find(id, old).await.is_empty());
    assert_eq!(clinic.find(id, record.hash()).await, [id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_key_is_a_named_field() {
    let clinic = clinic().await;
    let whole = format!("{}.{}", clinic.lea.id, newest(&clinic.lea));
    for key in [
        "",
        ".",
        &whole[..64],
        &whole[..whole.len() - 1],
        &whole[1..],
        &whole.replace('.', ":"),
        &whole.replace('.', ".."),
        &whole.to_uppercase(),
        &format!("{whole}.{}", clinic.lea.id),
        &format!("healthsecure:key:{whole}"),
    ] {
        let answer = clinic.ask(key).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (422, "invalid_field"), "{key}");
        assert_eq!(answer.json()["pointer"], "/key", "{key}");
    }
    for query in [format!("key={whole}&name=Lea"), format!("key={whole}&email=lea.patient@example.org")] {
        let answer = clinic.server.get(&format!("/accounts?{query}"), Some(&clinic.pat.token)).await;
        assert_eq!(answer.code(), "malformed", "{query}");
    }
}

#[tokio::test]
async fn who_may_not_act_is_not_found() {
    let world = World::new().await;
    let asker = world.patient().await;
    for status in [AccountStatus::Pending, AccountStatus::Refused, AccountStatus::Disabled, AccountStatus::Active] {
        let other = world.person(Role::Doctor, status).await;
        let path = format!("/accounts?key={}.{}", other.id, other.chain.current().hash());
        let list: AccountList = world.get(&asker, &path).await.json();
        assert_eq!(list.items.len(), usize::from(status == AccountStatus::Active), "{status:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_counted_with_the_other_look_ups_and_audited() {
    let clinic = clinic().await;
    let (hit, miss) = ((clinic.lea.id, newest(&clinic.lea)), (clinic.lea.id, Hash32([7; 32])));
    clinic.find(hit.0, hit.1).await;
    clinic.find(miss.0, miss.1).await;
    let events = clinic.server.get("/admin/events?action=look_up", Some(&clinic.ada.token)).await.json();
    let told: Vec<_> =
        events["items"].as_array().unwrap().iter().map(|event| event["subject"].as_str().unwrap()).collect();
    assert!(told.iter().any(|subject| subject.starts_with("by=key count=1 ")), "{told:?}");
    assert!(told.iter().any(|subject| subject.starts_with("by=key count=0 ")), "{told:?}");
    for _ in 2..120 {
        clinic.server.get("/accounts?email=nobody@example.org", Some(&clinic.pat.token)).await;
    }
    let answer = clinic.ask(&format!("{}.{}", hit.0, hit.1)).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (429, "throttled"));
}
