//! Emergency contacts, as people and attackers try them: through the honest client against a real server, whose clock runs
//! on. Here they get in.

use api_types::{
    B64, ReportId, WayInId,
    accounts::{Role, WayInKind},
    emergency::EmergencyState,
    grants::Right,
    second_factors::{SecondFactorKind, SecondFactorProof},
};
use client::{
    AskSecondFactor, ClientError, EmergencyLink, NoSecondFactor, PatientChoice, Platform, Recover, RecoveryKit,
    SecondFactorAsked, Vault, Verification, WhyAsked,
    bulk::{Control, native::FileSource},
    content::ReportFields,
};
use serde_json::Value;
use server::clock::{DAY, HOUR};

use crate::{
    harness::Server,
    honest_client::{PASSWORD, Person, client, clinic, device, join},
    later::{Later, later},
    phones::code,
    second_factor::add_app,
};

pub const OLGA: &str = "olga@clinic.example";
pub const BEA: &str = "bea@clinic.example";
pub const ANN: &str = "ann@clinic.example";
pub const DORA: &str = "dora@clinic.example";
pub const NEW_PASSWORD: &str = "another password entirely";

/// Olga, who has a report and a kit; Bea, whom she may trust; and three others.
pub struct Scene {
    pub server: Server,
    pub ada: Person,
    pub dora: Person,
    pub ann: Person,
    pub olga: Person,
    pub kit: String,
    pub bea: Person,
    pub report: ReportId,
}

pub async fn scene() -> Scene {
    let server = Server::start_with(|config| config.address_factor = 100).await;
    let [ada, dora, ann] = clinic(&server).await;
    let (olga, kit) = join(&server, "Olga Owner", OLGA, Role::Patient, None).await;
    let (bea, _) = join(&server, "Bea Example", BEA, Role::Patient, None).await;
    let report = keeps(&olga).await;
    Scene { server, ada, dora, ann, olga, kit: kit.join(" "), bea, report }
}

/// A report of one's own.
pub async fn keeps(owner: &Person) -> ReportId {
    let fields = ReportFields {
        report_number: "R-17".into(),
        title: "Chest X-ray".into(),
        patient_name: "Olga Owner".into(),
        patient_id: "P-4".into(),
        diagnosis: "No finding".into(),
        ..Default::default()
    };
    let draft = owner.begin_draft(PatientChoice::Account(owner.account_id()), fields).await.unwrap();
    draft.add_file("scan.bin", &FileSource::Bytes(b"picture".to_vec().into()), &Control::none()).await.unwrap();
    draft.complete().await.unwrap().id
}

pub async fn reads<P: Platform>(owner: &Vault<P>, report: &ReportId) {
    let open = owner.report(report).await.unwrap();
    assert_eq!(open.right, Right::Own);
    let version = owner.version(&open, 1).await.unwrap();
    assert_eq!(version.content.fields.title, "Chest X-ray");
}

pub async fn offers(owner: &Person, email: &str, days: u8) -> client::Result<()> {
    let found = owner.find_by_email(email).await.unwrap().unwrap();
    owner.add_emergency_contact(&found.id, days).await
}

/// Trusted with a delay, and accepted.
pub async fn trusts(owner: &Person, (contact, email): (&Person, &str), days: u8) -> WayInId {
    offers(owner, email, days).await.unwrap();
    let way_in = one(contact).await.way_in;
    contact.accept_trust(&way_in).await.unwrap();
    way_in
}

/// The one account that trusts this one.
pub async fn one(contact: &Person) -> EmergencyLink {
    let mut links = contact.trusted_by().await.unwrap();
    assert_eq!(links.len(), 1);
    links.remove(0).unwrap()
}

/// The one whom this account trusts.
pub async fn trusted<P: Platform>(owner: &Vault<P>) -> EmergencyLink {
    let mut links = owner.emergency_contacts().await.unwrap();
    assert_eq!(links.len(), 1);
    links.remove(0)
}

/// The words, once who asks for them proved their password.
pub async fn obtains(contact: &Person, way_in: &WayInId) -> RecoveryKit {
    contact.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    contact.emergency_words(way_in).await.unwrap()
}

/// Opens Olga's account by words, with a new password.
pub async fn enters_with(
    server: &Server,
    email: &str,
    words: &str,
    ask: &impl AskSecondFactor,
) -> client::Result<Vault<Later>> {
    let recover = Recover { email, words, password: NEW_PASSWORD, device: device() };
    later(server).recover(recover, ask).await
}

pub async fn enters(server: &Server, words: &RecoveryKit) -> client::Result<Vault<Later>> {
    enters_with(server, OLGA, &words.words().join(" "), &NoSecondFactor).await
}

