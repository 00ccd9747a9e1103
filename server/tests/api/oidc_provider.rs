//! Against a real provider: npm `oidc-provider` on a loopback port, driven as a browser would, with its own cookies,
//! redirects and sign-in page.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use api_types::{accounts::Role, identities::IdentityPurpose, sign_in::SignedIn, sign_up::FinishSignUp};
use reqwest::{Method, Url, header};
use serde_json::json;
use server::oidc;

use crate::{
    harness::Server,
    identity_provider::Browser,
    person::{Applicant, founder},
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
            "accounts": { "ann": { "email": "ann@clinic.example", "email_verified": true, "name": "Ann Example" } },
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
    let query = at_the_provider(url, name).await;
    let query: Vec<_> = query.iter().map(|(name, value)| (&name[..], &value[..])).collect();
    browser.back(server, &query).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_provider_makes_an_account_and_signs_in_to_it() {
    if !installed() {
        return;
    }
    let mut node = None;
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with(|config| {
        let started = Node::start(config.origin.as_str());
        config.identity_providers = oidc::read(&started.file(folder.path())).unwrap();
        node = Some(started);
    })
    .await;
    founder(&server).await;
    let mut browser = Browser::default();
    assert_eq!(goes(&server, &mut browser, "decline").await, "/sign-in#identity=identity_denied");
    assert_eq!(goes(&server, &mut browser, "ann").await, "/sign-up#identity=verified");
    let applicant = Applicant { email: "ann@clinic.example".into(), ..Applicant::new("Ann Example", Role::Patient) };
    let body = FinishSignUp { identity: true, ..applicant.prepare(&server, None).await.unwrap() };
    let made = browser.send(&server, server.request(Method::POST, "/api/v1/sign-up").json(&body)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(goes(&server, &mut browser, "ann").await, "/sign-in#identity=verified");
    let signed_in: SignedIn = browser.sign_in(&server, None).await.body();
    assert_eq!(signed_in.account.public.id, applicant.id());
}
