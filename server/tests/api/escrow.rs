//! Escrow to the organisation's key, as people and attackers try it: through the honest client against a real server, whose
//! clock runs on.

use api_types::{
    AccountId, B64, ReportId, WayInId,
    accounts::{Role, WayInKind},
    escrow::{EndEscrowKey, EscrowState, NewAccountEscrow, NewEscrowKey},
    grants::Right,
    live::{LiveEvent, LiveKind},
    second_factors::{SecondFactorKind, SecondFactorProof},
};
use client::{AskSecondFactor, Escrow, EscrowWords, NoSecondFactor, Platform, Recover, RecoveryKit, Vault};
use crypto::{
    account::{AccountEscrow, EscrowEnd, EscrowKey, OrganisationKey, WayInSecret, seal_escrow},
    ids,
    sign::Signed,
};
use futures::Stream;
use sea_orm::ConnectionTrait;
use serde_json::Value;
use server::{
    clock::{DAY, HOUR, MINUTE, now_ms},
    upkeep,
};

use crate::{
    emergency::{Once, keeps, subjects},
    emergency_refused::{Refused, slow},
    emergency_told::mailed,
    harness::Server,
    honest_client::{PASSWORD, Person, clinic, device, join},
    later::{Later, later},
    live::{listen, next},
    mail_kinds::opened,
    mail_server::{Post, Smtp, with_mail},
    person::{Applicant, Person as ByHand, founder, rng},
    phones::code,
    second_factor::add_app,
};

const ADA: &str = "ada@clinic.example";
const ANN: &str = "ann@clinic.example";
const OLGA: &str = "olga@clinic.example";
const NEW_PASSWORD: &str = "another password entirely";

