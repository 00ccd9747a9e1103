//! Against a real provider: npm `oidc-provider` on a loopback port, driven as a browser would, with its own cookies,
//! redirects and sign-in page; and the same where what it hands out was changed (`identity_lies.mjs`).

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use api_types::{accounts::Role, identities::IdentityPurpose, sign_in::SignedIn, sign_up::FinishSignUp};
use entities::{accounts, identity_tickets, sessions};
use reqwest::{Method, StatusCode, Url, header};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};
use server::{
    clock::{MINUTE, now_ms},
    oidc,
};

use crate::{
    harness::Server,
    identity_provider::{Browser, CLIENT},
    person::{Applicant, Person, founder},
};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Whether it is installed (`npm ci`); where CI runs it must be.
fn installed() -> bool {
    let there = Path::new(ROOT).join("node_modules/oidc-provider").is_dir();
    let node = Command::new("node").arg("--version").stdout(Stdio::null()).status();
    if there && node.is_ok_and(|status| status.success()) {
        return true;
    }
    assert!(std::env::var_os("CI").is_none(), "npm's oidc-provider is missing: npm ci");
    eprintln!("\n*** SKIPPED: no sign-in against a real identity provider without npm's oidc-provider (npm ci) ***\n");
    false
}

struct Node {
    child: Child,
    _stdin: ChildStdin,
    /// It ends where nobody hears what it says later.
    _stdout: BufReader<ChildStdout>,
    issuer: String,
}

impl Node {
    /// Starts it for a server that will be at this origin.
    fn start(origin: &str) -> Self {
        let told = json!({
            "redirect": format!("{origin}{}", oidc::callback("work")),
            "accounts": {
                "ann": { "email": "ann@clinic.example", "email_verified": true, "name": "Ann Example" },
                "ben": { "email": "ben@clinic.example", "email_verified": true, "name": "Ben Example" },
            },
        });
        let mut command = Command::new("node");
        command.arg(Path::new(ROOT).join("end2end/support/identity_provider.mjs")).arg(told.to_string());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("{\"issuer\"") {
            line.clear();
            assert!(stdout.read_line(&mut line).unwrap() > 0, "the provider ended");
        }
        let said: serde_json::Value = serde_json::from_str(&line).unwrap();
        let stdin = child.stdin.take().unwrap();
        Self { child, _stdin: stdin, _stdout: stdout, issuer: said["issuer"].as_str().unwrap().to_owned() }
    }

    /// Has it lie from now on; with nothing it is honest.
    async fn says(&self, lie: &Value) {
        let told = reqwest::Client::new().put(format!("{}/lie", self.issuer)).json(lie).send().await.unwrap();
        assert_eq!(told.status(), StatusCode::NO_CONTENT, "{lie}");
    }

