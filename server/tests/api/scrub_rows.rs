//! Scrubs of the database: a signed row that isn't what was signed is named once, whichever table it is in, and no more once it is
//! whole again.

use std::{collections::BTreeSet, fs, path::Path};

use api_types::ReportId;
use entities::{access_entries, audit_events, log_key_entries, versions};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};
use server::{
    backup::{self, PutBack},
    clock::HOUR,
    config::Config,
    scrub::{self, ScrubPlan},
    storage::{
        log::{self, Tree},
        log_events, log_keys,
    },
};
use tokio_util::sync::CancellationToken;

use crate::{
    backup::{FILE, Vaulted, back, events, write_some},
    harness::{Server, left_out, literal, on_postgres, zeros},
    honest_client::{Person, clinic, read},
    mail_kinds::opened,
    mail_server::{Post, Smtp, with_mail_and},
};

const PLAN: ScrubPlan = ScrubPlan { every: HOUR, rate: u64::MAX };

async fn scrubbed(server: &Server) {
    scrub::once(&server.state, &CancellationToken::new()).await.unwrap();
}

/// Somebody changes the database behind the server's back.
async fn change(server: &Server, sql: &str) {
    let tx = server.state.db.begin_write().await.unwrap();
    assert_eq!(tx.conn().execute_unprepared(sql).await.unwrap().rows_affected(), 1, "{sql}");
    tx.commit().await.unwrap();
}

async fn named(administrator: &Person) -> BTreeSet<String> {
    let found = administrator.api().get_storage().await.unwrap();
    assert_eq!(found.damaged_rows_count, found.damaged_rows.len() as u64);
    found.damaged_rows.into_iter().map(|row| row.row).collect()
}

