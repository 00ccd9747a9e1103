//! What open pages and mail tell of emergency contacts.

use std::collections::BTreeSet;

use api_types::live::{LiveEvent, LiveKind};
use client::NoSecondFactor;
use futures::Stream;
use server::{clock::DAY, upkeep};

use crate::{
    emergency::{ANN, BEA, DORA, NEW_PASSWORD, Scene, enters, enters_with, obtains, offers, one, scene, trusted},
    live::{listen, next},
    mail_kinds::{MARKS, opened},
    mail_server::{MailServer, Post, Smtp, with_mail},
};

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
