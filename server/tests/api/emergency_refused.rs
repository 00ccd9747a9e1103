//! Emergency contacts who don't get in: refused, removed, gone, or of an account that was switched off.

use api_types::{WayInId, emergency::EmergencyState};
use client::{
    Client, NoSecondFactor, Platform, Recover,
    bulk::native::FileBulk,
    heavy::{HeavyError, HeavySteps, HeavyTask},
    native::{BlockingPool, Native},
    transport::native::HttpTransport,
};
use crypto::secret::SecretBytes;
use serde_json::Value;
use server::clock::{DAY, HOUR};

use crate::{
    emergency::{ANN, BEA, NEW_PASSWORD, OLGA, Scene, enters, obtains, offers, one, scene, subjects, trusted, trusts},
    harness::Server,
    honest_client::{PASSWORD, Person, client, device},
    later::{Ahead, later},
    phones::code,
};

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
