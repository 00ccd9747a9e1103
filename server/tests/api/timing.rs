//! How long an answer takes doesn't tell whether an account exists.
//!
//! A statistical test: requests about an address or a number that has an account and about one that hasn't, in turn, and for
//! each pair of samples which took longer. Where nothing can be told, that is a coin (the area under the ROC curve, 0.5). The
//! requests go into the router itself, SQLite lies in memory where the system lets it, and PostgreSQL writes without waiting for a
//! disk (`scripts/postgres`): neither network nor disk, the same for both, cover what differs. What the measure is tried on, on
//! either database, is a few reads of it that only one of the two does.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use api_types::{
    B64,
    phones::{PhoneSignIn, StartPhoneSignIn},
    recovery::{RecoveryStarted, StartRecovery, VerifyRecovery},
    sessions::Carrier,
    sign_in::{FinishSignIn, SignInStarted, StartSignIn},
    sign_up::{AskSignUpCode, CheckSignUpCode, SignUpCodeAsked},
};
use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Request, StatusCode, header},
};
use crypto::{
    account::RecoveryKit,
    ids::Hash32,
    opaque::{Password, login_start, registration_start},
};
use server::{
    clock::{HOUR, MINUTE},
    router::router,
    storage::accounts,
};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::{
    harness::Server,
    honest_client::clinic,
    mail_server::nowhere,
    person::{founder, rng},
    phone_sign_in::signs_in_by,
    phones::{NUMBER, OTHER},
    sms_gateway::{Gateway, Mood},
};

/// Samples of each kind: one standard error of the area is √(1/(6·500)), about 0.018.
const SAMPLES: usize = 500;
/// So far from a coin an area may be: five standard errors, as a row that is there or isn't can make a few. Reads of the
/// database, of 50 µs each in a request of a few milliseconds, move it further.
const FAR: f64 = 0.1;
/// As many as an account that is there would cost more, if they weren't made for one that isn't.
const READS: usize = 4;

const KNOWN: &str = "ann@clinic.example";
/// Where the accounts are known, and where they aren't.
const HOME: &str = "127.0.0.1";
const ELSEWHERE: &str = "203.0.113.9";

/// The probability that one of `a` is longer than one of `b`.
fn area(a: &[f64], b: &[f64]) -> f64 {
    let longer = |x: &f64| b.iter().map(|y| if x > y { 1.0 } else { f64::from(u8::from(x == y)) / 2.0 }).sum::<f64>();
    a.iter().map(longer).sum::<f64>() / (a.len() * b.len()) as f64
}

fn told_apart(what: &str, [known, unknown]: [Vec<f64>; 2]) -> bool {
    let area = area(&known, &unknown);
    println!("{what}: {area:.3} (0.5 tells nothing)");
    (area - 0.5).abs() > FAR
}

/// A server, and requests that go straight into it.
struct Probe {
    server: Server,
    router: Router,
}

struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answered {
    fn json<T: serde::de::DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{} {:?}", self.status, self.body))
    }

    /// The code of a refusal; nothing where it is none.
    fn code(&self) -> String {
        if self.status.is_success() {
            return String::new();
        }
        self.json::<serde_json::Value>()["code"].as_str().unwrap().to_owned()
    }
}

/// In memory, where there is such a folder.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn request(path: &str, from: &str, body: &impl serde::Serialize) -> Request<Body> {
    let request = Request::post(format!("/api/v1{path}")).header(header::CONTENT_TYPE, "application/json");
    let request = request.header("x-forwarded-for", from).extension(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 9))));
    request.body(Body::from(serde_json::to_vec(body).unwrap())).unwrap()
}

