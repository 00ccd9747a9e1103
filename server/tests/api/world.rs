//! A server in this process, and people with real keys and sessions.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use api_types::{
    AccountId, ErrorCode, Problem, SessionId,
    accounts::{AccountStatus, Role},
    sessions::Carrier,
};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, Response, StatusCode, header},
};
use crypto::{
    account::{AccountKey, KeyChain, Keyring},
    rand_core::UnwrapErr,
    stretch::spare_the_cost,
};
use serde::{Serialize, de::DeserializeOwned};
use server::{
    AppState,
    config::{Config, Origin, SessionLimits},
    middleware::{Address, Caller},
    router::router,
    services::sessions::{self, Begun},
    state::StartError,
    storage::{
        accounts::{self, AccountRow},
        blobs::{BlobsConfig, MARKER},
        key_records, policies,
    },
};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tower::ServiceExt;

use crate::{harness::database, lists, reading::Signer, s3};

/// Where its people sign in.
const HERE: Caller = Caller { from: Address(IpAddr::V4(Ipv4Addr::LOCALHOST)), device: None };

pub type Rng = UnwrapErr<getrandom::SysRng>;

pub fn rng() -> Rng {
    UnwrapErr(getrandom::SysRng)
}

/// A server on a folder of its own.
pub struct World {
    pub state: AppState,
    pub folder: TempDir,
    router: Router,
    people: AtomicU32,
    requests: AtomicU32,
    /// By token.
    signers: Mutex<HashMap<String, Signer>>,
}

/// Someone with an account, keys and a bearer session.
pub struct Person {
    pub id: AccountId,
    pub session: SessionId,
    pub token: String,
    pub keyring: Keyring,
    pub chain: KeyChain,
    pub ak: AccountKey,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json<T: DeserializeOwned>(&self) -> T {
        assert!(self.status.is_success(), "{}: {}", self.status, String::from_utf8_lossy(&self.body));
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn ok(&self) {
        assert!(self.status.is_success(), "{}: {}", self.status, String::from_utf8_lossy(&self.body));
    }

    pub fn problem(&self) -> Problem {
        assert!(!self.status.is_success(), "expected a refusal, got {}", self.status);
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}: no problem body", self.status))
    }

    pub fn code(&self) -> ErrorCode {
        self.problem().code
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// With a configuration of the test's making.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = Self::open(&folder, change).await.unwrap();
        Self {
            router: router(state.clone()),
            state,
            folder,
            people: AtomicU32::new(0),
            requests: AtomicU32::new(0),
            signers: Mutex::default(),
        }
    }

    /// What the server is at its start, on a folder that exists or not.
    pub async fn open(folder: &TempDir, change: impl FnOnce(&mut Config)) -> Result<AppState, StartError> {
        spare_the_cost();
        let mut config = config(folder).await;
        change(&mut config);
        AppState::open(config).await
    }

    pub async fn doctor(&self) -> Person {
        self.person(Role::Doctor, AccountStatus::Active).await
    }

    pub async fn patient(&self) -> Person {
        self.person(Role::Patient, AccountStatus::Active).await
    }

    pub async fn person(&self, role: Role, status: AccountStatus) -> Person {
        let n = self.people.fetch_add(1, Ordering::Relaxed);
        let now = self.state.clock.now();
        let (keyring, record) = Keyring::create(now, &mut rng());
        let chain = KeyChain::verify(vec![record.clone()]).unwrap();
        let id = AccountId(chain.account().0);
        let row = AccountRow {
            id,
            email: format!("p{n}@example.org"),
            email_key: format!("p{n}@example.org"),
            name: format!("Person {n}"),
            name_key: format!("person {n}"),
            role,
            status,
            keyring: vec![1],
            client_state: vec![1],
            client_state_counter: 0,
            approval: None,
            invited_by: None,
            created_at: now,
            last_seen_at: None,
            email_verified_at: None,
        };
        let tx = self.state.db.begin_write().await.unwrap();
        let label = self.state.labels.label(&row.email_key).unwrap();
        accounts::insert(tx.conn(), row, label).await.unwrap();
        key_records::insert(tx.conn(), id, 0, record.as_bytes(), now).await.unwrap();
        let begun =
            sessions::begin(&self.state, &tx, id, (Carrier::Bearer, "test".into()), HERE, sessions::Proved::default())
                .await
                .unwrap();
        tx.commit().await.unwrap();
        let ak = AccountKey::generate(&mut rng());
        self.signs(&begun, &keyring);
        Person { id, session: begun.row.id, token: begun.token, keyring, chain, ak }
    }

