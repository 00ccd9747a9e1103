//! Servers that share a PostgreSQL, a bucket and their secrets: in this process, or programs of their own. And what passes each
//! connection on to one of them, as a load balancer without stickiness does.

use std::{
    fs,
    net::Ipv4Addr,
    path::Path,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use api_types::accounts::Role;
use client::{Client, SignUp, native::Native, transport::native::HttpTransport};
use server::{
    config::{Config, Origin},
    database_url::DatabaseUrl,
};
use tempfile::TempDir;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::{
    harness::Server,
    honest_client::{PASSWORD, Person, device},
    log_kill::Program,
    postgres, s3,
};

/// What servers share.
pub struct Place {
    pub url: DatabaseUrl,
    pub balancer: Balancer,
    endpoint: String,
    bucket: String,
}

impl Place {
    /// An empty one. `None`, said loudly, where there is no PostgreSQL or no S3.
    pub async fn new() -> Option<Self> {
        let endpoint = s3::endpoint()?;
        let url = DatabaseUrl::parse(&postgres::database("").await?).unwrap();
        let bucket = format!("s3://tests/{}", hex::encode(server::random::bytes::<8>().unwrap()));
        Some(Self { url, balancer: Balancer::new().await, endpoint, bucket })
    }

    /// Under which people reach all of them.
    pub fn origin(&self) -> String {
        format!("http://localhost:{}", self.balancer.port)
    }

    /// What each is told.
    pub fn tell(&self, config: &mut Config) {
        config.database_url = self.url.clone();
        config.blobs = s3::bucket(&self.endpoint, &self.bucket, s3::ACCESS);
        config.origin = Origin::parse(&self.origin()).unwrap();
        config.address_factor = 100;
    }

    /// The first one, which makes the secrets.
    pub async fn first(&self, change: impl FnOnce(&mut Config)) -> Server {
        self.start(tempfile::tempdir().unwrap(), change).await
    }

    /// One more, with the secrets of another.
    pub async fn more(&self, like: &Server, change: impl FnOnce(&mut Config)) -> Server {
        self.beside(&like.state.config.data, change).await
    }

    /// One more, with the secrets of one whose data folder that is.
    pub async fn beside(&self, data: &Path, change: impl FnOnce(&mut Config)) -> Server {
        let folder = tempfile::tempdir().unwrap();
        copy_secrets(data, folder.path());
        self.start(folder, change).await
    }

    async fn start(&self, folder: TempDir, change: impl FnOnce(&mut Config)) -> Server {
        let told = |config: &mut Config| {
            self.tell(config);
            change(config);
        };
        let server = Server::start_in(folder, told).await;
        self.balancer.add(port_of(&server.origin));
        server
    }

    /// A client whose every request may reach another server.
    pub fn client(&self) -> Client<Native> {
        let transport = HttpTransport::with_client(fresh_connections(), &self.origin()).unwrap();
        Client::new(Native::with_transport(transport))
    }

    /// Signs up by the balancer.
    pub async fn join(&self, name: &str, email: &str, role: Role, token: Option<&str>) -> Person {
        let client = self.client();
        let kit = client.new_kit();
        let sign_up = SignUp { name, email, password: PASSWORD, role, kit: &kit, token, device: device() };
        client.sign_up(sign_up).await.unwrap()
    }

    /// A program of its own on a folder and a port.
    pub fn program(&self, data: &Path, port: u16) -> Program {
        let mut command = Command::new(env!("CARGO_BIN_EXE_healthsecure"));
        command
            .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--origin", &self.origin()])
            .args(["--blobs", &self.bucket, "--blobs-endpoint", &self.endpoint, "--address-factor", "100", "--data"])
            .arg(data)
            .env("HEALTHSECURE_DATABASE", self.url.expose())
            .env("AWS_ACCESS_KEY_ID", s3::ACCESS.0)
            .env("AWS_SECRET_ACCESS_KEY", s3::ACCESS.1)
            .env("RUST_LOG", "error");
        Program::run(command)
    }
}

/// As an operator does for one server more.
pub fn copy_secrets(from: &Path, to: &Path) {
    fs::create_dir_all(to.join("secrets")).unwrap();
    for entry in fs::read_dir(from.join("secrets")).unwrap().flatten() {
        fs::copy(entry.path(), to.join("secrets").join(entry.file_name())).unwrap();
    }
}

/// Makes a connection for each request.
pub fn fresh_connections() -> reqwest::Client {
    reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap()
}

pub fn port_of(origin: &str) -> u16 {
    origin.rsplit_once(':').unwrap().1.parse().unwrap()
}

/// Passes each connection on to the next of those that take it.
pub struct Balancer {
    pub port: u16,
    backends: Arc<Mutex<Vec<u16>>>,
    passed: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Balancer {
    async fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (backends, passed) = (Arc::<Mutex<Vec<u16>>>::default(), Arc::<AtomicUsize>::default());
        let task = tokio::spawn(run(listener, Arc::clone(&backends), Arc::clone(&passed)));
        Self { port, backends, passed, task }
    }

    pub fn add(&self, port: u16) {
        self.backends.lock().unwrap().push(port);
    }

    /// Connections so far.
    pub fn passed(&self) -> usize {
        self.passed.load(Ordering::SeqCst)
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(listener: TcpListener, backends: Arc<Mutex<Vec<u16>>>, passed: Arc<AtomicUsize>) {
    while let Ok((client, _)) = listener.accept().await {
        let turn = passed.fetch_add(1, Ordering::SeqCst);
        let mut targets = backends.lock().unwrap().clone();
        if !targets.is_empty() {
            let first = turn % targets.len();
            targets.rotate_left(first);
        }
        tokio::spawn(pass(client, targets));
    }
}

async fn pass(mut client: TcpStream, targets: Vec<u16>) {
    for port in targets {
        if let Ok(mut server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
            let _ = copy_bidirectional(&mut client, &mut server).await;
            return;
        }
    }
}