    /// The file that an operator writes.
    fn file(&self, folder: &Path) -> PathBuf {
        std::fs::write(folder.join("secret"), "seven quiet doormen\n").unwrap();
        let file = folder.join("providers.toml");
        let mut written = std::fs::File::create(&file).unwrap();
        writeln!(
            written,
            "[[provider]]\nid = \"work\"\nname = \"Work\"\nissuer = \"{}\"\nclient_id = \"healthsecure\"\n\
             client_secret_file = \"secret\"",
            self.issuer
        )
        .unwrap();
        file
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a browser does at the provider, until it is sent back; gives the query of that.
async fn at_the_provider(url: Url, name: &str) -> Vec<(String, String)> {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let mut cookies = BTreeMap::new();
    let mut next = url.clone();
    next.query_pairs_mut().append_pair("login_hint", name);
    for _ in 0..10 {
        let sent: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = http.get(next.clone()).header(header::COOKIE, sent.join("; ")).send().await.unwrap();
        for set in answer.headers().get_all(header::SET_COOKIE) {
            let (name, value) = set.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            cookies.insert(name.to_owned(), value.to_owned());
        }
        assert!(answer.status().is_redirection(), "{} {}", answer.status(), answer.text().await.unwrap());
        next = next.join(answer.headers()[header::LOCATION].to_str().unwrap()).unwrap();
        if next.path() == oidc::callback("work") {
            return next.query_pairs().into_owned().collect();
        }
    }
    panic!("it never came back");
}

async fn goes(server: &Server, browser: &mut Browser, name: &str) -> String {
    let url = browser.start(server, IdentityPurpose::SignIn, None).await;
    brings(server, browser, &at_the_provider(url, name).await).await
}

const TO_SIGN_IN: &str = "/sign-in#identity=verified";
const TO_SIGN_UP: &str = "/sign-up#identity=verified";
const REFUSED: &str = "/sign-in#identity=identity_refused";
const MISMATCH: &str = "/sign-in#identity=identity_state_mismatch";

/// A server that asks a provider of its own, and its administrator.
async fn beside(folder: &Path) -> (Server, Node, Person) {
    let mut node = None;
    let server = Server::start_with(|config| {
        let started = Node::start(config.origin.as_str());
        config.identity_providers = oidc::read(&started.file(folder)).unwrap();
        node = Some(started);
    })
    .await;
    let ada = founder(&server).await;
    (server, node.unwrap(), ada)
}

/// Ann, who was at the provider, makes her account.
async fn ann_signs_up(server: &Server, browser: &mut Browser) -> Applicant {
    let applicant = Applicant { email: "ann@clinic.example".into(), ..Applicant::new("Ann Example", Role::Patient) };
    let body = FinishSignUp { identity: true, ..applicant.prepare(server, None).await.unwrap() };
    let made = browser.send(server, server.request(Method::POST, "/api/v1/sign-up").json(&body)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    applicant
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_provider_makes_an_account_and_signs_in_to_it() {
    if !installed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (server, _node, _) = beside(folder.path()).await;
    let mut browser = Browser::default();
    assert_eq!(goes(&server, &mut browser, "decline").await, "/sign-in#identity=identity_denied");
    assert_eq!(goes(&server, &mut browser, "ann").await, TO_SIGN_UP);
    let applicant = ann_signs_up(&server, &mut browser).await;
    assert_eq!(goes(&server, &mut browser, "ann").await, TO_SIGN_IN);
    let signed_in: SignedIn = browser.sign_in(&server, None).await.body();
    assert_eq!(signed_in.account.public.id, applicant.id());
}

/// In what the provider's token isn't for this sign-in, for which fault it is refused, and what the provider is told to hand out.
fn lies() -> [(&'static str, &'static str, Value); 15] {
    let now = now_ms() / 1000;
    let claims = |claims: Value| json!({ "claims": claims });
    let signing = |signing: &str| json!({ "signing": signing });
    [
        ("another nonce", "nonce", claims(json!({ "nonce": "another" }))),
        ("no nonce", "nonce", claims(json!({ "nonce": null }))),
        ("another client's", "audience", claims(json!({ "aud": "somebody-else" }))),
        ("another client's as well", "audience", claims(json!({ "aud": [CLIENT, "somebody-else"] }))),
        ("for another party", "audience", claims(json!({ "azp": "somebody-else" }))),
        ("its time is over", "expired", claims(json!({ "exp": now - 1 }))),
        ("made long ago", "expired", claims(json!({ "iat": now - 3600 }))),
        ("another issuer's", "issuer", claims(json!({ "iss": "https://accounts.example.org" }))),
        ("about somebody else", "other", claims(json!({ "sub": "carol" }))),
        ("not signed", "unsigned", signing("not")),
        ("signed with the client's secret", "algorithm", signing("with the secret")),
        ("by another key of that name", "signature", signing("by another")),
        ("by a key that the provider doesn't name", "key", signing("by another of another name")),
        ("a flipped bit", "signature", signing("with a flipped bit")),
        ("no token", "malformed", json!({ "silent": true })),
    ]
}

/// Who has an account, who is signed in, and what waits to become either.
async fn counted(server: &Server) -> [u64; 3] {
    let conn = server.state.db.read();
    let (accounts, sessions) = (accounts::Entity::find().count(conn), sessions::Entity::find().count(conn));
    let waiting = identity_tickets::Entity::find().count(conn);
    [accounts.await.unwrap(), sessions.await.unwrap(), waiting.await.unwrap()]
}

/// The faults that the audit names, oldest first.
async fn faults(server: &Server, ada: &Person) -> Vec<String> {
    let events = server.get("/admin/events?action=sign_in", Some(&ada.token)).await.json();
    let subjects = events["items"].as_array().unwrap().iter().rev().filter_map(|event| event["subject"].as_str());
    subjects.filter(|subject| subject.contains("reason=")).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_providers_token_that_was_changed_is_refused_for_its_fault() {
    if !installed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (server, node, ada) = beside(folder.path()).await;
    let mut browser = Browser::default();
    assert_eq!(goes(&server, &mut browser, "ann").await, TO_SIGN_UP);
    ann_signs_up(&server, &mut browser).await;
    let before = counted(&server).await;
    let mut expected = Vec::new();
    for (what, reason, lie) in lies() {
        node.says(&lie).await;
        // Whoever has an account would be signed in, and whoever has none could make one.
        for name in ["ann", "ben"] {
            let mut browser = Browser::default();
            assert_eq!(goes(&server, &mut browser, name).await, REFUSED, "{what}");
            assert_eq!(browser.cookie, None, "{what}: nothing waits for this browser");
            assert_eq!(browser.sign_in(&server, None).await.code(), "identity_expired", "{what}");
            expected.push(format!("way=identity provider=work reason={reason} code=identity_refused"));
        }
        assert_eq!(counted(&server).await, before, "{what}");
        // So many at once would be slowed down.
        server.state.clock.advance(MINUTE);
    }
    assert_eq!(faults(&server, &ada).await, expected);

    node.says(&json!({})).await;
    assert_eq!(goes(&server, &mut Browser::default(), "ben").await, TO_SIGN_UP, "and honestly it works");
    let mut browser = Browser::default();
    assert_eq!(goes(&server, &mut browser, "ann").await, TO_SIGN_IN);
    assert_eq!(browser.sign_in(&server, None).await.status, StatusCode::OK);
}

/// What a browser brings back from the provider, with another value, or none.
fn changed(query: &[(String, String)], name: &str, value: Option<&str>) -> Vec<(String, String)> {
    let others = query.iter().filter(|(known, _)| known != name).cloned();
    others.chain(value.map(|value| (name.to_owned(), value.to_owned()))).collect()
}

async fn brings(server: &Server, browser: &mut Browser, query: &[(String, String)]) -> String {
    let query: Vec<_> = query.iter().map(|(name, value)| (&name[..], &value[..])).collect();
    browser.back(server, &query).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_providers_answer_that_belongs_to_no_sign_in_is_refused() {
    if !installed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (server, _node, _) = beside(folder.path()).await;
    let before = counted(&server).await;
    let answers = [
        ("another state", "state", Some("another"), MISMATCH),
        ("no state", "state", None, MISMATCH),
        ("another issuer", "iss", Some("https://accounts.example.org"), REFUSED),
        ("a code that the provider never gave", "code", Some("made-up"), REFUSED),
        ("no code", "code", None, REFUSED),
    ];
    for (what, name, value, told) in answers {
        let mut browser = Browser::default();
        let url = browser.start(&server, IdentityPurpose::SignIn, None).await;
        let query = changed(&at_the_provider(url, "ann").await, name, value);
        assert_eq!(brings(&server, &mut browser, &query).await, told, "{what}");
        assert_eq!(browser.sign_in(&server, None).await.code(), "identity_expired", "{what}");
        assert_eq!(counted(&server).await, before, "{what}");
    }

    // A code of the provider's own, brought by a browser that another challenge was made for.
    let (mut one, mut other) = (Browser::default(), Browser::default());
    let to_one = one.start(&server, IdentityPurpose::SignIn, None).await;
    let to_other = other.start(&server, IdentityPurpose::SignIn, None).await;
    let (ones, others) = (at_the_provider(to_one, "ann").await, at_the_provider(to_other, "ann").await);
    let code = others.iter().find(|(name, _)| name == "code").map(|(_, code)| &code[..]);
    assert_eq!(brings(&server, &mut one, &changed(&ones, "code", code)).await, REFUSED);
    assert_eq!(counted(&server).await, before);

    assert_eq!(goes(&server, &mut Browser::default(), "ann").await, TO_SIGN_UP, "and honestly it works");
}
