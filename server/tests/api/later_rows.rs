//! Rows of tables that came after the first schema, as a server of the version that made them wrote them: what a later migration
//! alters isn't empty.

use api_types::AccountId;
use sea_orm::{DatabaseConnection, Value};
use server::clock::now_ms;

use crate::{
    first_schema::{BLOB, REPORT, Rows, bytes, insert, int, long, text},
    harness::tables,
};

const TEAM: [u8; 32] = [10; 32];
const TEAM_GRANT: [u8; 16] = [11; 16];

/// Puts a row into each of them that is there, and wasn't before.
pub async fn fill_new(conn: &DatabaseConnection, id: &AccountId, before: &[String]) {
    let there = tables(conn).await;
    for (table, columns) in rows(id) {
        let is_among = |names: &[String]| names.iter().any(|name| name == table);
        if is_among(&there) && !is_among(before) {
            insert(conn, table, columns).await;
            if table == "teams" {
                for (table, columns) in of_the_team(id) {
                    insert(conn, table, columns).await;
                }
            }
        }
    }
}

/// A grant to the team, of which a list says other than of a grant to a person: its keys are the members'.
fn of_the_team(id: &AccountId) -> Rows {
    let now = now_ms() - 1_000;
    let (report, grant) = (|| ("report_id", bytes(&REPORT)), || ("grant_id", bytes(&TEAM_GRANT)));
    let (version, revision) = (|| ("version", int(1)), || ("revision", int(0)));
    let never = |name: &'static str| (name, Value::BigInt(None));
    let nobody = |name: &'static str| (name, Value::Bytes(None));
    let to_the_team = vec![
        ("id", bytes(&TEAM_GRANT)),
        report(),
        ("seq", int(1)),
        ("kind", text("team")),
        nobody("recipient"),
        nobody("placeholder"),
        ("right", text("view")),
        ("versions_from", int(1)),
        ("versions_to", Value::Int(None)),
        nobody("parent"),
        ("granted_by", bytes(&id.0)),
        ("created_at", long(now)),
        ("expires_at", long(now * 2)),
        ("ends_at", long(now * 2)),
        ("tries_left", Value::Int(None)),
        never("proved_at"),
        never("redeemed_at"),
        never("requested_at"),
        never("revoked_at"),
        ("team_id", bytes(&TEAM)),
        ("team_epoch", int(0)),
    ];
    let listed = vec![
        ("account_id", bytes(&[12; 32])),
        report(),
        ("cursor", long(1)),
        ("state", text("live")),
        grant(),
        version(),
        revision(),
        ("ends_at", long(now * 2)),
    ];
    vec![
        ("grants", to_the_team),
        ("wraps", vec![report(), version(), revision(), grant(), ("wrap", bytes(&[13; 1200]))]),
        ("report_access", listed),
    ]
}

fn rows(id: &AccountId) -> Rows {
    let now = now_ms() - 1_000;
    let account = || ("account_id", bytes(&id.0));
    let (created_at, expires_at) = (|| ("created_at", long(now)), || ("expires_at", long(now * 2)));
    let never = |name: &'static str| (name, Value::BigInt(None));
    let key_entry = vec![("seq", long(0)), account(), ("epoch", int(0)), ("data", bytes(&[1; 60]))];
    let message = vec![
        ("id", bytes(&[2; 16])),
        ("kind", text("email_verification")),
        account(),
        ("subject", bytes(&[3; 16])),
        ("address", text("Ada@clinic.example")),
        ("address_key", text("ada@clinic.example")),
        created_at(),
        ("due_at", long(now)),
        ("attempts", int(2)),
        ("leased_until", long(0)),
        never("failed_at"),
    ];
    let code = vec![
        ("id", bytes(&[4; 16])),
        ("purpose", text("sign_in")),
        ("number", text("+4915112345678")),
        account(),
        ("browser_hash", bytes(&[5; 32])),
        ("tries", int(1)),
        expires_at(),
        never("send_at"),
        ("attempts", int(0)),
        ("leased_until", long(0)),
    ];
    let token = vec![
        ("id", bytes(&[6; 16])),
        account(),
        ("name", text("Nightly, für Ada")),
        ("token_hash", bytes(&[7; 32])),
        ("scopes", text("reports:read")),
        ("second_factor", Value::Bool(Some(true))),
        created_at(),
        expires_at(),
        never("last_used_at"),
        ("last_place", Value::String(None)),
    ];
    let damaged = vec![
        ("key", text(BLOB)),
        ("report_id", bytes(&[8; 32])),
        ("len", long(5_000_000_000)),
        ("sha256", bytes(&[9; 32])),
        ("health", text("changed")),
        ("found_at", long(now)),
        never("tried_at"),
    ];
    let scrub = vec![
        ("id", text("0123456789abcdef")),
        ("began_at", long(now)),
        ("leased_until", long(now)),
        never("ended_at"),
        ("place", text("begun")),
        ("blobs", long(1)),
        ("bytes", long(5_000_000_000)),
        ("damaged", long(0)),
    ];
    let team = vec![
        ("id", bytes(&TEAM)),
        ("name", text("Ward Süd")),
        ("name_key", text("ward sud")),
        ("seq", int(0)),
        ("key_epoch", int(0)),
        created_at(),
    ];
    vec![
        ("log_key_entries", key_entry),
        ("outbox", message),
        ("phone_codes", code),
        ("api_tokens", token),
        ("teams", team),
        ("damaged_blobs", damaged),
        ("scrubs", scrub),
    ]
}
