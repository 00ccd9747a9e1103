//! The program itself: what it prints, how it starts and ends, and what it doesn't log.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::json;

use crate::mail_server::free_port;

const TLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/tls");
/// So often a port is looked for.
const STARTS: usize = 3;

/// A started program; killed when dropped.
pub struct Program {
    child: Child,
    first_line: String,
    started_in: Duration,
    pub origin: String,
    /// What it prints after the first line.
    links: std::sync::mpsc::Receiver<String>,
}

impl Program {
    pub fn start(data: &std::path::Path, more: &[&str]) -> Self {
        Self::start_under(&[], data, more)
    }

    /// With these variables in its environment. A port that was free may have been taken meanwhile, by the test beside this one.
    fn start_under(environment: &[(&str, &str)], data: &std::path::Path, more: &[&str]) -> Self {
        let mut said = String::new();
        for _ in 0..STARTS {
            said = match Self::try_start(environment, data, more) {
                Ok(program) => return program,
                Err(said) => said,
            };
            assert!(said.contains("listening on 127.0.0.1:"), "it doesn't start: {said}");
        }
        panic!("it doesn't start, {STARTS} times: {said}");
    }

    /// Once; what it logged, where it ends before it is ready.
    fn try_start(environment: &[(&str, &str)], data: &std::path::Path, more: &[&str]) -> Result<Self, String> {
        let port = free_port();
        crypto::stretch::spare_the_cost();
        let begun = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_healthsecure"))
            .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"])
            .arg(data)
            .args(more)
            .env("RUST_LOG", "trace")
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut first_line = String::new();
        // To the end of the line, or of the program.
        lines.read_line(&mut first_line).unwrap();
        if !first_line.ends_with('\n') {
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            child.wait().unwrap();
            return Err(said);
        }
        let started_in = begun.elapsed();
        let (sender, links) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let origin = first_line.trim().rsplit(' ').next().unwrap_or_default().to_owned();
        Ok(Self { child, first_line, started_in, origin, links })
    }

    /// Of the link that makes the first administrator.
    fn set_up_token(&self) -> String {
        let printed = || self.links.recv_timeout(Duration::from_secs(10)).unwrap();
        let mut lines = std::iter::from_fn(|| Some(printed()));
        lines.find_map(|line| Some(line.split_once("#setup=")?.1.to_owned())).unwrap()
    }

    /// Asks it to end; gives what it logged.
    pub fn terminate(mut self) -> String {
        let ended = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(ended.success());
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        assert!(self.child.wait().unwrap().success(), "{log}");
        log
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_when_it_is_ready_and_ends_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let program = Program::start(&data, &[]);
    assert!(program.first_line.starts_with("HealthSecure is ready at http://localhost:"), "{}", program.first_line);
    let answer = reqwest::get(format!("{}/readyz", program.origin)).await.unwrap();
    assert_eq!(answer.status(), 200);
    println!("ready after {:?}", program.started_in);
    // Ten times the promised half second: this may be an unoptimised build on a busy machine.
    assert!(program.started_in < Duration::from_secs(5), "{:?}", program.started_in);

    let second = Command::new(env!("CARGO_BIN_EXE_healthsecure"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    assert!(!second.status.success());
    assert!(String::from_utf8_lossy(&second.stderr).contains("another healthsecure uses"));
    program.terminate();
    Program::start(&data, &[]).terminate();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_may_be_named_as_hosts_name_it() {
    for name in ["DATABASE_URL", "HEALTHSECURE_DATABASE_URL"] {
        let folder = tempfile::tempdir().unwrap();
        let (data, file) = (folder.path().join("data"), folder.path().join("elsewhere.db"));
        let url = format!("sqlite:{}", file.display());
        let program = Program::start_under(&[(name, &url)], &data, &[]);
        let answer = reqwest::get(format!("{}/readyz", program.origin)).await.unwrap();
        assert_eq!(answer.status(), 200, "{name}");
        program.terminate();
        assert!(file.is_file() && !data.join("healthsecure.db").exists(), "{name}");
        let (data, other) = (folder.path().join("other"), folder.path().join("other.db"));
        let typed = format!("sqlite:{}", other.display());
        Program::start_under(&[(name, &url)], &data, &["--database", &typed]).terminate();
        assert!(other.is_file(), "what is said on the command line counts before {name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_log_holds_no_bodies_queries_tokens_or_addresses() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&folder.path().join("data"), &[]);
    let http = reqwest::Client::new();
    let url = |path: &str| format!("{}/api/v1{path}", program.origin);
    let body = json!({ "email": "marked-email@example.org", "credential_request": "bWFya2Vk" });
    http.post(url("/sign-in/start")).json(&body).send().await.unwrap();
    http.post(url("/invitations/look-up")).json(&json!({ "token": "marked-token" })).send().await.unwrap();
    http.get(url("/accounts?email=marked-query@example.org")).bearer_auth("marked-bearer").send().await.unwrap();
    let cookie = "__Host-session=marked-cookie";
    http.get(url("/session")).header("cookie", cookie).header("x-marked", "marked-header").send().await.unwrap();
    http.get(url("/reports/marked-path")).send().await.unwrap();
    let log = program.terminate();
    assert!(log.contains("/api/v1/sign-in/start") && log.contains("answered"), "it logs requests at all: {log}");
    for line in log.lines() {
        assert!(!line.contains("marked") && !line.contains("bWFya2Vk") && !line.contains("127.0.0.1"), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_log_tells_of_mail_without_addresses_names_and_passwords() {
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, "marked-smtp-password").unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let smtp = format!("smtp://marked-user@localhost:{port}");
    let mail = ["--smtp", &smtp, "--smtp-password-file", &password.display().to_string()].map(str::to_owned);
    let mut args: Vec<&str> = mail.iter().map(String::as_str).collect();
    args.extend(["--mail-from", "Marked Sender <marked-from@clinic.example>"]);
    let program = Program::start(&folder.path().join("data"), &args);
    let client = client::Client::new(client::native::Native::new(&program.origin).unwrap());
    let (token, kit) = (program.set_up_token(), client.new_kit());
    let device = crate::honest_client::device();
    let sign_up = client::SignUp {
        name: "Marked Name",
        email: "marked-email@clinic.example",
        password: crate::honest_client::PASSWORD,
        role: api_types::accounts::Role::Administrator,
        kit: &kit,
        token: Some(&token),
        device,
    };
    client.sign_up(sign_up).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let log = program.terminate();
    assert!(log.contains("mail was not taken") && log.contains("email_verification"), "{log}");
    for line in log.lines() {
        assert!(!line.to_lowercase().contains("marked"), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_serves_tls_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = (format!("{TLS}/cert.pem"), format!("{TLS}/key.pem"));
    let program = Program::start(&folder.path().join("data"), &["--tls-cert", &cert, "--tls-key", &key]);
    assert!(program.origin.starts_with("https://localhost:"), "{}", program.first_line);
    let http = reqwest::Client::builder().danger_accept_invalid_certs(true).build().unwrap();
    let answer = http.get(format!("{}/api/v1/instance", program.origin)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
    program.terminate();
}

#[test]
fn accounts_without_their_keys_are_not_served() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    Program::start(&data, &[]).terminate();
    std::fs::write(data.join("secrets/opaque-server-setup"), b"something else").unwrap();
    let refused = Command::new(env!("CARGO_BIN_EXE_healthsecure"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("opaque-server-setup is damaged"), "{said}");
}
