//! What the attacks share: people, a report, and things that somebody else signed.

use std::sync::Arc;

use api_types::{
    AccountId, B64, ReportId, SessionId, TeamId,
    accounts::{AccountStatus, Role},
    audit::{Action, AuditEvent, Outcome},
    reports::Report,
};
use bytes::Bytes;
use client::{Environment, PatientChoice, Platform, Share, Vault, bulk::Control, content::ReportFields, event_hash};
use crypto::{
    account::{KeyChain, Keyring},
    ids::{self, GrantId},
    report::{AccessEntry, AccountRecipient, Change, Grant, Purpose, Recipient, Right, Versions},
    sign::{Signed, SigningKey},
    team::TeamRoster,
};
use tlog::leaf::KeyTreeLeaf;

use crate::double::{Account, Fake, World, rng};

/// A patient's report that a doctor wrote; both have seen it.
pub struct Scene {
    /// The server.
    pub server: Arc<Fake>,
    /// Who owns the report.
    pub patient: Vault<World>,
    /// Who wrote it.
    pub doctor: Vault<World>,
    /// The report.
    pub id: ReportId,
}

/// Sets the scene.
pub async fn scene() -> Scene {
    let server = Fake::new();
    let patient = server.person("Ann Example", Role::Patient).await;
    let doctor = server.person("Dora Doctor", Role::Doctor).await;
    let id = report(&doctor, PatientChoice::Account(patient.account_id())).await;
    patient.report(&id).await.unwrap();
    Scene { server, patient, doctor, id }
}

/// A patient with a report, and a team of two doctors, on a server with a log of keys.
pub struct Ward {
    /// The server.
    pub server: Arc<Fake>,
    /// Who owns the report.
    pub ann: Vault<World>,
    /// The team's manager.
    pub head: Vault<World>,
    /// Its other member, who has accepted.
    pub second: Vault<World>,
    /// The report, shared with nobody.
    pub report: ReportId,
    /// The team.
    pub team: TeamId,
}

/// Sets that scene.
pub async fn ward() -> Ward {
    let server = Fake::new();
    server.keep_keys();
    let ann = server.person("Ann Example", Role::Patient).await;
    let head = server.person("Hedda Head", Role::Doctor).await;
    let second = server.person("Sam Second", Role::Doctor).await;
    let team = head.create_team("Cardiology").await.unwrap();
    head.add_to_team(&team, &second.account_id()).await.unwrap();
    second.accept_team(&team).await.unwrap();
    let report = report(&ann, PatientChoice::Account(ann.account_id())).await;
    Ward { server, ann, head, second, report, team }
}

impl Ward {
    /// Shows one more roster of the team, by this author and signed with these keys; the log of keys has it.
    pub fn push(&self, author: AccountId, keyring: &Keyring, change: impl FnOnce(&mut TeamRoster)) {
        let (seq, blob) = self.show(author, keyring, change);
        self.server.with_keys(|keys| keys.push(&KeyTreeLeaf::key(&self.team.0, seq, &blob.0)));
    }

    /// The same, and the log of keys doesn't have it. Gives its number and what is shown.
    pub fn show(&self, author: AccountId, keyring: &Keyring, change: impl FnOnce(&mut TeamRoster)) -> (u32, B64) {
        let keys = keyring.current();
        let last = self.server.db().teams[&self.team].newest();
        let mut next = TeamRoster {
            team: Some(ids::TeamId(self.team.0)),
            seq: last.claimed().seq + 1,
            previous: Some(last.hash()),
            author: ids::AccountId(author.0),
            epoch: keys.epoch,
            ..last.claimed().clone()
        };
        change(&mut next);
        let seq = next.seq;
        let blob = B64::from(Signed::sign(next, &keys.signing).as_bytes());
        self.server.db().teams.get_mut(&self.team).unwrap().rosters.push(blob.clone());
        (seq, blob)
    }
}

/// A report's fields.
pub fn fields() -> ReportFields {
    ReportFields {
        report_number: "R-17".into(),
        title: "Chest X-ray".into(),
        patient_name: "Ann Example".into(),
        patient_id: "P-4".into(),
        diagnosis: "No finding".into(),
        ..Default::default()
    }
}

/// A completed report with one file.
pub async fn report(author: &Vault<World>, patient: PatientChoice) -> ReportId {
    let draft = author.begin_draft(patient, fields()).await.unwrap();
    draft.add_file("scan.pdf", &Bytes::from_static(b"%PDF-1.7 picture"), &Control::none()).await.unwrap();
    draft.complete().await.unwrap().id
}

/// Reading without a code and without an end.
pub fn straight(to: &Vault<World>) -> Share {
    Share { with_code: false, expires_in: 0, ..Share::with_code(to.account_id()) }
}

