//! Who may be an emergency contact, of whom and for how long, whatever a client sends.

use api_types::{
    B64,
    accounts::{AccountStatus, Role},
    emergency::{EmergencyState, NewEmergencyContact},
};
use client::{NoSecondFactor, RecoveryKit};
use crypto::{
    account::{EmergencyContact, WayInSecret, seal_emergency},
    ids,
    sign::Signed,
};
use server::{
    clock::{DAY, MINUTE, now_ms},
    storage::accounts,
};

use crate::{
    emergency::{ANN, BEA, DORA, OLGA, Scene, enters, enters_with, obtains, offers, one, scene, trusts},
    harness::Server,
    honest_client::join,
    person::{Applicant, Person as ByHand, founder, rng},
    phones::code,
    recovery_shares::switched_meanwhile,
};

#[tokio::test(flavor = "multi_thread")]
async fn whom_it_is_not_about_finds_nothing() {
    let Scene { server, dora, ann, olga, bea, .. } = scene().await;
    let id = trusts(&olga, (&bea, BEA), 1).await;
    let anns = trusts(&olga, (&ann, ANN), 1).await;
    bea.ask_emergency(&id).await.unwrap();
    server.state.clock.advance(DAY);
    // A stranger, another contact of the same account, and the owner on the contact's side.
    for who in [&dora, &ann, &olga] {
        let api = who.api();
        for refused in [
            code(api.accept_trust(&id).await),
            code(api.decline_trust(&id).await),
            code(api.ask_emergency(&id).await),
            code(api.get_emergency_words(&id).await),
        ] {
            assert_eq!(refused, "not_found");
        }
    }
    for who in [&dora, &ann, &bea] {
        assert_eq!(code(who.refuse_emergency(&id).await), "not_found");
    }
    assert!(dora.trusted_by().await.unwrap().is_empty() && dora.emergency_contacts().await.unwrap().is_empty());
    assert_eq!(one(&ann).await.way_in, anns);
    assert_eq!(one(&bea).await.state, EmergencyState::Open, "none of it changed anything");
    // Somebody else's words open nothing here: not even to whoever has other words of the account.
    assert_eq!(code(enters(&server, &RecoveryKit::generate(&mut rng())).await), "wrong_kit");
    let words = obtains(&bea, &id).await.words().join(" ");
    assert_eq!(code(enters_with(&server, ANN, &words, &NoSecondFactor).await), "wrong_kit");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delay_is_of_1_to_30_days_and_an_account_trusts_five() {
    let Scene { server, ada, dora, ann, olga, bea, .. } = scene().await;
    for days in [0, 31, 255] {
        assert_eq!(code(olga.add_emergency_contact(&bea.account_id(), days).await), "field", "{days}");
    }
    assert_eq!(code(olga.add_emergency_contact(&olga.account_id(), 7).await), "not_allowed");
    assert_eq!(
        code(olga.add_emergency_contact(&ann.account_id(), 7).await),
        "not_found",
        "nobody is found by guessing"
    );
    assert!(olga.emergency_contacts().await.unwrap().is_empty());
    let (cem, _) = join(&server, "Cem Example", "cem@clinic.example", Role::Patient, None).await;
    offers(&olga, BEA, 1).await.unwrap();
    assert_eq!(code(offers(&olga, BEA, 30).await), "conflict", "the same one twice");
    for (email, days) in [(ANN, 30), (DORA, 7), ("ada@clinic.example", 7), ("cem@clinic.example", 7)] {
        offers(&olga, email, days).await.unwrap();
    }
    let (dan, _) = join(&server, "Dan Example", "dan@clinic.example", Role::Patient, None).await;
    assert_eq!(code(offers(&olga, "dan@clinic.example", 7).await), "conflict", "a sixth");
    let listed: Vec<_> = olga.emergency_contacts().await.unwrap().into_iter().map(|link| link.person.id).collect();
    assert_eq!(listed, [&bea, &ann, &dora, &ada, &cem].map(|person| person.account_id()), "oldest first");
    assert!(dan.trusted_by().await.unwrap().is_empty());
    // Two may trust each other, and each of them others.
    offers(&bea, OLGA, 7).await.unwrap();
    assert_eq!(one(&olga).await.person.id, bea.account_id());
}

/// What a faulty client may send: the same as the honest one, with one thing wrong.
fn by_hand(owner: &ByHand, contact: &ByHand, days: u8, generation: u32) -> NewEmergencyContact {
    let words = RecoveryKit::generate(&mut rng());
    let way_in = owner.applicant.way_in(WayInSecret::EmergencyContact(&words), generation);
    let (statement, sealed) = seal_emergency(
        (owner.applicant.chain.account(), owner.applicant.keyring.current()),
        ids::WayInId(way_in.id.0),
        &words,
        (&contact.applicant.chain, days),
        now_ms(),
        &mut rng(),
    )
    .unwrap();
    NewEmergencyContact { statement: B64::from(statement.as_bytes()), sealed: B64(sealed), way_in }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_faulty_client_sends_is_refused() {
    let server = Server::start().await;
    founder(&server).await;
    let pat = Applicant::new("Pat Patient", Role::Patient).sign_up(&server, None).await;
    let quinn = Applicant::new("Quinn Patient", Role::Patient).sign_up(&server, None).await;
    let add =
        async |body: &NewEmergencyContact| server.post("/account/emergency-contacts", Some(&pat.token), body).await;
    let good = || by_hand(&pat, &quinn, 7, 0);
    let said =
        |body: &NewEmergencyContact| Signed::<EmergencyContact>::parse(&body.statement.0).unwrap().claimed().clone();
    let signed = |said: EmergencyContact, by: &ByHand| {
        B64::from(Signed::sign(said, &by.applicant.keyring.current().signing).as_bytes())
    };

    for days in [0, 31] {
        assert_eq!(add(&by_hand(&pat, &quinn, days, 0)).await.code(), "invalid_field", "{days}");
    }
    assert_eq!(add(&by_hand(&pat, &quinn, 7, 1)).await.code(), "counter_stale", "of another account key");
    assert_eq!(add(&by_hand(&pat, &pat, 7, 0)).await.code(), "invalid_field", "oneself");
    let mut body = good();
    body.statement = signed(said(&body), &quinn);
    assert_eq!(add(&body).await.code(), "invalid_signature");
    assert_eq!(add(&by_hand(&quinn, &pat, 7, 0)).await.code(), "invalid_signature", "another account's, whole");
    let mut body = good();
    body.sealed = good().sealed;
    assert_eq!(add(&body).await.code(), "invalid_field", "other words than were signed");
    let mut body = good();
    body.way_in = good().way_in;
    assert_eq!(add(&body).await.code(), "invalid_field", "another way in");
    let mut body = good();
    body.way_in.proof_key = None;
    assert_eq!(add(&body).await.code(), "invalid_field");
    let mut body = good();
    body.way_in = pat.applicant.way_in(WayInSecret::RecoveryKit(&pat.applicant.kit), 0);
    assert_eq!(add(&body).await.code(), "invalid_field", "of another kind");
    let mut body = good();
    body.sealed = B64(Vec::new());
    assert_eq!(add(&body).await.code(), "invalid_field");
    for other in [
        EmergencyContact { contact_epoch: 1, ..said(&good()) },
        EmergencyContact { key_hash: ids::Hash32([1; 32]), ..said(&good()) },
    ] {
        let mut body = good();
        let (way_in, sealed_hash) = (said(&body).way_in, said(&body).sealed_hash);
        body.statement = signed(EmergencyContact { way_in, sealed_hash, ..other }, &pat);
        assert_eq!(add(&body).await.code(), "invalid_field", "not the contact's newest key");
    }
    let nobody = ids::AccountId([9; 32]);
    let mut body = good();
    body.statement = signed(EmergencyContact { contact: nobody, ..said(&body) }, &pat);
    assert_eq!(add(&body).await.code(), "not_found");
    let mut body = good();
    body.statement = signed(EmergencyContact { time: now_ms() + 11 * MINUTE, ..said(&body) }, &pat);
    assert_eq!(add(&body).await.code(), "invalid_field", "from the future");
    assert_eq!(server.get("/account", Some(&pat.token)).await.json()["ways_in"].as_array().unwrap().len(), 2);

    let body = good();
    assert_eq!(add(&body).await.status, 204);
    assert_eq!(add(&body).await.code(), "conflict", "sent twice");
    let own = server.get("/account/emergency-contacts", Some(&pat.token)).await;
    assert_eq!(own.json()["items"].as_array().map(Vec::len), Some(1));
    let seen = server.get("/trusted", Some(&quinn.token)).await;
    assert_eq!(seen.json()["items"][0]["state"], "offered");
    let sealed = body.sealed.encode();
    assert!(![own.text, seen.text].concat().contains(&sealed), "the words are given at their time alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_who_goes_meanwhile_is_not_trusted() {
    let server = Server::start().await;
    founder(&server).await;
    let pat = Applicant::new("Pat Patient", Role::Patient).sign_up(&server, None).await;
    let quinn = Applicant::new("Quinn Patient", Role::Patient).sign_up(&server, None).await;
    for (status, refused) in
        [(AccountStatus::Disabled, "recipient_disabled"), (AccountStatus::Deleted, "account_deleted")]
    {
        let body = by_hand(&pat, &quinn, 7, 0);
        let add = server.post("/account/emergency-contacts", Some(&pat.token), &body);
        assert_eq!(switched_meanwhile(&server, quinn.id, status, add).await.code(), refused);
        let account = server.get("/account", Some(&pat.token)).await;
        assert_eq!(account.json()["ways_in"].as_array().unwrap().len(), 2, "nothing was stored");
        let tx = server.state.db.begin_write().await.unwrap();
        accounts::set_status(tx.conn(), quinn.id, AccountStatus::Active, None).await.unwrap();
        tx.commit().await.unwrap();
    }
    let body = by_hand(&pat, &quinn, 7, 0);
    assert_eq!(server.post("/account/emergency-contacts", Some(&pat.token), &body).await.status, 204);
}

/// Whoever waits for approval is found by nobody, and is asked nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_contact_who_waits_for_approval_is_none() {
    let Scene { server, olga, .. } = scene().await;
    let (paul, _) = join(&server, "Paul Pending", "paul@clinic.example", Role::Doctor, None).await;
    assert!(olga.find_by_email("paul@clinic.example").await.unwrap().is_none());
    assert_eq!(code(paul.trusted_by().await), "account_pending");
    // But may trust somebody: their own account is theirs from the first moment.
    assert!(paul.emergency_contacts().await.unwrap().is_empty());
}
