//! How large a body may be: of every route that takes one, exactly what the OpenAPI document says.
//!
//! A route that is missing from the table fails the test. Each body is sent twice: with as many bytes as the limit
//! allows it is read, whatever becomes of it then; with one more it is `too_large`, and no row and no blob has come.

use std::collections::BTreeMap;

use api_types::{ErrorCode, uploads::CreateUpload, uploads::Upload};
use axum::{
    body::{Body, Bytes},
    http::{Method, StatusCode},
};
use futures::stream;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::Value;

use crate::{
    harness::tables,
    scene::{Scene, ask, operations},
    sealing::digest,
    world::{Answer, World},
};

const USUAL: usize = 256 * 1024;
const ACCOUNT: usize = 2 * 1024 * 1024;
const REPORT: usize = 4 * 1024 * 1024;
const DRAFT: usize = 1024 * 1024 / 3 * 4 + 4096;
/// The first segment of a part of several.
const SEGMENT: usize = 56 + 512 * (16 * 1024 + 16);

/// Operation id, and the most bytes that its body may have.
const TABLE: &[(&str, usize)] = &[
    ("ask_sign_up_code", USUAL),
    ("check_sign_up_code", USUAL),
    ("start_sign_up", USUAL),
    ("finish_sign_up", ACCOUNT),
    ("start_sign_in", USUAL),
    ("finish_sign_in", USUAL),
    ("start_recovery", USUAL),
    ("verify_recovery", USUAL),
    ("finish_recovery", ACCOUNT),
    ("put_client_state", ACCOUNT),
    ("start_confirmation", USUAL),
    ("finish_confirmation", USUAL),
    ("start_password_change", USUAL),
    ("change_password", ACCOUNT),
    ("change_recovery_kit", ACCOUNT),
    ("rotate_account_key", ACCOUNT),
    ("rotate_keys", ACCOUNT),
    ("delete_account", USUAL),
    ("check_deletion", USUAL),
    ("pause_account", USUAL),
    ("remove_account", USUAL),
    ("erase_report", USUAL),
    ("verify_email", USUAL),
    ("start_email_change", USUAL),
    ("answer_email_change", USUAL),
    ("start_totp", USUAL),
    ("confirm_second_factor", USUAL),
    ("add_passkey", USUAL),
    ("remove_passkey", ACCOUNT),
    ("add_emergency_contact", USUAL),
    ("remove_emergency_contact", ACCOUNT),
    ("make_recovery_split", USUAL),
    ("remove_recovery_split", ACCOUNT),
    ("add_escrow", USUAL),
    ("remove_escrow", ACCOUNT),
    ("make_escrow_key", USUAL),
    ("end_escrow_key", USUAL),
    ("sign_in_with_passkey", USUAL),
    ("confirm_with_passkey", USUAL),
    ("start_identity", USUAL),
    ("sign_in_with_identity", USUAL),
    ("create_api_token", USUAL),
    ("add_device", USUAL),
    ("remove_device", USUAL),
    ("add_phone", USUAL),
    ("verify_phone", USUAL),
    ("use_phone", USUAL),
    ("start_phone_sign_in", USUAL),
    ("sign_in_with_phone", USUAL),
    ("put_policies", USUAL),
    ("put_default_quota", USUAL),
    ("put_account_quota", USUAL),
    ("put_retention_rules", USUAL),
    ("create_invitation", USUAL),
    ("look_up_invitation", USUAL),
    ("accept_invitation", USUAL),
    ("approve_account", USUAL),
    ("put_draft", DRAFT),
    ("create_upload", USUAL),
    ("put_segment", SEGMENT),
    ("create_report", REPORT),
    ("add_version", REPORT),
    ("rekey_version", REPORT),
    ("create_grant", REPORT),
    ("follow_team", REPORT),
    ("create_team", REPORT),
    ("change_team", REPORT),
    ("leave_team", USUAL),
    ("revoke_grant", USUAL),
    ("claim_grant", USUAL),
    ("redeem_grant", USUAL),
    ("store_grant_seed", USUAL),
];

/// What the document says: operation id and limit of every route with a body.
fn documented() -> BTreeMap<String, u64> {
    let document = serde_json::to_value(server::openapi::document()).unwrap();
    let items = document["paths"].as_object().unwrap().values();
    let operations = items.flat_map(|item| item.as_object().unwrap().values());
    let with_body = operations.filter(|operation| operation["requestBody"].is_object());
    with_body
        .map(|operation| {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            let max = operation["requestBody"]["x-max-bytes"].as_u64();
            let max = max.unwrap_or_else(|| panic!("{id} has a body without a limit"));
            (id, max)
        })
        .collect()
}

