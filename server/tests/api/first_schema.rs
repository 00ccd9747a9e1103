//! An installation as the first release left it: a row in every table of its schema, with the values that its server wrote.

use api_types::AccountId;
use crypto::account::Keyring;
use entities::audit_events::Model;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement, Value};
use server::{audit_hash, clock::now_ms};

use crate::world::rng;

/// How many migrations made the first release's schema.
pub const MIGRATIONS: u32 = 3;
/// Events that it holds.
pub const EVENTS: u64 = 3;
/// The blob that its database names.
pub const BLOB: &str = "uploads/08080808080808080808080808080808/0-9";

/// The report that it holds.
pub const REPORT: [u8; 32] = [6; 32];

const INSTANCE: [u8; 16] = [5; 16];
const GRANT: [u8; 16] = [7; 16];
const UPLOAD: [u8; 16] = [8; 16];
const SESSION: [u8; 16] = [9; 16];

/// Rows by table, parents first.
pub type Rows = Vec<(&'static str, Vec<Column>)>;
pub type Column = (&'static str, Value);

pub fn bytes(bytes: &[u8]) -> Value {
    bytes.to_vec().into()
}

pub fn text(text: &str) -> Value {
    text.into()
}

pub fn int(number: i32) -> Value {
    number.into()
}

pub fn long(number: i64) -> Value {
    number.into()
}

fn none() -> Value {
    Value::Bytes(None)
}

/// Fills the first schema; says whose account it holds.
pub async fn fill(conn: &DatabaseConnection) -> AccountId {
    let now = now_ms() - 1_000_000;
    let (_, record) = Keyring::create(now, &mut rng());
    let chain = crypto::account::KeyChain::verify(vec![record.clone()]).unwrap();
    let id = AccountId(chain.account().0);
    let mut rows = people(&id, record.as_bytes(), now);
    rows.extend(reports(&id, now));
    rows.extend(events(&id, now));
    for (table, columns) in rows {
        insert(conn, table, columns).await;
    }
    id
}

pub async fn insert(conn: &DatabaseConnection, table: &str, columns: Vec<Column>) {
    let names: Vec<String> = columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let places: Vec<String> = (1..=columns.len()).map(|n| format!("${n}")).collect();
    let sql = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), places.join(", "));
    let values = columns.into_iter().map(|(_, value)| value);
    conn.execute_raw(Statement::from_sql_and_values(conn.get_database_backend(), sql, values)).await.unwrap();
}

fn people(id: &AccountId, record: &[u8], now: i64) -> Rows {
    let account = || ("account_id", bytes(&id.0));
    let (created_at, expires_at) = (|| ("created_at", long(now)), || ("expires_at", long(now * 2)));
    let instance = vec![
        ("id", int(1)),
        ("instance_id", bytes(&INSTANCE)),
        ("name", text("First clinic")),
        ("organisation_key", bytes(&[1; 32])),
        ("set_up_at", long(now)),
        created_at(),
    ];
    let accounts = vec![
        ("id", bytes(&id.0)),
        ("email", text("Ada@clinic.example")),
        ("email_key", text("ada@clinic.example")),
        ("name", text("Ada Ärztin")),
        ("name_key", text("ada arztin")),
        ("role", text("administrator")),
        ("status", text("active")),
        ("keyring", bytes(&[1; 100])),
        ("client_state", bytes(&[2; 100])),
        ("client_state_counter", long(4)),
        ("approval", none()),
        ("invited_by", none()),
        ("list_head", long(1)),
        created_at(),
        ("last_seen_at", Value::BigInt(None)),
    ];
    let way_in = vec![
        ("id", bytes(&[3; 16])),
        account(),
        ("kind", text("password")),
        ("label", text("")),
        ("record", bytes(&[4; 80])),
        ("proof_key", none()),
        created_at(),
    ];
    let session = vec![
        ("id", bytes(&SESSION)),
        account(),
        ("token_hash", bytes(&[1; 32])),
        ("carrier", text("cookie")),
        ("device", text("Firefox on Linux")),
        created_at(),
        ("last_seen_at", long(now)),
        expires_at(),
    ];
    let invitation = vec![
        ("id", bytes(&[2; 16])),
        ("token_hash", bytes(&[3; 32])),
        ("set_up", Value::Bool(Some(false))),
        ("role", text("doctor")),
        ("email", Value::String(None)),
        ("placeholder", none()),
        ("created_by", bytes(&id.0)),
        created_at(),
        expires_at(),
        ("used_by", none()),
        ("used_at", Value::BigInt(None)),
        ("withdrawn_at", Value::BigInt(None)),
    ];
    let ceremony = vec![
        ("id", bytes(&[4; 16])),
        ("kind", text("redeem")),
        ("account_id", bytes(&id.0)),
        ("subject", bytes(&GRANT)),
        ("state", bytes(&[5; 32])),
        created_at(),
        expires_at(),
    ];
    vec![
        ("instance", instance),
        ("accounts", accounts),
        ("key_records", vec![account(), ("epoch", int(0)), ("record", bytes(record)), created_at()]),
        ("ways_in", way_in),
        ("opaque_records", vec![account(), ("record", bytes(&[1; 192])), ("updated_at", long(now))]),
        ("organisation_key_wraps", vec![account(), ("wrap", bytes(&[2; 90])), created_at()]),
        ("sessions", session),
        ("invitations", invitation),
        ("ceremonies", ceremony),
        ("throttles", vec![("key", bytes(&[1; 32])), ("window_start", long(now)), ("count", long(2))]),
    ]
}

