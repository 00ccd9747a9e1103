//! The end of reports and accounts, through the honest client against a real server: what goes, what stays, who is told what,
//! and who may not.

use std::collections::BTreeMap;

use api_types::{
    B64, ReportId,
    accounts::{AccountStatus, Role},
    audit::Action,
    closing::{ClosedBy, DELETED_NAME},
    policies::Policies,
};
use client::{
    AccessStatus, AccessWho, ClientError, NoSecondFactor, PatientChoice, Refusal, Share, Vault,
    bulk::{
        Control,
        native::{FileSink, FileSource, OpenedFile},
    },
    content::ReportFields,
};
use crypto::{
    account::{AccountClosing, OrganisationKey, RecoveryKit},
    ids,
    sign::Signed,
};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;
use server::{
    clock::{DAY, MINUTE, now_ms},
    upkeep,
};

use crate::{
    escrow,
    harness::{Server, literal, values},
    honest_client::{PASSWORD, Person, client, clinic, device, join},
    later::later,
    log_client::all_verified,
    person::{Applicant, Person as ByHand, founder, sign_in},
    phones::code,
    second_factor::add_app,
    world::blobs_of,
};

const ANN: &str = "ann@clinic.example";
const DORA: &str = "dora@clinic.example";
const ZOE: &str = "zoe@clinic.example";
const NAME: &str = "Zoe Leaving";
const PICTURE: &[u8] = b"a picture, as bytes";

/// A report with a file.
async fn note(author: &Person, patient: PatientChoice) -> ReportId {
    let fields = ReportFields {
        report_number: "R-17".into(),
        title: "Chest X-ray".into(),
        patient_name: "Somebody".into(),
        patient_id: "P-4".into(),
        ..Default::default()
    };
    let draft = author.begin_draft(patient, fields).await.unwrap();
    draft.add_file("scan.bin", &FileSource::Bytes(PICTURE.to_vec().into()), &Control::none()).await.unwrap();
    draft.complete().await.unwrap().id
}

async fn opens<P: client::Platform<Bulk = client::bulk::native::FileBulk>>(
    reader: &Vault<P>,
    id: &ReportId,
) -> client::Result<()> {
    let open = reader.report(id).await?;
    let version = reader.version(&open, 1).await?;
    match reader.download(&version, 1, FileSink::Bytes(Vec::new()), &Control::none()).await? {
        OpenedFile::Bytes(bytes) => assert_eq!(bytes, PICTURE),
        OpenedFile::Path(path) => panic!("{}", path.display()),
    }
    Ok(())
}

async fn shares(from: &Person, report: &ReportId, to: &Person) -> api_types::GrantId {
    let shared = from.share(report, &Share::with_code(to.account_id())).await.unwrap();
    to.redeem(&shared.grant, &shared.code.unwrap()).await.unwrap();
    shared.grant
}

fn erased_by(result: client::Result<impl Sized>) -> ClosedBy {
    match result.err() {
        Some(ClientError::Erased { by }) => by,
        other => panic!("{other:?}"),
    }
}

/// Files under the blob folder.
fn blobs(server: &Server) -> usize {
    blobs_of(&server.state.config)
}

/// Where some bytes stand.
fn found_in(values: &[(String, Vec<u8>)], needle: &[u8]) -> Vec<String> {
    let holds = |value: &[u8]| value.len() >= needle.len() && value.windows(needle.len()).any(|w| w == needle);
    values.iter().filter(|(_, value)| holds(value)).map(|(place, _)| place.clone()).collect()
}

