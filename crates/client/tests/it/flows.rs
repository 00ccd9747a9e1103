//! Every flow, with an honest server.

use api_types::{accounts::Role, grants::Right};
use client::{
    AccessStatus, ClientError, Memory, NoSecondFactor, PatientChoice, Recover, Share, SignUp, SignUpLink, Vault,
    api::ListQuery, bulk::Control, content::FileType,
};

pub use malicious_server::scene::{fields, report};

use crate::fake::{Fake, PASSWORD, World, device, email};

async fn read_file(vault: &Vault<World>, id: &api_types::ReportId) -> Vec<u8> {
    let open = vault.report(id).await.unwrap();
    let version = vault.version(&open, 1).await.unwrap();
    assert_eq!(version.content.fields, fields());
    assert_eq!(version.content.files[0].file_type, FileType::Pdf);
    vault.download(&version, 1, Vec::new(), &Control::none()).await.unwrap()
}

#[tokio::test]
async fn sign_up_lock_unlock_and_sign_in_again() {
    let server = Fake::new();
    let vault = server.person("Ann Example", Role::Patient).await;
    let (memory, token) = (vault.remembered(), vault.token().unwrap().to_owned());
    let key = vault.account_key().clone();
    let locked = vault.lock();
    let vault = locked.unlock(PASSWORD, &NoSecondFactor).await.unwrap();
    assert_eq!(vault.who().email, email("Ann Example"));
    assert!(matches!(locked.unlock("wrong horse battery", &NoSecondFactor).await, Err(ClientError::WrongPassword)));

    let client = server.client_with(memory);
    let resumed = client.resume(Some(&token)).await.unwrap().unwrap();
    let again = resumed.unlock_with(key).await.unwrap();
    again.sign_out().await.unwrap();
    assert!(client.resume(Some(&token)).await.unwrap().is_none());
    let unknown = client.sign_in("nobody@clinic.example", PASSWORD, device(), &NoSecondFactor).await;
    assert!(matches!(unknown, Err(ClientError::WrongPassword)));
}

#[tokio::test]
async fn the_recovery_kit_opens_the_account_and_what_it_kept() {
    let server = Fake::new();
    let client = server.client();
    let kit = client.new_kit();
    let sign_up = SignUp {
        name: "Ann Example",
        email: &email("ann"),
        password: PASSWORD,
        role: Role::Patient,
        kit: &kit,
        token: None,
        device: device(),
    };
    let vault = client.sign_up(sign_up).await.unwrap();
    let me = PatientChoice::Account(vault.account_id());
    let id = report(&vault, me).await;
    let draft = vault.begin_draft(me, fields()).await.unwrap().id();
    vault.save_state().await.unwrap();
    drop(vault);

    let words = kit.words().join(" ");
    let swapped = words.replacen(kit.words()[0], kit.words()[1], 1);
    let recover = |words, password| Recover { email: "ann@clinic.example", words, password, device: device() };
    let fresh = server.client();
    assert!(matches!(
        fresh.recover(recover("one two", "new password here"), &NoSecondFactor).await,
        Err(ClientError::KitWords(_))
    ));
    assert!(fresh.recover(recover(&swapped, "new password here"), &NoSecondFactor).await.is_err());
    let other = fresh.new_kit().words().join(" ");
    assert!(matches!(
        fresh.recover(recover(&other, "new password here"), &NoSecondFactor).await,
        Err(ClientError::WrongKit)
    ));

    let vault = fresh.recover(recover(&words, "new password here"), &NoSecondFactor).await.unwrap();
    assert_eq!(read_file(&vault, &id).await, b"%PDF-1.7 picture");
    // The draft was sealed under the account key before the rotation.
    assert_eq!(vault.open_draft(&draft).await.unwrap().fields(), fields());
    assert!(matches!(
        fresh.sign_in("ann@clinic.example", PASSWORD, device(), &NoSecondFactor).await,
        Err(ClientError::WrongPassword)
    ));
    let vault = fresh.sign_in("ann@clinic.example", "new password here", device(), &NoSecondFactor).await.unwrap();
    assert_eq!(vault.open_draft(&draft).await.unwrap().fields(), fields());
    // The kit still works after the rotation.
    fresh.recover(recover(&words, "third password here"), &NoSecondFactor).await.unwrap();
}

