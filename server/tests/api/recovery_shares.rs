//! Recovery shares, as people and attackers try them: through the honest client against a real server.

use api_types::{
    AccountId, B64, WayInId,
    accounts::{AccountStatus, Role, WayInKind},
    live::LiveKind,
    recovery_shares::NewRecoverySplit,
    second_factors::{SecondFactorKind, SecondFactorProof},
};
use client::{
    AskSecondFactor, HeldShare, NoSecondFactor, Recover, RecoverWithShares, RecoveryKit, Split, Verification,
};
use crypto::{
    account::{KeyChain, RecoverySplit, WayInSecret, split_recovery},
    encoding::{context, sha256},
    ids,
    sign::Signed,
};
use futures::Stream;
use server::{
    clock::{HOUR, MINUTE, now_ms},
    storage::accounts,
};

use crate::{
    emergency::{ANN, BEA, DORA, NEW_PASSWORD, OLGA, Once, Scene, reads, scene, subjects},
    emergency_told::mailed,
    harness::Server,
    honest_client::{PASSWORD, Person, client, device},
    live::{listen, next},
    mail_kinds::opened,
    mail_server::{Post, Smtp, with_mail},
    person::{Applicant, Person as ByHand, founder, rng},
    phones::code,
    second_factor::add_app,
};

async fn splits(owner: &Person, among: &[&str], threshold: u8) -> client::Result<()> {
    let mut contacts = Vec::new();
    for email in among {
        contacts.push(owner.find_by_email(email).await.unwrap().unwrap().id);
    }
    owner.split_recovery(&contacts, threshold).await
}

/// The own split.
async fn own(owner: &Person) -> Split {
    owner.recovery_split().await.unwrap().unwrap()
}

/// The one share that is held.
async fn held(contact: &Person) -> HeldShare {
    let mut shares = contact.held_shares().await.unwrap();
    assert_eq!(shares.len(), 1);
    shares.remove(0).unwrap()
}

/// The share as its holder reads it out, once they proved their password.
async fn reads_out(contact: &Person, way_in: &WayInId) -> String {
    contact.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    contact.open_share(way_in).await.unwrap().text()
}

async fn enters_with(
    server: &Server,
    email: &str,
    shares: &[String],
    ask: &impl AskSecondFactor,
) -> client::Result<Person> {
    let recover = RecoverWithShares { email, shares, password: NEW_PASSWORD, device: device() };
    client(server).recover_with_shares(recover, ask).await
}

