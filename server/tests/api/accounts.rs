//! Finding people, approving doctors, and one's own state.

use api_types::{
    B64,
    accounts::{AccountList, AccountStatus, AdminAccountList, OwnAccount, PutClientState, Role},
    live::LiveKind,
};
use crypto::account;
use reqwest::Method;
use serde_json::Value;

use crate::{
    harness::Server,
    live::Told,
    person::{Applicant, Person, approval, founder},
};

struct Clinic {
    server: Server,
    ada: Person,
    dora: Person,
    pat: Person,
}

/// An administrator, a doctor who waits, a patient.
async fn clinic() -> Clinic {
    let server = Server::start().await;
    let ada = founder(&server).await;
    let dora = Applicant::new("Dóra van Doctor", Role::Doctor);
    let dora = Applicant { email: "dora@example.org".into(), ..dora }.sign_up(&server, None).await;
    let pat = Applicant::new("Pat Patient", Role::Patient).sign_up(&server, None).await;
    Clinic { server, ada, dora, pat }
}

impl Clinic {
    async fn approve(&self) -> crate::harness::Answer {
        let body = approval(&self.server, &self.ada, &self.dora.applicant, account::Role::Doctor);
        self.server.post(&format!("/admin/accounts/{}/approve", self.dora.id), Some(&self.ada.token), &body).await
    }

