//! Two servers on one PostgreSQL are asked at the same moment. What is the same is done once; of two that can't both be done one
//! is, and whoever asked for the other is told why not.

use std::time::Duration;

use api_types::{
    ErrorCode, GrantId,
    accounts::{AccountStatus, Role},
    audit::{Action, AuditEvent, Outcome},
    grants::GrantList,
    reports::{Report, VersionContent},
};
use crypto::report::Right;
use serde::Serialize;
use server::{AppState, config::Config};

use crate::{
    repeats::in_report,
    replica_harness::{Place, copy_secrets},
    sealing::{Made, grant, own},
    world::{Answer, Person, World},
};

/// How long both requests are given to come to where they wait.
const COME: Duration = Duration::from_millis(500);

pub struct Two {
    pub a: World,
    pub b: World,
}

impl Two {
    pub async fn new() -> Option<Self> {
        let place = Place::new().await?;
        let a = World::with(|config| place.tell(config)).await;
        let beside = |config: &mut Config| {
            copy_secrets(&a.state.config.data, &config.data);
            place.tell(config);
        };
        let b = World::with(beside).await;
        Some(Self { a, b })
    }

    /// Somebody who signs what they read, at either.
    pub async fn person(&self, role: Role) -> Person {
        let person = self.a.person(role, AccountStatus::Active).await;
        self.b.signs_by(&person.token, self.a.signer(&person.token).unwrap());
        person
    }

    /// A doctor, a patient and a report of theirs.
    pub async fn report(&self) -> (Person, Person, Made) {
        let (doctor, patient) = (self.person(Role::Doctor).await, self.person(Role::Patient).await);
        let made = self.a.report(&doctor, &patient, &[]).await;
        (doctor, patient, made)
    }

    /// Asks each of them at the same moment.
    async fn ask<B: Serialize>(&self, path: &str, first: (&Person, &B), second: (&Person, &B)) -> [Answer; 2] {
        at_once(&self.a.state, self.a.post(first.0, path, first.1), self.b.post(second.0, path, second.1)).await
    }

    /// The same is asked of both at the same moment, and both say that it is done.
    pub async fn both_take(&self, who: &Person, path: &str, body: &impl Serialize) {
        self.ask(path, (who, body), (who, body)).await.iter().for_each(Answer::ok);
    }

    /// How often something was done in a report. What is marked as sent again isn't counted.
    pub async fn done(&self, who: &Person, made: &Made, action: Action) -> usize {
        done(&in_report(&self.a, who, made, action).await)
    }

    /// Both give out each version as it was sent last, and no other.
    async fn assert_versions(&self, who: &Person, made: &Made) {
        let path = format!("/reports/{}", made.id);
        let current = made.current();
        for world in [&self.a, &self.b] {
            let report: Report = world.get(who, &path).await.json();
            assert_eq!(report.versions.len(), current.len());
            for place in &current {
                let sent = made.manifests.iter().find(|manifest| manifest.claimed().place == *place).unwrap();
                let found = world.get(who, &format!("{path}/versions/{}", place.version)).await;
                assert_eq!(found.json::<VersionContent>().manifest.0, sent.as_bytes(), "{place:?}");
            }
        }
    }
}

/// Two requests at the same moment, one of them to the server of that state: both have looked before either may write.
pub async fn at_once<A>(state: &AppState, first: impl Future<Output = A>, second: impl Future<Output = A>) -> [A; 2] {
    let turn = state.db.begin_write().await.unwrap();
    let give_way = async {
        tokio::time::sleep(COME).await;
        turn.commit().await.unwrap();
    };
    let (first, second, ()) = tokio::join!(first, second, give_way);
    [first, second]
}

/// How many of these were done, and not only sent again.
pub fn done(events: &[AuditEvent]) -> usize {
    let done = events.iter().filter(|event| event.outcome == Outcome::Success);
    done.filter(|event| !event.subject.ends_with("repeated=true")).count()
}

