//! What one person may have under way at once.

use std::sync::Arc;

use api_types::{
    B64, ErrorCode, Problem, UploadId,
    drafts::PutDraft,
    uploads::{CreateUpload, Upload},
};
use axum::{
    body::{Body, Bytes},
    http::{Request, Response, StatusCode, header},
};
use futures::{future, stream};
use server::services::in_flight::{ACCOUNT_LIVE, ACCOUNT_SEGMENTS, SESSION_LIVE, SESSION_SEGMENTS};

use tokio::{
    sync::mpsc::{self, UnboundedSender},
    task::JoinHandle,
};

use crate::{
    sealing::digest,
    world::{Person, World},
};

async fn listen(world: &World, token: &str) -> Response<Body> {
    let request = Request::get("/api/v1/live").header(header::AUTHORIZATION, format!("Bearer {token}"));
    world.begin(request.body(Body::empty()).unwrap()).await
}

/// The refusal in every respect.
async fn assert_refused(response: Response<Body>, most: usize) {
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = response.headers()[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let problem: Problem = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem.code, ErrorCode::TooManyAtOnce);
    assert_eq!(problem.detail, Some(format!("at most {most} at once")));
}

#[tokio::test]
async fn an_account_listens_in_so_many_pages_and_no_more() {
    let world = World::new().await;
    let (patient, other) = (world.patient().await, world.patient().await);
    let (_, second) = world.session(&patient).await;
    let mut open = Vec::new();
    for _ in 0..SESSION_LIVE {
        open.push(listen(&world, &patient.token).await);
    }
    assert_refused(listen(&world, &patient.token).await, SESSION_LIVE).await;
    for _ in SESSION_LIVE..ACCOUNT_LIVE {
        open.push(listen(&world, &second).await);
    }
    assert!(open.iter().all(|response| response.status() == StatusCode::OK));
    assert_refused(listen(&world, &second).await, ACCOUNT_LIVE).await;
    assert_eq!(listen(&world, &other.token).await.status(), StatusCode::OK, "another account has its own");
    open.pop();
    assert_eq!(listen(&world, &second).await.status(), StatusCode::OK, "one has ended");
}

/// Begins an upload of one short segment for a draft of its own.
async fn upload(world: &World, who: &Person) -> UploadId {
    let report_id = api_types::ReportId([7; 32]);
    let draft = PutDraft { sealed: B64(vec![1]), counter: 0, begins: true };
    world.put(who, &format!("/drafts/{report_id}"), &draft).await.ok();
    let create = CreateUpload { report_id, version: 1, revision: 0, part: 1, ciphertext_len: 172 };
    world.post(who, "/uploads", &create).await.json::<Upload>().id
}

fn segment(upload: UploadId, token: &str, body: Body) -> Request<Body> {
    let request = Request::put(format!("/api/v1/uploads/{upload}/segments/0"))
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header("content-digest", digest(&[7; 172]));
    request.body(body).unwrap()
}

/// A body that never comes to its end; it says when it is asked for.
fn endless(asked: UnboundedSender<()>) -> Body {
    Body::from_stream(stream::once(async move {
        asked.send(()).unwrap();
        future::pending::<Result<Bytes, std::io::Error>>().await
    }))
}

/// So many segments that are under way and stay so.
async fn under_way(world: &Arc<World>, upload: UploadId, token: &str, n: usize) -> Vec<JoinHandle<Response<Body>>> {
    let (asked, mut heard) = mpsc::unbounded_channel();
    let requests = (0..n).map(|_| world.spawn(segment(upload, token, endless(asked.clone())))).collect();
    for _ in 0..n {
        heard.recv().await.unwrap();
    }
    requests
}

async fn whole(world: &World, upload: UploadId, token: &str) -> Response<Body> {
    world.begin(segment(upload, token, Body::from(vec![7; 172]))).await
}

#[tokio::test]
async fn an_account_sends_so_many_segments_and_no_more() {
    let world = Arc::new(World::new().await);
    let doctor = world.doctor().await;
    let (_, second) = world.session(&doctor).await;
    let upload = upload(&world, &doctor).await;
    let first = under_way(&world, upload, &doctor.token, SESSION_SEGMENTS).await;
    assert_refused(whole(&world, upload, &doctor.token).await, SESSION_SEGMENTS).await;
    let more = under_way(&world, upload, &second, ACCOUNT_SEGMENTS - SESSION_SEGMENTS).await;
    assert_refused(whole(&world, upload, &second).await, ACCOUNT_SEGMENTS).await;
    for request in first.into_iter().chain(more) {
        request.abort();
        assert!(request.await.unwrap_err().is_cancelled());
    }
    for token in [&doctor.token, &second] {
        assert_eq!(whole(&world, upload, token).await.status(), StatusCode::NO_CONTENT, "they have ended");
    }
}
