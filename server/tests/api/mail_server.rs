//! A real mail server (aiosmtpd) on a loopback port, and how a test's server is told of it.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    time::Duration,
};

use serde::Deserialize;
use server::{
    config::Config,
    mail::{MailConfig, MailOptions},
};
use tempfile::TempDir;
use tokio::sync::mpsc;

use crate::harness::Server;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const USER: &str = "clinic@example.org";
const SMTP_PASSWORD: &str = "marked-smtp-password";
/// How long a message may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long nothing must come.
const QUIET: Duration = Duration::from_millis(700);

/// How a mail server is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Smtp {
    Plain,
    StartTls,
    Tls,
}

/// A message that a mail server took.
#[derive(Debug, Clone, Deserialize)]
pub struct Mail {
    pub from: String,
    pub to: Vec<String>,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub raw: String,
    pub tls: bool,
    pub user: Option<String>,
}

impl Mail {
    pub fn header(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        let (_, value) = found.next().unwrap_or_else(|| panic!("no {name}: {:?}", self.headers));
        assert!(found.next().is_none(), "{name} twice: {:?}", self.headers);
        value
    }

    pub fn subject(&self) -> &str {
        self.header("Subject").strip_prefix("Test clinic: ").unwrap()
    }

    /// The token in the link of that page.
    pub fn token(&self, page: &str) -> String {
        let (_, rest) = self.body.split_once(page).unwrap_or_else(|| panic!("no {page} in {}", self.body));
        rest.split_whitespace().next().unwrap().to_owned()
    }
}

/// A running mail server; ends when dropped.
pub struct MailServer {
    pub port: u16,
    messages: mpsc::UnboundedReceiver<Mail>,
    child: Child,
    _stdin: ChildStdin,
}

/// Python with aiosmtpd. Where the tests' Python was installed it must have it; only a bare checkout goes without.
fn python() -> Option<PathBuf> {
    let named = std::env::var_os("HEALTHSECURE_PYTHON").map(PathBuf::from);
    let path = named.clone().unwrap_or_else(|| Path::new(ROOT).join(".tools/venv/bin/python"));
    let has = Command::new(&path).args(["-c", "import aiosmtpd, cryptography"]).stderr(Stdio::null()).status();
    if has.is_ok_and(|status| status.success()) {
        return Some(path);
    }
    assert!(named.is_none(), "{} has no aiosmtpd: install end2end/requirements.txt", path.display());
    eprintln!("\n*** SKIPPED: mail is not tested without Python's aiosmtpd (make setup) ***\n");
    None
}

fn script(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.arg(Path::new(ROOT).join("end2end/support/smtp_server.py"));
    command
}

/// What mail is tested with: certificates of its own. `None` where there is no Python.
pub struct Post {
    python: PathBuf,
    pub folder: TempDir,
}

impl Post {
    pub fn new() -> Option<Self> {
        let post = Self { python: python()?, folder: tempfile::tempdir().unwrap() };
        let made = script(&post.python).arg("certificates").arg(post.folder.path()).status().unwrap();
        assert!(made.success());
        Some(post)
    }

    /// A mail server that takes messages from one user.
    pub fn serve(&self, smtp: Smtp, port: u16, more: &[&str]) -> MailServer {
        let security = match smtp {
            Smtp::Plain => "plain",
            Smtp::StartTls => "starttls",
            Smtp::Tls => "tls",
        };
        let mut command = script(&self.python);
        command.args(["serve", "--security", security, "--port", &port.to_string(), "--certificates"]);
        command.arg(self.folder.path()).args(["--user", USER, "--password", SMTP_PASSWORD]).args(more);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first: serde_json::Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        let (sender, messages) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if sender.send(serde_json::from_str(&line).unwrap()).is_err() {
                    return;
                }
            }
        });
        let stdin = child.stdin.take().unwrap();
        MailServer { port: first["port"].as_u64().unwrap() as u16, messages, child, _stdin: stdin }
    }

    /// What a server is told of a mail server on a port.
    pub fn config(&self, smtp: Smtp, port: u16) -> MailConfig {
        self.config_at(smtp, port, "localhost", "ca.pem")
    }

    /// With another name for it, and another authority.
    pub fn config_at(&self, smtp: Smtp, port: u16, host: &str, ca: &str) -> MailConfig {
        let user = USER.replace('@', "%40");
        let url = match smtp {
            Smtp::Plain => format!("smtp://{user}@{host}:{port}?tls=none"),
            Smtp::StartTls => format!("smtp://{user}@{host}:{port}"),
            Smtp::Tls => format!("smtps://{user}@{host}:{port}"),
        };
        let options = MailOptions {
            smtp: Some(url),
            from: Some("Test clinic <no-reply@clinic.example>".into()),
            password: Some(SMTP_PASSWORD.to_owned().into()),
            ca: Some(self.folder.path().join(ca)),
            ..MailOptions::default()
        };
        options.config().unwrap().unwrap()
    }
}

impl MailServer {
    /// The next message.
    pub async fn next(&mut self) -> Mail {
        let next = tokio::time::timeout(PATIENCE, self.messages.recv()).await;
        next.expect("no message came").expect("the mail server ended")
    }

    /// Nothing more comes.
    pub async fn nothing(&mut self) {
        let more = tokio::time::timeout(QUIET, self.messages.recv()).await;
        assert!(more.is_err(), "unexpected: {more:?}");
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nothing listens on.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A mail server that isn't there.
pub fn nowhere() -> MailConfig {
    let options = MailOptions {
        smtp: Some(format!("smtp://localhost:{}?tls=none", free_port())),
        from: Some("no-reply@clinic.example".into()),
        ..MailOptions::default()
    };
    options.config().unwrap().unwrap()
}

/// A server with a mail server.
pub async fn with_mail(post: &Post, smtp: Smtp) -> (Server, MailServer) {
    with_mail_and(post, smtp, |_| ()).await
}

/// With a configuration of the test's making besides.
pub async fn with_mail_and(post: &Post, smtp: Smtp, change: impl FnOnce(&mut Config)) -> (Server, MailServer) {
    let mail = post.serve(smtp, 0, &[]);
    let config = post.config(smtp, mail.port);
    let server = Server::start_with(|it| {
        it.mail = Some(config);
        change(it);
    })
    .await;
    (server, mail)
}

/// Moves the clock on, and lets the outbox look.
pub fn later(server: &Server, by: i64) {
    server.state.clock.advance(by);
    server.state.db.mail().notify_one();
}

/// What lies in the outbox, given up or not: kind, attempts, whether it was given up.
pub async fn outbox(server: &Server) -> Vec<(String, i32, bool)> {
    use sea_orm::{EntityTrait, QueryOrder};
    let query = entities::outbox::Entity::find().order_by_asc(entities::outbox::Column::CreatedAt);
    let rows = query.all(server.state.db.read()).await.unwrap();
    rows.into_iter().map(|row| (row.kind, row.attempts, row.failed_at.is_some())).collect()
}

/// Waits until the outbox is as it should be.
pub async fn until_outbox(server: &Server, is: impl Fn(&[(String, i32, bool)]) -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let rows = outbox(server).await;
        if is(&rows) {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "{rows:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