    async fn find(&self, by: &Person, query: &str) -> Vec<api_types::AccountId> {
        let list: AccountList = self.server.get(&format!("/accounts?{query}"), Some(&by.token)).await.body();
        list.items.iter().map(|account| account.id).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_doctor_is_found_by_name_and_may_act() {
    let clinic = clinic().await;
    assert!(clinic.find(&clinic.pat, "name=Dora").await.is_empty(), "who waits is not found");
    let told = Told::from_now(&clinic.server.state, clinic.dora.id).await;
    assert_eq!(clinic.approve().await.status, 204);
    let kinds = told.kinds(&clinic.server.state).await;
    assert!(kinds.contains(&LiveKind::AccountChanged), "{kinds:?}");
    for query in ["name=Dora", "name=d%C3%B3ra%20VAN", "name=van%20doc", "name=Doct"] {
        assert_eq!(clinic.find(&clinic.pat, query).await, [clinic.dora.id], "{query}");
    }
    for query in ["name=ora", "name=%25o", "name=_ora", "name=Pat", "name=Ada"] {
        assert!(clinic.find(&clinic.pat, query).await.is_empty(), "{query}");
    }
    // The same session may act now, without signing in again.
    assert_eq!(clinic.find(&clinic.dora, "email=PAT.patient@example.org").await, [clinic.pat.id]);
    assert!(clinic.find(&clinic.dora, "email=pat%25@example.org").await.is_empty());
    let too_short = clinic.server.get("/accounts?name=D", Some(&clinic.pat.token)).await;
    assert_eq!(too_short.code(), "invalid_field");
    for query in ["", "?name=Dora&email=a@b.c"] {
        assert_eq!(clinic.server.get(&format!("/accounts{query}"), Some(&clinic.pat.token)).await.code(), "malformed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_not_found() {
    let clinic = clinic().await;
    let see = async |by: &Person, whom: &Person| {
        clinic.server.get(&format!("/accounts/{}", whom.id), Some(&by.token)).await.status.as_u16()
    };
    assert_eq!(see(&clinic.pat, &clinic.dora).await, 404, "a doctor who waits");
    clinic.approve().await;
    assert_eq!(see(&clinic.pat, &clinic.dora).await, 200);
    assert_eq!(see(&clinic.dora, &clinic.pat).await, 404, "a patient without a shared report");
    assert_eq!(see(&clinic.pat, &clinic.ada).await, 404);
    assert_eq!(see(&clinic.ada, &clinic.pat).await, 200, "administrators see people");
    assert_eq!(see(&clinic.pat, &clinic.pat).await, 200);
    let nonsense = clinic.server.get("/accounts/nonsense", Some(&clinic.ada.token)).await;
    assert_eq!(nonsense.code(), "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_organisation_key_approves() {
    let clinic = clinic().await;
    let server = &clinic.server;
    let path = format!("/admin/accounts/{}/approve", clinic.dora.id);
    let mut mallory = Applicant::founder();
    mallory.name = "Mal Ory".into();
    let forger =
        Person { id: mallory.id(), token: String::new(), signed_in: clinic.ada.signed_in.clone(), applicant: mallory };
    let forged = approval(server, &forger, &clinic.dora.applicant, account::Role::Doctor);
    assert_eq!(server.post(&path, Some(&clinic.ada.token), &forged).await.code(), "invalid_signature");
    let other_role = approval(server, &clinic.ada, &clinic.dora.applicant, account::Role::Administrator);
    assert_eq!(server.post(&path, Some(&clinic.ada.token), &other_role).await.code(), "invalid_field");
    let of_pat = approval(server, &clinic.ada, &clinic.pat.applicant, account::Role::Doctor);
    assert_eq!(server.post(&path, Some(&clinic.ada.token), &of_pat).await.code(), "invalid_signature");
    let good = approval(server, &clinic.ada, &clinic.dora.applicant, account::Role::Doctor);
    for nobody in [&clinic.pat, &clinic.dora] {
        let code = server.post(&path, Some(&nobody.token), &good).await.code();
        assert!(code == "forbidden" || code == "account_pending", "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_doctor_sees_it_and_nothing_else() {
    let clinic = clinic().await;
    let path = format!("/admin/accounts/{}/refuse", clinic.dora.id);
    let refuse = async || clinic.server.call(Method::POST, &path, Some(&clinic.ada.token), None::<&Value>).await;
    assert_eq!(refuse().await.status, 204);
    let own: OwnAccount = clinic.server.get("/account", Some(&clinic.dora.token)).await.body();
    assert_eq!(own.public.status, AccountStatus::Refused);
    assert_eq!(clinic.server.get("/accounts?name=Pat", Some(&clinic.dora.token)).await.code(), "account_disabled");
    assert_eq!(refuse().await.code(), "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_list_people_page_by_page() {
    let clinic = clinic().await;
    let all: AdminAccountList = clinic.server.get("/admin/accounts", Some(&clinic.ada.token)).await.body();
    let names: Vec<_> = all.items.iter().map(|item| item.account.name.as_str()).collect();
    assert_eq!(names, ["Pat Patient", "Dóra van Doctor", "Ada Founder"]);
    assert!(all.next.is_none());
    let waiting: AdminAccountList =
        clinic.server.get("/admin/accounts?status=pending", Some(&clinic.ada.token)).await.body();
    assert_eq!(waiting.items.len(), 1);
    let last = &all.items[1];
    let cursor = format!("{}-{}", last.created_at, last.account.id);
    let older: AdminAccountList =
        clinic.server.get(&format!("/admin/accounts?before={cursor}"), Some(&clinic.ada.token)).await.body();
    assert_eq!(older.items.len(), 1);
    assert_eq!(clinic.server.get("/admin/accounts?before=x", Some(&clinic.ada.token)).await.code(), "invalid_field");
    assert_eq!(clinic.server.get("/admin/accounts", Some(&clinic.pat.token)).await.code(), "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_state_is_counted() {
    let clinic = clinic().await;
    let put = async |counter| {
        let body = PutClientState { sealed: B64(vec![1, 2, 3]), counter, generation: 0 };
        clinic.server.call(Method::PUT, "/account/client-state", Some(&clinic.pat.token), Some(&body)).await
    };
    assert_eq!(put(0).await.code(), "counter_stale");
    assert_eq!(put(2).await.code(), "counter_stale");
    assert_eq!(put(1).await.status, 204);
    assert_eq!(put(1).await.code(), "counter_stale");
    assert_eq!(put(u64::MAX).await.code(), "invalid_field");
    let own: OwnAccount = clinic.server.get("/account", Some(&clinic.pat.token)).await.body();
    assert_eq!((own.client_state_counter, own.client_state), (1, B64(vec![1, 2, 3])));
}