/// What is the person's in these columns now: nothing of it may be found later.
async fn own_bytes(server: &Server, who: &Person, reports: &[ReportId]) -> BTreeMap<String, Vec<u8>> {
    let conn = server.state.db.read();
    let mut needles = BTreeMap::new();
    let account = literal(&who.account_id().0);
    let of_account = [
        ("accounts", "id", vec!["keyring", "client_state"]),
        ("ways_in", "account_id", vec!["record"]),
        ("opaque_records", "account_id", vec!["record"]),
        ("second_factors", "account_id", vec!["salt"]),
        ("emergency_contacts", "account_id", vec!["statement", "sealed"]),
        ("recovery_splits", "account_id", vec!["statement"]),
        ("account_escrows", "account_id", vec!["statement", "sealed"]),
        ("recovery_shares", "contact_id", vec!["sealed"]),
        ("drafts", "author", vec!["sealed"]),
        ("sessions", "account_id", vec!["token_hash"]),
    ];
    let of_reports = [
        ("versions", vec!["manifest", "part0", "statement"]),
        ("wraps", vec!["wrap"]),
        ("report_access", vec!["manifest", "part0", "wrap"]),
    ];
    let mut asked: Vec<(String, String)> = Vec::new();
    for (table, key, columns) in of_account {
        for column in columns {
            asked.push((
                format!("{table}.{column}"),
                format!("SELECT {column} AS v FROM {table} WHERE {key} = {account}"),
            ));
        }
    }
    for report in reports {
        for (table, columns) in &of_reports {
            for column in columns {
                let sql = format!("SELECT {column} AS v FROM {table} WHERE report_id = {}", literal(&report.0));
                asked.push((format!("{table}.{column} {report}"), sql));
            }
        }
    }
    let held =
        format!("SELECT wrap AS v FROM wraps WHERE grant_id IN (SELECT id FROM grants WHERE recipient = {account})");
    asked.push(("wraps of others' reports".into(), held));
    let seeds = format!(
        "SELECT seed AS v FROM grant_seeds WHERE seed IS NOT NULL AND grant_id IN \
        (SELECT id FROM grants WHERE recipient = {account})"
    );
    asked.push(("grant_seeds.seed".into(), seeds));
    let split = format!(
        "SELECT sealed AS v FROM recovery_shares WHERE way_in_id IN \
        (SELECT way_in_id FROM recovery_splits WHERE account_id = {account})"
    );
    asked.push(("recovery_shares.sealed by her".into(), split));
    for (place, sql) in asked {
        let rows = conn.query_all_raw(Statement::from_string(conn.get_database_backend(), sql)).await.unwrap();
        assert!(!rows.is_empty(), "nothing of {place} to look for");
        for (n, row) in rows.iter().enumerate() {
            needles.insert(format!("{place} {n}"), row.try_get("", "v").unwrap());
        }
    }
    needles
}

