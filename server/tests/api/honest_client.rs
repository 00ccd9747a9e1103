//! The main job as people do it: the `client` crate, which the page and `hs` use as well, against a real server.

use api_types::{ReportId, accounts::Role, audit::Action, grants::Right};
use client::{
    AccessStatus, Client, ClientError, Device, NoSecondFactor, PatientChoice, Recover, Share, SignUp, SignUpLink,
    Vault,
    api::ListQuery,
    bulk::{
        Control,
        native::{FileSink, FileSource, OpenedFile},
    },
    content::ReportFields,
    native::Native,
};

use crate::{harness::Server, person::DEVICE, sign_up_codes};

pub const PASSWORD: &str = "correct horse battery staple";
/// Three segments of the upload and a short last chunk.
const FILE: usize = 9 * 1024 * 1024 + 123;

pub type Person = Vault<Native>;

/// On the device that the tests run on.
pub fn client(server: &Server) -> Client<Native> {
    client_on(server, DEVICE)
}

/// On the device of that token.
pub fn client_on(server: &Server, device: &str) -> Client<Native> {
    Client::new(Native::on_device(&server.origin, device).unwrap())
}

pub fn device() -> Device {
    Device { carrier: api_types::sessions::Carrier::Bearer, name: "test".into() }
}

pub async fn join(server: &Server, name: &str, email: &str, role: Role, token: Option<&str>) -> (Person, Vec<String>) {
    let client = client(server);
    let kit = client.new_kit();
    let sign_up = SignUp { name, email, password: PASSWORD, role, kit: &kit, token, device: device() };
    let words = kit.words().into_iter().map(str::to_owned).collect();
    let joined = match sign_up_codes::proved(server, &client, email, token).await {
        Some(address) => client.sign_up_with_code(sign_up, &address).await,
        None => client.sign_up(sign_up).await,
    };
    (joined.unwrap(), words)
}

/// An administrator, an approved doctor and a patient.
pub async fn clinic(server: &Server) -> [Person; 3] {
    let token = Some(server.set_up_token.as_str());
    let (administrator, _) = join(server, "Ada Admin", "ada@clinic.example", Role::Administrator, token).await;
    let (doctor, _) = join(server, "Dora Doctor", "dora@clinic.example", Role::Doctor, None).await;
    approve(&administrator, &doctor).await;
    let (patient, _) = join(server, "Ann Example", "ann@clinic.example", Role::Patient, None).await;
    [administrator, doctor, patient]
}

pub async fn approve(administrator: &Person, doctor: &Person) {
    let waiting = administrator.accounts(Some(api_types::accounts::AccountStatus::Pending), None).await.unwrap();
    let row = waiting.items.into_iter().find(|row| row.account.account.id == doctor.account_id()).unwrap();
    administrator.approve(&row.person.unwrap()).await.unwrap();
    assert!(doctor.refresh().await.unwrap().approved);
}

pub fn fields() -> ReportFields {
    let text = |text: &str| text.to_owned();
    ReportFields {
        report_number: text("R-17"),
        title: text("Chest X-ray"),
        patient_name: text("Ann Example"),
        patient_id: text("P-4"),
        diagnosis: text("No finding"),
        ..Default::default()
    }
}

pub fn file() -> Vec<u8> {
    (0..FILE).map(|i| (i * 31 % 251) as u8).collect()
}

pub async fn write(author: &Person, patient: PatientChoice) -> ReportId {
    let draft = author.begin_draft(patient, fields()).await.unwrap();
    draft.add_file("scan.bin", &FileSource::Bytes(file().into()), &Control::none()).await.unwrap();
    draft.complete().await.unwrap().id
}

