//! Drafts: counters, privacy, limits.

use api_types::{
    B64, ErrorCode, ReportId,
    drafts::{Draft, DraftList, PutDraft},
    limits::DRAFT_MAX,
};

use crate::world::World;

fn save(counter: u64, byte: u8) -> PutDraft {
    PutDraft { sealed: B64(vec![byte; 100]), counter, begins: counter == 0 }
}

fn begins(counter: u64, byte: u8) -> PutDraft {
    PutDraft { begins: true, ..save(counter, byte) }
}

fn follows(counter: u64, byte: u8) -> PutDraft {
    PutDraft { begins: false, ..save(counter, byte) }
}

#[tokio::test]
async fn a_draft_is_saved_under_its_counter() {
    let world = World::new().await;
    let doctor = world.doctor().await;
    let path = format!("/drafts/{}", ReportId([7; 32]));
    world.put(&doctor, &path, &save(0, 1)).await.ok();
    world.put(&doctor, &path, &save(0, 1)).await.ok();
    assert_eq!(world.put(&doctor, &path, &save(0, 2)).await.code(), ErrorCode::CounterStale);
    world.put(&doctor, &path, &save(1, 2)).await.ok();
    assert_eq!(world.put(&doctor, &path, &save(3, 3)).await.code(), ErrorCode::CounterStale);
    let draft: Draft = world.get(&doctor, &path).await.json();
    assert_eq!((draft.counter, draft.sealed.0), (1, vec![2; 100]));
    let list: DraftList = world.get(&doctor, "/drafts").await.json();
    assert_eq!(list.items.len(), 1);
    world.delete(&doctor, &path).await.ok();
    assert_eq!(world.get(&doctor, &path).await.code(), ErrorCode::NotFound);
}

/// A report has many drafts one after another: the next one goes on counting where its author stood.
#[tokio::test]
async fn a_draft_begins_at_any_counter_and_goes_on_from_there() {
    let world = World::new().await;
    let doctor = world.doctor().await;
    let path = format!("/drafts/{}", ReportId([7; 32]));
    let counter = async || world.get(&doctor, &path).await.json::<Draft>().counter;
    for first in [7, 1_790_000_000_000, 3] {
        assert_eq!(world.put(&doctor, &path, &follows(first, 1)).await.code(), ErrorCode::CounterStale, "it is gone");
        world.put(&doctor, &path, &begins(first, 1)).await.ok();
        world.put(&doctor, &path, &begins(first, 1)).await.ok();
        assert_eq!(counter().await, first);
        for stale in [0, first - 1, first, first + 2] {
            assert_eq!(world.put(&doctor, &path, &follows(stale, 2)).await.code(), ErrorCode::CounterStale);
        }
        assert_eq!(world.put(&doctor, &path, &begins(first + 1, 2)).await.code(), ErrorCode::CounterStale);
        world.put(&doctor, &path, &follows(first + 1, 2)).await.ok();
        assert_eq!(counter().await, first + 1);
        world.delete(&doctor, &path).await.ok();
    }
    // The greatest there is has none behind it.
    let greatest = i64::MAX.unsigned_abs();
    assert_eq!(world.put(&doctor, &path, &begins(greatest + 1, 1)).await.code(), ErrorCode::InvalidField);
    world.put(&doctor, &path, &begins(greatest, 1)).await.ok();
    assert_eq!(world.put(&doctor, &path, &follows(0, 2)).await.code(), ErrorCode::CounterStale);
}

#[tokio::test]
async fn a_draft_is_its_authors_alone() {
    let world = World::new().await;
    let (doctor, other) = (world.doctor().await, world.doctor().await);
    let path = format!("/drafts/{}", ReportId([7; 32]));
    world.put(&doctor, &path, &save(0, 1)).await.ok();
    assert_eq!(world.get(&other, &path).await.code(), ErrorCode::NotFound);
    assert_eq!(world.delete(&other, &path).await.code(), ErrorCode::NotFound);
    let list: DraftList = world.get(&other, "/drafts").await.json();
    assert!(list.items.is_empty());
    // Another's draft under the same id is their own.
    world.put(&other, &path, &save(0, 2)).await.ok();
    let draft: Draft = world.get(&doctor, &path).await.json();
    assert_eq!(draft.sealed.0, vec![1; 100]);
    world.delete(&other, &path).await.ok();
    world.get(&doctor, &path).await.ok();
}

/// The list delivers all of them at once.
#[tokio::test]
async fn all_drafts_together_have_a_limit() {
    let world = World::new().await;
    let doctor = world.doctor().await;
    let path = |n: u8| format!("/drafts/{}", ReportId([n; 32]));
    let of = |len, counter| PutDraft { sealed: B64(vec![1; len]), counter, begins: counter == 0 };
    for n in 0..16 {
        world.put(&doctor, &path(n), &of(DRAFT_MAX, 0)).await.ok();
    }
    assert_eq!(world.put(&doctor, &path(16), &of(1, 0)).await.code(), ErrorCode::TooLarge);
    world.put(&doctor, &path(3), &of(DRAFT_MAX - 1, 1)).await.ok();
    world.put(&doctor, &path(16), &of(1, 0)).await.ok();
    assert_eq!(world.put(&doctor, &path(16), &of(2, 1)).await.code(), ErrorCode::TooLarge);
}

#[tokio::test]
async fn a_draft_has_limits() {
    let world = World::new().await;
    let doctor = world.doctor().await;
    let path = format!("/drafts/{}", ReportId([7; 32]));
    let of = |len| PutDraft { sealed: B64(vec![1; len]), counter: 0, begins: true };
    assert_eq!(world.put(&doctor, &path, &of(0)).await.code(), ErrorCode::InvalidField);
    assert_eq!(world.put(&doctor, &path, &of(DRAFT_MAX + 1)).await.code(), ErrorCode::TooLarge);
    assert_eq!(world.put(&doctor, &path, &of(DRAFT_MAX * 2)).await.code(), ErrorCode::TooLarge);
    world.put(&doctor, &path, &of(DRAFT_MAX)).await.ok();
    assert_eq!(world.put(&doctor, "/drafts/xyz", &of(1)).await.code(), ErrorCode::NotFound);
}
