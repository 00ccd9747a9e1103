//! Emergency contacts, as people and attackers try them: through the honest client against a real server, whose clock runs
//! on.

use std::collections::BTreeSet;

use api_types::{
    B64, ReportId, WayInId,
    accounts::{AccountStatus, Role, WayInKind},
    emergency::{EmergencyState, NewEmergencyContact},
    grants::Right,
    live::{LiveEvent, LiveKind},
    second_factors::{SecondFactorKind, SecondFactorProof},
};
use client::{
    AskSecondFactor, Client, ClientError, EmergencyLink, NoSecondFactor, PatientChoice, Platform, Recover, RecoveryKit,
    SecondFactorAsked, Vault, Verification, WhyAsked,
    bulk::{
        Control,
        native::{FileBulk, FileSource},
    },
    content::ReportFields,
    heavy::{HeavyError, HeavySteps, HeavyTask},
    native::{BlockingPool, Native},
    transport::native::HttpTransport,
};
use crypto::{
    account::{EmergencyContact, WayInSecret, seal_emergency},
    ids,
    secret::SecretBytes,
    sign::Signed,
};
use futures::Stream;
use serde_json::Value;
use server::{
    clock::{DAY, HOUR, MINUTE, now_ms},
    storage::accounts,
    upkeep,
};