impl Probe {
    async fn ask(&self, request: Request<Body>) -> Answered {
        let (head, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        Answered { status: head.status, headers: head.headers, body: to_bytes(body, usize::MAX).await.unwrap() }
    }

    /// Milliseconds that each of two requests takes until its answer, which has this code, in turn and in changing order. So long
    /// passes by the server's clock before each: nobody waits for delays. What else is done for one of them is timed with it.
    async fn measure(
        &self,
        passes: i64,
        code: &str,
        prepare: impl AsyncFn(usize) -> Request<Body>,
        and: impl AsyncFn(usize),
    ) -> [Vec<f64>; 2] {
        let mut times = [Vec::new(), Vec::new()];
        for i in 0..SAMPLES {
            for which in [i % 2, 1 - i % 2] {
                self.server.state.clock.advance(passes);
                let request = prepare(which).await;
                let started = Instant::now();
                let answered = self.ask(request).await;
                and(which).await;
                times[which].push(milliseconds(started.elapsed()));
                assert_eq!(answered.code(), code, "{:?}", answered.body);
            }
        }
        times
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

async fn nothing(_: usize) {}

/// A clinic with a phone that signs in, on a server that asks no gateway for long.
async fn probe() -> Probe {
    let gateway = Gateway::start().await;
    let mut sms = gateway.config();
    sms.daily = 1_000_000;
    let server = Server::start_in(folder(), |config| {
        config.sms = Some(sms);
        config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let [_, _, ann] = clinic(&server).await;
    signs_in_by(&gateway, &ann, NUMBER).await;
    // Codes that are sent would be work beside the requests.
    gateway.is(Mood::Hangs);
    let router = router(server.state.clone());
    Probe { server, router }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_an_answer_does_not_tell_whether_an_account_exists() {
    let probe = probe().await;
    let emails = [KNOWN, "nobody@example.org"];
    let start = login_start(&Password::new("not the right password").unwrap(), &mut rng()).unwrap();
    let sign_in = |from: &str, which: usize| {
        let credential_request = B64(start.message.clone());
        request("/sign-in/start", from, &StartSignIn { email: emails[which].to_owned(), credential_request })
    };
    let recovery = |from: &str, which: usize| {
        request("/recovery/start", from, &StartRecovery { email: emails[which].to_owned(), split: None })
    };
    // At home first: an address is known for a month, and days pass here.
    for from in [HOME, ELSEWHERE] {
        let times = probe.measure(6 * MINUTE, "", async |which| sign_in(from, which), nothing).await;
        assert!(!told_apart(&format!("sign-in from {from}"), times));
        let times = probe.measure(16 * MINUTE, "", async |which| recovery(from, which), nothing).await;
        assert!(!told_apart(&format!("recovery from {from}"), times));
    }

    // What isn't the right answer to that. A client can't tell either whether it would have been right.
    let finish = async |which: usize| {
        let started: SignInStarted = probe.ask(sign_in(ELSEWHERE, which)).await.json();
        let body = FinishSignIn {
            sign_in_id: started.sign_in_id,
            credential_finalization: B64(vec![0; 64]),
            second_factor: None,
            carrier: Carrier::Bearer,
            device: "test".into(),
        };
        request("/sign-in/finish", ELSEWHERE, &body)
    };
    assert!(!told_apart("sign-in, finished", probe.measure(6 * MINUTE, "sign_in_failed", finish, nothing).await));

    let kit = RecoveryKit::generate(&mut rng());
    let registration = registration_start(&Password::new("another password entirely").unwrap(), &mut rng()).unwrap();
    let verify = async |which: usize| {
        let started: RecoveryStarted = probe.ask(recovery(ELSEWHERE, which)).await.json();
        let challenge = Hash32(started.challenge.0.try_into().unwrap());
        let account = crypto::ids::AccountId(started.pseudonym.0);
        let body = VerifyRecovery {
            recovery_id: started.recovery_id,
            signature: B64::from(kit.prove(probe.server.instance(), account, challenge).as_bytes()),
            registration_request: B64(registration.message.clone()),
            second_factor: None,
        };
        request("/recovery/verify", ELSEWHERE, &body)
    };
    assert!(!told_apart("recovery, proved", probe.measure(16 * MINUTE, "recovery_failed", verify, nothing).await));

    // One of the two also reads in the database.
    let read = async |which: usize| {
        for _ in 0..if which == 0 { READS } else { 0 } {
            accounts::id_by_email(probe.server.state.db.read(), KNOWN).await.unwrap();
        }
    };
    let times = probe.measure(6 * MINUTE, "", async |which| sign_in(ELSEWHERE, which), read).await;
    assert!(told_apart("some reads more", times), "the measure can find something");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_an_answer_does_not_tell_whether_a_number_signs_in() {
    let probe = probe().await;
    let numbers = [NUMBER, OTHER];
    let start = |from: &str, which: usize| {
        request("/sign-in/phone/start", from, &StartPhoneSignIn { number: numbers[which].to_owned() })
    };
    let times = probe.measure(25 * HOUR, "", async |which| start(ELSEWHERE, which), nothing).await;
    assert!(!told_apart("a phone's code", times));

    let types = async |which: usize| {
        let started = probe.ask(start(ELSEWHERE, which)).await;
        let cookie = started.headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        // No code is that.
        let body =
            PhoneSignIn { code: "12345".into(), second_factor: None, carrier: Carrier::Bearer, device: "test".into() };
        let mut typed = request("/sign-in/phone", ELSEWHERE, &body);
        typed.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
        typed
    };
    let times = probe.measure(25 * HOUR, "phone_code_wrong", types, nothing).await;
    assert!(!told_apart("a phone's code, typed", times));
}

/// A server that mails codes to nowhere, with an administrator.
async fn mailing() -> (Probe, String) {
    let server = Server::start_in(folder(), |config| {
        config.mail = Some(nowhere());
        config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let ada = founder(&server).await;
    let router = router(server.state.clone());
    (Probe { server, router }, ada.applicant.email)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_a_code_at_sign_up_does_not_tell_whether_an_account_exists() {
    let (probe, known) = mailing().await;
    let emails = [known.as_str(), "nobody@example.org"];
    let ask = |which: usize| {
        let body = AskSignUpCode { email: emails[which].to_owned(), invitation: None };
        request("/sign-up/code", ELSEWHERE, &body)
    };
    let times = probe.measure(11 * MINUTE, "", async |which| ask(which), nothing).await;
    assert!(!told_apart("asking for a code", times));

    let types = async |which: usize| {
        let asked: SignUpCodeAsked = probe.ask(ask(which)).await.json();
        // No code is that.
        request("/sign-up/code/check", ELSEWHERE, &CheckSignUpCode { secret: asked.secret, code: "1234567".into() })
    };
    let times = probe.measure(11 * MINUTE, "sign_up_code_wrong", types, nothing).await;
    assert!(!told_apart("a code at sign-up, typed", times));
}