#[tokio::test]
async fn a_report_belongs_to_its_patient_and_is_shared_by_code() {
    let server = Fake::new();
    let doctor = server.person("Dora Doctor", Role::Doctor).await;
    let patient = server.person("Ann Example", Role::Patient).await;
    let other = server.person("Otto Other", Role::Doctor).await;
    let found = doctor.find_by_email(&email("Ann Example")).await.unwrap().unwrap();
    let id = report(&doctor, PatientChoice::Account(found.id)).await;
    assert_eq!(read_file(&patient, &id).await, b"%PDF-1.7 picture");
    assert_eq!(read_file(&doctor, &id).await, b"%PDF-1.7 picture");
    assert_eq!(patient.report(&id).await.unwrap().right, Right::Own);
    assert_eq!(doctor.report(&id).await.unwrap().right, Right::Reshare);
    let page = patient.list(&ListQuery::default()).await.unwrap();
    assert_eq!((page.rows.len(), page.refused.len()), (1, 0));
    assert_eq!(page.rows[0].fields, fields());
    let cache = patient.export_cache(&page.rows, page.head).unwrap();
    assert_eq!(patient.import_cache(&cache).unwrap(), (page.rows, page.head));
    assert!(doctor.import_cache(&cache).is_err());

    let shared = patient.share(&id, &Share::with_code(other.account_id())).await.unwrap();
    let code = shared.code.unwrap();
    assert_eq!(code.len(), 14, "12 characters for a key that nobody compared");
    assert!(other.report(&id).await.is_err());
    assert_eq!(other.pending_shares().await.unwrap().len(), 1);
    let wrong = other.redeem(&shared.grant, "0000-0000-0000").await;
    assert!(matches!(wrong, Err(ClientError::WrongCode { tries_left: Some(4) })), "{wrong:?}");
    assert!(matches!(other.redeem(&shared.grant, "abc").await, Err(ClientError::CodeShape { .. })));
    assert_eq!(other.redeem(&shared.grant, &code.to_lowercase()).await.unwrap(), id);
    assert_eq!(read_file(&other, &id).await, b"%PDF-1.7 picture");
    assert!(matches!(other.share(&id, &Share::with_code(doctor.account_id())).await, Err(ClientError::NotAllowed)));

    let rows = patient.access(&id).await.unwrap();
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|r| r.status == AccessStatus::Live));
    assert!(rows.iter().any(|r| r.grant == shared.grant && r.may_revoke));

    let before = doctor.version(&doctor.report(&id).await.unwrap(), 1).await.unwrap();
    patient.revoke(&id, &shared.grant).await.unwrap();
    assert!(other.report(&id).await.is_err());
    assert_eq!(patient.pending_rekeys().await.unwrap(), [id]);
    assert_eq!(patient.rekey(&id, &Control::none()).await.unwrap(), 1);
    assert!(patient.pending_rekeys().await.unwrap().is_empty());
    // Who opened it before goes on under the new keys.
    let late = doctor.download(&before, 1, Vec::new(), &Control::none()).await.unwrap_err();
    assert_eq!(late.code(), "not_found");
    let now = doctor.rekeyed(&before).await.unwrap().unwrap();
    assert_eq!(doctor.download(&now, 1, Vec::new(), &Control::none()).await.unwrap(), b"%PDF-1.7 picture");
    assert!(doctor.rekeyed(&now).await.unwrap().is_none());
    // Everyone left reads the new revision, with the author's own statement.
    assert_eq!(read_file(&patient, &id).await, b"%PDF-1.7 picture");
    assert_eq!(read_file(&doctor, &id).await, b"%PDF-1.7 picture");
    assert_eq!(doctor.report(&id).await.unwrap().newest().unwrap().revision, 1);
}

#[tokio::test]
async fn shares_expire_and_lock() {
    let server = Fake::new();
    let patient = server.person("Ann Example", Role::Patient).await;
    let doctor = server.person("Dora Doctor", Role::Doctor).await;
    let id = report(&patient, PatientChoice::Account(patient.account_id())).await;
    let person = patient.find_doctors("Dora").await.unwrap().remove(0);
    patient.mark_verified(&person).await.unwrap();
    let share = Share { expires_in: 3_600_000, ..Share::with_code(doctor.account_id()) };
    let shared = patient.share(&id, &share).await.unwrap();
    let code = shared.code.unwrap();
    assert_eq!(code.len(), 9, "8 characters for a compared key");
    server.pass(3_600_001);
    let late = doctor.redeem(&shared.grant, &code).await.unwrap_err();
    assert_eq!(late.code(), "share_expired");

    let shared = patient.share(&id, &Share::with_code(doctor.account_id())).await.unwrap();
    for left in (0..5).rev() {
        let wrong = doctor.redeem(&shared.grant, "ZZZZZZZZ").await;
        assert!(matches!(wrong, Err(ClientError::WrongCode { tries_left: Some(n) }) if n == left));
    }
    let locked = doctor.redeem(&shared.grant, &shared.code.unwrap()).await.unwrap_err();
    assert_eq!(locked.code(), "code_locked");
    let too_long = Share { expires_in: 31 * 86_400_000, ..share };
    assert!(matches!(patient.share(&id, &too_long).await, Err(ClientError::Field(_))));
}