use crate::{
    harness::Server,
    honest_client::{PASSWORD, Person, client, clinic, device, join},
    later::{Ahead, Later, later},
    live::{listen, next},
    mail_kinds::{MARKS, opened},
    mail_server::{MailServer, Post, Smtp, with_mail},
    person::{Applicant, Person as ByHand, founder, rng},
    phones::code,
    recovery_shares::switched_meanwhile,
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

async fn offers(owner: &Person, email: &str, days: u8) -> client::Result<()> {
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
async fn trusted<P: Platform>(owner: &Vault<P>) -> EmergencyLink {
    let mut links = owner.emergency_contacts().await.unwrap();
    assert_eq!(links.len(), 1);
    links.remove(0)
}

/// The words, once who asks for them proved their password.
async fn obtains(contact: &Person, way_in: &WayInId) -> RecoveryKit {
    contact.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    contact.emergency_words(way_in).await.unwrap()
}

/// Opens Olga's account by words, with a new password.
async fn enters_with(
    server: &Server,
    email: &str,
    words: &str,
    ask: &impl AskSecondFactor,
) -> client::Result<Vault<Later>> {
    let recover = Recover { email, words, password: NEW_PASSWORD, device: device() };
    later(server).recover(recover, ask).await
}

async fn enters(server: &Server, words: &RecoveryKit) -> client::Result<Vault<Later>> {
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

/// Switched off while the delay ran, and on again at its end: its owner could refuse nothing meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_was_switched_off_is_asked_for_anew() {
    let Scene { server, ada, olga, bea, .. } = scene().await;
    let id = trusts(&olga, (&bea, BEA), 3).await;
    bea.ask_emergency(&id).await.unwrap();
    server.state.clock.advance(3 * DAY);
    ada.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    ada.api().disable_account(&olga.account_id()).await.unwrap();
    ada.api().enable_account(&olga.account_id()).await.unwrap();
    assert_eq!(one(&bea).await.state, EmergencyState::Accepted);
    bea.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    assert_eq!(code(bea.emergency_words(&id).await), "emergency_not_open");
    bea.ask_emergency(&id).await.unwrap();
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
async fn what_the_owner_refuses_opens_nothing_and_can_be_asked_for_again_later() {
    let Scene { server, ada, olga, bea, .. } = scene().await;
    let id = trusts(&olga, (&bea, BEA), 2).await;
    assert_eq!(code(olga.refuse_emergency(&id).await), "conflict", "nobody asks");
    bea.ask_emergency(&id).await.unwrap();
    // An old session may, too: it needs no confirmation.
    server.state.clock.advance(DAY);
    assert_eq!(code(offers(&olga, ANN, 7).await), "confirmation_required");
    olga.refuse_emergency(&id).await.unwrap();
    assert_eq!(code(olga.refuse_emergency(&id).await), "conflict");
    let link = one(&bea).await;
    assert_eq!((link.state, link.asked_at, link.opens_at), (EmergencyState::Accepted, None, None));
    assert_eq!(link.ask_again_at.unwrap() - link.refused_at.unwrap(), DAY);
    assert_eq!(code(bea.ask_emergency(&id).await), "throttled");
    server.state.clock.advance(DAY);
    assert_eq!(code(bea.emergency_words(&id).await), "emergency_not_open", "the first asking has ended");

    bea.ask_emergency(&id).await.unwrap();
    server.state.clock.advance(2 * DAY);
    let words = obtains(&bea, &id).await;
    // Also once it is open, as long as nobody used it.
    olga.refuse_emergency(&id).await.unwrap();
    assert_eq!(code(enters(&server, &words).await), "emergency_not_open");
    assert_eq!(code(bea.emergency_words(&id).await), "emergency_not_open");
    let link = trusted(&olga).await;
    assert_eq!(link.ask_again_at.unwrap() - link.refused_at.unwrap(), 2 * DAY, "twice as long");
    server.state.clock.advance(2 * DAY - HOUR);
    assert_eq!(code(bea.ask_emergency(&id).await), "throttled");
    server.state.clock.advance(HOUR);
    bea.ask_emergency(&id).await.unwrap();
    assert_eq!(code(enters(&server, &words).await), "emergency_not_open", "words from before wait as well");
    server.state.clock.advance(2 * DAY);
    assert!(enters(&server, &words).await.is_ok());

    let refused = subjects(&server, &ada, "account_change").await;
    let refused = refused.iter().filter(|(_, subject)| subject.starts_with("what=emergency_refused "));
    assert_eq!(refused.count(), 2);
    let token = ada.token().unwrap().to_owned();
    let denied = server.get("/admin/events?outcome=denied", Some(&token)).await.json();
    let contact = bea.account_id().to_string();
    let by_bea = |event: &&Value| event["actor"].as_str() == Some(contact.as_str());
    let denied: Vec<_> = denied["items"].as_array().unwrap().iter().filter(by_bea).collect();
    assert!(denied.iter().any(|event| event["subject"].as_str().unwrap().contains("emergency_not_open")), "{denied:?}");
}

/// A device on which the owner has time to refuse, between the proof of the words and the new password.
pub struct Slow(Native, Ahead, Meanwhile);

/// The owner, and whom they refuse.
pub struct Meanwhile(Person, Refused);

/// Who is refused.
pub enum Refused {
    Contact(WayInId),
    Administrator,
}

/// A client on such a device.
pub fn slow(server: &Server, owner: &Person, refused: Refused) -> Client<Slow> {
    let meanwhile = Meanwhile(owner.clone(), refused);
    Client::new(Slow(Native::new(&server.origin).unwrap(), Ahead::of(server), meanwhile))
}

impl HeavySteps for Meanwhile {
    async fn run(&self, task: HeavyTask) -> Result<SecretBytes, HeavyError> {
        match &self.1 {
            Refused::Contact(way_in) => self.0.refuse_emergency(way_in).await.unwrap(),
            Refused::Administrator => self.0.refuse_escrow().await.unwrap(),
        }
        BlockingPool.run(task).await
    }
}

impl Platform for Slow {
    type Transport = HttpTransport;
    type Environment = Ahead;
    type Heavy = Meanwhile;
    type Bulk = FileBulk;

    fn transport(&self) -> &HttpTransport {
        self.0.transport()
    }

    fn environment(&self) -> &Ahead {
        &self.1
    }

    fn heavy(&self) -> &Meanwhile {
        &self.2
    }

    fn bulk(&self) -> &FileBulk {
        self.0.bulk()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_between_proof_and_new_password_counts() {
    let Scene { server, olga, bea, .. } = scene().await;
    let id = trusts(&olga, (&bea, BEA), 1).await;
    bea.ask_emergency(&id).await.unwrap();
    server.state.clock.advance(DAY);
    let words = obtains(&bea, &id).await.words().join(" ");
    let client = slow(&server, &olga, Refused::Contact(id));
    let recover = Recover { email: OLGA, words: &words, password: NEW_PASSWORD, device: device() };
    assert_eq!(code(client.recover(recover, &NoSecondFactor).await), "emergency_not_open");
    assert!(olga.sessions().await.is_ok(), "nothing was changed");
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

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_who_is_removed_opens_nothing() {
    let Scene { server, ada, ann, olga, bea, .. } = scene().await;
    let id = trusts(&olga, (&bea, BEA), 1).await;
    let stays = trusts(&olga, (&ann, ANN), 1).await;
    bea.ask_emergency(&id).await.unwrap();
    server.state.clock.advance(DAY);
    let words = obtains(&bea, &id).await;
    let other = client(&server).sign_in(OLGA, PASSWORD, device(), &NoSecondFactor).await.unwrap();
    let key = olga.account_key();
    assert_eq!(code(olga.remove_emergency_contact(&id).await), "confirmation_required");
    olga.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    olga.remove_emergency_contact(&id).await.unwrap();
    assert!(olga.account_key() != key, "what the words opened opens nothing any more");
    assert_eq!(code(other.sessions().await), "signed_out");
    assert!(bea.trusted_by().await.unwrap().is_empty());
    assert_eq!(code(bea.emergency_words(&id).await), "missing");
    assert_eq!(code(bea.ask_emergency(&id).await), "not_found");
    assert_eq!(code(enters(&server, &words).await), "wrong_kit");
    assert_eq!(code(olga.remove_emergency_contact(&id).await), "way_in_forged", "there is none of that name");
    assert!(subjects(&server, &ada, "account_change").await.iter().any(|(_, subject)| {
        subject.starts_with("what=emergency_contact_removed ") && subject.contains(&id.to_string())
    }));
    // The others stay as they were, under the new key; and the same person may be trusted again.
    assert_eq!(trusted(&olga).await.way_in, stays);
    offers(&olga, BEA, 1).await.unwrap();
    assert_eq!(one(&bea).await.state, EmergencyState::Offered);
    ann.ask_emergency(&stays).await.unwrap();
    server.state.clock.advance(DAY);
    let words = obtains(&ann, &stays).await;
    let taken = enters(&server, &words).await.unwrap();
    assert_eq!(trusted(&taken).await.person.id, bea.account_id(), "whoever used theirs is taken out, alone");
}

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
async fn a_contact_may_decline_also_later() {
    let Scene { server, ada, olga, bea, .. } = scene().await;
    offers(&olga, BEA, 1).await.unwrap();
    let id = one(&bea).await.way_in;
    assert_eq!(code(bea.ask_emergency(&id).await), "conflict", "not accepted yet");
    assert_eq!(code(bea.emergency_words(&id).await), "emergency_not_open");
    bea.accept_trust(&id).await.unwrap();
    bea.ask_emergency(&id).await.unwrap();
    bea.decline_trust(&id).await.unwrap();
    let link = trusted(&olga).await;
    assert_eq!((link.state, link.asked_at, link.opens_at), (EmergencyState::Declined, None, None));
    server.state.clock.advance(2 * DAY);
    assert_eq!(code(bea.emergency_words(&id).await), "emergency_not_open");
    for refused in [
        code(bea.accept_trust(&id).await),
        code(bea.decline_trust(&id).await),
        code(bea.ask_emergency(&id).await),
        code(olga.refuse_emergency(&id).await),
    ] {
        assert_eq!(refused, "conflict");
    }
    let changes = subjects(&server, &ada, "account_change").await;
    assert!(changes.iter().any(|(_, subject)| subject.starts_with("what=emergency_declined ")));
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

#[tokio::test(flavor = "multi_thread")]
async fn accounts_that_are_switched_off_neither_open_nor_are_opened() {
    let Scene { server, ada, ann, olga, bea, .. } = scene().await;
    let switch = async |who: &Person, on: bool| match on {
        true => ada.api().enable_account(&who.account_id()).await.unwrap(),
        false => ada.api().disable_account(&who.account_id()).await.unwrap(),
    };
    // Found before, and switched off since.
    let found = olga.find_by_email(ANN).await.unwrap().unwrap();
    switch(&ann, false).await;
    assert_eq!(code(olga.add_emergency_contact(&found.id, 7).await), "recipient_disabled");
    let id = trusts(&olga, (&bea, BEA), 1).await;
    switch(&olga, false).await;
    assert_eq!(code(bea.ask_emergency(&id).await), "emergency_not_open");
    switch(&olga, true).await;
    bea.ask_emergency(&id).await.unwrap();
    server.state.clock.advance(DAY);
    let words = obtains(&bea, &id).await;

    ada.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    switch(&olga, false).await;
    assert_eq!(code(bea.emergency_words(&id).await), "emergency_not_open");
    assert_eq!(code(enters(&server, &words).await), "account_disabled");
    switch(&olga, true).await;
    switch(&bea, false).await;
    assert_eq!(code(enters(&server, &words).await), "emergency_not_open", "the contact is whom it was meant for");
    switch(&bea, true).await;
    assert_eq!(code(enters(&server, &words).await), "emergency_not_open", "Olga could refuse nothing: asked for anew");
    let bea = later(&server).sign_in(BEA, PASSWORD, device(), &NoSecondFactor).await.unwrap();
    bea.ask_emergency(&id).await.unwrap();
    server.state.clock.advance(DAY);
    assert!(enters(&server, &words).await.is_ok());
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

#[tokio::test(flavor = "multi_thread")]
async fn open_pages_hear_of_each_step() {
    let Scene { server, olga, bea, .. } = scene().await;
    let mut at_olgas = listen(&server, olga.token().unwrap()).await;
    let mut at_beas = listen(&server, bea.token().unwrap()).await;
    offers(&olga, BEA, 1).await.unwrap();
    heard(&mut at_olgas, &mut at_beas).await;
    let id = one(&bea).await.way_in;
    bea.accept_trust(&id).await.unwrap();
    heard(&mut at_olgas, &mut at_beas).await;
    bea.ask_emergency(&id).await.unwrap();
    heard(&mut at_olgas, &mut at_beas).await;
    olga.refuse_emergency(&id).await.unwrap();
    heard(&mut at_olgas, &mut at_beas).await;
    server.state.clock.advance(DAY);
    bea.ask_emergency(&id).await.unwrap();
    heard(&mut at_olgas, &mut at_beas).await;
    server.state.clock.advance(DAY);
    upkeep::once(&server.state).await.unwrap();
    heard(&mut at_olgas, &mut at_beas).await;
    let words = obtains(&bea, &id).await;
    heard(&mut at_olgas, &mut at_beas).await;
    enters(&server, &words).await.unwrap();
    tells(&mut at_beas).await;
}

async fn heard(one: &mut (impl Stream<Item = LiveEvent> + Unpin), other: &mut (impl Stream<Item = LiveEvent> + Unpin)) {
    tells(one).await;
    tells(other).await;
}

/// Until it tells that something about an emergency contact changed.
async fn tells(events: &mut (impl Stream<Item = LiveEvent> + Unpin)) {
    while next(events).await.expect("the stream goes on") != LiveKind::EmergencyChanged {}
}

/// Takes so many messages: to these, of these subjects, in any order; none says a name.
pub async fn mailed(mail: &mut MailServer, expected: &[(&str, &str)]) {
    let mut found = BTreeSet::new();
    for _ in expected {
        let message = mail.next().await;
        for mark in MARKS {
            assert!(!message.body.contains(mark), "{mark} in {}", message.body);
        }
        found.insert((message.to.join(" "), message.subject().to_owned()));
    }
    let expected: BTreeSet<_> =
        expected.iter().map(|(to, subject)| ((*to).to_owned(), (*subject).to_owned())).collect();
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_tells_both_of_each_step_once() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail) = with_mail(&post, Smtp::StartTls).await;
    let [_, dora, ann] = opened(&server, &mut mail).await;
    let mail = &mut mail;
    let passes = async |ahead: i64| {
        server.state.clock.advance(ahead);
        upkeep::once(&server.state).await.unwrap();
        upkeep::once(&server.state).await.unwrap();
    };
    offers(&ann, DORA, 4).await.unwrap();
    let offered = (DORA, "somebody trusts you as an emergency contact");
    mailed(mail, &[(ANN, "an emergency contact was added"), offered]).await;
    let id = one(&dora).await.way_in;
    dora.accept_trust(&id).await.unwrap();
    mail.nothing().await;

    let asked = (ANN, "an emergency contact asks to open your account");
    let reminded = (ANN, "an emergency contact waits to open your account");
    dora.ask_emergency(&id).await.unwrap();
    mailed(mail, &[asked]).await;
    passes(DAY).await;
    mail.nothing().await;
    passes(DAY).await;
    mailed(mail, &[reminded]).await;
    mail.nothing().await;
    ann.refuse_emergency(&id).await.unwrap();
    mailed(mail, &[(DORA, "your emergency access was refused")]).await;
    passes(2 * DAY).await;
    mail.nothing().await;

    dora.ask_emergency(&id).await.unwrap();
    mailed(mail, &[asked]).await;
    for after in [2 * DAY, DAY] {
        passes(after).await;
        mailed(mail, &[reminded]).await;
    }
    passes(DAY).await;
    mailed(mail, &[reminded, (DORA, "your emergency access is open")]).await;
    let words = obtains(&dora, &id).await;
    mailed(mail, &[(ANN, "an emergency contact has the words for your account")]).await;
    obtains(&dora, &id).await;
    mail.nothing().await;
    let taken = enters_with(&server, ANN, &words.words().join(" "), &NoSecondFactor).await.unwrap();
    mailed(mail, &[(ANN, "an emergency contact opened your account")]).await;

    taken.confirm(NEW_PASSWORD, &NoSecondFactor).await.unwrap();
    let found = taken.find_by_email(DORA).await.unwrap().unwrap();
    taken.add_emergency_contact(&found.id, 1).await.unwrap();
    mailed(mail, &[(ANN, "an emergency contact was added"), offered]).await;
    taken.remove_emergency_contact(&trusted(&taken).await.way_in).await.unwrap();
    mailed(mail, &[(ANN, "an emergency contact was removed")]).await;
    mail.nothing().await;
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
