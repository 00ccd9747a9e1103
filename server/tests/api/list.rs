//! The list: pages, changes, and what left it.

use api_types::{
    ErrorCode,
    audit::Action,
    reports::{Report, ReportList, VersionContent},
};
use entities::report_access;
use sea_orm::{ConnectionTrait, EntityTrait, Statement};
use server::{audit::enum_name, storage};

use crate::{
    harness::{left_out, on_postgres, zeros},
    sealing::Made,
    world::{Person, World},
};

#[tokio::test]
async fn pages_go_from_the_newest_change_to_the_oldest() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(world.report(&doctor, &patient, &[]).await.id);
    }
    ids.reverse();
    let mut seen = Vec::new();
    let mut path = "/reports?limit=2".to_owned();
    loop {
        let page: ReportList = world.get(&patient, &path).await.json();
        seen.extend(page.items.iter().map(|item| item.id));
        assert!(page.items.len() <= 2 && page.head == 5);
        let Some(next) = page.next else { break };
        path = format!("/reports?limit=2&before={next}");
    }
    assert_eq!(seen, ids);
}

#[tokio::test]
async fn a_delta_holds_only_what_changed() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let mut first = world.report(&doctor, &patient, &[]).await;
    world.report(&doctor, &patient, &[]).await;
    let head = world.get(&patient, "/reports").await.json::<ReportList>().head;
    let since = format!("/reports?since={head}");
    let nothing: ReportList = world.get(&patient, &since).await.json();
    assert_eq!((nothing.items.len(), nothing.gone.len(), nothing.head), (0, 0, head));
    let sealed = world.upload_version(&doctor, &first, 2, 0, &[]).await;
    world.post(&doctor, &format!("/reports/{}/versions", first.id), &sealed.body).await.ok();
    first.keep(sealed);
    let delta: ReportList = world.get(&patient, &since).await.json();
    assert_eq!(delta.items.iter().map(|item| (item.id, item.version)).collect::<Vec<_>>(), [(first.id, 2)]);
    assert!(delta.head > head);
}

#[tokio::test]
async fn a_list_is_one_event_that_names_the_ids_delivered() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let ids = [world.report(&doctor, &patient, &[]).await.id, world.report(&doctor, &patient, &[]).await.id];
    world.get(&patient, "/reports").await.ok();
    let filter = storage::audit::EventFilter { actor: Some(patient.id), ..Default::default() };
    let events = storage::audit::list(world.state.db.read(), filter, 10).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].action, enum_name(&Action::List));
    assert_eq!(events[0].details.as_deref(), Some(&[ids[1].0, ids[0].0].concat()[..]));
}

#[tokio::test]
async fn limits_of_a_page_are_said() {
    let world = World::new().await;
    let patient = world.patient().await;
    for query in ["limit=0", "limit=501"] {
        assert_eq!(world.get(&patient, &format!("/reports?{query}")).await.code(), ErrorCode::InvalidField);
    }
    assert_eq!(world.get(&patient, "/reports?limit=x").await.code(), ErrorCode::Malformed);
    let far: ReportList = world.get(&patient, &format!("/reports?since={}", u64::MAX)).await.json();
    assert!(far.items.is_empty());
}

#[tokio::test]
async fn a_page_runs_along_its_index_and_sorts_nothing() {
    if left_out(on_postgres(), "it asks SQLite how it runs the statement") {
        return;
    }
    let world = World::new().await;
    let conn = world.state.db.read();
    let sql = format!("EXPLAIN QUERY PLAN {}", storage::reports_list::LIST);
    let values = [vec![1u8; 32].into(), i64::MAX.into(), 0i64.into(), 0i64.into(), 100i64.into()];
    let rows = conn.query_all_raw(Statement::from_sql_and_values(conn.get_database_backend(), sql, values)).await;
    let plan: Vec<String> = rows.unwrap().iter().map(|row| row.try_get("", "detail").unwrap()).collect();
    let plan = plan.join("\n");
    assert!(plan.contains("SEARCH a USING INDEX ux_report_access_account_id_cursor"), "{plan}");
    assert!(!plan.contains("SCAN a") && !plan.contains("SCAN r") && !plan.contains("TEMP B-TREE"), "{plan}");
}

#[tokio::test]
async fn a_page_of_large_rows_is_cut_by_bytes() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(world.report(&doctor, &patient, &[]).await.id);
    }
    let tx = world.state.db.begin_write().await.unwrap();
    tx.conn().execute_unprepared(&format!("UPDATE versions SET part0 = {}", zeros(3_145_728))).await.unwrap();
    tx.conn().execute_unprepared("UPDATE report_access SET manifest = NULL, part0 = NULL").await.unwrap();
    tx.commit().await.unwrap();
    let first: ReportList = world.get(&patient, "/reports?limit=500").await.json();
    assert_eq!(first.items.iter().map(|item| item.id).collect::<Vec<_>>(), [ids[2], ids[1]]);
    let path = format!("/reports?limit=500&before={}", first.next.unwrap());
    let second: ReportList = world.get(&patient, &path).await.json();
    assert_eq!((second.items[0].id, second.items.len(), second.next), (ids[0], 1, None));
}

/// What the list says of the report's sealed fields is what the report says; gives whether they stand in the row.
async fn in_the_row(world: &World, who: &Person, made: &Made) -> bool {
    let path = format!("/reports/{}", made.id);
    let report: Report = world.get(who, &path).await.json();
    let newest = report.versions.last().unwrap();
    let content: VersionContent = world.get(who, &format!("{path}/versions/{}", newest.version)).await.json();
    let list: ReportList = world.get(who, "/reports").await.json();
    let item = list.items.iter().find(|item| item.id == made.id).unwrap();
    assert_eq!((item.version, &item.manifest, &item.part0), (newest.version, &newest.manifest, &content.part0));
    let key = (who.id.0.to_vec(), made.id.0.to_vec());
    let row = report_access::Entity::find_by_id(key).one(world.state.db.read()).await.unwrap().unwrap();
    assert_eq!(row.manifest.is_some(), row.part0.is_some());
    row.part0.is_some()
}

#[tokio::test]
async fn short_sealed_fields_stand_in_the_row_and_long_ones_are_found_where_they_are() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let files = vec![vec![7; 9]; 30];
    let mut few = world.report(&doctor, &patient, &[]).await;
    let mut many = world.report(&doctor, &patient, &files).await;
    for who in [&doctor, &patient] {
        assert!(in_the_row(&world, who, &few).await);
        assert!(!in_the_row(&world, who, &many).await, "a manifest of thirty files is long");
    }
    for (made, files) in [(&mut few, &files[..]), (&mut many, &[])] {
        let sealed = world.upload_version(&doctor, made, 2, 0, files).await;
        world.post(&doctor, &format!("/reports/{}/versions", made.id), &sealed.body).await.ok();
        made.keep(sealed);
    }
    for who in [&doctor, &patient] {
        assert!(!in_the_row(&world, who, &few).await);
        assert!(in_the_row(&world, who, &many).await);
    }
}