    /// Another session of someone; its id and token.
    pub async fn session(&self, who: &Person) -> (SessionId, String) {
        let tx = self.state.db.begin_write().await.unwrap();
        let begun = sessions::begin(
            &self.state,
            &tx,
            who.id,
            (Carrier::Bearer, "test".into()),
            HERE,
            sessions::Proved::default(),
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        self.signs(&begun, &who.keyring);
        (begun.row.id, begun.token)
    }

    /// From the next request on these roles need a second factor, and no others.
    pub async fn need_second_factor(&self, roles: &[Role]) {
        let tx = self.state.db.begin_write().await.unwrap();
        policies::put_second_factor_roles(tx.conn(), roles, self.state.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        self.state.sessions.forget_all();
    }

    fn signs(&self, begun: &Begun, keyring: &Keyring) {
        let signer = Signer { account: begun.row.account, session: begun.row.id, keys: keyring.current().clone() };
        self.signers.lock().unwrap().insert(begun.token.clone(), signer);
    }

    /// An API token stands in a session's place.
    pub fn signs_by(&self, token: &str, signer: Signer) {
        self.signers.lock().unwrap().insert(token.to_owned(), signer);
    }

    /// Who reads in a session.
    pub fn signer(&self, token: &str) -> Option<Signer> {
        self.signers.lock().unwrap().get(token).cloned()
    }

    pub async fn get(&self, who: &Person, path: &str) -> Answer {
        self.send(Some(who), Method::GET, path, &[], Body::empty()).await
    }

    pub async fn delete(&self, who: &Person, path: &str) -> Answer {
        self.send(Some(who), Method::DELETE, path, &[], Body::empty()).await
    }

    pub async fn post(&self, who: &Person, path: &str, body: &impl Serialize) -> Answer {
        self.json(who, Method::POST, path, body).await
    }

    pub async fn put(&self, who: &Person, path: &str, body: &impl Serialize) -> Answer {
        self.json(who, Method::PUT, path, body).await
    }

    async fn json(&self, who: &Person, method: Method, path: &str, body: &impl Serialize) -> Answer {
        let body = Body::from(serde_json::to_vec(body).unwrap());
        self.send(Some(who), method, path, &[("content-type", "application/json")], body).await
    }

    pub async fn send(
        &self,
        who: Option<&Person>,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Answer {
        self.send_as(who.map(|person| &person.token[..]), method, path, headers, body).await
    }

    /// With a token instead of a person.
    pub async fn send_as(
        &self,
        token: Option<&str>,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Answer {
        let changes = method != Method::GET;
        let mut request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let response = self.begin(request.body(body).unwrap()).await;
        let (parts, body) = response.into_parts();
        let endless = parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
        let body =
            if endless { Bytes::new() } else { axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default() };
        if changes && parts.status.is_success() {
            lists::agree(self.state.db.read()).await;
        }
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// A request that goes on by itself until its handle is aborted, as one of a client that left.
    pub fn spawn(self: &Arc<Self>, request: Request<Body>) -> JoinHandle<Response<Body>> {
        let world = Arc::clone(self);
        tokio::spawn(async move { world.begin(request).await })
    }

    /// A request of any making; its answer's body is the caller's to read.
    pub async fn begin(&self, mut request: Request<Body>) -> Response<Body> {
        // Each request from an address of its own: throttling is tested elsewhere.
        let n = self.requests.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        self.sign_reading(&mut request);
        request.extensions_mut().insert(ConnectInfo(std::net::SocketAddr::from(([10, n[1], n[2], n[3]], 1))));
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// [`blobs_of`] its store.
    pub fn blobs(&self) -> usize {
        blobs_of(&self.state.config)
    }
}

/// Blobs in the store; in a folder also what isn't whole.
pub fn blobs_of(config: &Config) -> usize {
    fn count(folder: &Path) -> usize {
        let entries = std::fs::read_dir(folder).unwrap().flatten();
        let blobs = entries.filter(|entry| entry.file_name() != MARKER);
        blobs.map(|e| if e.path().is_dir() { count(&e.path()) } else { 1 }).sum()
    }
    match config.blobs {
        BlobsConfig::Folder => count(&config.data.join("blobs")),
        BlobsConfig::S3(_) => s3::keys(config).len(),
    }
}

async fn config(folder: &TempDir) -> Config {
    let (data, blobs) = (folder.path().to_owned(), s3::usual(folder.path()));
    Config { data, blobs, database_url: database(folder.path()).await, ..plain_config() }
}

/// The configuration of a server that nobody reaches; where its data lies is for the test to say.
pub fn plain_config() -> Config {
    Config {
        data: PathBuf::new(),
        blobs: BlobsConfig::Folder,
        listen: ([127, 0, 0, 1], 0).into(),
        origin: Origin::parse("http://localhost:3000").unwrap(),
        database_url: server::cli::default_database(Path::new("nowhere")),
        open_sign_up: true,
        name: "Test".into(),
        tls: None,
        trusted_proxies: Vec::new(),
        address_factor: 1,
        sessions: SessionLimits::default(),
        witnesses: Vec::new(),
        keep_events: None,
        keep: Default::default(),
        quota: None,
        mail: None,
        identity_providers: Vec::new(),
        sms: None,
        backup: None,
        scrub: None,
    }
}
