//! Attacks on what accounts put in escrow with their organisation.

use api_types::{
    B64,
    accounts::Role,
    escrow::{EndedEscrowKey, EscrowState},
};
use client::{EscrowOffer, EscrowWords, Vault};
use crypto::{
    account::{
        AccountEscrow, EscrowEnd, EscrowKey, KeyChain, Keyring, OrganisationKey, WayInSecret, open_escrow, unlock,
    },
    ids::{AccountId, InstanceId},
    sign::Signed,
};
use malicious_server::{
    attack::{ENDED_ESCROW_KEY, PRETENDED_ESCROW_END, SWAPPED_ESCROW_KEY},
    double::{Fake, World, rng},
};

use super::{Attempt, Won, run};

/// An organisation, whose key everybody pins who comes later.
fn organisation(server: &Fake) -> OrganisationKey {
    let organisation = OrganisationKey::generate(&mut rng());
    server.db().organisation = Some(B64(organisation.public().0.to_vec()));
    organisation
}

fn key_of(server: &Fake, words: &EscrowWords) -> EscrowKey {
    EscrowKey::of(words, InstanceId(server.instance), server.now())
}

/// Offers the key of new words, signed by somebody.
fn offers(server: &Fake, signer: &OrganisationKey) -> (EscrowWords, EscrowKey) {
    let words = EscrowWords::generate(&mut rng());
    let key = key_of(server, &words);
    server.db().escrow_key = Some(B64::from(signer.sign_escrow_key(key.clone()).as_bytes()));
    (words, key)
}

/// Turns escrow on, comparing with the paper of this key.
async fn turns_on(owner: &Vault<World>, key: &EscrowKey) -> client::Result<()> {
    let offer: EscrowOffer = owner.escrow().await?.offered.unwrap();
    let paper = key.fingerprint_words();
    owner.turn_on_escrow(&offer.confirm(offer.asked().map(|number| paper[number - 1]))?).await
}

/// Whether these words, with what the server stores, give this account's key.
fn opens(server: &Fake, owner: &Vault<World>, words: &EscrowWords) -> bool {
    let db = server.db();
    let escrow = &db.escrows[0];
    let said = Signed::<AccountEscrow>::parse(&escrow.statement.0).unwrap();
    let secret = open_escrow(said.claimed(), &escrow.sealed.0, words).unwrap();
    let stored = &db.accounts[&owner.account_id()];
    let chain = KeyChain::parse(&AccountId(owner.account_id().0), &stored.key_records).unwrap();
    let way = stored.ways_in.iter().find(|way| way.id == escrow.way_in).unwrap();
    let way = Signed::parse(&way.record.0).unwrap();
    unlock(&way, &chain, WayInSecret::Escrow(&secret)).is_ok_and(|key| key == owner.account_key())
}

#[tokio::test]
async fn swapped_escrow_key() {
    run(&SWAPPED_ESCROW_KEY, attempt).await;

    /// The server offers a key of its own in the organisation's place, and opens what is sealed to it.
    async fn attempt() -> Attempt {
        let server = Fake::new();
        organisation(&server);
        let ann = server.person("Ann Example", Role::Patient).await;
        let (words, key) = offers(&server, &OrganisationKey::generate(&mut rng()));
        turns_on(&ann, &key).await?;
        Ok(Won::if_so(opens(&server, &ann, &words)))
    }
}

#[tokio::test]
async fn ended_escrow_key() {
    run(&ENDED_ESCROW_KEY, attempt).await;

    /// The organisation ended a key whose words were stolen, and everybody saw it. The server, which has them, offers it again
    /// to somebody who kept the paper.
    async fn attempt() -> Attempt {
        let server = Fake::new();
        let organisation = organisation(&server);
        let ann = server.person("Ann Example", Role::Patient).await;
        let (words, key) = offers(&server, &organisation);
        {
            let mut db = server.db();
            let end = EscrowEnd { instance: key.instance, key_hash: key.public.hash(), time: key.time };
            let end = B64::from(organisation.sign_escrow_end(end).as_bytes());
            db.ended_escrow_key = Some(EndedEscrowKey { key: db.escrow_key.take().unwrap(), end });
        }
        assert!(ann.escrow().await.unwrap().offered.is_none());
        {
            let mut db = server.db();
            db.escrow_key = db.ended_escrow_key.take().map(|ended| ended.key);
        }
        turns_on(&ann, &key).await?;
        Ok(Won::if_so(opens(&server, &ann, &words)))
    }
}

