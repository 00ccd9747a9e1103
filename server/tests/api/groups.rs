//! What many requests have written in one transaction: in their order, and each by itself where one leaves or fails.

use std::time::Duration;

use api_types::{ErrorCode, UnixMillis, audit::Action};
use sea_orm::{ActiveModelTrait, EntityTrait, Set};
use server::{
    ServiceResult,
    audit::EventDraft,
    group::{Group, Work},
    services::pending::{Step, Waiting},
    storage::{
        ceremonies::{Ceremony, CeremonyKind},
        db::WriteTx,
    },
};

use crate::{backup::events, harness::Server};

/// So long until what is asked stands in the queue.
const QUEUED: Duration = Duration::from_millis(700);
const KIND: CeremonyKind = CeremonyKind::Passkey;

fn put(n: u8) -> Step {
    Step::Put(KIND, vec![n; 32], Ceremony { account: None, network: None, state: vec![n], ends_at: i64::MAX })
}

fn take(n: u8) -> Step {
    Step::Take(KIND, vec![n; 32])
}

/// In one transaction.
async fn written(server: &Server, group: Vec<Step>) -> Vec<Option<Vec<u8>>> {
    let mut tx = server.state.db.begin_write().await.unwrap();
    let answers = Waiting::write(&mut tx, 0, group).await.unwrap();
    tx.commit().await.unwrap();
    answers.into_iter().map(|answer| answer.map(|ceremony| ceremony.state)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_puts_and_takes_in_its_order() {
    let server = Server::start().await;
    let answers = written(&server, vec![take(1), put(1), take(1), take(1), put(2)]).await;
    assert_eq!(answers, [None, None, Some(vec![1]), None, None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_damaged_row_fails_nobody_else() {
    let server = Server::start().await;
    written(&server, vec![put(1)]).await;
    let row = entities::ceremonies::Entity::find().one(server.state.db.read()).await.unwrap().unwrap();
    let mut damaged: entities::ceremonies::ActiveModel = row.into();
    damaged.account_id = Set(Some(vec![1, 2, 3]));
    let tx = server.state.db.begin_write().await.unwrap();
    damaged.update(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(written(&server, vec![put(2), take(1), take(2)]).await, [None, None, Some(vec![2])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_taken_for_who_has_left() {
    let server = Server::start().await;
    written(&server, vec![put(2)]).await;
    let ask = |step| {
        let state = server.state.clone();
        tokio::spawn(async move { state.waiting.ask(step).await })
    };
    let writing = server.state.db.begin_write().await.unwrap();
    // Already in hand, and waiting behind that.
    let mut leave = Vec::new();
    for _ in 0..2 {
        leave.push(ask(take(2)));
        tokio::time::sleep(QUEUED).await;
    }
    let stays = ask(put(3));
    tokio::time::sleep(QUEUED).await;
    for left in leave {
        left.abort();
        assert!(left.await.is_err());
    }
    drop(writing);
    assert!(stays.await.unwrap().unwrap().is_none());
    for n in [2, 3] {
        assert_eq!(ask(take(n)).await.unwrap().unwrap().map(|ceremony| ceremony.state), Some(vec![n]), "{n}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_tried_is_recorded_though_they_left() {
    let server = Server::start().await;
    let record = |subject: &str| {
        let (audit, draft) = (server.state.audit.clone(), EventDraft::anonymous(Action::Open).saying(subject));
        tokio::spawn(async move { audit.record(draft.denied(ErrorCode::NotFound)).await })
    };
    let writing = server.state.db.begin_write().await.unwrap();
    // Already in hand, and waiting behind that.
    for left in ["try=1", "try=2"] {
        let left = record(left);
        tokio::time::sleep(QUEUED).await;
        left.abort();
        assert!(left.await.is_err());
    }
    drop(writing);
    record("try=3").await.unwrap().unwrap();
    for tried in ["try=1", "try=2", "try=3"] {
        assert_eq!(events(&server, &format!("{tried} code=not_found")).await, 1, "{tried}");
    }
}

/// Panics at what it is told.
struct Panicking;

impl Work for Panicking {
    type Asked = bool;
    type Answer = ();
    const NAME: &'static str = "what panics";

    async fn write(_: &mut WriteTx, _: UnixMillis, group: Vec<bool>) -> ServiceResult<Vec<()>> {
        assert!(!group.contains(&true), "as a mistake would");
        Ok(vec![(); group.len()])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_costs_one_group() {
    let server = Server::start().await;
    let group = Group::<Panicking>::start(server.state.db.clone());
    assert_eq!(group.ask(true).await.unwrap_err().problem().code, ErrorCode::Internal);
    group.ask(false).await.unwrap();
}