fn reports(id: &AccountId, now: i64) -> Rows {
    let (report, created_at) = (|| ("report_id", bytes(&REPORT)), || ("created_at", long(now)));
    let (version, revision) = (|| ("version", int(1)), || ("revision", int(0)));
    let (author, grant) = (|| ("author", bytes(&id.0)), || ("grant_id", bytes(&GRANT)));
    let upload = vec![
        ("id", bytes(&UPLOAD)),
        ("account_id", bytes(&id.0)),
        report(),
        version(),
        revision(),
        ("part", int(1)),
        ("ciphertext_len", long(5_000_000_000)),
        ("segments", int(1)),
        created_at(),
        ("expires_at", long(now * 2)),
    ];
    let owned = vec![
        ("id", bytes(&REPORT)),
        ("creator", bytes(&id.0)),
        ("owner", bytes(&id.0)),
        ("placeholder", none()),
        ("access_head", bytes(&[1; 32])),
        ("entries", int(1)),
        ("latest_version", int(1)),
        created_at(),
        ("updated_at", long(now)),
        ("genesis", bytes(&[2; 120])),
    ];
    let own = vec![
        ("id", bytes(&GRANT)),
        report(),
        ("seq", int(0)),
        ("kind", text("own")),
        ("recipient", bytes(&id.0)),
        ("placeholder", none()),
        ("right", text("own")),
        ("versions_from", int(1)),
        ("versions_to", Value::Int(None)),
        ("parent", none()),
        ("granted_by", bytes(&id.0)),
        created_at(),
        ("expires_at", long(0)),
        ("ends_at", long(0)),
        ("tries_left", Value::Int(None)),
        ("proved_at", Value::BigInt(None)),
        ("redeemed_at", Value::BigInt(None)),
        ("requested_at", Value::BigInt(None)),
        ("revoked_at", Value::BigInt(None)),
    ];
    let first = vec![
        report(),
        version(),
        revision(),
        author(),
        created_at(),
        ("superseded_at", Value::BigInt(None)),
        ("manifest_hash", bytes(&[3; 32])),
        ("manifest", bytes(&[4; 300])),
        ("part0", bytes(&[5; 3000])),
        ("statement", bytes(&[6; 200])),
    ];
    let key = || ("blob_key", text(BLOB));
    let segment = [("n", int(0)), ("len", long(1000)), key()];
    let part = [report(), version(), revision(), ("part", int(1))];
    let sealed = [("ciphertext_len", long(1000)), ("etag", bytes(&[7; 32]))];
    let access = vec![
        ("account_id", bytes(&id.0)),
        report(),
        ("cursor", long(1)),
        ("state", text("live")),
        grant(),
        version(),
        revision(),
        ("ends_at", long(0)),
    ];
    let draft = vec![
        ("report_id", bytes(&[8; 32])),
        author(),
        ("counter", long(2)),
        created_at(),
        ("updated_at", long(now)),
        ("sealed", bytes(&[8; 400])),
    ];
    let entry =
        vec![report(), ("seq", int(0)), ("hash", bytes(&[1; 32])), author(), created_at(), ("entry", bytes(&[9; 200]))];
    let kept = [("upload_id", bytes(&UPLOAD)), ("sha256", bytes(&[1; 32]))];
    vec![
        ("drafts", draft),
        ("uploads", upload),
        ("upload_segments", [&kept[..], &segment[..]].concat()),
        ("blob_garbage", vec![("key", text("uploads/0a/1-2")), ("not_before", long(now))]),
        ("reports", owned),
        ("access_entries", entry),
        ("grants", own),
        ("grant_seeds", vec![grant(), ("sealed_seed", bytes(&[1; 80])), ("seed", bytes(&[3; 60]))]),
        ("versions", first),
        ("parts", [&part[..], &sealed[..]].concat()),
        ("part_segments", [&part[..], &segment[..]].concat()),
        ("wraps", vec![report(), version(), revision(), grant(), ("wrap", bytes(&[2; 1200]))]),
        ("report_access", access),
        ("rekey_queue", vec![report(), version(), grant(), created_at()]),
    ]
}

/// Events whose hashes are right: the log is made of them later.
fn events(id: &AccountId, now: i64) -> Rows {
    let mut before = audit_hash::chain_start(&INSTANCE);
    let mut rows = Rows::new();
    for seq in 0..EVENTS as i64 {
        let report = (seq == 1).then(|| REPORT.to_vec());
        let mut row = Model {
            seq,
            time: now + seq,
            actor: Some(id.0.to_vec()),
            session: Some(SESSION.to_vec()),
            action: if seq == 1 { "open" } else { "system" }.to_owned(),
            outcome: "success".to_owned(),
            report_seq: report.as_ref().map(|_| 1),
            report_prev: report.clone(),
            report_id: report,
            subject: format!("n={seq}"),
            details: None,
            hash: Vec::new(),
            chain: Vec::new(),
            salt: None,
            request: None,
        };
        let hash = audit_hash::event(&row).unwrap();
        before = audit_hash::chain(&before, &hash);
        (row.hash, row.chain) = (hash.to_vec(), before.to_vec());
        rows.push(("audit_events", first_columns(row)));
    }
    rows
}

/// Those that the first schema had.
fn first_columns(row: Model) -> Vec<Column> {
    vec![
        ("seq", row.seq.into()),
        ("time", row.time.into()),
        ("actor", row.actor.into()),
        ("session", row.session.into()),
        ("action", row.action.into()),
        ("outcome", row.outcome.into()),
        ("report_id", row.report_id.into()),
        ("report_seq", row.report_seq.into()),
        ("report_prev", row.report_prev.into()),
        ("subject", row.subject.into()),
        ("details", row.details.into()),
        ("hash", row.hash.into()),
        ("chain", row.chain.into()),
    ]
}
