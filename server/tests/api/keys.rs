//! New keys for an account: what was there stays readable, others follow, and nobody makes them but its holder.

use api_types::{
    B64, ReportId,
    accounts::{Role, RotateKeys, Rotation},
    audit::{Action, READ_REQUEST},
    grants::Right,
    sessions::Carrier,
    sign_in::SignedIn,
};
use client::{
    ClientError, NoSecondFactor, PatientChoice, Recover, RecoveryKit, Share, Verification, bulk::Control,
    content::ReportFields,
};
use crypto::{
    account::{AccountKey, KeyRecord, WayInSecret, seal_state},
    sign::Signed,
};
use reqwest::Method;
use server::{
    clock::{MINUTE, now_ms},
    storage::key_records,
};

use crate::{
    harness::{Answer, Server},
    honest_client::{PASSWORD, Person, client, clinic, device, join, read, write},
    person::{Applicant, Person as ByHand, founder, rng, sign_in},
    phones::code,
};

const ANN: &str = "ann@clinic.example";

/// Whose page shows an alarm.
async fn calm(people: &[&Person]) {
    for person in people {
        person.scan_keys(10_000).await.unwrap();
        assert!(person.alarms().is_empty(), "{:?}", person.alarms());
    }
}

async fn shares(from: &Person, report: &ReportId, to: &Person) {
    let shared = from.share(report, &Share::with_code(to.account_id())).await.unwrap();
    to.redeem(&shared.grant, &shared.code.unwrap()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_there_stays_readable_and_open_sessions_of_others_follow() {
    let server = Server::start().await;
    let [_, dora, ann] = clinic(&server).await;
    let found = dora.find_by_email(ANN).await.unwrap().unwrap();
    let before = write(&dora, PatientChoice::Account(found.id)).await;
    let code_of = dora.fingerprint(&found).qr;
    dora.verify_by_qr(&found, &code_of).await.unwrap();
    let keys = async || dora.person(&ann.account_id()).await.unwrap().new_keys();
    assert_eq!(keys().await, None, "the first ones are not new");
    let other = client(&server).sign_in(ANN, PASSWORD, device(), &NoSecondFactor).await.unwrap();
    read(&ann, &before).await.unwrap();
    calm(&[&ann, &dora, &other]).await;

    let key = ann.account_key();
    ann.rotate_keys().await.unwrap();
    assert_eq!(ann.key_epoch().0, 1);
    assert!(ann.account_key() != key);
    assert_eq!(code(other.sessions().await), "signed_out", "every other session ends");

    // The session that made them goes on; the doctor's knew the old ones.
    read(&ann, &before).await.unwrap();
    read(&dora, &before).await.unwrap();
    let own = write(&ann, PatientChoice::Account(ann.account_id())).await;
    let dora_found = ann.find_doctors("Dora").await.unwrap().remove(0);
    assert_eq!(dora_found.id, dora.account_id());
    shares(&ann, &own, &dora).await;
    read(&dora, &own).await.unwrap();
    let after = write(&dora, PatientChoice::Account(ann.account_id())).await;
    read(&ann, &after).await.unwrap();
    let person = dora.person(&ann.account_id()).await.unwrap();
    assert_eq!(person.verification, Verification::Verified, "compared stays compared");
    // But others see that these are not the ones, and since when.
    let new = keys().await.unwrap();
    assert_eq!((new.times, new.since_compared), (1, true));
    assert!((now_ms() - new.since).abs() < MINUTE, "{new:?}");
    dora.mark_verified(&person).await.unwrap();
    assert!(!keys().await.unwrap().since_compared);
    assert!(ann.report_events(&after, 1_000).await.unwrap().complete);
    calm(&[&ann, &dora]).await;

    // Once more, and by every way in.
    ann.rotate_keys().await.unwrap();
    let newest = keys().await.unwrap();
    assert_eq!((newest.times, newest.since_compared), (2, true));
    let dora_too = client(&server).sign_in("dora@clinic.example", PASSWORD, device(), &NoSecondFactor).await.unwrap();
    let person = dora_too.person(&ann.account_id()).await.unwrap();
    assert_eq!(person.new_keys(), Some(newest), "on every device");
    let again = client(&server).sign_in(ANN, PASSWORD, device(), &NoSecondFactor).await.unwrap();
    assert_eq!(again.key_epoch().0, 2);
    for report in [&before, &own, &after] {
        read(&again, report).await.unwrap();
        read(&ann, report).await.unwrap();
        read(&dora, report).await.unwrap();
    }
    calm(&[&ann, &dora, &again]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn revoking_gives_new_content_keys_to_whoever_made_new_keys_meanwhile() {
    let server = Server::start().await;
    let [administrator, dora, ann] = clinic(&server).await;
    let (otto, _) = join(&server, "Otto Other", "otto@clinic.example", Role::Doctor, None).await;
    let waiting = administrator.accounts(None, None).await.unwrap().items;
    let row = waiting.into_iter().find(|row| row.account.account.id == otto.account_id()).unwrap();
    administrator.approve(&row.person.unwrap()).await.unwrap();
    let own = write(&ann, PatientChoice::Account(ann.account_id())).await;
    for doctor in ["Dora", "Otto"] {
        assert_eq!(ann.find_doctors(doctor).await.unwrap().len(), 1);
    }
    shares(&ann, &own, &dora).await;
    let shared = ann.share(&own, &Share::with_code(otto.account_id())).await.unwrap();
    otto.redeem(&shared.grant, &shared.code.unwrap()).await.unwrap();
    ann.report(&own).await.unwrap();

    // Ann's session has seen the old keys alone.
    dora.rotate_keys().await.unwrap();
    administrator.rotate_keys().await.unwrap();
    ann.revoke(&own, &shared.grant).await.unwrap();
    assert_eq!(ann.rekey(&own, &Control::none()).await.unwrap(), 1);
    read(&dora, &own).await.unwrap();
    read(&ann, &own).await.unwrap();
    assert!(read(&otto, &own).await.is_err());
    let open = dora.report(&own).await.unwrap();
    assert_eq!(open.right, Right::View);
    // The organisation key opens with the administrator's new keys as well.
    let (nina, _) = join(&server, "Nina New", "nina@clinic.example", Role::Doctor, None).await;
    let waiting = administrator.accounts(None, None).await.unwrap().items;
    let row = waiting.into_iter().find(|row| row.account.account.id == nina.account_id()).unwrap();
    administrator.approve(&row.person.unwrap()).await.unwrap();
    assert!(nina.refresh().await.unwrap().approved);
    calm(&[&ann, &dora, &administrator]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recovery_kit_and_an_emergency_contact_open_what_the_new_keys_sealed() {
    let server = Server::start().await;
    clinic(&server).await;
    let (bea, words) = join(&server, "Bea Example", "bea@clinic.example", Role::Patient, None).await;
    let (cem, _) = join(&server, "Cem Example", "cem@clinic.example", Role::Patient, None).await;
    let found = bea.find_by_email("cem@clinic.example").await.unwrap().unwrap();
    bea.add_emergency_contact(&found.id, 1).await.unwrap();
    let way = bea.emergency_contacts().await.unwrap().remove(0).way_in;
    cem.accept_trust(&way).await.unwrap();
    cem.rotate_keys().await.unwrap();
    bea.rotate_keys().await.unwrap();
    let report = write(&bea, PatientChoice::Account(bea.account_id())).await;
    assert_eq!(bea.emergency_contacts().await.unwrap().len(), 1);
    assert_eq!(cem.trusted_by().await.unwrap().remove(0).unwrap().way_in, way);
    let recover = Recover {
        email: "bea@clinic.example",
        words: &words.join(" "),
        password: "another password here",
        device: device(),
    };
    let again = client(&server).recover(recover, &NoSecondFactor).await.unwrap();
    read(&again, &report).await.unwrap();
    assert_eq!(again.key_epoch().0, 1);
    calm(&[&again]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_under_way_goes_on() {
    let server = Server::start().await;
    let [_, dora, ann] = clinic(&server).await;
    let own = write(&ann, PatientChoice::Account(ann.account_id())).await;
    assert_eq!(ann.find_doctors("Dora").await.unwrap().len(), 1);
    let shared = ann.share(&own, &Share::with_code(dora.account_id())).await.unwrap();
    let fields = ReportFields {
        report_number: "R-18".into(),
        title: "Begun before".into(),
        patient_name: "Ann Example".into(),
        patient_id: "P-5".into(),
        diagnosis: "No finding".into(),
        ..Default::default()
    };
    let draft = ann.begin_draft(PatientChoice::Account(ann.account_id()), fields).await.unwrap();

    dora.rotate_keys().await.unwrap();
    ann.rotate_keys().await.unwrap();
    // The code was sealed to the old keys, the draft under the old account key, and its beginning is signed by the old ones.
    dora.redeem(&shared.grant, &shared.code.unwrap()).await.unwrap();
    read(&dora, &own).await.unwrap();
    let draft = ann.open_draft(&draft.id()).await.unwrap();
    let id = draft.complete().await.unwrap().id;
    // What was redeemed is sealed under an account key that another rotation retires.
    dora.rotate_keys().await.unwrap();
    let again = client(&server).sign_in("dora@clinic.example", PASSWORD, device(), &NoSecondFactor).await.unwrap();
    read(&dora, &own).await.unwrap();
    read(&again, &own).await.unwrap();
    let open = ann.report(&id).await.unwrap();
    assert_eq!(ann.version(&open, 1).await.unwrap().content.fields.title, "Begun before");
    calm(&[&dora, &again, &ann]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_session_makes_none() {
    let server = Server::start().await;
    let [_, _, ann] = clinic(&server).await;
    server.state.clock.advance(11 * MINUTE);
    assert_eq!(code(ann.rotate_keys().await), "confirmation_required");
    assert_eq!(ann.key_epoch().0, 0);
    ann.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    // This device's clock is behind the server's by more than is taken.
    assert!(matches!(ann.rotate_keys().await, Err(ClientError::Problem(_))));
    assert_eq!(ann.key_epoch().0, 0, "nothing was changed");
    ann.refresh().await.unwrap();
}

/// The session goes on, and what it remembers of the account's key is the new one at once.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_old_keys_signed_reads_nothing_more() {
    let server = Server::start().await;
    let [_, _, ann] = clinic(&server).await;
    let report = write(&ann, PatientChoice::Account(ann.account_id())).await;
    let signed = ann.sign_request(Action::Read, Some(&report), "");
    let token = ann.token().unwrap().to_owned();
    let asked = async || {
        let request = server.request(Method::GET, &format!("/api/v1/reports/{report}")).bearer_auth(&token);
        server.send(request.header(READ_REQUEST, signed.as_str())).await
    };
    assert_eq!(asked().await.status, 200);
    ann.rotate_keys().await.unwrap();
    assert_eq!(asked().await.code(), "unsigned_read");
    read(&ann, &report).await.unwrap();
    assert_eq!(asked().await.code(), "unsigned_read", "nor once the new ones have read");
}

/// Both have the session of the page's cookie, so that new keys made by one end nothing of the other.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_windows_the_one_that_was_overtaken_is_told_so_and_goes_on() {
    let server = Server::start().await;
    let [_, _, ann] = clinic(&server).await;
    let report = write(&ann, PatientChoice::Account(ann.account_id())).await;
    let resumed = client(&server).resume(ann.token()).await.unwrap().unwrap();
    let other = resumed.unlock_with(ann.account_key()).await.unwrap();
    read(&other, &report).await.unwrap();
    let dora = other.find_doctors("Dora").await.unwrap().remove(0).id;

    ann.rotate_keys().await.unwrap();
    assert_eq!(code(other.rotate_keys().await), "account_key_changed");
    assert_eq!(code(other.add_emergency_contact(&dora, 1).await), "account_key_changed");
    assert_eq!(code(other.change_password("another password entirely").await), "account_key_changed");
    let kit = RecoveryKit::generate(&mut rng());
    assert_eq!(code(other.change_recovery_kit(&kit).await), "account_key_changed");
    assert_eq!(code(other.refresh().await), "account_key_changed");
    assert_eq!((ann.key_epoch().0, other.key_epoch().0), (1, 0), "nothing was changed");

    let other = other.lock().unlock(PASSWORD, &NoSecondFactor).await.unwrap();
    assert_eq!(other.key_epoch().0, 1);
    other.rotate_keys().await.unwrap();
    read(&other, &report).await.unwrap();
    let again = client(&server).sign_in(ANN, PASSWORD, device(), &NoSecondFactor).await.unwrap();
    assert_eq!(again.key_epoch().0, 2);
    read(&again, &report).await.unwrap();
    calm(&[&other, &again]).await;
}

/// Both have sessions of their own, and neither hears of the other before it is done.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_devices_at_once_one_makes_new_keys_and_the_other_signs_in_again() {
    let server = Server::start().await;
    let [_, _, ann] = clinic(&server).await;
    let report = write(&ann, PatientChoice::Account(ann.account_id())).await;
    for epoch in 1..=5 {
        let sign_in = async || client(&server).sign_in(ANN, PASSWORD, device(), &NoSecondFactor).await.unwrap();
        let (one, other) = (sign_in().await, sign_in().await);
        let made = tokio::join!(one.rotate_keys(), other.rotate_keys());
        let (made, refused) = match made {
            (Ok(()), refused) => (one, refused),
            (refused, Ok(())) => (other, refused),
            neither => panic!("{neither:?}"),
        };
        assert_eq!(code(refused), "signed_out");
        assert_eq!(made.key_epoch().0, epoch);
        read(&made, &report).await.unwrap();
        calm(&[&made]).await;
    }
}

/// A body with that record.
fn body(who: &Applicant, record: &Signed<KeyRecord>) -> RotateKeys {
    let account = who.chain.account();
    let key = AccountKey::generate(&mut rng());
    RotateKeys {
        key_record: B64::from(record.as_bytes()),
        rotation: Rotation {
            passkeys: Vec::new(),
            emergency_contacts: Vec::new(),
            recovery_shares: Vec::new(),
            escrow: Vec::new(),
            // No password's, but the record is looked at first.
            password: who.way_in(WayInSecret::RecoveryKit(&who.kit), 1),
            recovery_kit: who.way_in(WayInSecret::RecoveryKit(&who.kit), 1),
            keyring: B64(who.keyring.seal(&key, &account, &mut rng())),
            client_state: B64(seal_state(&key, &account, 1, b"{}", &mut rng())),
            client_state_counter: 1,
        },
    }
}

async fn sent(server: &Server, who: &ByHand, record: &Signed<KeyRecord>) -> Answer {
    server.post("/account/keys", Some(&who.token), &body(&who.applicant, record)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_does_not_follow_is_refused() {
    let server = Server::start().await;
    founder(&server).await;
    let pat = Applicant::new("Pat Patient", Role::Patient).sign_up(&server, None).await;
    let eve = Applicant::new("Eve Evil", Role::Patient).sign_up(&server, None).await;
    let next = |who: &Applicant, time: i64| {
        let mut keyring = who.keyring.clone();
        keyring.rotate(&who.chain, time, &mut rng()).unwrap()
    };
    let good = next(&pat.applicant, now_ms());
    // Eve's keys sign that they are Pat's.
    let mine = &eve.applicant.keyring.current().signing;
    let claimed = KeyRecord { signing: mine.public(), ..good.claimed().clone() };
    let taken_over = Signed::sign_record(claimed, mine, Some(mine)).unwrap();
    let skipped = Signed::sign_record(KeyRecord { epoch: 2, ..good.claimed().clone() }, mine, Some(mine)).unwrap();
    let again = pat.applicant.chain.current().clone();
    let before_the_last = next(&pat.applicant, again.claimed().created_at - 1);
    for (record, what) in [
        (next(&eve.applicant, now_ms()), "another account's"),
        (taken_over, "not signed by the keys before"),
        (skipped, "an epoch left out"),
        (again, "the first once more"),
        (before_the_last, "older than the one before"),
    ] {
        assert_eq!(sent(&server, &pat, &record).await.code(), "invalid_signature", "{what}");
    }
    let ahead = next(&pat.applicant, now_ms() + 11 * MINUTE);
    assert_eq!(sent(&server, &pat, &ahead).await.code(), "invalid_field", "from the future");
    let long_past = next(&pat.applicant, now_ms() - 11 * MINUTE);
    assert_eq!(
        sent(&server, &pat, &long_past).await.code(),
        "invalid_field",
        "what was signed since would count no more"
    );
    assert_eq!(sent(&server, &pat, &good).await.code(), "invalid_field", "without the password's way in");
    let (signed_in, _) = sign_in(&server, &pat.applicant.email, &pat.applicant.password, Carrier::Bearer).await;
    let signed_in: SignedIn = signed_in.body();
    assert_eq!(signed_in.account, pat.signed_in.account, "nothing was changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_another_device_was_quicker_than_is_stale_and_no_forgery() {
    let server = Server::start().await;
    founder(&server).await;
    let pat = Applicant::new("Pat Patient", Role::Patient).sign_up(&server, None).await;
    let next = || pat.applicant.keyring.clone().rotate(&pat.applicant.chain, now_ms(), &mut rng()).unwrap();
    let (quicker, slower) = (next(), next());
    let tx = server.state.db.begin_write().await.unwrap();
    key_records::insert(tx.conn(), pat.id, 1, quicker.as_bytes(), now_ms()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(sent(&server, &pat, &slower).await.code(), "counter_stale");
    let thief = Applicant::new("Eve Evil", Role::Patient);
    let hers = &thief.keyring.current().signing;
    let claimed = KeyRecord { signing: hers.public(), ..slower.claimed().clone() };
    let forged = Signed::sign_record(claimed, hers, Some(hers)).unwrap();
    assert_eq!(sent(&server, &pat, &forged).await.code(), "invalid_signature", "she holds no key of his");
    assert_eq!(sent(&server, &pat, &quicker).await.code(), "invalid_signature", "the newest follows no other");
}