#[tokio::test]
async fn a_patient_without_account_arrives_and_takes_custody() {
    let server = Fake::new();
    let doctor = server.person("Dora Doctor", Role::Doctor).await;
    let id = report(&doctor, PatientChoice::New).await;
    let open = doctor.report(&id).await.unwrap();
    assert!(open.access.in_custody());
    let placeholder = doctor.placeholder_of(&open).unwrap();
    let second = report(&doctor, PatientChoice::Placeholder(placeholder)).await;
    let invited = doctor.invite_patient(&placeholder, None, None, "https://clinic.example").await.unwrap();
    assert!(!server.asked.lock().unwrap().iter().any(|r| r.contains("secret")));

    let link = SignUpLink::parse(&invited.link).unwrap();
    let client = server.client();
    let kit = client.new_kit();
    let sign_up = SignUp {
        name: "Ann Example",
        email: "ann@clinic.example",
        password: PASSWORD,
        role: Role::Patient,
        kit: &kit,
        token: Some(&link.token),
        device: device(),
    };
    let patient = client.sign_up(sign_up).await.unwrap();
    let foreign = patient.claim_reports(&[9; 32]).await.unwrap();
    assert_eq!((foreign.reports.len(), foreign.failed.len()), (0, 2), "another secret claims nothing");
    let claimed = patient.claim_reports(link.secret.as_ref().unwrap()).await.unwrap();
    assert_eq!(claimed.reports.len(), 2, "{:?}", claimed.failed);
    assert_eq!(read_file(&patient, &id).await, b"%PDF-1.7 picture");
    assert_eq!(patient.report(&second).await.unwrap().right, Right::Own);
    assert_eq!(doctor.report(&id).await.unwrap().right, Right::Reshare, "custody passed");
    assert!(patient.claim_reports(link.secret.as_ref().unwrap()).await.unwrap().reports.is_empty());
    // The new owner re-keys: the wraps now go to the account's own key.
    let author = doctor.report(&id).await.unwrap().grants[0].id;
    patient.revoke(&id, &author).await.unwrap();
    patient.rekey(&id, &Control::none()).await.unwrap();
    assert_eq!(read_file(&patient, &id).await, b"%PDF-1.7 picture");
    assert!(doctor.report(&id).await.is_err());
}

#[tokio::test]
async fn the_first_administrator_makes_the_organisation_and_approves() {
    let server = Fake::new();
    let client = server.client();
    let kit = client.new_kit();
    let sign_up = SignUp {
        name: "Ada Admin",
        email: "ada@clinic.example",
        password: PASSWORD,
        role: Role::Administrator,
        kit: &kit,
        token: Some("set-up"),
        device: device(),
    };
    let admin = client.sign_up(sign_up).await.unwrap();
    assert!(admin.me().unwrap().approved);
    let doctor = server.person("Dora Doctor", Role::Doctor).await;
    assert!(!doctor.me().unwrap().approved);
    let page = admin.accounts(None, None).await.unwrap();
    let row = page.items.iter().find(|r| r.account.email == email("Dora Doctor")).unwrap();
    admin.approve(row.person.as_ref().unwrap()).await.unwrap();
    assert!(doctor.refresh().await.unwrap().approved);
    assert!(matches!(doctor.approve(&admin.me().unwrap()).await, Err(ClientError::NotAllowed)));
    // The organisation key is pinned on this device from set-up on.
    let memory: Memory = admin.remembered();
    assert!(memory.organisation_key.is_some());
}

#[tokio::test]
async fn two_devices_write_what_they_remember() {
    let server = Fake::new();
    let one = server.person("Ann Example", Role::Patient).await;
    let two = server.client().sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await.unwrap();
    let me = PatientChoice::Account(one.account_id());
    let a = report(&one, me).await;
    let b = report(&two, me).await;
    one.save_state().await.unwrap();
    two.save_state().await.unwrap();
    // A third device remembers both.
    let three = server.client().sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await.unwrap();
    server.lie(|request, value| {
        if request.path.contains("/reports/") && value["entries"].is_array() {
            value["entries"] = serde_json::json!([]);
        }
    });
    for id in [a, b] {
        assert_eq!(three.report(&id).await.err().unwrap().code(), "access_head_older");
    }
}

/// Flows run on a multi-threaded runtime.
#[test]
fn futures_are_send() {
    fn send<T: Send>(_: &T) {}
    #[allow(unreachable_code, unused_variables)]
    fn check(vault: Vault<World>, id: api_types::ReportId, grant: api_types::GrantId) {
        let control = Control::none();
        send(&vault.report(&id));
        send(&vault.list(&ListQuery::default()));
        send(&vault.redeem(&grant, ""));
        send(&vault.rekey(&id, &control));
        send(&vault.claim_reports(&[]));
        send(&vault.access(&id));
        send(&vault.drafts());
        send(&vault.edit_report(&id));
        send(&vault.restore_version(&id, 1, 2, &control));
        send(&vault.save_state());
    }
    let _ = check;
}