/// What an organisation has on paper: the words in its safe, and the fingerprint that it hands out.
struct Paper {
    words: EscrowWords,
    fingerprint: [&'static str; 12],
}

impl Paper {
    fn text(&self) -> String {
        self.words.words().join(" ")
    }
}

/// Ada, who administers; Olga, who has a report and a kit; and the paper of the escrow key.
struct Scene {
    server: Server,
    ada: Person,
    dora: Person,
    olga: Person,
    kit: String,
    report: ReportId,
    paper: Paper,
}

async fn scene() -> Scene {
    let server = Server::start_with(|config| config.address_factor = 100).await;
    let [ada, dora, _] = clinic(&server).await;
    let (olga, kit) = join(&server, "Olga Owner", OLGA, Role::Patient, None).await;
    let report = keeps(&olga).await;
    let paper = makes(&ada).await;
    Scene { server, ada, dora, olga, kit: kit.join(" "), report, paper }
}

/// A new escrow key.
async fn makes<P: Platform>(ada: &Vault<P>) -> Paper {
    let words = ada.new_escrow_words();
    let fingerprint = ada.make_escrow_key(&words).await.unwrap();
    Paper { words, fingerprint }
}

/// Escrow turned on by somebody who compares the key with this fingerprint.
pub async fn compares<P: Platform>(owner: &Vault<P>, fingerprint: &[&'static str; 12]) -> client::Result<()> {
    let offer = owner.escrow().await?.offered.expect("a key is offered");
    let typed = offer.asked().map(|number| fingerprint[number - 1]);
    owner.turn_on_escrow(&offer.confirm(typed)?).await
}

async fn turns_on<P: Platform>(owner: &Vault<P>, paper: &Paper) -> WayInId {
    compares(owner, &paper.fingerprint).await.unwrap();
    own(owner).await.way_in
}

/// What is in escrow.
async fn own<P: Platform>(owner: &Vault<P>) -> Escrow {
    owner.escrow().await.unwrap().own.expect("escrow is on")
}

/// The recovery words, once the administrator proved their password.
async fn obtains(ada: &Person, of: &AccountId, paper: &Paper) -> client::Result<RecoveryKit> {
    ada.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    ada.open_escrow(of, &paper.text()).await
}

async fn enters_with(server: &Server, words: &RecoveryKit, ask: &impl AskSecondFactor) -> client::Result<Vault<Later>> {
    let words = words.words().join(" ");
    let recover = Recover { email: OLGA, words: &words, password: NEW_PASSWORD, device: device() };
    later(server).recover(recover, ask).await
}

async fn enters(server: &Server, words: &RecoveryKit) -> client::Result<Vault<Later>> {
    enters_with(server, words, &NoSecondFactor).await
}

async fn reads<P: Platform>(owner: &Vault<P>, report: &ReportId) {
    let open = owner.report(report).await.unwrap();
    assert_eq!(open.right, Right::Own);
    assert_eq!(owner.version(&open, 1).await.unwrap().content.fields.title, "Chest X-ray");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_delay_the_organisation_brings_back_whoever_lost_everything() {
    let Scene { server, ada, olga, kit, report, paper, .. } = scene().await;
    let standing = olga.escrow().await.unwrap();
    assert!(standing.own.is_none(), "off until it is turned on");
    let shown = standing.offered.unwrap().shown();
    assert_eq!(shown.iter().flatten().count(), 10, "two words are left out");
    assert!(shown.iter().zip(paper.fingerprint).all(|(shown, word)| shown.is_none_or(|shown| shown == word)));
    let id = turns_on(&olga, &paper).await;
    let escrow = own(&olga).await;
    assert_eq!((escrow.state, escrow.asked_at, escrow.fingerprint), (EscrowState::On, None, paper.fingerprint));
    let whose = olga.account_id();

    let listed = ada.escrows(None).await.unwrap();
    assert_eq!(listed.key.unwrap().fingerprint, paper.fingerprint);
    let line = listed.items.into_iter().next().unwrap().unwrap();
    assert_eq!((line.person.id, line.escrow.way_in, line.escrow.state), (whose, id, EscrowState::On));
    assert_eq!(code(obtains(&ada, &whose, &paper).await), "escrow_not_open", "nobody asked");
    ada.ask_escrow(&whose).await.unwrap();
    let escrow = own(&olga).await;
    assert_eq!((escrow.state, escrow.asked_by.unwrap().id), (EscrowState::Asked, ada.account_id()));
    assert_eq!(escrow.opens_at.unwrap() - escrow.asked_at.unwrap(), 3 * DAY);
    assert_eq!(code(ada.ask_escrow(&whose).await), "conflict", "the delay runs already");
    server.state.clock.advance(3 * DAY - HOUR);
    assert_eq!(code(obtains(&ada, &whose, &paper).await), "escrow_not_open");
    server.state.clock.advance(HOUR);
    assert_eq!(own(&olga).await.state, EscrowState::Open);
    assert_eq!(code(ada.open_escrow(&whose, &paper.text()).await), "confirmation_required");
    assert!(own(&olga).await.given_at.is_none(), "nothing was given out yet");
    let words = obtains(&ada, &whose, &paper).await.unwrap();
    assert!(obtains(&ada, &whose, &paper).await.unwrap() == words, "again, should they be lost");
    assert!(own(&olga).await.given_at.is_some());

    let taken = enters(&server, &words).await.unwrap();
    assert_eq!(taken.account_id(), whose);
    reads(&taken, &report).await;
    assert_eq!(code(olga.sessions().await), "signed_out", "every other session ends");
    // It served once, and escrow is off.
    assert_eq!(code(enters(&server, &words).await), "wrong_kit");
    assert!(taken.escrow().await.unwrap().own.is_none());
    assert!(ada.escrows(None).await.unwrap().items.is_empty());
    assert_eq!(code(ada.ask_escrow(&whose).await), "not_found");
    // The printed kit stayed what it was.
    let recover = Recover { email: OLGA, words: &kit, password: NEW_PASSWORD, device: device() };
    reads(&later(&server).recover(recover, &NoSecondFactor).await.unwrap(), &report).await;

    let changes = subjects(&server, &ada, "account_change").await;
    let (owner, admin) = (whose.to_string(), ada.account_id().to_string());
    for (by, what, named) in [
        (&admin, "escrow_key_made", ""),
        (&owner, "escrow_on", &id.to_string()[..]),
        (&admin, "escrow_asked", &owner[..]),
        (&admin, "escrow_given", &owner[..]),
    ] {
        let begins = format!("what={what} ");
        let found = changes.iter().find(|(_, subject)| subject.starts_with(&begins)).unwrap();
        assert_eq!(found.0.as_ref(), Some(by), "{what}");
        assert!(found.1.contains(named), "{}", found.1);
    }
    let asked_by = format!("asked_by={admin}");
    let used = |(by, subject): &(Option<String>, String)| {
        by.as_ref() == Some(&owner) && subject.contains("way=escrow") && subject.contains(&asked_by)
    };
    let recovered = subjects(&server, &ada, "recover").await;
    assert!(recovered.iter().any(used), "{recovered:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_holder_refuses_opens_nothing_and_can_be_asked_for_again_later() {
    let Scene { server, ada, olga, paper, .. } = scene().await;
    let whose = olga.account_id();
    turns_on(&olga, &paper).await;
    assert_eq!(code(olga.refuse_escrow().await), "conflict", "nobody asks");
    ada.ask_escrow(&whose).await.unwrap();
    // An old session may, too: it needs no confirmation.
    server.state.clock.advance(DAY);
    olga.refuse_escrow().await.unwrap();
    let escrow = own(&olga).await;
    assert_eq!((escrow.state, escrow.asked_by, escrow.opens_at), (EscrowState::On, None, None));
    assert_eq!(escrow.ask_again_at.unwrap() - escrow.refused_at.unwrap(), DAY);
    ada.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    assert_eq!(code(ada.ask_escrow(&whose).await), "throttled");
    server.state.clock.advance(2 * DAY);
    assert_eq!(code(obtains(&ada, &whose, &paper).await), "escrow_not_open", "the first asking has ended");

    ada.ask_escrow(&whose).await.unwrap();
    server.state.clock.advance(3 * DAY);
    let words = obtains(&ada, &whose, &paper).await.unwrap();
    // Also once it is open, as long as nobody used it.
    olga.refuse_escrow().await.unwrap();
    assert_eq!(code(enters(&server, &words).await), "escrow_not_open");
    assert_eq!(code(obtains(&ada, &whose, &paper).await), "escrow_not_open");
    let escrow = own(&olga).await;
    assert_eq!(escrow.ask_again_at.unwrap() - escrow.refused_at.unwrap(), 2 * DAY, "twice as long");
    let given_at = escrow.given_at;
    assert!(given_at.is_some(), "whoever has it may have kept it");
    server.state.clock.advance(2 * DAY);
    ada.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    ada.ask_escrow(&whose).await.unwrap();
    assert_eq!(code(enters(&server, &words).await), "escrow_not_open", "words from before wait as well");
    assert_eq!(own(&olga).await.given_at, given_at, "also once it is asked for anew");
    server.state.clock.advance(3 * DAY);
    assert!(enters(&server, &words).await.is_ok());

    let refused = subjects(&server, &ada, "account_change").await;
    let refused = refused.iter().filter(|(_, subject)| subject.starts_with("what=escrow_refused "));
    assert_eq!(refused.count(), 2);
    let token = ada.token().unwrap().to_owned();
    let denied = server.get("/admin/events?outcome=denied", Some(&token)).await.json();
    let says = |event: &Value| event["subject"].as_str().unwrap().contains("escrow_not_open");
    assert!(denied["items"].as_array().unwrap().iter().any(says), "{denied:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_between_proof_and_new_password_counts() {
    let Scene { server, ada, olga, paper, .. } = scene().await;
    let whose = olga.account_id();
    turns_on(&olga, &paper).await;
    ada.ask_escrow(&whose).await.unwrap();
    server.state.clock.advance(3 * DAY);
    let words = obtains(&ada, &whose, &paper).await.unwrap().words().join(" ");
    let client = slow(&server, &olga, Refused::Administrator);
    let recover = Recover { email: OLGA, words: &words, password: NEW_PASSWORD, device: device() };
    assert_eq!(code(client.recover(recover, &NoSecondFactor).await), "escrow_not_open");
    assert!(olga.sessions().await.is_ok(), "nothing was changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_offered_without_a_key_and_nothing_is_on_without_its_fingerprint() {
    let server = Server::start().await;
    let [ada, dora, ann] = clinic(&server).await;
    let standing = ann.escrow().await.unwrap();
    assert!(standing.offered.is_none() && standing.own.is_none());
    assert_eq!(code(ada.end_escrow_key().await), "missing");
    let (other, words) = (dora.new_escrow_words(), ada.new_escrow_words());
    assert_eq!(code(dora.make_escrow_key(&other).await), "not_allowed", "who doesn't hold the organisation's key");
    let fingerprint = ada.make_escrow_key(&words).await.unwrap();
    assert_eq!(code(ada.make_escrow_key(&other).await), "conflict", "one at a time");

    let elsewhere = EscrowKey::of(&other, server.instance(), 1).fingerprint_words();
    assert_ne!(fingerprint, elsewhere);
    assert_eq!(code(compares(&ann, &elsewhere).await), "escrow_fingerprint", "what the organisation says is another");
    assert!(ann.escrow().await.unwrap().own.is_none());
    let offer = ann.escrow().await.unwrap().offered.unwrap();
    server.state.clock.advance(11 * MINUTE);
    assert_eq!(code(compares(&ann, &fingerprint).await), "confirmation_required");
    ann.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    compares(&ann, &fingerprint).await.unwrap();
    let typed = offer.asked().map(|number| fingerprint[number - 1]);
    assert_eq!(code(ann.turn_on_escrow(&offer.confirm(typed).unwrap()).await), "conflict", "on already");
    // Neither what is in escrow nor the words are anywhere in what is shown.
    let token = ann.token().unwrap().to_owned();
    let shown = server.get("/account/escrow", Some(&token)).await.text;
    assert!(!shown.contains("sealed"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn turning_it_off_makes_a_new_key_and_what_was_given_out_opens_nothing() {
    let Scene { server, ada, olga, paper, .. } = scene().await;
    let (whose, id) = (olga.account_id(), turns_on(&olga, &paper).await);
    ada.ask_escrow(&whose).await.unwrap();
    server.state.clock.advance(3 * DAY);
    let words = obtains(&ada, &whose, &paper).await.unwrap();
    let key = olga.account_key();
    assert_eq!(code(olga.turn_off_escrow().await), "confirmation_required");
    olga.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    olga.turn_off_escrow().await.unwrap();
    assert!(olga.account_key() != key, "what the words opened opens nothing any more");
    assert!(olga.escrow().await.unwrap().own.is_none());
    assert_eq!(code(enters(&server, &words).await), "wrong_kit");
    assert_eq!(code(obtains(&ada, &whose, &paper).await), "not_found");
    assert_eq!(code(olga.turn_off_escrow().await), "missing", "there is nothing to be turned off");
    assert_eq!(code(olga.refuse_escrow().await), "missing");
    let changes = subjects(&server, &ada, "account_change").await;
    assert!(changes.iter().any(|(_, subject)| subject.starts_with("what=escrow_off ")));
    assert_ne!(turns_on(&olga, &paper).await, id, "on again, by another way in");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_works_after_a_new_password_a_new_kit_and_new_keys() {
    let Scene { server, ada, olga, report, paper, .. } = scene().await;
    let (whose, id) = (olga.account_id(), turns_on(&olga, &paper).await);
    let way = async || {
        let ways = olga.api().get_account().await.unwrap().ways_in;
        ways.into_iter().find(|way| way.kind == WayInKind::Escrow).unwrap().record
    };
    let before = way().await;
    olga.change_password("the owner's second password").await.unwrap();
    olga.change_recovery_kit(&later(&server).new_kit()).await.unwrap();
    olga.rotate_keys().await.unwrap();
    assert!(way().await != before, "wrapped anew, and signed by the new keys");
    assert_eq!(own(&olga).await.way_in, id);
    ada.ask_escrow(&whose).await.unwrap();
    olga.rotate_keys().await.unwrap();
    server.state.clock.advance(3 * DAY);
    let words = obtains(&ada, &whose, &paper).await.unwrap();
    let taken = enters(&server, &words).await.unwrap();
    assert_eq!(taken.key_epoch().0, 2);
    reads(&taken, &report).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_ask_and_only_for_others_who_may_act() {
    let Scene { server, ada, dora, olga, paper, .. } = scene().await;
    let (whose, id) = (olga.account_id(), turns_on(&olga, &paper).await);
    for who in [&dora, &olga] {
        let api = who.api();
        for refused in [
            code(api.ask_escrow(&whose).await),
            code(api.get_escrow_secret(&whose).await),
            code(api.list_escrows(None).await),
            code(who.open_escrow(&whose, &paper.text()).await),
        ] {
            assert_eq!(refused, "forbidden");
        }
    }
    for who in [&dora, &ada] {
        assert_eq!(code(who.api().refuse_escrow(&id).await), "not_found");
    }
    assert_eq!(code(ada.ask_escrow(&dora.account_id()).await), "not_found", "nothing of hers is in escrow");
    turns_on(&ada, &paper).await;
    assert_eq!(code(ada.ask_escrow(&ada.account_id()).await), "conflict", "their own");
    // Words with a mistake, and of another key: before the server is asked for anything.
    assert_eq!(code(ada.open_escrow(&whose, "one two three").await), "escrow_words");
    let other = Paper { words: ada.new_escrow_words(), ..paper };
    assert_eq!(code(obtains(&ada, &whose, &other).await), "escrow_key_other");

    server.state.clock.advance(11 * MINUTE);
    assert_eq!(code(ada.ask_escrow(&whose).await), "confirmation_required", "somebody at an open page");
    ada.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    ada.api().disable_account(&whose).await.unwrap();
    assert_eq!(code(ada.ask_escrow(&whose).await), "escrow_not_open");
    ada.api().enable_account(&whose).await.unwrap();
    ada.ask_escrow(&whose).await.unwrap();
    server.state.clock.advance(3 * DAY);
    ada.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    ada.api().disable_account(&whose).await.unwrap();
    assert_eq!(code(ada.api().get_escrow_secret(&whose).await), "escrow_not_open");
    // Switched off while the delay ran, and on again at its end: its holder could refuse nothing, so it begins anew.
    ada.api().enable_account(&whose).await.unwrap();
    assert_eq!(code(ada.api().get_escrow_secret(&whose).await), "escrow_not_open");
    ada.ask_escrow(&whose).await.unwrap();
    server.state.clock.advance(3 * DAY);
    ada.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    ada.api().get_escrow_secret(&whose).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_in_escrow_does_not_go_around_the_second_factor() {
    let Scene { server, ada, olga, report, paper, .. } = scene().await;
    let whose = olga.account_id();
    turns_on(&olga, &paper).await;
    let (_, codes) = add_app(&server, &olga).await;
    ada.ask_escrow(&whose).await.unwrap();
    server.state.clock.advance(3 * DAY);
    let words = obtains(&ada, &whose, &paper).await.unwrap();
    assert_eq!(code(enters(&server, &words).await), "second_factor_required");
    let kept = Once(SecondFactorProof::code(SecondFactorKind::RecoveryCode, codes[0].clone()));
    reads(&enters_with(&server, &words, &kept).await.unwrap(), &report).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_ended_opens_nothing_until_people_turn_to_another() {
    let Scene { server, ada, olga, paper, .. } = scene().await;
    let (whose, id) = (olga.account_id(), turns_on(&olga, &paper).await);
    ada.ask_escrow(&whose).await.unwrap();
    server.state.clock.advance(3 * DAY);
    let words = obtains(&ada, &whose, &paper).await.unwrap();
    // By a device whose clock says what the server's says.
    let ada = later(&server).sign_in(ADA, PASSWORD, device(), &NoSecondFactor).await.unwrap();
    ada.end_escrow_key().await.unwrap();
    let standing = olga.escrow().await.unwrap();
    assert!(standing.offered.is_none());
    let escrow = standing.own.unwrap();
    assert_eq!((escrow.way_in, escrow.state, escrow.opens_at), (id, EscrowState::Ended, None));
    assert!(escrow.given_at.is_some(), "that it was given out before stays");
    assert_eq!(code(enters(&server, &words).await), "escrow_not_open");
    assert_eq!(code(ada.ask_escrow(&whose).await), "conflict");
    assert_eq!(code(ada.api().get_escrow_secret(&whose).await), "escrow_not_open");
    assert_eq!(code(olga.refuse_escrow().await), "conflict");
    assert_eq!(code(ada.make_escrow_key(&paper.words).await), "conflict", "a key that ended isn't published anew");

    let next = makes(&ada).await;
    let listed = ada.escrows(None).await.unwrap();
    assert_eq!(listed.key.unwrap().fingerprint, next.fingerprint);
    assert_eq!(listed.items.into_iter().next().unwrap().unwrap().escrow.state, EscrowState::Ended);
    let olga = later(&server).sign_in(OLGA, PASSWORD, device(), &NoSecondFactor).await.unwrap();
    assert_eq!(code(compares(&olga, &next.fingerprint).await), "conflict", "turned off first");
    olga.turn_off_escrow().await.unwrap();
    turns_on(&olga, &next).await;
    let escrow = own(&olga).await;
    assert_eq!((escrow.state, escrow.fingerprint), (EscrowState::On, next.fingerprint));
    ada.ask_escrow(&whose).await.unwrap();
    server.state.clock.advance(3 * DAY);
    ada.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    assert_eq!(code(ada.open_escrow(&whose, &paper.text()).await), "escrow_key_other", "the words from before");
    assert!(ada.open_escrow(&whose, &next.text()).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restore_from_before_its_end_a_key_is_refused_and_can_be_ended_again() {
    let Scene { server, ada, olga, paper, .. } = scene().await;
    turns_on(&olga, &paper).await;
    ada.end_escrow_key().await.unwrap();
    assert_eq!(own(&olga).await.state, EscrowState::Ended);
    // As a backup would bring it back.
    let tx = server.state.db.begin_write().await.unwrap();
    tx.conn().execute_unprepared("UPDATE escrow_keys SET end_statement = NULL, ended_at = NULL").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(code(olga.escrow().await), "escrow_key_older");
    assert_eq!(code(ada.escrows(None).await), "escrow_key_older");
    assert_eq!(code(ada.make_escrow_key(&ada.new_escrow_words()).await), "escrow_key_older", "not beside it");
    olga.turn_off_escrow().await.unwrap();
    ada.end_escrow_key().await.unwrap();
    let next = makes(&ada).await;
    turns_on(&olga, &next).await;
    assert_eq!(own(&olga).await.fingerprint, next.fingerprint);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_deleted_leaves_nothing_in_escrow() {
    let Scene { server: _running, ada, olga, paper, .. } = scene().await;
    turns_on(&olga, &paper).await;
    olga.delete_account(OLGA).await.unwrap();
    assert!(ada.escrows(None).await.unwrap().items.is_empty());
    assert_eq!(code(ada.ask_escrow(&olga.account_id()).await), "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn open_pages_hear_of_each_step() {
    let Scene { server, ada, olga, paper, .. } = scene().await;
    let mut at_olgas = listen(&server, olga.token().unwrap()).await;
    let mut at_adas = listen(&server, ada.token().unwrap()).await;
    let whose = olga.account_id();
    turns_on(&olga, &paper).await;
    tells(&mut at_olgas).await;
    ada.ask_escrow(&whose).await.unwrap();
    tells(&mut at_olgas).await;
    tells(&mut at_adas).await;
    olga.refuse_escrow().await.unwrap();
    tells(&mut at_olgas).await;
    tells(&mut at_adas).await;
    server.state.clock.advance(DAY);
    ada.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    ada.ask_escrow(&whose).await.unwrap();
    tells(&mut at_olgas).await;
    tells(&mut at_adas).await;
    server.state.clock.advance(3 * DAY);
    upkeep::once(&server.state).await.unwrap();
    tells(&mut at_olgas).await;
    tells(&mut at_adas).await;
    let words = obtains(&ada, &whose, &paper).await.unwrap();
    tells(&mut at_olgas).await;
    tells(&mut at_adas).await;
    enters(&server, &words).await.unwrap();
    tells(&mut at_adas).await;
}

/// Until it tells that something about escrow changed.
async fn tells(events: &mut (impl Stream<Item = LiveEvent> + Unpin)) {
    while next(events).await.expect("the stream goes on") != LiveKind::EscrowChanged {}
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_tells_of_each_step_once() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail) = with_mail(&post, Smtp::StartTls).await;
    let [ada, _, ann] = opened(&server, &mut mail).await;
    let mail = &mut mail;
    let passes = async |ahead: i64| {
        server.state.clock.advance(ahead);
        upkeep::once(&server.state).await.unwrap();
        upkeep::once(&server.state).await.unwrap();
    };
    let asks = async || {
        ada.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
        ada.ask_escrow(&ann.account_id()).await.unwrap();
    };
    let on = (ANN, "escrow is on: not strictly end-to-end");
    let off = (ANN, "escrow was turned off");
    let first = makes(&ada).await;
    mail.nothing().await;
    turns_on(&ann, &first).await;
    mailed(mail, &[on]).await;
    ada.end_escrow_key().await.unwrap();
    mailed(mail, &[(ANN, "your organisation ended its escrow")]).await;
    ann.turn_off_escrow().await.unwrap();
    mailed(mail, &[off]).await;
    let paper = makes(&ada).await;
    turns_on(&ann, &paper).await;
    mailed(mail, &[on]).await;
    let asked = (ANN, "an administrator asks to open your account");
    let reminded = (ANN, "an administrator waits to open your account");
    asks().await;
    mailed(mail, &[asked]).await;
    passes(DAY).await;
    mail.nothing().await;
    ann.refuse_escrow().await.unwrap();
    mailed(mail, &[(ADA, "what you asked for out of escrow was refused")]).await;
    passes(2 * DAY).await;
    mail.nothing().await;

    asks().await;
    mailed(mail, &[asked]).await;
    passes(DAY + 12 * HOUR).await;
    mailed(mail, &[reminded]).await;
    passes(12 * HOUR).await;
    mailed(mail, &[reminded]).await;
    passes(DAY).await;
    mailed(mail, &[reminded, (ADA, "what you asked for out of escrow is open")]).await;
    let words = obtains(&ada, &ann.account_id(), &paper).await.unwrap();
    mailed(mail, &[(ANN, "an administrator has what opens your account")]).await;
    obtains(&ada, &ann.account_id(), &paper).await.unwrap();
    mail.nothing().await;
    // Once more for each asking.
    ann.refuse_escrow().await.unwrap();
    mailed(mail, &[(ADA, "what you asked for out of escrow was refused")]).await;
    passes(2 * DAY).await;
    asks().await;
    mailed(mail, &[asked]).await;
    server.state.clock.advance(3 * DAY);
    obtains(&ada, &ann.account_id(), &paper).await.unwrap();
    mailed(mail, &[(ANN, "an administrator has what opens your account")]).await;
    let words = words.words().join(" ");
    let recover = Recover { email: ANN, words: &words, password: NEW_PASSWORD, device: device() };
    later(&server).recover(recover, &NoSecondFactor).await.unwrap();
    mailed(mail, &[(ANN, "your account was opened out of escrow")]).await;
    mail.nothing().await;
}

/// What a faulty client may send: the same as the honest one, with one thing wrong.
fn by_hand(owner: &ByHand, key: &EscrowKey, generation: u32) -> NewAccountEscrow {
    let secret = RecoveryKit::generate(&mut rng());
    let way_in = owner.applicant.way_in(WayInSecret::Escrow(&secret), generation);
    let (statement, sealed) = seal_escrow(
        (owner.applicant.chain.account(), owner.applicant.keyring.current()),
        ids::WayInId(way_in.id.0),
        &secret,
        key,
        now_ms(),
        &mut rng(),
    )
    .unwrap();
    NewAccountEscrow { statement: B64::from(statement.as_bytes()), sealed: B64(sealed), way_in }
}

/// The same with something else in its statement, signed by the same account.
fn changed(by: &ByHand, body: NewAccountEscrow, change: impl FnOnce(&mut AccountEscrow)) -> NewAccountEscrow {
    let mut said = Signed::<AccountEscrow>::parse(&body.statement.0).unwrap().claimed().clone();
    change(&mut said);
    let statement = Signed::sign(said, &by.applicant.keyring.current().signing);
    NewAccountEscrow { statement: B64::from(statement.as_bytes()), ..body }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_faulty_administrators_client_sends_is_refused() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    let pat = Applicant::new("Pat Patient", Role::Patient).sign_up(&server, None).await;
    let organisation = ada.applicant.organisation.as_ref().unwrap();
    let other = OrganisationKey::generate(&mut rng());
    let make = async |by: &ByHand, signer: &OrganisationKey, key: &EscrowKey| {
        let statement = B64::from(signer.sign_escrow_key(key.clone()).as_bytes());
        server.post("/admin/escrow/key", Some(&by.token), &NewEscrowKey { statement }).await
    };
    let end = async |by: &ByHand, signer: &OrganisationKey, said: &EscrowEnd| {
        let statement = B64::from(signer.sign_escrow_end(said.clone()).as_bytes());
        server.post("/admin/escrow/key/end", Some(&by.token), &EndEscrowKey { statement }).await
    };
    let key = EscrowKey::of(&EscrowWords::generate(&mut rng()), server.instance(), now_ms());
    let said = EscrowEnd { instance: server.instance(), key_hash: key.public.hash(), time: now_ms() };
    assert_eq!(end(&ada, organisation, &said).await.code(), "conflict", "there is none");
    assert_eq!(make(&pat, organisation, &key).await.code(), "forbidden");
    assert_eq!(make(&ada, &other, &key).await.code(), "invalid_signature", "another organisation's");
    let elsewhere = EscrowKey { instance: ids::InstanceId([9; 16]), ..key.clone() };
    assert_eq!(make(&ada, organisation, &elsewhere).await.code(), "invalid_signature");
    for time in [now_ms() - 11 * MINUTE, now_ms() + 11 * MINUTE] {
        assert_eq!(make(&ada, organisation, &EscrowKey { time, ..key.clone() }).await.code(), "invalid_field");
    }
    assert_eq!(make(&ada, organisation, &key).await.status, 204);
    assert_eq!(make(&ada, organisation, &key).await.code(), "conflict", "sent twice");

    assert_eq!(end(&pat, organisation, &said).await.code(), "forbidden");
    assert_eq!(end(&ada, &other, &said).await.code(), "invalid_signature");
    let of_another = EscrowEnd { key_hash: ids::Hash32([1; 32]), ..said.clone() };
    assert_eq!(end(&ada, organisation, &of_another).await.code(), "invalid_signature");
    let old = EscrowEnd { time: now_ms() - 11 * MINUTE, ..said.clone() };
    assert_eq!(end(&ada, organisation, &old).await.code(), "invalid_field");
    assert_eq!(end(&ada, organisation, &said).await.status, 204);
    assert_eq!(end(&ada, organisation, &said).await.code(), "conflict", "it has ended");
    let next = EscrowKey::of(&EscrowWords::generate(&mut rng()), server.instance(), key.time);
    for time in [key.time - 1, key.time] {
        let earlier = EscrowKey { time, ..next.clone() };
        assert_eq!(make(&ada, organisation, &earlier).await.code(), "invalid_field", "not later than the one before");
    }
    assert_eq!(make(&ada, organisation, &EscrowKey { time: key.time + 1, ..next }).await.status, 204);
    // Beside it the one that ended is shown to everybody, with its end.
    let shown = server.get("/account/escrow", Some(&pat.token)).await.json();
    let overview = server.get("/admin/escrow", Some(&ada.token)).await.json();
    for shown in [&shown["ended"], &overview["ended"]] {
        let blob = |name: &str| serde_json::from_value::<B64>(shown[name].clone()).unwrap();
        let ended = Signed::<EscrowKey>::parse(&blob("key").0).unwrap();
        assert_eq!(ended.claimed(), &key);
        let public = organisation.public();
        assert!(
            Signed::<EscrowEnd>::parse(&blob("end").0)
                .unwrap()
                .verify_escrow_end(&public, &server.instance(), &key.public.hash())
                .is_ok()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_faulty_client_sends_is_refused() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    let pat = Applicant::new("Pat Patient", Role::Patient).sign_up(&server, None).await;
    let quinn = Applicant::new("Quinn Patient", Role::Patient).sign_up(&server, None).await;
    let organisation = ada.applicant.organisation.as_ref().unwrap();
    let key = EscrowKey::of(&EscrowWords::generate(&mut rng()), server.instance(), now_ms());
    let add = async |body: &NewAccountEscrow| server.post("/account/escrow", Some(&pat.token), body).await;
    let good = || by_hand(&pat, &key, 0);
    assert_eq!(add(&good()).await.code(), "conflict", "no key is offered");
    let statement = B64::from(organisation.sign_escrow_key(key.clone()).as_bytes());
    let made = server.post("/admin/escrow/key", Some(&ada.token), &NewEscrowKey { statement }).await;
    assert_eq!(made.status, 204, "{}", made.text);

    let servers = EscrowKey::of(&EscrowWords::generate(&mut rng()), server.instance(), now_ms());
    assert_eq!(add(&by_hand(&pat, &servers, 0)).await.code(), "conflict", "another key");
    assert_eq!(add(&by_hand(&pat, &key, 1)).await.code(), "counter_stale", "of another account key");
    assert_eq!(add(&by_hand(&quinn, &key, 0)).await.code(), "invalid_signature", "another account's, whole");
    let mut body = good();
    let said = Signed::<AccountEscrow>::parse(&body.statement.0).unwrap().claimed().clone();
    let forged = Signed::sign(said, &quinn.applicant.keyring.current().signing);
    body.statement = B64::from(forged.as_bytes());
    assert_eq!(add(&body).await.code(), "invalid_signature");
    for body in [
        changed(&pat, good(), |said| said.way_in = ids::WayInId([1; 16])),
        changed(&pat, good(), |said| said.sealed_hash = ids::Hash32([1; 32])),
        changed(&pat, good(), |said| said.time = now_ms() + 11 * MINUTE),
        NewAccountEscrow { sealed: good().sealed, ..good() },
        NewAccountEscrow { sealed: B64(Vec::new()), ..good() },
        NewAccountEscrow { way_in: good().way_in, ..good() },
        NewAccountEscrow { way_in: pat.applicant.way_in(WayInSecret::RecoveryKit(&pat.applicant.kit), 0), ..good() },
    ] {
        assert_eq!(add(&body).await.code(), "invalid_field");
    }
    let mut body = good();
    body.way_in.proof_key = None;
    assert_eq!(add(&body).await.code(), "invalid_field");
    assert_eq!(server.get("/account", Some(&pat.token)).await.json()["ways_in"].as_array().unwrap().len(), 2);

    let body = good();
    assert_eq!(add(&body).await.status, 204);
    assert_eq!(add(&good()).await.code(), "conflict", "a second one");
    let own = server.get("/account/escrow", Some(&pat.token)).await;
    assert_eq!(own.json()["own"]["state"], "on");
    let seen = server.get("/admin/escrow", Some(&ada.token)).await;
    assert_eq!(seen.json()["items"].as_array().map(Vec::len), Some(1));
    let sealed = body.sealed.encode();
    assert!(![own.text, seen.text].concat().contains(&sealed), "what is sealed is given at its time alone");
}