/// What stands in the log of events, of an action.
pub async fn subjects(server: &Server, ada: &Person, action: &str) -> Vec<(Option<String>, String)> {
    let token = ada.token().unwrap().to_owned();
    let events = server.get(&format!("/admin/events?action={action}"), Some(&token)).await.json();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let items = events["items"].as_array().unwrap();
    items.iter().map(|event| (text(&event["actor"]), text(&event["subject"]).unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_delay_the_contact_gets_in_while_the_owner_is_away() {
    let Scene { server, ada, olga, kit, bea, report, .. } = scene().await;
    let found = olga.find_by_email(BEA).await.unwrap().unwrap();
    assert_eq!(found.verification, Verification::New, "somebody whose key was never seen");
    let id = trusts(&olga, (&bea, BEA), 3).await;
    let link = trusted(&olga).await;
    assert_eq!((link.way_in, link.person.id, link.delay_days), (id, bea.account_id(), 3));
    assert_eq!((link.state, link.asked_at, link.opens_at), (EmergencyState::Accepted, None, None));
    assert_eq!(link.person.verification, Verification::Pinned);
    let link = one(&bea).await;
    assert_eq!((link.person.id, link.delay_days), (olga.account_id(), 3));
    assert_eq!(link.person.verification, Verification::Pinned);

    assert_eq!(code(bea.emergency_words(&id).await), "emergency_not_open", "nobody asked");
    assert_eq!(code(bea.accept_trust(&id).await), "conflict", "answered already");
    bea.ask_emergency(&id).await.unwrap();
    let link = one(&bea).await;
    assert_eq!(link.state, EmergencyState::Asked);
    assert_eq!(link.opens_at.unwrap() - link.asked_at.unwrap(), 3 * DAY);
    assert_eq!(code(bea.ask_emergency(&id).await), "conflict", "the delay runs already");
    server.state.clock.advance(3 * DAY - HOUR);
    assert_eq!(code(bea.emergency_words(&id).await), "emergency_not_open");
    assert_eq!(one(&bea).await.state, EmergencyState::Asked);
    server.state.clock.advance(HOUR);
    assert_eq!(one(&bea).await.state, EmergencyState::Open);
    assert_eq!(code(bea.emergency_words(&id).await), "confirmation_required", "somebody at an open page");
    let words = obtains(&bea, &id).await;
    assert!(obtains(&bea, &id).await == words, "again, should they be lost");
    assert!(one(&bea).await.given_at.is_some());

    let taken = enters(&server, &words).await.unwrap();
    assert_eq!(taken.account_id(), olga.account_id());
    reads(&taken, &report).await;
    assert_eq!(code(olga.sessions().await), "signed_out", "every other session ends");
    let old = client(&server).sign_in(OLGA, PASSWORD, device(), &NoSecondFactor).await;
    assert!(matches!(old, Err(ClientError::WrongPassword)));
    assert!(later(&server).sign_in(OLGA, NEW_PASSWORD, device(), &NoSecondFactor).await.is_ok());
    // The words served once; the contact is one no more.
    assert_eq!(code(enters(&server, &words).await), "wrong_kit");
    assert!(taken.emergency_contacts().await.unwrap().is_empty() && bea.trusted_by().await.unwrap().is_empty());
    assert_eq!(code(bea.api().get_emergency_words(&id).await), "not_found");
    // The owner comes back by the kit, which stays good.
    let back = enters_with(&server, OLGA, &kit, &NoSecondFactor).await.unwrap();
    reads(&back, &report).await;
    assert_eq!(code(taken.sessions().await), "signed_out");

    let (owner, contact) = (olga.account_id().to_string(), bea.account_id().to_string());
    let changes = subjects(&server, &ada, "account_change").await;
    for (by, what, other) in [
        (&owner, "emergency_contact_added", &contact),
        (&contact, "emergency_accepted", &owner),
        (&contact, "emergency_asked", &owner),
        (&contact, "emergency_words_given", &owner),
    ] {
        let named = format!("what={what} ");
        let found = changes.iter().find(|(_, subject)| subject.starts_with(&named)).unwrap();
        assert_eq!(found.0.as_ref(), Some(by), "{what}");
        assert!(found.1.contains(other.as_str()) && found.1.contains(&id.to_string()), "{}", found.1);
    }
    let recovered = subjects(&server, &ada, "recover").await;
    let by_contact = format!("contact={contact}");
    let used = |(by, subject): &(Option<String>, String)| {
        by.as_ref() == Some(&owner) && subject.contains("way=emergency_contact") && subject.contains(&by_contact)
    };
    assert!(recovered.iter().any(used), "{recovered:?}");
    assert!(recovered.iter().any(|(_, subject)| subject.contains("way=recovery_kit")), "{recovered:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_works_after_both_changed_their_password_and_their_kit() {
    let Scene { server, olga, bea, report, .. } = scene().await;
    let id = trusts(&olga, (&bea, BEA), 30).await;
    let (before, way) = (olga.account_key(), ways_of(&olga).await);
    olga.change_password("the owner's second password").await.unwrap();
    olga.change_recovery_kit(&client(&server).new_kit()).await.unwrap();
    assert!(olga.account_key() != before && ways_of(&olga).await != way, "wrapped anew");
    bea.change_password("the contact's second password").await.unwrap();
    bea.change_recovery_kit(&client(&server).new_kit()).await.unwrap();
    bea.ask_emergency(&id).await.unwrap();
    // Also while the delay runs.
    olga.change_password("the owner's third password").await.unwrap();
    server.state.clock.advance(29 * DAY);
    assert_eq!(code(bea.emergency_words(&id).await), "emergency_not_open");
    server.state.clock.advance(DAY);
    // In a new session, by what is the contact's now.
    let bea = later(&server).sign_in(BEA, "the contact's second password", device(), &NoSecondFactor).await.unwrap();
    let words = bea.emergency_words(&id).await.unwrap();
    reads(&enters(&server, &words).await.unwrap(), &report).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_works_after_both_made_new_keys() {
    let Scene { server, ada, olga, bea, report, .. } = scene().await;
    let id = trusts(&olga, (&bea, BEA), 30).await;
    let ways = ways_of(&olga).await;
    olga.rotate_keys().await.unwrap();
    bea.rotate_keys().await.unwrap();
    assert!(ways_of(&olga).await != ways, "wrapped anew, and signed by the new keys");
    assert_eq!((trusted(&olga).await.way_in, one(&bea).await.way_in), (id, id));
    bea.ask_emergency(&id).await.unwrap();
    // Also while the delay runs, and once more for who has the words sealed to the first.
    olga.rotate_keys().await.unwrap();
    bea.rotate_keys().await.unwrap();
    let changes = subjects(&server, &ada, "account_change").await;
    let owner = Some(olga.account_id().to_string());
    let made = |(by, what): &&(Option<String>, String)| *by == owner && what.starts_with("what=keys ");
    assert_eq!(changes.iter().filter(made).count(), 2, "{changes:?}");
    server.state.clock.advance(30 * DAY);
    let bea = later(&server).sign_in(BEA, PASSWORD, device(), &NoSecondFactor).await.unwrap();
    let words = bea.emergency_words(&id).await.unwrap();
    let taken = enters(&server, &words).await.unwrap();
    assert_eq!((taken.key_epoch().0, bea.key_epoch().0), (2, 2));
    reads(&taken, &report).await;
}

/// Their ways in by emergency contact.
async fn ways_of(owner: &Person) -> Vec<B64> {
    let ways = owner.api().get_account().await.unwrap().ways_in.into_iter();
    ways.filter(|way| way.kind == WayInKind::EmergencyContact).map(|way| way.record).collect()
}

/// Gives this, when it is asked for the first time.
pub struct Once(pub SecondFactorProof);

impl AskSecondFactor for Once {
    async fn ask(&self, asked: SecondFactorAsked) -> Option<SecondFactorProof> {
        (asked.why == WhyAsked::Needed).then(|| self.0.clone())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_words_do_not_go_around_the_owners_second_factor() {
    let Scene { server, ada, olga, bea, report, .. } = scene().await;
    let id = trusts(&olga, (&bea, BEA), 1).await;
    let (_, codes) = add_app(&server, &olga).await;
    bea.ask_emergency(&id).await.unwrap();
    server.state.clock.advance(DAY);
    let words = obtains(&bea, &id).await;
    assert_eq!(code(enters(&server, &words).await), "second_factor_required");
    let left_with_bea = Once(SecondFactorProof::code(SecondFactorKind::RecoveryCode, codes[0].clone()));
    let text = words.words().join(" ");
    let taken = enters_with(&server, OLGA, &text, &left_with_bea).await.unwrap();
    reads(&taken, &report).await;
    assert!(taken.second_factors().await.unwrap().items.len() == 1, "it stays");

    // Without one an administrator takes it off, after having made sure who asks.
    taken
        .confirm(NEW_PASSWORD, &Once(SecondFactorProof::code(SecondFactorKind::RecoveryCode, codes[1].clone())))
        .await
        .unwrap();
    let found = taken.find_by_email(BEA).await.unwrap().unwrap();
    taken.add_emergency_contact(&found.id, 1).await.unwrap();
    let id = one(&bea).await.way_in;
    bea.accept_trust(&id).await.unwrap();
    bea.ask_emergency(&id).await.unwrap();
    server.state.clock.advance(DAY);
    let words = obtains(&bea, &id).await;
    ada.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    ada.api().remove_account_second_factors(&olga.account_id()).await.unwrap();
    reads(&enters(&server, &words).await.unwrap(), &report).await;
}
