//! Lies about the organisation's escrow keys: one that was replaced or ended is shown as if it still counted.

use std::sync::Arc;

use api_types::{
    B64,
    accounts::Role,
    escrow::{EndedEscrowKey, EscrowState},
};
use client::{ConfirmedEscrow, EscrowOffer, EscrowStanding, EscrowWords, NoSecondFactor, Refusal, Vault};
use crypto::{
    account::{EscrowEnd, EscrowKey, OrganisationKey},
    ids::InstanceId,
};

use super::refusal;
use crate::fake::{Fake, PASSWORD, World, device, email, rng};

/// An organisation with two escrow keys, of which the second came later.
struct Scene {
    server: Arc<Fake>,
    organisation: OrganisationKey,
    first: EscrowKey,
    second: EscrowKey,
    ann: Vault<World>,
}

async fn scene() -> Scene {
    let server = Fake::new();
    let organisation = OrganisationKey::generate(&mut rng());
    server.db().organisation = Some(B64(organisation.public().0.to_vec()));
    let key = || EscrowKey::of(&EscrowWords::generate(&mut rng()), InstanceId(server.instance), server.now());
    let first = key();
    server.pass(1);
    let second = key();
    let ann = server.person("Ann Example", Role::Patient).await;
    Scene { server, organisation, first, second, ann }
}

impl Scene {
    fn signed(&self, key: &EscrowKey) -> B64 {
        B64::from(self.organisation.sign_escrow_key(key.clone()).as_bytes())
    }

    fn offers(&self, key: &EscrowKey) {
        self.server.db().escrow_key = Some(self.signed(key));
    }

    fn end(&self, key: &EscrowKey) -> B64 {
        let said = EscrowEnd { instance: key.instance, key_hash: key.public.hash(), time: self.server.now() };
        B64::from(self.organisation.sign_escrow_end(said).as_bytes())
    }

    /// What is offered ends, by the organisation's word.
    fn ends(&self, key: &EscrowKey) {
        let end = self.end(key);
        let mut db = self.server.db();
        db.escrow_key = None;
        db.escrows.iter_mut().for_each(|escrow| escrow.end = Some(end.clone()));
        db.ended_escrow_key = Some(EndedEscrowKey { key: self.signed(key), end });
    }

    /// As if nothing had ended.
    fn forgets_the_end(&self) {
        let mut db = self.server.db();
        db.ended_escrow_key = None;
        db.escrows.iter_mut().for_each(|escrow| escrow.end = None);
    }

    async fn ann_again(&self) -> Vault<World> {
        self.server.client().sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await.unwrap()
    }
}

fn offered(standing: EscrowStanding) -> EscrowOffer {
    standing.offered.unwrap()
}

/// By the paper of this key.
fn compared(offer: &EscrowOffer, key: &EscrowKey) -> client::Result<ConfirmedEscrow> {
    let paper = key.fingerprint_words();
    offer.confirm(offer.asked().map(|number| paper[number - 1]))
}

#[tokio::test]
async fn a_key_that_was_replaced_is_not_offered_again() {
    let s = scene().await;
    s.offers(&s.first);
    let confirmed = compared(&offered(s.ann.escrow().await.unwrap()), &s.first).unwrap();
    s.offers(&s.second);
    compared(&offered(s.ann.escrow().await.unwrap()), &s.second).unwrap();
    assert_eq!(refusal(s.ann.turn_on_escrow(&confirmed).await), Refusal::EscrowKeyOlder, "compared before that");
    s.offers(&s.first);
    assert_eq!(refusal(s.ann.escrow().await), Refusal::EscrowKeyOlder);
    assert_eq!(refusal(s.ann_again().await.escrow().await), Refusal::EscrowKeyOlder, "it is remembered by the account");
    assert!(s.server.db().escrows.is_empty(), "nothing was sealed");
    s.offers(&s.second);
    let confirmed = compared(&offered(s.ann.escrow().await.unwrap()), &s.second).unwrap();
    s.ann.turn_on_escrow(&confirmed).await.unwrap();
    assert!(s.ann_again().await.escrow().await.unwrap().own.is_some());
}

#[tokio::test]
async fn an_ended_key_is_not_offered_again_to_whoever_had_it_off() {
    let s = scene().await;
    s.offers(&s.first);
    s.ends(&s.first);
    assert!(s.ann.escrow().await.unwrap().offered.is_none());
    s.forgets_the_end();
    s.offers(&s.first);
    for ann in [&s.ann, &s.ann_again().await] {
        assert_eq!(refusal(ann.escrow().await), Refusal::EscrowKeyOlder);
    }
    // Beside its own end it is none.
    s.ends(&s.second);
    s.offers(&s.second);
    assert!(s.ann.escrow().await.unwrap().offered.is_none());
}

/// Whoever is in escrow under a key that ended can turn it off, whatever the server shows of it.
#[tokio::test]
async fn an_end_that_was_seen_can_not_be_taken_back_and_does_not_keep_anybody_in_escrow() {
    let s = scene().await;
    s.offers(&s.first);
    let confirmed = compared(&offered(s.ann.escrow().await.unwrap()), &s.first).unwrap();
    s.ann.turn_on_escrow(&confirmed).await.unwrap();
    s.ends(&s.first);
    let own = s.ann.escrow().await.unwrap().own.unwrap();
    assert_eq!(own.state, EscrowState::Ended);
    s.forgets_the_end();
    assert_eq!(refusal(s.ann.escrow().await), Refusal::EscrowKeyOlder);
    let key = s.ann.account_key();
    s.ann.turn_off_escrow().await.unwrap();
    assert!(s.ann.account_key() != key && s.server.db().escrows.is_empty());
    assert!(s.ann.escrow().await.unwrap().own.is_none());
    assert_eq!(s.ann.turn_off_escrow().await.unwrap_err().code(), "missing");
}

#[tokio::test]
async fn an_administrator_is_shown_no_older_key_and_no_account_under_one() {
    let s = scene().await;
    let ada = s.server.person("Ada Admin", Role::Administrator).await;
    s.offers(&s.first);
    let confirmed = compared(&offered(s.ann.escrow().await.unwrap()), &s.first).unwrap();
    s.ann.turn_on_escrow(&confirmed).await.unwrap();
    assert!(ada.escrows(None).await.unwrap().items[0].is_ok());
    s.ends(&s.first);
    s.offers(&s.second);
    assert!(ada.escrows(None).await.unwrap().items[0].is_ok(), "as ended");
    s.forgets_the_end();
    let page = ada.escrows(None).await.unwrap();
    assert_eq!(page.key.unwrap().fingerprint, s.second.fingerprint_words());
    assert_eq!(refusal(page.items.into_iter().next().unwrap()), Refusal::EscrowKeyOlder);
    s.offers(&s.first);
    assert_eq!(refusal(ada.escrows(None).await), Refusal::EscrowKeyOlder);
}
