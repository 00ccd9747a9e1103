//! What every request to read is signed for, as the client does it; and what becomes of requests that are not.

use api_types::{
    AccountId, ErrorCode, ReportId, SessionId,
    audit::{Action, AuditEvent, AuditEventList, READ_REQUEST},
};
use axum::{
    body::Body,
    http::{HeaderValue, Method, Request, Uri, header},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use crypto::{
    account::EpochKeys,
    audit::{Asked, READ_REQUEST_TOLERANCE, ReadRequest},
    ids::{self, InstanceId},
    sign::Signed,
};

use crate::{
    sealing::Made,
    world::{Answer, Person, World, rng},
};

/// What signs in a session.
#[derive(Clone)]
pub struct Signer {
    pub account: AccountId,
    pub session: SessionId,
    pub keys: EpochKeys,
}

/// What a path reads: the event's action, the report, and what its subject begins with.
fn read_by(path: &str) -> Option<(Action, Option<ReportId>, String)> {
    let path = path.strip_prefix("/api/v1/")?;
    let parts: Vec<&str> = path.split('/').collect();
    let (action, what) = match &parts[..] {
        ["reports"] => return Some((Action::List, None, "of=reports".to_owned())),
        ["reports", _] => (Action::Read, String::new()),
        ["reports", _, "people"] => (Action::Read, "of=people".to_owned()),
        ["reports", _, "grants"] => (Action::Read, "of=grants".to_owned()),
        ["reports", _, "events"] => (Action::AuditRead, String::new()),
        ["reports", _, "versions", v] => (Action::Open, format!("version={v} part=0")),
        ["reports", _, "versions", v, "revisions", r, "parts", p] => {
            (Action::Open, format!("version={v} part={p} revision={r}"))
        }
        _ => return None,
    };
    Some((action, Some(parts[1].parse().ok()?), what))
}

fn name(action: Action) -> String {
    serde_json::to_value(action).unwrap().as_str().unwrap().to_owned()
}

impl World {
    /// What a signer asks for.
    fn asked(&self, signer: &Signer, action: Action, report: Option<ReportId>, what: &str) -> Asked {
        Asked {
            instance: InstanceId(self.state.instance.instance_id),
            account: ids::AccountId(signer.account.0),
            session: ids::SessionId(signer.session.0),
            kind: name(action),
            report: report.map(|report| ids::ReportId(report.0)),
            what: what.to_owned(),
        }
    }

    /// Signs what is to be read, as the client of that session would, where nobody has; an empty signature means none.
    pub fn sign_reading(&self, request: &mut Request<Body>) {
        if request.headers().get(READ_REQUEST).is_some_and(HeaderValue::is_empty) {
            request.headers_mut().remove(READ_REQUEST);
            return;
        }
        let bearer = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let signer = bearer.and_then(|bearer| self.signer(bearer.strip_prefix("Bearer ")?));
        let (Some(signer), true) = (signer, request.method() == Method::GET) else { return };
        let Some((action, report, what)) = read_by(request.uri().path()) else { return };
        let asked = self.asked(&signer, action, report, &what);
        let signed = ReadRequest::sign(asked, self.now(), &signer.keys, &mut rng());
        let value = HeaderValue::from_str(&URL_SAFE_NO_PAD.encode(signed.as_bytes())).unwrap();
        request.headers_mut().entry(READ_REQUEST).or_insert(value);
    }
}

/// Somebody's report, and what they may ask of it.
struct Bench {
    world: World,
    made: Made,
    author: Person,
}

impl Bench {
    async fn new() -> Self {
        let world = World::new().await;
        let (author, patient) = (world.doctor().await, world.patient().await);
        let made = world.report(&author, &patient, &[vec![1; 1000]]).await;
        Self { world, made, author }
    }

    fn signer(&self) -> Signer {
        self.world.signer(&self.author.token).unwrap()
    }

    fn honest(&self) -> Asked {
        self.world.asked(&self.signer(), Action::Read, Some(self.made.id), "")
    }

    fn sign(&self, asked: Asked, time: i64) -> Signed<ReadRequest> {
        ReadRequest::sign(asked, time, &self.signer().keys, &mut rng())
    }

    async fn ask(&self, path: &str, signed: &str) -> Answer {
        let uri: Uri = format!("/reports/{}{path}", self.made.id).parse().unwrap();
        let headers = [(READ_REQUEST, signed)];
        self.world.send(Some(&self.author), Method::GET, &uri.to_string(), &headers, Body::empty()).await
    }

    async fn ask_signed(&self, path: &str, signed: &Signed<ReadRequest>) -> Answer {
        self.ask(path, &URL_SAFE_NO_PAD.encode(signed.as_bytes())).await
    }

    async fn events(&self) -> Vec<AuditEvent> {
        let path = format!("/reports/{}/events", self.made.id);
        self.world.get(&self.author, &path).await.json::<AuditEventList>().items
    }
}

#[tokio::test]
async fn a_reading_keeps_what_its_reader_signed() {
    let bench = Bench::new().await;
    let signed = bench.sign(bench.honest(), bench.world.now());
    bench.ask_signed("", &signed).await.ok();
    let newest = &bench.events().await[0];
    assert_eq!((newest.action, newest.actor), (Action::Read, Some(bench.author.id)));
    assert_eq!(newest.request.as_ref().unwrap().0, signed.as_bytes());
    assert_ne!(newest.event.as_ref().unwrap().0, Vec::<u8>::new());
    let stored = crypto::audit::AuditEvent::parse(&newest.event.as_ref().unwrap().0).unwrap();
    let instance = InstanceId(bench.world.state.instance.instance_id);
    stored.verify_reader(&instance, &bench.author.chain).unwrap();
}

#[tokio::test]
async fn every_route_that_reads_a_report_asks_for_it() {
    let bench = Bench::new().await;
    let report = format!("/reports/{}", bench.made.id);
    let part = format!("{report}/versions/1/revisions/0/parts/1");
    let paths = ["", "/people", "/grants", "/events", "/versions/1"].map(|path| format!("{report}{path}"));
    for path in paths.into_iter().chain([part, "/reports".to_owned()]) {
        assert!(read_by(&format!("/api/v1{path}")).is_some(), "{path}");
        let headers = [(READ_REQUEST, "")];
        let unsigned = bench.world.send(Some(&bench.author), Method::GET, &path, &headers, Body::empty()).await;
        assert_eq!(unsigned.code(), ErrorCode::UnsignedRead, "{path}");
        bench.world.get(&bench.author, &path).await.ok();
    }
}

#[tokio::test]
async fn a_request_for_something_else_delivers_nothing() {
    let bench = Bench::new().await;
    let (world, honest, now) = (&bench.world, bench.honest(), bench.world.now());
    let other = world.doctor().await;
    let before = bench.events().await.len();
    let cases = [
        ("another server", Asked { instance: InstanceId([1; 16]), ..honest.clone() }),
        ("another reader", Asked { account: ids::AccountId(other.id.0), ..honest.clone() }),
        ("another session", Asked { session: ids::SessionId([1; 16]), ..honest.clone() }),
        ("another act", Asked { kind: "open".to_owned(), ..honest.clone() }),
        ("another report", Asked { report: Some(ids::ReportId([1; 32])), ..honest.clone() }),
        ("no report", Asked { report: None, ..honest.clone() }),
        ("another part of it", Asked { what: "of=people".to_owned(), ..honest.clone() }),
    ];
    for (case, asked) in cases {
        assert_eq!(bench.ask_signed("", &bench.sign(asked, now)).await.code(), ErrorCode::UnsignedRead, "{case}");
    }
    let theirs = world.signer(&other.token).unwrap().keys;
    let forged = ReadRequest::sign(honest.clone(), now, &theirs, &mut rng());
    assert_eq!(bench.ask_signed("", &forged).await.code(), ErrorCode::UnsignedRead, "another key");
    let epoch = EpochKeys { epoch: 1, ..bench.signer().keys };
    let ahead = ReadRequest::sign(honest, now, &epoch, &mut rng());
    assert_eq!(bench.ask_signed("", &ahead).await.code(), ErrorCode::UnsignedRead, "another epoch");
    for garbage in ["AQ", "not base64!", &"A".repeat(4000)] {
        assert_eq!(bench.ask("", garbage).await.code(), ErrorCode::UnsignedRead);
    }
    // Nothing but the two looks at the events themselves.
    assert_eq!(bench.events().await.len(), before + 1);
}

#[tokio::test]
async fn a_clock_that_is_a_day_off_is_named() {
    let bench = Bench::new().await;
    let now = bench.world.now();
    for off in [READ_REQUEST_TOLERANCE, -READ_REQUEST_TOLERANCE] {
        bench.ask_signed("", &bench.sign(bench.honest(), now + off - off.signum() * 60_000)).await.ok();
        let wrong = bench.sign(bench.honest(), now + off + off.signum() * 60_000);
        assert_eq!(bench.ask_signed("", &wrong).await.code(), ErrorCode::ClockWrong);
    }
}

#[tokio::test]
async fn who_may_not_read_is_told_nothing_by_a_missing_signature() {
    let bench = Bench::new().await;
    let stranger = bench.world.doctor().await;
    let path = format!("/reports/{}", bench.made.id);
    let headers = [(READ_REQUEST, "")];
    let answer = bench.world.send(Some(&stranger), Method::GET, &path, &headers, Body::empty()).await;
    assert_eq!(answer.code(), ErrorCode::NotFound);
}