pub async fn read(reader: &Person, id: &ReportId) -> client::Result<Vec<u8>> {
    let open = reader.report(id).await?;
    let version = reader.version(&open, 1).await?;
    assert_eq!(version.content.fields, fields());
    match reader.download(&version, 1, FileSink::Bytes(Vec::new()), &Control::none()).await? {
        OpenedFile::Bytes(bytes) => Ok(bytes),
        OpenedFile::Path(path) => panic!("{}", path.display()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_travels_by_code_is_read_and_taken_back() {
    let server = Server::start().await;
    let [administrator, doctor, patient] = clinic(&server).await;
    let (other, _) = join(&server, "Otto Other", "otto@clinic.example", Role::Doctor, None).await;
    approve(&administrator, &other).await;

    let found = doctor.find_by_email("ann@clinic.example").await.unwrap().unwrap();
    let id = write(&doctor, PatientChoice::Account(found.id)).await;
    assert_eq!(patient.report(&id).await.unwrap().right, Right::Own, "the patient's from the first moment");
    assert_eq!(read(&patient, &id).await.unwrap(), file());
    assert!(read(&other, &id).await.is_err());
    assert!(administrator.report(&id).await.is_err(), "administrators read no report");

    let to = patient.find_doctors("Otto").await.unwrap().remove(0);
    let shared = patient.share(&id, &Share::with_code(to.id)).await.unwrap();
    let wrong = other.redeem(&shared.grant, "0000-0000-0000").await;
    assert!(matches!(wrong, Err(ClientError::WrongCode { tries_left: Some(4) })), "{wrong:?}");
    assert_eq!(other.redeem(&shared.grant, &shared.code.unwrap()).await.unwrap(), id);
    assert_eq!(read(&other, &id).await.unwrap(), file());
    assert_eq!(other.list(&ListQuery::default()).await.unwrap().rows.len(), 1);

    let events = patient.report_events(&id, 1_000).await.unwrap();
    assert!(events.complete);
    let opened = |who: &Person| {
        let id = Some(who.account_id());
        events.items.iter().any(|item| item.event.actor == id && item.event.action == Action::Open)
    };
    assert!(opened(&other) && opened(&patient) && !opened(&administrator));

    patient.revoke(&id, &shared.grant).await.unwrap();
    assert!(read(&other, &id).await.is_err());
    patient.rekey(&id, &Control::none()).await.unwrap();
    assert_eq!(read(&patient, &id).await.unwrap(), file());
    assert_eq!(read(&doctor, &id).await.unwrap(), file());
    let rows = patient.access(&id).await.unwrap();
    assert!(rows.iter().any(|row| row.grant == shared.grant && row.status == AccessStatus::Revoked));
}

/// The server tells of a patient by id only to those who have a report in common: the exact e-mail must do.
#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_shared_with_a_patient_found_by_e_mail() {
    let server = Server::start().await;
    let [_, _, patient] = clinic(&server).await;
    let (daughter, _) = join(&server, "Bea Example", "bea@clinic.example", Role::Patient, None).await;
    let id = write(&patient, PatientChoice::Account(patient.account_id())).await;
    assert!(patient.person(&daughter.account_id()).await.is_err(), "nobody is found by guessing");

    let found = patient.find_by_email("bea@clinic.example").await.unwrap().unwrap();
    let shared = patient.share(&id, &Share::with_code(found.id)).await.unwrap();
    daughter.redeem(&shared.grant, &shared.code.unwrap()).await.unwrap();
    assert_eq!(read(&daughter, &id).await.unwrap(), file());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_arrives_by_invitation_and_takes_custody() {
    let server = Server::start().await;
    let [_, doctor, _] = clinic(&server).await;
    let id = write(&doctor, PatientChoice::New).await;
    let open = doctor.report(&id).await.unwrap();
    let placeholder = doctor.placeholder_of(&open).unwrap();
    let invited = doctor.invite_patient(&placeholder, None, None, &server.origin).await.unwrap();
    let link = SignUpLink::parse(&invited.link).unwrap();
    let (newcomer, _) = join(&server, "Cem New", "cem@clinic.example", Role::Patient, Some(&link.token)).await;
    let claimed = newcomer.claim_reports(link.secret.as_ref().unwrap()).await.unwrap();
    assert_eq!((claimed.reports.len(), claimed.failed.len()), (1, 0));
    assert_eq!(newcomer.report(&id).await.unwrap().right, Right::Own);
    assert_eq!(read(&newcomer, &id).await.unwrap(), file());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recovery_kit_sets_a_new_password_and_nothing_is_lost() {
    let server = Server::start().await;
    clinic(&server).await;
    let (patient, words) = join(&server, "Bea Example", "bea@clinic.example", Role::Patient, None).await;
    let id = write(&patient, PatientChoice::Account(patient.account_id())).await;
    let recover = Recover {
        email: "bea@clinic.example",
        words: &words.join(" "),
        password: "another password here",
        device: device(),
    };
    let again = client(&server).recover(recover, &NoSecondFactor).await.unwrap();
    assert_eq!(read(&again, &id).await.unwrap(), file());
    assert!(patient.report(&id).await.is_err(), "other sessions end");
    let old = client(&server).sign_in("bea@clinic.example", PASSWORD, device(), &NoSecondFactor).await;
    assert!(matches!(old, Err(ClientError::WrongPassword)));
    let new = client(&server)
        .sign_in("bea@clinic.example", "another password here", device(), &NoSecondFactor)
        .await
        .unwrap();
    assert_eq!(read(&new, &id).await.unwrap(), file());
}