/// A patient with all that an account can have; the newest address in the log.
async fn zoe(server: &Server) -> Person {
    join(server, NAME, ZOE, Role::Patient, None).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_deleted_account_is_left_and_what_is_others_stays() {
    let server = Server::start_with(|config| config.address_factor = 100).await;
    let [ada, dora, ann] = clinic(&server).await;
    let zoe = zoe(&server).await;
    let of_ann = note(&ann, PatientChoice::Account(ann.account_id())).await;
    let found = ann.find_by_email(ZOE).await.unwrap().unwrap();
    let held = shares(&ann, &of_ann, &zoe).await;
    let before = blobs(&server);
    let own = note(&zoe, PatientChoice::Account(zoe.account_id())).await;
    dora.find_by_email(ZOE).await.unwrap().unwrap();
    let written = note(&dora, PatientChoice::Account(zoe.account_id())).await;
    opens(&zoe, &of_ann).await.unwrap();
    zoe.find_doctors("Dora").await.unwrap();
    shares(&zoe, &own, &dora).await;
    opens(&dora, &own).await.unwrap();
    zoe.share(&written, &Share::with_code(ann.account_id())).await.unwrap();
    let titled = ReportFields { title: "Not done".into(), ..Default::default() };
    let draft = zoe.begin_draft(PatientChoice::Account(zoe.account_id()), titled).await.unwrap();
    draft.save().await.unwrap();
    zoe.add_emergency_contact(&dora.account_id(), 3).await.unwrap();
    ann.add_emergency_contact(&zoe.account_id(), 3).await.unwrap();
    zoe.split_recovery(&[dora.account_id(), ann.account_id()], 2).await.unwrap();
    ann.split_recovery(&[dora.account_id(), zoe.account_id()], 2).await.unwrap();
    let paper = ada.make_escrow_key(&ada.new_escrow_words()).await.unwrap();
    escrow::compares(&zoe, &paper).await.unwrap();
    add_app(&server, &zoe).await;
    zoe.save_state().await.unwrap();
    let needles = own_bytes(&server, &zoe, &[own, written]).await;
    let there = values(server.state.db.read()).await;
    for (place, needle) in &needles {
        assert!(!found_in(&there, needle).is_empty(), "{place}: the search finds what is there");
    }
    assert!(!found_in(&there, ZOE.as_bytes()).is_empty() && !found_in(&there, NAME.as_bytes()).is_empty());

    assert_eq!(code(zoe.delete_account(ANN).await), "invalid_field", "another address");
    zoe.delete_account(ZOE).await.unwrap();
    upkeep::once(&server.state).await.unwrap();

    let left = values(server.state.db.read()).await;
    for (place, needle) in &needles {
        assert_eq!(found_in(&left, needle), Vec::<String>::new(), "{place}");
    }
    for name in [ZOE, NAME, "zoe leaving", "Leaving"] {
        assert_eq!(found_in(&left, name.as_bytes()), Vec::<String>::new(), "{name}");
    }
    assert_eq!(blobs(&server), before, "no ciphertext of hers");

    // To her session and to who tries to sign in there is no such account.
    assert_eq!(code(zoe.sessions().await), "signed_out");
    for email in [ZOE, "nobody@clinic.example"] {
        let (answer, export) = sign_in(&server, email, PASSWORD, api_types::sessions::Carrier::Bearer).await;
        assert_eq!((answer.code().as_str(), export.is_some()), ("sign_in_failed", false), "{email}");
        let signed_in = client(&server).sign_in(email, PASSWORD, device(), &NoSecondFactor).await;
        assert!(matches!(signed_in, Err(ClientError::WrongPassword)), "{email}");
    }
    assert!(ann.find_by_email(ZOE).await.unwrap().is_none());
    let kit = RecoveryKit::generate(&mut crate::person::rng());
    let again = client::SignUp {
        name: "Another",
        email: ZOE,
        password: PASSWORD,
        role: Role::Patient,
        kit: &kit,
        token: None,
        device: device(),
    };
    assert_eq!(code(client(&server).sign_up(again).await), "email_taken", "its label is bound for ever");

    // Whoever had her reports learns that she ended them; a stranger learns nothing.
    for report in [&own, &written] {
        assert_eq!(erased_by(dora.report(report).await), ClosedBy::Holder);
        assert_eq!(erased_by(dora.access(report).await), ClosedBy::Holder);
        assert_eq!(code(ada.api().get_erasure(report).await), "not_found");
        assert_eq!(code(ada.report(report).await), "not_found");
    }
    assert!(ann.pending_shares().await.unwrap().is_empty());
    for person in [&dora, &ann] {
        let gone = person.person(&zoe.account_id()).await.unwrap();
        assert_eq!((gone.status, gone.name.as_str()), (AccountStatus::Deleted, DELETED_NAME));
        assert_eq!((gone.closed_by, gone.approved), (Some(ClosedBy::Holder), false));
    }
    let contacts = ann.contacts().await.unwrap();
    assert!(contacts.iter().any(|c| matches!(&c.person, Ok(Some(p)) if p.id == found.id && p.name == DELETED_NAME)));

    // Ann's own report goes on; nothing more is given to who is gone, and her grant can be ended.
    opens(&ann, &of_ann).await.unwrap();
    let rows = ann.access(&of_ann).await.unwrap();
    let row = rows.iter().find(|row| row.grant == held).unwrap();
    assert!(matches!(&row.who, AccessWho::Person(person) if person.name == DELETED_NAME));
    assert_eq!((row.status, row.may_revoke), (AccessStatus::Revoked, true));
    assert_eq!(code(ann.share(&of_ann, &Share::with_code(zoe.account_id())).await), "account_deleted");
    assert_eq!(code(ann.add_emergency_contact(&zoe.account_id(), 3).await), "account_deleted");
    ann.revoke(&of_ann, &held).await.unwrap();
    assert!(ann.rekey(&of_ann, &Control::none()).await.unwrap() >= 1);
    opens(&ann, &of_ann).await.unwrap();
    let trusted = ann.emergency_contacts().await.unwrap();
    assert_eq!(trusted.len(), 1, "she sees that the contact declined, and removes it with a new account key");
    assert_eq!(trusted[0].state, api_types::emergency::EmergencyState::Declined);
    ann.remove_emergency_contact(&trusted[0].way_in).await.unwrap();
    assert!(dora.trusted_by().await.unwrap().is_empty());
    let split = ann.recovery_split().await.unwrap().unwrap();
    assert_eq!(split.holders[1].person.status, AccountStatus::Deleted, "she sees that one of the two is gone");
    assert_eq!(dora.held_shares().await.unwrap().len(), 1, "of what Zoe split nobody holds anything");
    ann.remove_recovery_split(&split.way_in).await.unwrap();

    // The log holds what it held, raises no alarm, and a restart believes it.
    for person in [&ada, &dora, &ann] {
        person.scan_keys(10_000).await.unwrap();
        assert!(person.alarms().is_empty(), "{:?}", person.alarms());
    }
    let events = all_verified(&ada).await;
    let deleted = events.iter().find(|event| event.subject.starts_with("what=deleted ")).unwrap();
    assert_eq!(deleted.actor, Some(zoe.account_id()));
    assert!(deleted.subject.ends_with("reports_erased=2"), "{}", deleted.subject);
    assert_eq!(events.iter().filter(|event| event.action == Action::Erase).count(), 2);
    let folder = server.stop().await;
    let server = Server::start_in(folder, |config| config.address_factor = 100).await;
    let again = client(&server).sign_in(ANN, PASSWORD, device(), &NoSecondFactor).await.unwrap();
    opens(&again, &of_ann).await.unwrap();
    again.scan_keys(10_000).await.unwrap();
    assert!(again.alarms().is_empty());
    join(&server, "Nina New", "nina@clinic.example", Role::Patient, None).await;
}

/// What the doctor wrote stays her word; nothing new is sealed to her.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_for_somebody_who_is_gone_is_sealed_to_nobody() {
    let server = Server::start_with(|config| config.address_factor = 100).await;
    let [_, dora, ann] = clinic(&server).await;
    dora.find_by_email(ANN).await.unwrap().unwrap();
    let id = note(&dora, PatientChoice::Account(ann.account_id())).await;
    opens(&ann, &id).await.unwrap();
    dora.delete_account(DORA).await.unwrap();
    // The patient's session knew her; a fresh one learns that she is gone.
    let again = client(&server).sign_in(ANN, PASSWORD, device(), &NoSecondFactor).await.unwrap();
    let events = again.report_events(&id, 1000).await.unwrap();
    assert!(events.complete && events.items.iter().any(|item| item.event.actor == Some(dora.account_id())));
    let rows = again.access(&id).await.unwrap();
    let gone = rows.iter().find(|row| row.granted_by == dora.account_id() && !row.own).unwrap();
    assert_eq!((gone.status, gone.granted_by_name.as_deref()), (AccessStatus::Revoked, Some(DELETED_NAME)));
    for reader in [&ann, &again] {
        opens(reader, &id).await.unwrap();
    }
    // New keys, for herself alone: both the session that knew the doctor and the fresh one.
    let bea = join(&server, "Bea Example", "bea@clinic.example", Role::Patient, None).await.0;
    for owner in [&again, &ann] {
        owner.find_by_email("bea@clinic.example").await.unwrap().unwrap();
        let grant = shares(owner, &id, &bea).await;
        owner.revoke(&id, &grant).await.unwrap();
        assert_eq!(owner.rekey(&id, &Control::none()).await.unwrap(), 1);
        opens(owner, &id).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_erases_one_report_for_everybody() {
    let server = Server::start_with(|config| config.address_factor = 100).await;
    let [ada, dora, ann] = clinic(&server).await;
    let kept = note(&ann, PatientChoice::Account(ann.account_id())).await;
    let before = blobs(&server);
    dora.find_by_email(ANN).await.unwrap().unwrap();
    let id = note(&dora, PatientChoice::Account(ann.account_id())).await;
    let (bea, _) = join(&server, "Bea Example", "bea@clinic.example", Role::Patient, None).await;
    ann.find_by_email("bea@clinic.example").await.unwrap().unwrap();
    ann.share(&id, &Share::with_code(bea.account_id())).await.unwrap();
    assert_eq!(bea.pending_shares().await.unwrap().len(), 1);
    assert!(matches!(dora.erase_report(&id).await, Err(ClientError::NotAllowed)), "its author isn't its owner");
    assert_eq!(code(ada.erase_report(&id).await), "not_found");
    let token = ann.token().unwrap().to_owned();
    let path = format!("/reports/{id}/erasure");
    assert_eq!(server.post(&path, Some(&token), &json!({"entry": "AQ"})).await.code(), "invalid_field");
    assert_eq!(server.get(&path, Some(&token)).await.code(), "not_found", "nothing was erased");

    server.state.clock.advance(11 * MINUTE);
    assert_eq!(code(ann.erase_report(&id).await), "confirmation_required", "somebody at an open page");
    opens(&ann, &id).await.unwrap();
    let ann = later(&server).sign_in(ANN, PASSWORD, device(), &NoSecondFactor).await.unwrap();
    ann.erase_report(&id).await.unwrap();
    ann.erase_report(&id).await.unwrap();
    upkeep::once(&server.state).await.unwrap();
    assert_eq!(blobs(&server), before);
    for reader in [&dora, &bea] {
        assert_eq!(erased_by(reader.report(&id).await), ClosedBy::Holder);
        assert_eq!(erased_by(reader.read(&id, None).await), ClosedBy::Holder);
    }
    assert_eq!(erased_by(ann.report(&id).await), ClosedBy::Holder);
    assert!(bea.pending_shares().await.unwrap().is_empty());
    assert!(dora.list_all().await.unwrap().is_empty());
    assert_eq!(ann.list_all().await.unwrap().rows.iter().map(|row| row.id).collect::<Vec<_>>(), [kept]);
    assert_eq!(code(ada.api().get_erasure(&id).await), "not_found");
    opens(&ann, &kept).await.unwrap();
    let gone = ann.share(&id, &Share::with_code(dora.account_id())).await;
    assert_eq!(erased_by(gone), ClosedBy::Holder);
    let ada = later(&server).sign_in("ada@clinic.example", PASSWORD, device(), &NoSecondFactor).await.unwrap();
    let events = all_verified(&ada).await;
    assert_eq!(events.iter().filter(|event| event.action == Action::Erase).count(), 1);
}

/// A statement about an account, as it is sent.
fn closing(server: &Server, of: &Applicant, time: i64) -> AccountClosing {
    let instance = ids::InstanceId(server.state.instance.instance_id);
    AccountClosing { instance, account: of.chain.account(), epoch: of.keyring.current().epoch, time }
}

fn signed(said: AccountClosing, by: &Applicant) -> B64 {
    B64::from(Signed::sign(said, &by.keyring.current().signing).as_bytes())
}

async fn asks(server: &Server, person: &ByHand, statement: B64) -> String {
    let body = json!({"email": person.applicant.email, "statement": statement});
    server.post("/account/deletion", Some(&person.token), &body).await.code()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_deleted_by_its_own_fresh_word_alone() {
    let server = Server::start_with(|config| config.address_factor = 100).await;
    founder(&server).await;
    let ben = Applicant::new("Ben Patient", Role::Patient).sign_up(&server, None).await;
    let thief = Applicant::new("Tess Thief", Role::Patient);
    let now = now_ms();
    let said = |time| closing(&server, &ben.applicant, time);
    for (statement, refused) in [
        (B64(vec![1]), "invalid_field"),
        (signed(said(now), &thief), "invalid_signature"),
        (signed(closing(&server, &thief, now), &thief), "invalid_signature"),
        (signed(AccountClosing { epoch: 1, ..said(now) }, &ben.applicant), "invalid_signature"),
        (
            signed(AccountClosing { instance: ids::InstanceId([9; 16]), ..said(now) }, &ben.applicant),
            "invalid_signature",
        ),
        (signed(said(now - 11 * MINUTE), &ben.applicant), "invalid_field"),
        (signed(said(now + 11 * MINUTE), &ben.applicant), "invalid_field"),
    ] {
        assert_eq!(asks(&server, &ben, statement).await, refused);
    }
    let good = signed(said(now), &ben.applicant);
    let typed = json!({"email": "ben@example.org", "statement": good});
    let other = server.post("/account/deletion", Some(&ben.token), &typed).await;
    assert_eq!((other.code().as_str(), other.json()["pointer"].as_str()), ("invalid_field", Some("/email")));
    server.state.clock.advance(11 * MINUTE);
    let late = signed(said(now + 11 * MINUTE), &ben.applicant);
    assert_eq!(asks(&server, &ben, late.clone()).await, "confirmation_required");
    assert_eq!(server.get("/account", Some(&ben.token)).await.status, 200, "all of it is there");
    assert_eq!(server.post("/account/deletion", None, &typed).await.code(), "signed_out");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_stays_and_another_may_go() {
    let server = Server::start_with(|config| config.address_factor = 100).await;
    let [ada, ..] = clinic(&server).await;
    assert_eq!(code(ada.delete_account("ada@clinic.example").await), "last_administrator");
    assert_eq!(code(ada.pause_account("ada@clinic.example").await), "last_administrator");
    let invited = ada.invite(Role::Administrator, None, None, &server.origin).await.unwrap();
    let link = client::SignUpLink::parse(&invited.link).unwrap();
    let (eve, _) = join(&server, "Eve Admin", "eve@clinic.example", Role::Administrator, Some(&link.token)).await;
    ada.delete_account("ada@clinic.example").await.unwrap();
    assert_eq!(code(eve.delete_account("eve@clinic.example").await), "last_administrator");
    eve.scan_keys(10_000).await.unwrap();
    assert!(eve.alarms().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_in_breach_of_a_policy_or_waits_may_go() {
    let server = Server::start_with(|config| config.address_factor = 100).await;
    let [ada, dora, ann] = clinic(&server).await;
    let id = note(&ann, PatientChoice::Account(ann.account_id())).await;
    let (pia, _) = join(&server, "Pia Pending", "pia@clinic.example", Role::Doctor, None).await;
    ann.find_doctors("Dora").await.unwrap();
    shares(&ann, &id, &dora).await;
    ada.api().put_policies(&Policies { second_factor_roles: vec![Role::Patient] }).await.unwrap();
    assert_eq!(code(ann.report(&id).await), "second_factor_due");
    ann.delete_account(ANN).await.unwrap();
    assert_eq!(erased_by(dora.report(&id).await), ClosedBy::Holder);
    assert_eq!(code(pia.pause_account("pia@clinic.example").await), "account_pending");
    pia.delete_account("pia@clinic.example").await.unwrap();
    assert_eq!(code(pia.sessions().await), "signed_out");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_pauses_is_kept_and_an_administrator_lets_them_in_again() {
    let server = Server::start_with(|config| config.address_factor = 100).await;
    let [ada, dora, ann] = clinic(&server).await;
    let id = note(&ann, PatientChoice::Account(ann.account_id())).await;
    ann.find_doctors("Dora").await.unwrap();
    shares(&ann, &id, &dora).await;
    assert_eq!(code(dora.pause_account(ANN).await), "invalid_field");
    dora.pause_account(DORA).await.unwrap();
    assert_eq!(code(dora.sessions().await), "signed_out");
    let paused = client(&server).sign_in(DORA, PASSWORD, device(), &NoSecondFactor).await.unwrap();
    assert_eq!(paused.who().status, AccountStatus::Disabled);
    assert_eq!(code(paused.report(&id).await), "account_disabled");
    assert_eq!(code(paused.delete_account(DORA).await), "account_disabled", "an administrator decides");
    assert_eq!(code(ann.share(&id, &Share::with_code(dora.account_id())).await), "recipient_disabled");
    ada.api().enable_account(&dora.account_id()).await.unwrap();
    opens(&paused, &id).await.unwrap();
    shares(&ann, &id, &paused).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_has_an_account_removed_after_thirty_days() {
    let server = Server::start_with(|config| config.address_factor = 100).await;
    let [ada, dora, ann] = clinic(&server).await;
    let id = note(&ann, PatientChoice::Account(ann.account_id())).await;
    ann.find_doctors("Dora").await.unwrap();
    let lasting = Share { expires_in: 0, with_code: false, ..Share::with_code(dora.account_id()) };
    ann.share(&id, &lasting).await.unwrap();
    let ann_id = ann.account_id();
    assert_eq!(code(ada.request_removal(&ann_id).await), "conflict", "it isn't disabled");
    assert!(matches!(dora.request_removal(&ann_id).await, Err(ClientError::NotAllowed)));
    ada.api().disable_account(&ann_id).await.unwrap();
    let other = OrganisationKey::generate(&mut crate::person::rng());
    let here = ids::InstanceId(server.state.instance.instance_id);
    let removal = crypto::account::AccountRemoval::new(here, ids::AccountId(ann_id.0), now_ms());
    let forged = json!({"statement": B64::from(other.sign_removal(removal).as_bytes())});
    let token = ada.token().unwrap().to_owned();
    let refused = server.post(&format!("/admin/accounts/{ann_id}/removal"), Some(&token), &forged).await;
    assert_eq!(refused.code(), "invalid_signature");

    // Taken back by enabling it.
    ada.request_removal(&ann_id).await.unwrap();
    ada.api().enable_account(&ann_id).await.unwrap();
    ada.api().disable_account(&ann_id).await.unwrap();
    let shown = ada.accounts(Some(AccountStatus::Disabled), None).await.unwrap();
    assert_eq!(shown.items[0].account.removal_at, None, "nothing of it is left");
    let due = ada.request_removal(&ann_id).await.unwrap();
    let shown = ada.accounts(Some(AccountStatus::Disabled), None).await.unwrap();
    assert_eq!(shown.items[0].account.removal_at, Some(due));
    // Its holder sees it too, however they signed in, and that it was taken back.
    let holder = client(&server).sign_in(ANN, PASSWORD, device(), &NoSecondFactor).await.unwrap();
    let session = async || {
        let session = server.get("/session", holder.token()).await;
        session.json()["signed_in"]["removal_at"].as_i64()
    };
    assert_eq!((holder.who().status, holder.who().removal_at), (AccountStatus::Disabled, Some(due)));
    assert_eq!(session().await, Some(due));
    assert_eq!((dora.who().removal_at, ada.who().removal_at), (None, None));
    ada.api().enable_account(&ann_id).await.unwrap();
    assert_eq!((session().await, holder.api().get_account().await.unwrap().removal_at), (None, None));
    ada.api().disable_account(&ann_id).await.unwrap();
    ada.request_removal(&ann_id).await.unwrap();
    server.state.clock.advance(30 * DAY - MINUTE);
    upkeep::once(&server.state).await.unwrap();
    let dora_later = later(&server).sign_in(DORA, PASSWORD, device(), &NoSecondFactor).await.unwrap();
    opens(&dora_later, &id).await.unwrap();
    server.state.clock.advance(2 * MINUTE);
    upkeep::once(&server.state).await.unwrap();
    upkeep::once(&server.state).await.unwrap();

    assert_eq!(erased_by(dora_later.report(&id).await), ClosedBy::Organisation);
    let gone = dora_later.person(&ann_id).await.unwrap();
    assert_eq!((gone.status, gone.closed_by), (AccountStatus::Deleted, Some(ClosedBy::Organisation)));
    // A device whose day is thirty days before doesn't take the organisation's word before its time.
    let early = client(&server).sign_in(DORA, PASSWORD, device(), &NoSecondFactor).await.unwrap();
    let refused = early.person(&ann_id).await;
    assert!(matches!(refused, Err(ClientError::Refused(Refusal::ClosingForged { .. }))), "{refused:?}");
    let signed_in = later(&server).sign_in(ANN, PASSWORD, device(), &NoSecondFactor).await;
    assert!(matches!(signed_in, Err(ClientError::WrongPassword)));
    assert_eq!(blobs(&server), 0);
}
