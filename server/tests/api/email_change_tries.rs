//! What people, and those who try more than they may, do with a change of an e-mail address.

use api_types::{accounts::Role, email_change::AddressSide};
use client::NoSecondFactor;
use server::clock::{DAY, HOUR, MINUTE};

use crate::{
    email_change::{ANN, NEW, answer, confirm, links, with_clinic},
    honest_client::{PASSWORD, Person, join},
    mail_server::Post,
    phones::code,
};

const INVALID: &str = "email_change_invalid";
use AddressSide::{New, Old};

async fn unchanged(ann: &Person) {
    ann.refresh().await.unwrap();
    assert_eq!(ann.who().email, ANN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_counts_once_for_its_own_side() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail, [_, _, ann]) = with_clinic(&post).await;
    ann.change_email(NEW).await.unwrap();
    let [of_old, of_new] = links(&server, &mut mail, [ANN, NEW]).await;
    for (token, side) in [(&of_old, New), (&of_new, Old)] {
        assert_eq!(answer(&server, None, token, side, false).await.code(), INVALID, "the other side's");
    }
    assert!(!confirm(&server, &of_new, New).await);
    assert_eq!(answer(&server, None, &of_new, New, false).await.code(), INVALID, "twice");
    unchanged(&ann).await;
    let mut other = of_old.clone().into_bytes();
    other[40] = if other[40] == b'A' { b'B' } else { b'A' };
    let other = String::from_utf8(other).unwrap();
    for made_up in ["", "unknown", &"A".repeat(64), &"x".repeat(100_000), &other] {
        assert_eq!(answer(&server, None, made_up, Old, false).await.code(), INVALID, "{made_up:.80}");
    }
    assert!(confirm(&server, &of_old, Old).await);
    for (token, side) in [(&of_old, Old), (&of_new, New)] {
        for stop in [false, true] {
            assert_eq!(answer(&server, None, token, side, stop).await.code(), INVALID, "it is done");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_end_with_their_day_and_with_the_next_request() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail, [_, _, ann]) = with_clinic(&post).await;
    ann.change_email(NEW).await.unwrap();
    let [of_old, of_new] = links(&server, &mut mail, [ANN, NEW]).await;
    assert!(!confirm(&server, &of_old, Old).await);
    // What one address confirmed for one new address counts for no other.
    ann.change_email("ann@third.example").await.unwrap();
    let [second_old, second_new] = links(&server, &mut mail, [ANN, "ann@third.example"]).await;
    for (token, side) in [(&of_old, Old), (&of_new, New)] {
        assert_eq!(answer(&server, None, token, side, false).await.code(), INVALID, "of an earlier request");
    }
    assert!(!confirm(&server, &second_new, New).await);
    unchanged(&ann).await;
    server.state.clock.advance(DAY);
    assert_eq!(answer(&server, None, &second_old, Old, false).await.code(), INVALID, "a day later");
    assert_eq!(ann.email_change().await.unwrap(), None);
    server::upkeep::once(&server.state).await.unwrap();
    use sea_orm::EntityTrait;
    assert!(entities::email_changes::Entity::find().all(server.state.db.read()).await.unwrap().is_empty());
    unchanged(&ann).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn either_address_stops_it_and_so_does_its_holder() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail, [ada, _, ann]) = with_clinic(&post).await;
    ann.change_email(NEW).await.unwrap();
    let [of_old, of_new] = links(&server, &mut mail, [ANN, NEW]).await;
    // Also one that confirmed before.
    assert!(!confirm(&server, &of_old, Old).await);
    assert_eq!(answer(&server, None, &of_old, Old, true).await.status, 200);
    assert_eq!(ann.email_change().await.unwrap(), None);
    assert_eq!(answer(&server, None, &of_new, New, false).await.code(), INVALID);

    ann.change_email(NEW).await.unwrap();
    let [of_old, of_new] = links(&server, &mut mail, [ANN, NEW]).await;
    assert_eq!(answer(&server, None, &of_new, New, true).await.status, 200);
    assert_eq!(answer(&server, None, &of_old, Old, false).await.code(), INVALID);

    ann.change_email(NEW).await.unwrap();
    let [of_old, _] = links(&server, &mut mail, [ANN, NEW]).await;
    ann.cancel_email_change().await.unwrap();
    assert_eq!(code(ann.cancel_email_change().await), "not_found");
    assert_eq!(answer(&server, None, &of_old, Old, false).await.code(), INVALID);
    unchanged(&ann).await;
    mail.nothing().await;
    let token = ada.token().unwrap();
    let events = server.get("/admin/events?action=account_change", Some(token)).await.text;
    for what in [
        "email_change_started",
        "email_change_confirmed side=old",
        "email_change_stopped side=new",
        "email_change_cancelled",
    ] {
        assert!(events.contains(&format!("what={what}")), "{what}");
    }
    assert!(!events.contains(NEW), "events name no address");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_signed_in_to_another_account_is_told_and_nothing_happens() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail, [_, dora, ann]) = with_clinic(&post).await;
    ann.change_email(NEW).await.unwrap();
    let [of_old, of_new] = links(&server, &mut mail, [ANN, NEW]).await;
    for (token, side, stop) in [(&of_old, Old, false), (&of_new, New, true)] {
        let refused = answer(&server, dora.token(), token, side, stop).await;
        assert_eq!(refused.code(), INVALID);
        assert!(refused.json()["detail"].as_str().unwrap().contains("another account"));
    }
    assert_eq!(answer(&server, ann.token(), &of_old, Old, false).await.status, 200, "it wasn't used up");
    assert!(confirm(&server, &of_new, New).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_address_looks_like_a_free_one_and_is_never_got() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail, [_, dora, ann]) = with_clinic(&post).await;
    ann.change_email("Dora@Clinic.example").await.unwrap();
    let message = mail.next().await;
    assert_eq!(message.to, [ANN]);
    let of_old = message.token(&format!("{}/change-email#old=", server.origin));
    mail.nothing().await;
    assert!(!confirm(&server, &of_old, Old).await);
    let pending = ann.email_change().await.unwrap().unwrap();
    assert!(pending.old_confirmed && !pending.new_confirmed);

    // Taken only while the two confirm: whoever reads both mailboxes is told.
    ann.change_email(NEW).await.unwrap();
    let [of_old, of_new] = links(&server, &mut mail, [ANN, NEW]).await;
    let (eve, _) = join(&server, "Eve Early", NEW, Role::Patient, None).await;
    mail.next().await;
    assert!(!confirm(&server, &of_old, Old).await);
    assert_eq!(answer(&server, None, &of_new, New, false).await.code(), "email_taken");
    assert_eq!(ann.email_change().await.unwrap(), None);
    unchanged(&ann).await;
    assert_eq!(dora.find_by_email(NEW).await.unwrap().unwrap().id, eve.account_id());
    mail.nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_session_asks_for_none_and_asking_again_is_slowed_down() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail, [_, _, ann]) = with_clinic(&post).await;
    assert_eq!(code(ann.change_email("ANN@clinic.example").await), "invalid_field", "the one that it has");
    assert!(ann.change_email("no address").await.is_err());
    server.state.clock.advance(11 * MINUTE);
    assert_eq!(code(ann.change_email(NEW).await), "confirmation_required");
    ann.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    for _ in 0..3 {
        ann.change_email(NEW).await.unwrap();
        links(&server, &mut mail, [ANN, NEW]).await;
    }
    assert_eq!(code(ann.change_email(NEW).await), "throttled");
    mail.nothing().await;
    server.state.clock.advance(HOUR);
    ann.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    ann.change_email(NEW).await.unwrap();
    links(&server, &mut mail, [ANN, NEW]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_account_keeps_its_address() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail, [ada, _, ann]) = with_clinic(&post).await;
    ann.change_email(NEW).await.unwrap();
    let [of_old, of_new] = links(&server, &mut mail, [ANN, NEW]).await;
    assert!(!confirm(&server, &of_old, Old).await);
    ada.api().disable_account(&ann.account_id()).await.unwrap();
    assert_eq!(mail.next().await.to, [ANN]);
    assert_eq!(answer(&server, None, &of_new, New, false).await.code(), INVALID);
    mail.nothing().await;
}