#[tokio::test]
async fn pretended_escrow_end() {
    run(&PRETENDED_ESCROW_END, attempt).await;

    /// The organisation ended a key, and offers another. Who is in escrow under that one is shown the ended one.
    async fn attempt() -> Attempt {
        let server = Fake::new();
        let organisation = organisation(&server);
        let ann = server.person("Ann Example", Role::Patient).await;
        let (_, former) = offers(&server, &organisation);
        let end = EscrowEnd { instance: former.instance, key_hash: former.public.hash(), time: server.now() };
        let end = B64::from(organisation.sign_escrow_end(end).as_bytes());
        let ended = server.db().escrow_key.take().unwrap();
        let (_, key) = offers(&server, &organisation);
        turns_on(&ann, &key).await.unwrap();
        assert_eq!(ann.escrow().await.unwrap().own.unwrap().fingerprint, key.fingerprint_words());
        let (own, _) = Keyring::create(1, &mut rng());
        {
            let mut db = server.db();
            let escrow = &mut db.escrows[0];
            let said = Signed::<AccountEscrow>::parse(&escrow.statement.0).unwrap();
            let forged = AccountEscrow { key_hash: former.public.hash(), ..said.claimed().clone() };
            escrow.statement = B64::from(Signed::sign(forged, &own.current().signing).as_bytes());
            (escrow.key, escrow.end) = (ended, Some(end));
        }
        let shown = ann.escrow().await?.own.unwrap();
        Ok(Won::if_so(shown.state == EscrowState::Ended && shown.fingerprint == former.fingerprint_words()))
    }
}

fn forged<T>(result: client::Result<T>) {
    match result {
        Ok(_) => panic!("it was believed"),
        Err(error) => assert_eq!(error.code(), "escrow_forged"),
    }
}

/// What the statements say besides is refused by the same name: a key of another instance, an end that nobody signed, a way in
/// that the server leaves out, and another account's secret.
#[tokio::test]
async fn nothing_of_an_escrow_can_be_exchanged() {
    let server = Fake::new();
    let organisation = organisation(&server);
    let ann = server.person("Ann Example", Role::Patient).await;
    let bea = server.person("Bea Example", Role::Patient).await;
    let ada = server.person("Ada Admin", Role::Administrator).await;
    let (words, key) = offers(&server, &organisation);
    let text = words.words().join(" ");
    let offered = server.db().escrow_key.clone();
    turns_on(&ann, &key).await.unwrap();
    turns_on(&bea, &key).await.unwrap();
    let (of_ann, of_bea) = (ann.account_id(), bea.account_id());
    assert!(ada.open_escrow(&of_ann, &text).await.is_ok());

    // The organisation's key of another place; and one that isn't there although something lies under it.
    let elsewhere = EscrowKey { instance: InstanceId([9; 16]), ..key.clone() };
    server.db().escrow_key = Some(B64::from(organisation.sign_escrow_key(elsewhere).as_bytes()));
    forged(ann.escrow().await);
    forged(ada.escrows(None).await);
    server.db().escrow_key = offered;
    // Ended, says the server: without a word, with another's, and with the organisation's about another key.
    let said = EscrowEnd { instance: key.instance, key_hash: key.public.hash(), time: server.now() };
    let by_another = OrganisationKey::generate(&mut rng()).sign_escrow_end(said.clone());
    let other = key_of(&server, &EscrowWords::generate(&mut rng()));
    let of_another = organisation.sign_escrow_end(EscrowEnd { key_hash: other.public.hash(), ..said });
    for end in [vec![1], by_another.as_bytes().to_vec(), of_another.as_bytes().to_vec()] {
        server.db().escrows[0].end = Some(B64(end));
        forged(ann.escrow().await);
    }
    server.db().escrows[0].end = None;
    server.lie(|request, value| {
        if request.path.ends_with("/account/escrow") && !value["own"].is_null() {
            value["own"]["state"] = "ended".into();
        }
    });
    forged(ann.escrow().await);
    server.be_honest();

    // Another account's secret, whole and beside the right statement; and its statement.
    let [right, others] = [0, 1].map(|at| server.db().escrows[at].sealed.clone());
    server.db().escrows[0].sealed = others;
    forged(ada.open_escrow(&of_ann, &text).await);
    server.db().escrows[0].sealed = right;
    let [right, others] = [0, 1].map(|at| server.db().escrows[at].statement.clone());
    server.db().escrows[0].statement = others;
    forged(ann.escrow().await);
    forged(ada.open_escrow(&of_ann, &text).await);
    let listed = ada.escrows(None).await.unwrap().items;
    assert_eq!(listed.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, true], "the other stands");
    server.db().escrows[0].statement = right;
    // The same as if another account had made it.
    server.db().escrows[0].owner = of_bea;
    forged(ada.open_escrow(&of_bea, &text).await);
    server.db().escrows[0].owner = of_ann;
    // It is on, and isn't shown; or is shown, and opens nothing.
    let hidden = server.db().escrows.remove(0);
    forged(ann.escrow().await);
    server.db().escrows.insert(0, hidden);
    let ways = server.db().accounts[&of_ann].ways_in.clone();
    let id = server.db().escrows[0].way_in;
    server.db().accounts.get_mut(&of_ann).unwrap().ways_in.retain(|way| way.id != id);
    forged(ann.escrow().await);
    server.db().accounts.get_mut(&of_ann).unwrap().ways_in = ways;
    assert!(ann.escrow().await.unwrap().own.is_some());
}