/// The trees hold all that was recorded until now.
async fn logged(server: &Server) {
    for tree in Tree::ALL {
        let all = match tree {
            Tree::Events => log_events::count(server.state.db.read()).await.unwrap(),
            Tree::Keys => log_keys::count(server.state.db.read()).await.unwrap(),
        };
        while log::head(server.state.db.read(), tree).await.unwrap().is_none_or(|head| head.size < all) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

/// Flips a bit wherever a file holds these bytes.
fn flip(file: &Path, bytes: &[u8]) {
    let mut all = fs::read(file).unwrap();
    let places: Vec<usize> = (0..all.len() - bytes.len()).filter(|at| all[*at..].starts_with(bytes)).collect();
    assert!(!places.is_empty(), "it lies elsewhere");
    for place in places {
        all[place + bytes.len() / 2] ^= 4;
    }
    fs::write(file, all).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bit_that_flips_in_the_file_is_found_though_the_server_starts() {
    if left_out(on_postgres(), "a bit of SQLite's file is flipped") {
        return;
    }
    let plan = |config: &mut Config| config.scrub = Some(PLAN);
    let server = Server::start_with(plan).await;
    let [_, _, patient] = clinic(&server).await;
    let reports = write_some(&patient, 2).await;
    let entries = access_entries::Entity::find().filter(access_entries::Column::ReportId.eq(reports[0].0.to_vec()));
    let entry = entries.order_by_asc(access_entries::Column::Seq).one(server.state.db.read()).await.unwrap().unwrap();
    let path = server.state.config.database_url.file().unwrap();
    let folder = server.stop().await;
    // In its signature, the last 64 bytes.
    flip(&path, &entry.entry[entry.entry.len() - 32..]);

    let server = Server::start_in(folder, plan).await;
    let administrator = back(&server, "ada@clinic.example").await;
    scrubbed(&server).await;
    let found = administrator.api().get_storage().await.unwrap();
    assert_eq!((found.damaged_count, found.damaged_rows_count), (0, 1));
    let row = &found.damaged_rows[0];
    assert_eq!((row.row.clone(), row.report_id), (format!("report/{}", reports[0]), Some(reports[0])));
    let last = found.last.unwrap();
    assert!(last.damaged_rows == 1 && last.rows > 10, "{last:?}");
    assert_eq!(events(&server, &format!("what=row_damaged row=report/{}", reports[0])).await, 1);
    // Nobody takes it for good.
    let patient = back(&server, "ann@clinic.example").await;
    assert!(read(&patient, &reports[0]).await.is_err());
    assert_eq!(read(&patient, &reports[1]).await.unwrap().len(), FILE);
}

/// What is changed in the database, how it is undone, and what is named then.
struct Damage {
    done: String,
    undone: String,
    name: String,
}

impl Damage {
    /// A number of one row is another.
    fn number(table: &str, column: &str, by: i32, row: &str, name: String) -> Self {
        let set = |by: i32| format!("UPDATE {table} SET {column} = {column} + ({by}) WHERE {row}");
        Self { done: set(by), undone: set(-by), name }
    }

    /// Bytes of one row are others.
    fn bytes(table: &str, column: &str, [then, now]: [&[u8]; 2], row: &str, name: String) -> Self {
        let set = |bytes: &[u8]| format!("UPDATE {table} SET {column} = {} WHERE {row}", literal(bytes));
        Self { done: set(now), undone: set(then), name }
    }
}

/// One of each kind.
async fn damages(server: &Server, [administrator, doctor, patient]: [&Person; 3]) -> Vec<Damage> {
    let reports = write_some(patient, 3).await;
    let team = doctor.create_team("Cardiology East").await.unwrap();
    let device = doctor.add_device(&server.origin, "Laboratory", 30).await.unwrap().device.id;
    logged(server).await;
    let conn = server.state.db.read();
    let of = |n: usize| format!("report_id = {}", literal(&reports[n].0));
    let version = |n: usize| format!("version/{}/1/0", reports[n]);
    let entry = access_entries::Entity::find_by_id((reports[0].0.to_vec(), 1)).one(conn).await.unwrap().unwrap();
    let stored = versions::Entity::find_by_id((reports[2].0.to_vec(), 1, 0)).one(conn).await.unwrap().unwrap();
    let binding = log_key_entries::Entity::find()
        .filter(log_key_entries::Column::Epoch.is_null())
        .filter(log_key_entries::Column::TeamId.is_null())
        .one(conn)
        .await
        .unwrap()
        .unwrap();
    let [other, owner, account] = [administrator, doctor, patient].map(|person| person.account_id());
    let (first, keys) = (format!("{} AND seq = 1", of(0)), format!("account_id = {}", literal(&account.0)));
    let (of_team, of_device) = (format!("team_id = {}", literal(&team.0)), format!("id = {}", literal(&device.0)));
    let (at, name) = (format!("seq = {}", binding.seq), format!("entry/{}", binding.seq));
    vec![
        Damage::bytes("access_entries", "hash", [&entry.hash, &[7; 32]], &first, format!("report/{}", reports[0])),
        Damage::number("parts", "ciphertext_len", 1, &of(1), version(1)),
        Damage::bytes("versions", "statement", [&stored.statement, &[7; 40]], &of(2), version(2)),
        Damage::number("key_records", "epoch", 7, &keys, format!("keys/{account}")),
        Damage::number("team_rosters", "leaf", -1, &of_team, format!("team/{team}")),
        Damage::bytes("devices", "owner", [&owner.0, &other.0], &of_device, format!("device/{device}")),
        Damage::number("audit_events", "time", 1, "seq = 3", "event/3".to_owned()),
        Damage::bytes("log_key_entries", "data", [&binding.data, &[7; 70]], &at, name),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_damage_is_named_once_and_forgotten_once_it_is_undone() {
    let server = Server::start_with(|config| config.scrub = Some(PLAN)).await;
    let [administrator, doctor, patient] = clinic(&server).await;
    let damages = damages(&server, [&administrator, &doctor, &patient]).await;
    scrubbed(&server).await;
    let last = administrator.api().get_storage().await.unwrap().last.unwrap();
    assert_eq!((last.damaged, last.damaged_rows, named(&administrator).await), (0, 0, BTreeSet::new()), "all is whole");

    for damage in &damages {
        change(&server, &damage.done).await;
    }
    let names: BTreeSet<String> = damages.iter().map(|damage| damage.name.clone()).collect();
    for _ in 0..2 {
        server.state.clock.advance(HOUR);
        scrubbed(&server).await;
        assert_eq!(named(&administrator).await, names);
        let last = administrator.api().get_storage().await.unwrap().last.unwrap();
        assert_eq!(last.damaged_rows, names.len() as u64);
    }
    let said = async |what: &str| events(&server, &format!("what={what} row=%")).await;
    assert_eq!(said("row_damaged").await, names.len() as i64, "once");

    for damage in &damages {
        change(&server, &damage.undone).await;
    }
    scrubbed(&server).await;
    assert!(named(&administrator).await.is_empty());
    assert_eq!((said("row_whole").await, said("row_deleted").await), (names.len() as i64, 0));
    patient.check_log().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_event_whose_chain_is_damaged_the_next_on_another_report_is_not_named() {
    let server = Server::start_with(|config| config.scrub = Some(PLAN)).await;
    let [administrator, _, patient] = clinic(&server).await;
    write_some(&patient, 2).await;
    logged(&server).await;
    let conn = server.state.db.read();
    let all = audit_events::Entity::find().order_by_asc(audit_events::Column::Seq).all(conn).await.unwrap();
    let are_apart = |pair: &&[audit_events::Model]| {
        pair[0].seq > 0 && pair[1].report_id.is_some() && pair[0].report_id != pair[1].report_id
    };
    let pair = all.windows(2).find(are_apart).unwrap();
    let mut chain = pair[0].chain.clone();
    chain[7] ^= 4;
    let (row, name) = (format!("seq = {}", pair[0].seq), format!("event/{}", pair[0].seq));
    let damage = Damage::bytes("audit_events", "chain", [&pair[0].chain, &chain], &row, name);

    change(&server, &damage.done).await;
    scrubbed(&server).await;
    assert_eq!(named(&administrator).await, BTreeSet::from([damage.name]));
    // Nor where a look begins with it, as at a bundle's beginning.
    let looked = server::log::look(conn, Tree::Events, pair[1].seq.unsigned_abs()).await.unwrap().unwrap();
    assert_eq!(looked.damaged, Vec::<u64>::new());

    change(&server, &damage.undone).await;
    scrubbed(&server).await;
    assert!(named(&administrator).await.is_empty());
}

fn order(vaulted: &Vaulted, server: &Server, from: backup::Repository, report: ReportId) -> PutBack {
    let config = &server.state.config;
    PutBack {
        from,
        identities: vaulted.identities(),
        snapshot: None,
        report,
        data: config.data.clone(),
        database: config.database_url.clone(),
        blobs: config.blobs.clone(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_revision_comes_back_from_a_backup_and_one_that_is_gone_is_forgotten() {
    let vaulted = Vaulted::new();
    let plan = |config: &mut Config| config.scrub = Some(PLAN);
    let server = Server::start_with(plan).await;
    let [administrator, _, patient] = clinic(&server).await;
    let reports = write_some(&patient, 2).await;
    vaulted.take(&server).await;
    let tx = server.state.db.begin_write().await.unwrap();
    versions::Entity::update_many()
        .col_expr(versions::Column::Part0, Expr::value(vec![0_u8]))
        .exec(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    scrubbed(&server).await;
    let names = reports.iter().map(|id| format!("version/{id}/1/0")).collect::<BTreeSet<_>>();
    assert_eq!(named(&administrator).await, names);
    for id in &reports {
        assert!(read(&patient, id).await.is_err());
        assert!(patient.report_events(id, 1_000).await.unwrap().complete, "it stands in the report's own record");
    }
    patient.confirm(crate::honest_client::PASSWORD, &client::NoSecondFactor).await.unwrap();
    patient.erase_report(&reports[1]).await.unwrap();

    let order = order(&vaulted, &server, vaulted.repository().await, reports[0]);
    let folder = server.stop().await;
    let done = backup::put_back(&order).await.unwrap();
    assert_eq!((done.rows, done.lost), (1, 0));
    let server = Server::start_in(folder, plan).await;
    scrubbed(&server).await;
    let [administrator, patient] =
        [back(&server, "ada@clinic.example").await, back(&server, "ann@clinic.example").await];
    assert!(named(&administrator).await.is_empty());
    for (what, id) in [("row_whole", &reports[0]), ("row_deleted", &reports[1])] {
        assert_eq!(events(&server, &format!("what={what} row=version/{id}/1/0")).await, 1);
    }
    assert_eq!(read(&patient, &reports[0]).await.unwrap().len(), FILE);
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_are_told_of_damaged_rows_by_mail_once() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail) = with_mail_and(&post, Smtp::StartTls, |config| config.scrub = Some(PLAN)).await;
    let [_, _, patient] = opened(&server, &mut mail).await;
    for id in write_some(&patient, 2).await {
        let row = format!("report_id = {}", literal(&id.0));
        change(&server, &format!("UPDATE versions SET part0 = {} WHERE {row}", zeros(9))).await;
    }
    scrubbed(&server).await;
    server.state.db.mail().notify_one();
    let message = mail.next().await;
    let subject = "the database is damaged";
    assert_eq!((message.to.as_slice(), message.subject()), (&["ada@clinic.example".to_owned()][..], subject));
    mail.nothing().await;
}