/// Changes the answer to `GET /reports/{id}`.
pub fn change_report(server: &Fake, change: impl Fn(&mut Report) + Send + 'static) {
    server.lie(move |request, value| {
        let parts: Vec<_> = request.path.trim_start_matches("/api/v1/").split('/').collect();
        if let ["reports", id] = parts[..]
            && id.len() == 64
            && !value.is_null()
        {
            let mut body: Report = serde_json::from_value(value.clone()).unwrap();
            change(&mut body);
            *value = serde_json::to_value(body).unwrap();
        }
    });
}

/// Keys that the server made itself.
pub fn stranger() -> (Keyring, KeyChain) {
    let (keyring, record) = Keyring::create(1, &mut rng());
    let chain = KeyChain::verify(vec![record]).unwrap();
    (keyring, chain)
}

/// An account that nobody signed up for.
pub fn made_up(name: &str, email: &str, records: Vec<B64>) -> Account {
    Account {
        name: name.to_owned(),
        email: email.to_owned(),
        role: Role::Doctor,
        status: AccountStatus::Active,
        key_records: records,
        approval: None,
        closing: None,
        ways_in: Vec::new(),
        keyring: B64::default(),
        state: B64::default(),
        counter: 0,
        organisation_wrap: None,
        opaque: Vec::new(),
    }
}

/// Somebody as an entry's author, without their keys.
pub fn in_the_name_of(person: &Vault<World>) -> AccountRecipient {
    AccountRecipient {
        account: crypto::ids::AccountId(person.account_id().0),
        epoch: 0,
        suite: crypto::kem::Suite::XWing,
        key_hash: crypto::ids::Hash32([0; 32]),
    }
}

/// Something that happened to a report.
pub struct Happened {
    /// By whom.
    pub by: Option<(AccountId, SessionId)>,
    /// What.
    pub action: Action,
    /// What of it.
    pub subject: &'static str,
    /// What its reader signed.
    pub request: Option<Vec<u8>>,
    /// When.
    pub time: i64,
}

impl Happened {
    /// A file that somebody opened.
    pub fn opened(by: &Vault<World>, subject: &'static str, request: Option<Vec<u8>>) -> Self {
        let who = Some((by.account_id(), by.session().id));
        Self { by: who, action: Action::Open, subject, request, time: by.platform().environment().now() }
    }
}

/// A report's events as an honest server lists them, but for their openings ([`Fake::keep_events`]).
pub fn events(id: ReportId, count: usize, subject: &'static str) -> Vec<AuditEvent> {
    events_at(id, count, subject, 1_000)
}

/// The same, of some other time.
pub fn events_at(id: ReportId, count: usize, subject: &'static str, time: i64) -> Vec<AuditEvent> {
    let opened = || Happened { by: None, action: Action::Open, subject, request: None, time };
    history(id, std::iter::repeat_with(opened).take(count))
}

/// A report's events as an honest server lists them: newest first, numbered and chained.
pub fn history(id: ReportId, happened: impl IntoIterator<Item = Happened>) -> Vec<AuditEvent> {
    let mut previous = B64(id.0.to_vec());
    let mut events = Vec::new();
    for (seq, happened) in (1..).zip(happened) {
        let mut event = AuditEvent {
            seq,
            time: happened.time,
            actor: happened.by.map(|(account, _)| account),
            actor_name: None,
            session: happened.by.map(|(_, session)| session),
            action: happened.action,
            outcome: Outcome::Success,
            report_id: Some(id),
            report_seq: Some(seq),
            report_prev: Some(previous),
            subject: happened.subject.to_owned(),
            hash: B64::default(),
            chain: None,
            leaf_index: None,
            salt: None,
            request: happened.request.map(B64),
            event: None,
        };
        event.hash = B64(event_hash(&event).unwrap().0.to_vec());
        previous = event.hash.clone();
        events.push(event);
    }
    events.reverse();
    events
}

/// A grant to view, as an entry that continues a report's chain, signed by whoever's key.
pub fn forged_entry(body: &Report, author: &AccountRecipient, key: &SigningKey, to: AccountRecipient) -> B64 {
    let last = Signed::<AccessEntry>::parse(&body.entries.last().unwrap().0).unwrap();
    let grant = Grant {
        id: GrantId([7; 16]),
        recipient: Recipient::Account(to),
        right: Right::View,
        purpose: Purpose::new("treatment").unwrap(),
        versions: Versions::ALL,
        expires_at: 0,
        parent: None,
    };
    let entry = AccessEntry {
        report: last.claimed().report,
        seq: last.claimed().seq + 1,
        previous: last.hash(),
        time: last.claimed().time + 1,
        author: author.account,
        epoch: author.epoch,
        change: Change::Grant(grant),
    };
    B64::from(Signed::sign(entry, key).as_bytes())
}