/// One was taken, and the other refused by this code. Says which.
fn refused(answers: &[Answer; 2], code: ErrorCode) -> usize {
    let late = answers.iter().position(|answer| !answer.status.is_success()).expect("both were taken");
    answers[1 - late].ok();
    assert_eq!(answers[late].code(), code);
    late
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_versions_with_one_number_one_is_taken_and_the_other_can_be_the_next() {
    let Some(two) = Two::new().await else { return };
    let (doctor, patient, mut made) = two.report().await;
    let path = format!("/reports/{}/versions", made.id);
    for number in [2, 4, 6] {
        let seal = |by: &Person| made.seal(two.a.now(), by, made.place(number, 0), &[]);
        let (first, second) = (seal(&doctor), seal(&patient));
        let answers = two.ask(&path, (&doctor, &first.body), (&patient, &second.body)).await;
        let late = refused(&answers, ErrorCode::VersionMoved);
        let (kept, overtaken, there) = if late == 1 { (first, &patient, &two.b) } else { (second, &doctor, &two.a) };
        made.keep(kept);
        let next = made.seal(two.a.now(), overtaken, made.place(number + 1, 0), &[]);
        there.post(overtaken, &path, &next.body).await.ok();
        made.keep(next);
    }
    two.assert_versions(&patient, &made).await;
    assert_eq!(two.done(&patient, &made, Action::Create).await, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_revisions_with_one_number_one_is_taken() {
    let Some(two) = Two::new().await else { return };
    let (_, patient, mut made) = two.report().await;
    let path = format!("/reports/{}/versions/1/revisions", made.id);
    for revision in 1..4 {
        let seal = || made.seal(two.a.now(), &patient, made.place(1, revision), &[]);
        let (first, second) = (seal(), seal());
        let answers = two.ask(&path, (&patient, &first.body), (&patient, &second.body)).await;
        let late = refused(&answers, ErrorCode::Conflict);
        made.keep(if late == 1 { first } else { second });
        two.assert_versions(&patient, &made).await;
    }
    assert_eq!(two.done(&patient, &made, Action::Rekey).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_version_and_the_same_revision_are_taken_by_both_and_are_there_once() {
    let Some(two) = Two::new().await else { return };
    let (doctor, patient, mut made) = two.report().await;
    let path = format!("/reports/{}/versions", made.id);
    for number in 2..5 {
        let next = made.seal(two.a.now(), &doctor, made.place(number, 0), &[]);
        two.both_take(&doctor, &path, &next.body).await;
        made.keep(next);
        let rekeyed = made.seal(two.a.now(), &patient, made.place(number, 1), &[]);
        let revisions = format!("{path}/{number}/revisions");
        two.both_take(&patient, &revisions, &rekeyed.body).await;
        made.keep(rekeyed);
    }
    two.assert_versions(&patient, &made).await;
    assert_eq!(two.done(&patient, &made, Action::Create).await, 4);
    assert_eq!(two.done(&patient, &made, Action::Rekey).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_report_is_there_once() {
    let Some(two) = Two::new().await else { return };
    let (doctor, patient) = (two.person(Role::Doctor).await, two.person(Role::Patient).await);
    for _ in 0..3 {
        let mut made = Made::found(two.a.now(), &doctor, &patient);
        let first = made.seal(two.a.now(), &doctor, made.place(1, 0), &[]);
        let body = made.creation(first.body.clone());
        made.keep(first);
        let [here, there]: [Report; 2] =
            two.ask("/reports", (&doctor, &body), (&doctor, &body)).await.map(|answer| answer.json());
        assert_eq!(here, there);
        let again: Report = two.b.post(&doctor, "/reports", &body).await.json();
        assert_eq!(here, again);
        two.assert_versions(&patient, &made).await;
        assert_eq!(two.done(&patient, &made, Action::Create).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_grant_is_there_once() {
    let Some(two) = Two::new().await else { return };
    let (_, patient, mut made) = two.report().await;
    let report = format!("/reports/{}", made.id);
    let path = format!("{report}/grants");
    let mut given = Vec::new();
    for _ in 0..3 {
        let colleague = two.person(Role::Doctor).await;
        made.knows(&colleague);
        let new = grant(own(&colleague), Right::View);
        given.push(GrantId(new.id.0));
        let body = made.share(two.a.now(), &patient, new, None);
        two.both_take(&patient, &path, &body).await;
        for world in [&two.a, &two.b] {
            world.post(&patient, &path, &body).await.ok();
            world.get(&colleague, &report).await.ok();
        }
    }
    let list: GrantList = two.b.get(&patient, &path).await.json();
    let found = list.items.iter().filter(|grant| given.contains(&grant.id)).count();
    assert_eq!((found, two.done(&patient, &made, Action::Share).await), (3, 3));
}
