//! What ends while a request waits for its turn to write, after everything it needs was checked, has ended for it too.

use std::time::Duration;

use api_types::{
    ErrorCode,
    accounts::{AccountStatus, Role},
    invitations::{CreateInvitation, InvitationList},
    reports::Report,
};
use axum::{body::Body, http::Method};
use crypto::report::{Grant, Right};
use server::{clock::HOUR, storage::sessions};

use crate::{
    sealing::{Made, grant, own},
    world::{Answer, Person, World},
};

/// How long a request is given to come to where it waits.
const COMES: Duration = Duration::from_millis(500);

/// Sends a request that has to wait, and has something end meanwhile: a person's session, or what ends with the next hours.
async fn meanwhile(world: &World, ends: Option<&Person>, asks: impl Future<Output = Answer>) -> Answer {
    let tx = world.state.db.begin_write().await.unwrap();
    let change = async {
        tokio::time::sleep(COMES).await;
        match ends {
            Some(person) => assert!(sessions::delete(tx.conn(), person.id, person.session).await.unwrap()),
            None => world.state.clock.advance(2 * HOUR),
        }
        tx.commit().await.unwrap();
    };
    tokio::join!(asks, change).0
}

async fn versions(world: &World, patient: &Person, made: &Made) -> usize {
    world.get(patient, &format!("/reports/{}", made.id)).await.json::<Report>().versions.len()
}

#[tokio::test]
async fn a_version_is_added_by_nobody_whose_grant_or_session_has_ended() {
    let world = World::new().await;
    let (doctor, patient, colleague) = (world.doctor().await, world.patient().await, world.doctor().await);
    let mut made = world.report(&doctor, &patient, &[]).await;
    made.knows(&colleague);
    let new = Grant { expires_at: world.now() + HOUR, ..grant(own(&colleague), Right::Contribute) };
    let body = made.share(world.now(), &patient, new, None);
    world.post(&patient, &format!("/reports/{}/grants", made.id), &body).await.ok();

    let path = format!("/reports/{}/versions", made.id);
    let next = |by: &Person| made.seal(world.now(), by, made.place(2, 0), &[]).body;
    let (of_doctor, of_colleague) = (next(&doctor), next(&colleague));
    let answer = meanwhile(&world, Some(&doctor), world.post(&doctor, &path, &of_doctor)).await;
    assert_eq!(answer.code(), ErrorCode::SignedOut);
    let answer = meanwhile(&world, None, world.post(&colleague, &path, &of_colleague)).await;
    assert_eq!(answer.code(), ErrorCode::NotFound, "the grant's time is over");
    assert_eq!(versions(&world, &patient, &made).await, 1);
}

#[tokio::test]
async fn a_session_that_has_ended_leaves_no_way_in_behind() {
    let world = World::new().await;
    let administrator = world.person(Role::Administrator, AccountStatus::Active).await;
    let body = CreateInvitation { role: Role::Administrator, email: None, placeholder: None, expires_in: None };
    let asks = world.post(&administrator, "/invitations", &body);
    assert_eq!(meanwhile(&world, Some(&administrator), asks).await.code(), ErrorCode::SignedOut);
    let (_, token) = world.session(&administrator).await;
    let list = world.send_as(Some(&token), Method::GET, "/invitations", &[], Body::empty()).await;
    assert!(list.json::<InvitationList>().items.is_empty());
}