#[test]
fn the_table_holds_every_body_of_the_document() {
    let table: BTreeMap<String, u64> = TABLE.iter().map(|(id, max)| ((*id).to_owned(), *max as u64)).collect();
    assert_eq!(table.len(), TABLE.len(), "an operation stands twice");
    assert_eq!(table, documented());
}

/// Rows of every table, and blobs. Tiles are the sequencer's, which takes in earlier events whenever it is ready.
async fn stored(world: &World) -> BTreeMap<String, i64> {
    let conn = world.state.db.read();
    let query = |sql: String| conn.query_all_raw(Statement::from_string(conn.get_database_backend(), sql));
    let mut stored = BTreeMap::from([("blobs".to_owned(), world.blobs() as i64)]);
    for name in tables(conn).await.into_iter().filter(|name| name != "log_tiles") {
        let rows = query(format!("SELECT count(*) AS n FROM \"{name}\"")).await.unwrap();
        stored.insert(name, rows[0].try_get("", "n").unwrap());
    }
    stored
}

/// A JSON body of exactly so many bytes: white space at its end says nothing.
fn padded(json: &Value, len: usize) -> Vec<u8> {
    let mut body = serde_json::to_vec(json).unwrap();
    assert!(body.len() < len);
    body.resize(len, b' ');
    body
}

struct Tried<'a> {
    scene: &'a Scene,
    token: String,
    method: Method,
}

impl Tried<'_> {
    async fn send(&self, path: &str, headers: &[(&str, &str)], body: Body) -> Answer {
        self.scene.world.send_as(Some(&self.token), self.method.clone(), path, headers, body).await
    }

    /// As [`Tried::send`], without a length at its head: only counting tells.
    async fn stream(&self, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let pieces: Vec<_> =
            body.chunks(60_000).map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece))).collect();
        self.send(path, headers, Body::from_stream(stream::iter(pieces))).await
    }

    async fn refused(&self, operation: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) {
        let before = stored(&self.scene.world).await;
        for answer in
            [self.send(path, headers, Body::from(body.to_vec())).await, self.stream(path, headers, body.to_vec()).await]
        {
            assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{operation}");
            assert_eq!(answer.code(), ErrorCode::TooLarge, "{operation}");
        }
        assert_eq!(before, stored(&self.scene.world).await, "{operation} stored something");
    }
}

#[tokio::test]
async fn one_byte_more_is_too_large_and_leaves_nothing() {
    let scene = Scene::new().await;
    let methods = operations();
    let author = scene.people[2].as_ref().unwrap();
    for (operation, max) in TABLE.iter().filter(|(operation, _)| *operation != "put_segment") {
        let (_, token) = scene.world.session(author).await;
        let tried = Tried { scene: &scene, token, method: methods[*operation].clone() };
        let (path, json) = ask(&scene, "author", operation, None).await;
        let json = json.unwrap();
        let headers = [("content-type", "application/json")];
        tried.refused(operation, &path, &headers, &padded(&json, max + 1)).await;
        let allowed = tried.send(&path, &headers, Body::from(padded(&json, *max))).await;
        assert_ne!(allowed.status, StatusCode::PAYLOAD_TOO_LARGE, "{operation}");
    }
}

#[tokio::test]
async fn a_segment_of_one_byte_more_is_too_large_and_leaves_nothing() {
    let scene = Scene::new().await;
    let author = scene.people[2].as_ref().unwrap();
    let create = CreateUpload { ciphertext_len: SEGMENT as u64 + 16, ..scene.create_upload() };
    let upload: Upload = scene.by_author(Method::POST, "/uploads", create).await.json();
    let (_, token) = scene.world.session(author).await;
    let tried = Tried { scene: &scene, token, method: Method::PUT };
    let path = format!("/uploads/{}/segments/0", upload.id);
    let mut body = vec![7; SEGMENT + 1];
    let of_all = digest(&body);
    tried.refused("put_segment", &path, &[("content-digest", &of_all)], &body).await;
    body.pop();
    let of_all = digest(&body);
    assert_eq!(tried.stream(&path, &[("content-digest", &of_all)], body).await.status, StatusCode::NO_CONTENT);
}