async fn enters(server: &Server, shares: &[String]) -> client::Result<Person> {
    enters_with(server, OLGA, shares, &NoSecondFactor).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_of_three_bring_back_whoever_lost_everything() {
    let Scene { server, ada, dora, ann, olga, kit, bea, report } = scene().await;
    assert!(olga.recovery_split().await.unwrap().is_none());
    splits(&olga, &[BEA, ANN, DORA], 2).await.unwrap();
    let split = own(&olga).await;
    let id = split.way_in;
    assert_eq!((split.threshold, split.holders.len()), (2, 3));
    let people = [&bea, &ann, &dora].map(|person| person.account_id());
    assert!(split.holders.iter().map(|holder| holder.person.id).eq(people), "in the order chosen");
    assert!(split.holders.iter().all(|holder| holder.person.verification == Verification::Pinned));
    let share = held(&ann).await;
    assert_eq!((share.person.id, share.threshold, share.shares), (olga.account_id(), 2, 3));
    assert_eq!((share.way_in, share.opened_at), (id, None));

    server.state.clock.advance(HOUR);
    assert_eq!(code(ann.open_share(&id).await), "confirmation_required", "somebody at an open page");
    assert!(own(&olga).await.holders.iter().all(|holder| holder.opened_at.is_none()));
    let shares = [reads_out(&dora, &id).await, reads_out(&ann, &id).await];
    assert_eq!(reads_out(&ann, &id).await, shares[1], "again, should it be lost");
    let opened = own(&olga).await.holders;
    assert_eq!(opened.iter().map(|h| h.opened_at.is_some()).collect::<Vec<_>>(), [false, true, true]);
    assert!(held(&ann).await.opened_at.is_some() && held(&bea).await.opened_at.is_none());

    let taken = enters(&server, &shares).await.unwrap();
    assert_eq!(taken.account_id(), olga.account_id());
    reads(&taken, &report).await;
    assert_eq!(code(olga.sessions().await), "signed_out", "every other session ends");
    // They served once: none of them opens anything now, nor is one given out.
    assert_eq!(code(enters(&server, &shares).await), "shares_unknown");
    assert!(taken.recovery_split().await.unwrap().is_none() && bea.held_shares().await.unwrap().is_empty());
    bea.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    assert_eq!(code(bea.api().open_held_share(&id).await), "not_found");
    // The printed kit stayed what it was.
    let recover = Recover { email: OLGA, words: &kit, password: NEW_PASSWORD, device: device() };
    let back = client(&server).recover(recover, &NoSecondFactor).await.unwrap();
    reads(&back, &report).await;

    let changes = subjects(&server, &ada, "account_change").await;
    let (owner, at) = (olga.account_id().to_string(), id.to_string());
    let of = |what: &str| {
        let named = format!("what={what} ");
        changes.iter().filter(move |(_, subject)| subject.starts_with(&named)).collect::<Vec<_>>()
    };
    for (by, what, times) in [(&olga, "recovery_split_made", 1), (&olga, "recovery_share_given", 3)] {
        assert_eq!(of(what).len(), times, "{what}");
        assert!(
            of(what).iter().all(|(who, subject)| *who == Some(by.account_id().to_string()) && subject.contains(&at))
        );
    }
    let released = of("recovery_share_opened");
    assert_eq!(released.iter().filter(|(who, _)| *who == Some(ann.account_id().to_string())).count(), 2, "each time");
    assert!(released.iter().all(|(_, subject)| subject.contains(&owner) && subject.contains(&at)), "{released:?}");
    let recovered = subjects(&server, &ada, "recover").await;
    for step in ["step=start", "step=finish"] {
        let used = |(who, subject): &(Option<String>, String)| {
            who.as_ref() == Some(&owner) && subject.contains(step) && subject.contains("way=recovery_shares")
        };
        assert!(recovered.iter().any(used), "{recovered:?}");
    }
}

/// A holder's share with another value under a right check: what only what was signed tells from the right one.
fn made_up(text: &str) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let values = text.bytes().filter_map(|c| ALPHABET.iter().position(|known| *known == c));
    let bits: Vec<bool> = values.flat_map(|value| (0..5).rev().map(move |at| (value >> at) & 1 == 1)).collect();
    let mut bytes: Vec<u8> =
        bits.chunks(8).map(|byte| byte.iter().fold(0, |all, bit| all << 1 | u8::from(*bit))).collect();
    bytes[20] ^= 1;
    let check = sha256(&[&context("recovery-share-text")[..], &bytes[..41]].concat());
    bytes[41..].copy_from_slice(&check.0[..4]);
    let bits: Vec<bool> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |at| (byte >> at) & 1 == 1)).collect();
    let value = |char: &[bool]| char.iter().fold(0, |all, bit| all << 1 | usize::from(*bit));
    bits.chunks(5).map(|char| char::from(ALPHABET[value(char)])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mistake_with_shares_has_its_name() {
    let Scene { server, dora, ann, olga, bea, report, .. } = scene().await;
    splits(&olga, &[BEA, ANN, DORA], 3).await.unwrap();
    splits(&dora, &[BEA, ANN], 2).await.unwrap();
    let id = own(&olga).await.way_in;
    let mut shares = Vec::new();
    for contact in [&bea, &ann, &dora] {
        shares.push(reads_out(contact, &id).await);
    }
    let doras = reads_out(&bea, &own(&dora).await.way_in).await;
    let refused = async |shares: &[&str]| {
        let shares: Vec<_> = shares.iter().map(|share| (*share).to_owned()).collect();
        let error = enters(&server, &shares).await.err().expect("it is refused");
        (error.code(), error.to_string())
    };
    let [a, b, c] = [0, 1, 2].map(|at| shares[at].as_str());
    let mistyped = match c.strip_suffix('7') {
        Some(rest) => format!("{rest}8"),
        None => format!("{}7", &c[..c.len() - 1]),
    };
    assert_eq!(refused(&[a, b, &c[..40]]).await.0, "share_unreadable");
    let (name, says) = refused(&[a, b, &mistyped]).await;
    assert!(name == "share_unreadable" && says.contains("share 3"), "{says}");
    let (name, says) = refused(&[a, b, a]).await;
    assert!(name == "share_doubled" && says.contains("share 3"), "{says}");
    let (name, says) = refused(&[a, &doras, c]).await;
    assert!(name == "share_foreign" && says.contains("share 2"), "{says}");
    assert_eq!(refused(&[a, b]).await.0, "shares_too_few", "below the threshold");
    assert_eq!(refused(&[]).await.0, "shares_too_few");
    let (name, says) = refused(&[a, &made_up(b), c]).await;
    assert!(name == "share_wrong" && says.contains("share 2"), "{says}");
    for email in [BEA, "nobody@clinic.example"] {
        assert_eq!(code(enters_with(&server, email, &shares, &NoSecondFactor).await), "shares_unknown", "{email}");
    }
    assert!(olga.sessions().await.is_ok(), "nothing was changed");
    reads(&enters(&server, &shares).await.unwrap(), &report).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_split_that_was_removed_opens_nothing() {
    let Scene { server, ada, ann, olga, bea, report, .. } = scene().await;
    splits(&olga, &[BEA, ANN], 2).await.unwrap();
    let id = own(&olga).await.way_in;
    let shares = [reads_out(&bea, &id).await, reads_out(&ann, &id).await];
    let other = client(&server).sign_in(OLGA, PASSWORD, device(), &NoSecondFactor).await.unwrap();
    let key = olga.account_key();
    server.state.clock.advance(HOUR);
    assert_eq!(code(olga.remove_recovery_split(&id).await), "confirmation_required");
    olga.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    olga.remove_recovery_split(&id).await.unwrap();
    assert!(olga.account_key() != key, "what the shares opened opens nothing any more");
    assert_eq!(code(other.sessions().await), "signed_out");
    assert!(olga.recovery_split().await.unwrap().is_none() && bea.held_shares().await.unwrap().is_empty());
    bea.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    assert_eq!(code(bea.open_share(&id).await), "missing");
    assert_eq!(code(bea.api().open_held_share(&id).await), "not_found");
    assert_eq!(code(enters(&server, &shares).await), "shares_unknown");
    assert_eq!(code(olga.remove_recovery_split(&id).await), "way_in_forged", "there is none of that name");
    let changes = subjects(&server, &ada, "account_change").await;
    assert!(changes.iter().any(|(_, subject)| subject.starts_with("what=recovery_split_removed ")), "{changes:?}");

    // A new one may take its place; old and new shares don't go together.
    splits(&olga, &[BEA, ANN], 2).await.unwrap();
    let new = own(&olga).await.way_in;
    let mixed = [shares[0].clone(), reads_out(&ann, &new).await];
    assert_eq!(code(enters(&server, &mixed).await), "share_foreign");
    let shares = [reads_out(&bea, &new).await, mixed[1].clone()];
    reads(&enters(&server, &shares).await.unwrap(), &report).await;
}

/// Counted by what was signed: whoever is only switched off may come back.
#[tokio::test(flavor = "multi_thread")]
async fn an_owner_sees_when_too_few_holders_are_left() {
    let Scene { server: _running, ada, dora, ann, olga, bea, .. } = scene().await;
    splits(&olga, &[BEA, ANN, DORA], 2).await.unwrap();
    let seen = async || {
        let split = own(&olga).await;
        (split.left(), split.is_short())
    };
    assert_eq!(seen().await, (3, false));
    bea.delete_account(BEA).await.unwrap();
    assert_eq!(seen().await, (2, false));
    ada.api().disable_account(&ann.account_id()).await.unwrap();
    assert_eq!(seen().await, (2, false));
    ada.api().enable_account(&ann.account_id()).await.unwrap();
    dora.delete_account(DORA).await.unwrap();
    assert_eq!(seen().await, (1, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_it_is_not_about_finds_nothing() {
    let Scene { server, dora, ann, olga, bea, .. } = scene().await;
    splits(&olga, &[BEA, ANN], 2).await.unwrap();
    let id = own(&olga).await.way_in;
    // A stranger, and the owner, who could put the shares together alone.
    for who in [&dora, &olga] {
        assert_eq!(code(who.api().open_held_share(&id).await), "not_found");
        assert!(who.held_shares().await.unwrap().is_empty());
    }
    assert!(ann.recovery_split().await.unwrap().is_none());
    // Each gets their own alone.
    let sealed = [&bea, &ann].map(|who| async move { who.api().open_held_share(&id).await.unwrap().sealed });
    let [beas, anns] = sealed;
    assert_ne!(beas.await, anns.await);
    // A share alone, and that of somebody else's account, open nothing.
    let share = reads_out(&bea, &id).await;
    assert_eq!(code(enters(&server, std::slice::from_ref(&share)).await), "shares_too_few");
    let key = olga.account_key();
    assert!(olga.refresh().await.is_ok() && olga.account_key() == key);
}

#[tokio::test(flavor = "multi_thread")]
async fn shares_work_after_everybody_made_new_keys() {
    let Scene { server, ann, olga, bea, report, .. } = scene().await;
    splits(&olga, &[BEA, ANN], 2).await.unwrap();
    let id = own(&olga).await.way_in;
    olga.change_password("the owner's second password").await.unwrap();
    olga.change_recovery_kit(&client(&server).new_kit()).await.unwrap();
    olga.rotate_keys().await.unwrap();
    bea.rotate_keys().await.unwrap();
    let split = own(&olga).await;
    assert_eq!((split.way_in, split.holders[0].person.id), (id, bea.account_id()));
    let ways = olga.api().get_account().await.unwrap().ways_in;
    assert_eq!(ways.iter().filter(|way| way.kind == WayInKind::RecoveryShares).count(), 1);
    let shares = [reads_out(&bea, &id).await, reads_out(&ann, &id).await];
    let taken = enters(&server, &shares).await.unwrap();
    assert_eq!((taken.key_epoch().0, bea.key_epoch().0), (1, 1));
    reads(&taken, &report).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shares_do_not_go_around_the_owners_second_factor() {
    let Scene { server, ann, olga, bea, report, .. } = scene().await;
    splits(&olga, &[BEA, ANN], 2).await.unwrap();
    let (_, codes) = add_app(&server, &olga).await;
    let id = own(&olga).await.way_in;
    let shares = [reads_out(&bea, &id).await, reads_out(&ann, &id).await];
    assert_eq!(code(enters(&server, &shares).await), "second_factor_required");
    let kept = Once(SecondFactorProof::code(SecondFactorKind::RecoveryCode, codes[0].clone()));
    reads(&enters_with(&server, OLGA, &shares, &kept).await.unwrap(), &report).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_is_split_once_among_two_to_eight_others() {
    let Scene { server, ada, ann, olga, bea, dora, .. } = scene().await;
    let [bea_id, ann_id, dora_id] = [&bea, &ann, &dora].map(|person| person.account_id());
    let many: Vec<AccountId> = (0..9).map(|n| AccountId([n; 32])).collect();
    for (contacts, threshold) in [
        (&[bea_id][..], 2),
        (&[bea_id, ann_id][..], 1),
        (&[bea_id, ann_id][..], 3),
        (&[bea_id, bea_id][..], 2),
        (&many[..], 2),
        (&[][..], 0),
    ] {
        assert_eq!(code(olga.split_recovery(contacts, threshold).await), "share_numbers", "{threshold}");
    }
    assert_eq!(code(olga.split_recovery(&[bea_id, olga.account_id()], 2).await), "not_allowed");
    assert_eq!(code(olga.split_recovery(&[bea_id, ann_id], 2).await), "not_found", "nobody is found by guessing");
    // Found before, and switched off since.
    for email in [BEA, ANN, DORA] {
        olga.find_by_email(email).await.unwrap().unwrap();
    }
    ada.api().disable_account(&ann_id).await.unwrap();
    assert_eq!(code(olga.split_recovery(&[bea_id, ann_id], 2).await), "recipient_disabled");
    assert!(olga.recovery_split().await.unwrap().is_none());
    olga.split_recovery(&[bea_id, dora_id], 2).await.unwrap();
    assert_eq!(code(olga.split_recovery(&[bea_id, dora_id], 2).await), "conflict", "a second");
    let split = own(&olga).await;
    let id = split.way_in;

    // An account that is switched off is opened by nobody.
    ada.api().disable_account(&olga.account_id()).await.unwrap();
    assert_eq!(code(bea.open_share(&id).await), "conflict");
    ada.api().enable_account(&olga.account_id()).await.unwrap();
    let shares = [reads_out(&bea, &id).await, reads_out(&dora, &id).await];
    ada.api().disable_account(&olga.account_id()).await.unwrap();
    assert_eq!(code(enters(&server, &shares).await), "account_disabled");
}

#[tokio::test(flavor = "multi_thread")]
async fn open_pages_hear_of_each_step() {
    let Scene { server, ann, olga, bea, .. } = scene().await;
    let mut at_olgas = listen(&server, olga.token().unwrap()).await;
    let mut at_beas = listen(&server, bea.token().unwrap()).await;
    splits(&olga, &[BEA, ANN], 2).await.unwrap();
    tells(&mut at_olgas).await;
    tells(&mut at_beas).await;
    let id = own(&olga).await.way_in;
    let mut shares = vec![reads_out(&ann, &id).await];
    tells(&mut at_olgas).await;
    shares.push(reads_out(&bea, &id).await);
    tells(&mut at_olgas).await;
    tells(&mut at_beas).await;
    enters(&server, &shares).await.unwrap();
    tells(&mut at_beas).await;
}

/// Until it tells that something about recovery shares changed.
async fn tells(events: &mut (impl Stream<Item = api_types::live::LiveEvent> + Unpin)) {
    while next(events).await.expect("the stream goes on") != LiveKind::RecoverySharesChanged {}
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_tells_the_owner_of_each_share_once() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail) = with_mail(&post, Smtp::StartTls).await;
    let [ada, dora, ann] = opened(&server, &mut mail).await;
    let mail = &mut mail;
    const ADA: &str = "ada@clinic.example";
    let given = "somebody gave you a recovery share";
    let made = (ANN, "your recovery was split among contacts");
    splits(&ann, &[DORA, ADA], 2).await.unwrap();
    mailed(mail, &[made, (DORA, given), (ADA, given)]).await;
    let id = own(&ann).await.way_in;
    let shown = (ANN, "a recovery share of your account was opened");
    let mut shares = vec![reads_out(&dora, &id).await];
    mailed(mail, &[shown]).await;
    reads_out(&dora, &id).await;
    mail.nothing().await;
    shares.push(reads_out(&ada, &id).await);
    mailed(mail, &[shown]).await;
    let taken = enters_with(&server, ANN, &shares, &NoSecondFactor).await.unwrap();
    mailed(mail, &[(ANN, "your account was opened with recovery shares")]).await;

    taken.confirm(NEW_PASSWORD, &NoSecondFactor).await.unwrap();
    splits(&taken, &[DORA, ADA], 2).await.unwrap();
    mailed(mail, &[made, (DORA, given), (ADA, given)]).await;
    taken.remove_recovery_split(&own(&taken).await.way_in).await.unwrap();
    mailed(mail, &[(ANN, "your recovery shares were removed")]).await;
    mail.nothing().await;
}

/// What a faulty client may send: the same as the honest one, with one thing wrong.
fn by_hand(owner: &ByHand, contacts: [&ByHand; 2], generation: u32) -> NewRecoverySplit {
    let secret = RecoveryKit::generate(&mut rng());
    let way_in = owner.applicant.way_in(WayInSecret::RecoveryShares(&secret), generation);
    let chains: [&KeyChain; 2] = contacts.map(|contact| &contact.applicant.chain);
    let (statement, sealed) = split_recovery(
        (owner.applicant.chain.account(), owner.applicant.keyring.current()),
        ids::WayInId(way_in.id.0),
        &secret,
        (&chains, 2),
        now_ms(),
        &mut rng(),
    )
    .unwrap();
    let sealed = sealed.into_iter().map(B64).collect();
    NewRecoverySplit { statement: B64::from(statement.as_bytes()), sealed, way_in }
}

/// Changes an account's status while a request waits to be written, which was checked before.
pub async fn switched_meanwhile<T>(
    server: &Server,
    contact: AccountId,
    to: AccountStatus,
    asks: impl Future<Output = T>,
) -> T {
    let tx = server.state.db.begin_write().await.unwrap();
    let switch = async {
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        accounts::set_status(tx.conn(), contact, to, None).await.unwrap();
        tx.commit().await.unwrap();
    };
    tokio::join!(asks, switch).0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_who_goes_meanwhile_gets_no_share() {
    let server = Server::start().await;
    founder(&server).await;
    let pat = Applicant::new("Pat Patient", Role::Patient).sign_up(&server, None).await;
    let quinn = Applicant::new("Quinn Patient", Role::Patient).sign_up(&server, None).await;
    let rita = Applicant::new("Rita Patient", Role::Patient).sign_up(&server, None).await;
    for (status, refused) in
        [(AccountStatus::Disabled, "recipient_disabled"), (AccountStatus::Deleted, "account_deleted")]
    {
        let body = by_hand(&pat, [&quinn, &rita], 0);
        let add = || server.post("/account/recovery-split", Some(&pat.token), &body);
        assert_eq!(switched_meanwhile(&server, rita.id, status, add()).await.code(), refused);
        assert_eq!(add().await.code(), refused, "before as well");
        let account = server.get("/account", Some(&pat.token)).await;
        assert_eq!(account.json()["ways_in"].as_array().unwrap().len(), 2, "nothing was stored");
        let tx = server.state.db.begin_write().await.unwrap();
        accounts::set_status(tx.conn(), rita.id, AccountStatus::Active, None).await.unwrap();
        tx.commit().await.unwrap();
    }
    let body = by_hand(&pat, [&quinn, &rita], 0);
    assert_eq!(server.post("/account/recovery-split", Some(&pat.token), &body).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_faulty_client_sends_is_refused() {
    let server = Server::start().await;
    founder(&server).await;
    let pat = Applicant::new("Pat Patient", Role::Patient).sign_up(&server, None).await;
    let quinn = Applicant::new("Quinn Patient", Role::Patient).sign_up(&server, None).await;
    let rita = Applicant::new("Rita Patient", Role::Patient).sign_up(&server, None).await;
    let add = async |body: &NewRecoverySplit| server.post("/account/recovery-split", Some(&pat.token), body).await;
    let good = || by_hand(&pat, [&quinn, &rita], 0);
    let said = |body: &NewRecoverySplit| Signed::<RecoverySplit>::parse(&body.statement.0).unwrap().claimed().clone();
    let signed = |said: RecoverySplit, by: &ByHand| {
        B64::from(Signed::sign(said, &by.applicant.keyring.current().signing).as_bytes())
    };

    assert_eq!(add(&by_hand(&pat, [&quinn, &rita], 1)).await.code(), "counter_stale", "of another account key");
    assert_eq!(add(&by_hand(&quinn, [&pat, &rita], 0)).await.code(), "invalid_signature", "another account's, whole");
    let mut body = good();
    body.statement = signed(said(&body), &quinn);
    assert_eq!(add(&body).await.code(), "invalid_signature");
    for body in [
        changed(&pat, good(), |said| said.holders[1].contact = said.account),
        changed(&pat, good(), |said| said.threshold = 1),
        changed(&pat, good(), |said| said.threshold = 3),
        changed(&pat, good(), |said| said.holders.truncate(1)),
        changed(&pat, good(), |said| said.holders.swap(0, 1)),
        changed(&pat, good(), |said| said.holders[1].contact = said.holders[0].contact),
        changed(&pat, good(), |said| said.holders[1].contact_epoch = 1),
        changed(&pat, good(), |said| said.holders[1].key_hash = ids::Hash32([1; 32])),
        changed(&pat, good(), |said| said.holders[1].sealed_hash = ids::Hash32([1; 32])),
        changed(&pat, good(), |said| said.way_in = ids::WayInId([1; 16])),
        changed(&pat, good(), |said| said.time = now_ms() + 11 * MINUTE),
    ] {
        assert_eq!(add(&body).await.code(), "invalid_field", "{:?}", said_or_nothing(&body));
    }
    assert_eq!(
        add(&changed(&pat, good(), |said| said.holders[1].contact = ids::AccountId([9; 32]))).await.code(),
        "not_found"
    );
    let mut body = good();
    body.sealed.swap(0, 1);
    assert_eq!(add(&body).await.code(), "invalid_field", "each other's share");
    let mut body = good();
    body.sealed.pop();
    assert_eq!(add(&body).await.code(), "invalid_field", "one is missing");
    let mut body = good();
    body.sealed[1] = B64(Vec::new());
    assert_eq!(add(&body).await.code(), "invalid_field");
    let mut body = good();
    body.way_in = good().way_in;
    assert_eq!(add(&body).await.code(), "invalid_field", "another way in");
    let mut body = good();
    body.way_in.proof_key = None;
    assert_eq!(add(&body).await.code(), "invalid_field");
    let mut body = good();
    body.way_in = pat.applicant.way_in(WayInSecret::EmergencyContact(&pat.applicant.kit), 0);
    assert_eq!(add(&body).await.code(), "invalid_field", "of another kind");
    assert_eq!(server.get("/account", Some(&pat.token)).await.json()["ways_in"].as_array().unwrap().len(), 2);

    let body = good();
    assert_eq!(add(&body).await.status, 204);
    assert_eq!(add(&good()).await.code(), "conflict", "a second one");
    let own = server.get("/account/recovery-split", Some(&pat.token)).await;
    assert_eq!(own.json()["split"]["holders"].as_array().map(Vec::len), Some(2));
    let seen = server.get("/trusted/shares", Some(&quinn.token)).await;
    assert_eq!(seen.json()["items"].as_array().map(Vec::len), Some(1));
    let listed = [own.text, seen.text].concat();
    assert!(!body.sealed.iter().any(|sealed| listed.contains(&sealed.encode())), "shares are given one by one");
}

/// The same with something else in its statement, signed by the same account.
fn changed(by: &ByHand, body: NewRecoverySplit, change: impl FnOnce(&mut RecoverySplit)) -> NewRecoverySplit {
    let mut said = Signed::<RecoverySplit>::parse(&body.statement.0).unwrap().claimed().clone();
    change(&mut said);
    let statement = Signed::sign(said, &by.applicant.keyring.current().signing);
    NewRecoverySplit { statement: B64::from(statement.as_bytes()), ..body }
}

/// What a statement says, for whoever reads why a test failed.
fn said_or_nothing(body: &NewRecoverySplit) -> Option<RecoverySplit> {
    Signed::<RecoverySplit>::parse(&body.statement.0).ok().map(|statement| statement.claimed().clone())
}
