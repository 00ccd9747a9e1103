//! A server double: the contract's bodies over a map, no checks that a client must make itself. It can be told to lie: a
//! closure changes an answer on its way out.

mod access;
pub mod accounts;
pub mod devices;
pub mod escrow;
mod invent;
pub mod keys;
pub mod log;
pub mod passkeys;
mod reports;
mod seal;
pub mod teams;

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering},
    },
};

use api_types::{
    AccountId, B64, ErrorCode, GrantId, PlaceholderId, Problem, ReportId, TeamId, UploadId, WayInId,
    accounts::{AccountStatus, Role, WayIn},
    audit::READ_REQUEST,
    closing::Closing,
    devices::ReportDevice,
    escrow::EndedEscrowKey,
    grants::Wrap,
    invitations::Invitation,
    reports::NewVersion,
    sessions::Session,
    uploads::CreateUpload,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use client::{
    Client, Device, Environment, Memory, Platform, SignUp, Vault,
    bulk::memory::MemoryBulk,
    heavy::Inline,
    transport::{Method, Request, Response, Streaming, Transport, TransportError},
};
use crypto::{opaque::OpaqueServer, secret::SecretBytes};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::sync::Notify;

pub type Rng = client::Rng;

pub fn rng() -> Rng {
    crypto_rng()
}

fn crypto_rng() -> Rng {
    rand_core::UnwrapErr(getrandom::SysRng)
}

pub fn random<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    rand_core::Rng::fill_bytes(&mut rng(), &mut out);
    out
}

#[derive(Clone)]
pub struct Account {
    pub name: String,
    pub email: String,
    pub role: Role,
    pub status: AccountStatus,
    pub key_records: Vec<B64>,
    pub approval: Option<B64>,
    /// What closed it.
    pub closing: Option<Closing>,
    pub ways_in: Vec<WayIn>,
    pub keyring: B64,
    pub state: B64,
    pub counter: u64,
    pub organisation_wrap: Option<B64>,
    pub opaque: Vec<u8>,
}

/// An emergency contact of an account.
pub struct Trusted {
    pub owner: AccountId,
    pub contact: AccountId,
    pub way_in: WayInId,
    pub statement: B64,
    pub sealed: B64,
}

/// How an account split its recovery.
pub struct SplitRecovery {
    pub owner: AccountId,
    pub way_in: WayInId,
    pub statement: B64,
    /// The sealed shares, by who holds them.
    pub shares: Vec<(AccountId, B64)>,
}

pub struct Upload {
    pub asked: CreateUpload,
    pub segments: BTreeMap<u32, Bytes>,
}

pub struct Revision {
    pub body: NewVersion,
    pub parts: Vec<Vec<u8>>,
}

#[derive(Default)]
pub struct Report {
    pub genesis: B64,
    pub entries: Vec<B64>,
    /// By version; the last is current.
    pub versions: BTreeMap<u32, Vec<Revision>>,
    pub wraps: Vec<Wrap>,
    pub seeds: BTreeMap<GrantId, B64>,
    pub sealed_seeds: BTreeMap<GrantId, B64>,
    pub tries: BTreeMap<GrantId, u32>,
    pub due: BTreeSet<u32>,
    /// Nothing but the chain is given out.
    pub erased: bool,
    pub cursor: u64,
}

#[derive(Default)]
pub struct Db {
    pub organisation: Option<B64>,
    pub accounts: BTreeMap<AccountId, Account>,
    pub sessions: BTreeMap<String, (AccountId, Session)>,
    pub logins: BTreeMap<Vec<u8>, (AccountId, SecretBytes)>,
    pub recoveries: BTreeMap<Vec<u8>, (AccountId, [u8; 32])>,
    pub drafts: BTreeMap<(ReportId, AccountId), (B64, u64)>,
    pub uploads: BTreeMap<UploadId, Upload>,
    pub reports: BTreeMap<ReportId, Report>,
    pub invitations: BTreeMap<String, Invitation>,
    pub arrived: BTreeMap<PlaceholderId, AccountId>,
    pub trusted: Vec<Trusted>,
    pub splits: Vec<SplitRecovery>,
    /// The escrow key that is offered.
    pub escrow_key: Option<B64>,
    /// The one that ended last.
    pub ended_escrow_key: Option<EndedEscrowKey>,
    pub escrows: Vec<escrow::Escrowed>,
    pub teams: BTreeMap<TeamId, teams::Team>,
    pub devices: Vec<ReportDevice>,
    /// The organisation's rules on how long reports are kept.
    pub retention_rules: Option<B64>,
    pub cursor: u64,
}

type Lie = Box<dyn Fn(&Request, &mut Value) + Send>;

/// Something that goes on beside a request.
pub type Meanwhile = Pin<Box<dyn Future<Output = ()> + Send>>;

pub struct Fake {
    pub db: Mutex<Db>,
    pub opaque: OpaqueServer,
    pub instance: [u8; 16],
    pub clock: AtomicI64,
    lie: Mutex<Option<Lie>>,
    /// The public log of events, empty until something happens.
    pub log: Mutex<log::Log>,
    /// The public log of keys.
    pub keys: Mutex<keys::Keys>,
    /// Segments that are still taken; then the connection breaks.
    pub segments_left: AtomicUsize,
    pub segments_sent: AtomicUsize,
    /// The next draft, or new keys, are taken, and the answer is lost.
    pub loses_answer: AtomicBool,
    /// The next version is taken, and the answer is lost.
    pub loses_version: AtomicBool,
    /// Whether the connection holds while a client state is sent.
    pub takes_state: AtomicBool,
    /// Answers to requests for a path that ends so are on their way until this is told.
    pub held: Mutex<Option<(&'static str, Arc<Notify>)>>,
    /// What somebody else does before the next request for a path that ends so is answered.
    pub meanwhile: Mutex<Option<(&'static str, Meanwhile)>>,
    /// Never answers.
    pub hangs: AtomicBool,
    pub asked: Mutex<Vec<String>>,
    /// Tokens that came with requests.
    pub bearers: Mutex<Vec<String>>,
    /// What readers signed.
    pub readings: Mutex<Vec<Vec<u8>>>,
}

pub type Answer = Result<Value, Problem>;

pub fn no(code: ErrorCode) -> Problem {
    Problem::new(code)
}

/// The same where the answer is bytes.
fn not_found() -> Response {
    let body = Bytes::from(serde_json::to_vec(&no(ErrorCode::NotFound)).unwrap());
    Response { status: 404, headers: Vec::new(), body }
}

pub fn json(body: &impl Serialize) -> Answer {
    Ok(serde_json::to_value(body).unwrap())
}

pub fn read<T: DeserializeOwned>(request: &Request) -> T {
    serde_json::from_slice(request.body.as_deref().unwrap_or_default()).unwrap()
}

impl Fake {
    pub fn new() -> Arc<Self> {
        crypto::stretch::spare_the_cost();
        let instance = random();
        let opaque = OpaqueServer::generate(crypto::ids::InstanceId(instance), &mut rng());
        Arc::new(Self {
            db: Mutex::default(),
            opaque,
            instance,
            clock: AtomicI64::new(1_700_000_000_000),
            lie: Mutex::new(None),
            log: Mutex::default(),
            keys: Mutex::new(keys::Keys::new(true)),
            segments_left: AtomicUsize::new(usize::MAX),
            segments_sent: AtomicUsize::new(0),
            loses_answer: AtomicBool::new(false),
            loses_version: AtomicBool::new(false),
            takes_state: AtomicBool::new(true),
            held: Mutex::default(),
            meanwhile: Mutex::default(),
            hangs: AtomicBool::new(false),
            asked: Mutex::default(),
            bearers: Mutex::default(),
            readings: Mutex::default(),
        })
    }

    pub fn db(&self) -> MutexGuard<'_, Db> {
        self.db.lock().unwrap()
    }

    /// Of an account's client state.
    pub fn counter(&self, account: &AccountId) -> u64 {
        self.db().accounts[account].counter
    }

    pub fn now(&self) -> i64 {
        self.clock.load(Ordering::Relaxed)
    }

    pub fn pass(&self, ms: i64) {
        self.clock.fetch_add(ms, Ordering::Relaxed);
    }

    fn take_meanwhile(&self, path: &str) -> Option<Meanwhile> {
        self.meanwhile.lock().unwrap().take_if(|(end, _)| path.ends_with(*end)).map(|(_, meanwhile)| meanwhile)
    }

    /// From now on every answer goes through this.
    pub fn lie(&self, lie: impl Fn(&Request, &mut Value) + Send + 'static) {
        *self.lie.lock().unwrap() = Some(Box::new(lie));
    }

    pub fn be_honest(&self) {
        *self.lie.lock().unwrap() = None;
    }

    /// A client of this server with nothing remembered.
    pub fn client(self: &Arc<Self>) -> Client<World> {
        self.client_with(Memory::default())
    }

    pub fn client_with(self: &Arc<Self>, memory: Memory) -> Client<World> {
        Client::with_memory(World::new(self), memory)
    }

    /// Someone with an account.
    pub async fn person(self: &Arc<Self>, name: &str, role: Role) -> Vault<World> {
        let client = self.client();
        let kit = client.new_kit();
        let email = email(name);
        let sign_up =
            SignUp { name, email: &email, password: PASSWORD, role, kit: &kit, token: None, device: device() };
        let vault = client.sign_up(sign_up).await.unwrap();
        self.db().accounts.get_mut(&vault.account_id()).unwrap().status = AccountStatus::Active;
        vault
    }

    /// What readers have signed since this was last asked.
    pub fn signed_requests(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.readings.lock().unwrap())
    }

    fn handle(&self, request: &Request, token: Option<&str>) -> Answer {
        let signed = request.headers.iter().filter(|(name, _)| *name == READ_REQUEST);
        let signed = signed.map(|(_, value)| URL_SAFE_NO_PAD.decode(value).unwrap());
        self.readings.lock().unwrap().extend(signed);
        self.asked.lock().unwrap().push(format!("{request:?}"));
        self.bearers.lock().unwrap().extend(token.map(str::to_owned));
        let path = request.path.strip_prefix("/api/v1/").unwrap();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let parts: Vec<&str> = path.split('/').collect();
        if let Some(answer) = self.open_door(request, &parts, token) {
            return answer;
        }
        let me = self.db().sessions.get(token.unwrap_or_default()).cloned().ok_or(no(ErrorCode::SignedOut))?;
        self.events(request, &parts)
            .or_else(|| self.devices(request, &parts, &me.0))
            .or_else(|| self.people(request, &parts, query, &me))
            .or_else(|| self.passkeys(request, &parts, &me.0))
            .or_else(|| self.teams(request, &parts, &me.0))
            .or_else(|| self.escrow(request, &parts, &me.0))
            .or_else(|| self.drafts(request, &parts, &me.0))
            .or_else(|| self.reports(request, &parts, query, &me.0))
            .or_else(|| self.grants(request, &parts, &me))
            .unwrap_or_else(|| panic!("the double does not know {request:?}"))
    }
}

pub const PASSWORD: &str = "correct horse battery";

pub fn email(name: &str) -> String {
    format!("{}@clinic.example", name.to_lowercase().replace(' ', "."))
}

pub fn device() -> Device {
    Device { carrier: api_types::sessions::Carrier::Bearer, name: "test".to_owned() }
}

/// One client's connection.
pub struct Wire {
    server: Arc<Fake>,
    token: Mutex<Option<String>>,
}

impl Transport for Wire {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        // A real connection suspends; a double that never does would hide futures that can't be polled together.
        tokio::task::yield_now().await;
        if self.server.hangs.load(Ordering::Relaxed) {
            return std::future::pending().await;
        }
        if request.path.ends_with("/client-state") && !self.server.takes_state.load(Ordering::Relaxed) {
            return Err(TransportError::Offline);
        }
        if let Some(meanwhile) = self.server.take_meanwhile(&request.path) {
            meanwhile.await;
        }
        let token = self.token.lock().unwrap().clone();
        if let Some(raw) = self.server.raw(&request, token.as_deref())? {
            return Ok(raw);
        }
        let answer = self.server.handle(&request, token.as_deref());
        tokio::task::yield_now().await;
        let held = self.server.held.lock().unwrap().clone();
        if let Some((end, told)) = held
            && request.path.ends_with(end)
        {
            told.notified().await;
        }
        // A liar may answer where an honest server refuses.
        let mut value = answer.as_ref().map_or(Value::Null, Clone::clone);
        if answer.is_ok() {
            self.server.fill_keys(&request, &mut value);
        }
        if let Some(lie) = &*self.server.lie.lock().unwrap() {
            lie(&request, &mut value);
            self.server.fill_lies(&request, &mut value);
        }
        let is_draft = request.method == Method::Put && request.path.contains("/drafts/");
        let is_version = request.method == Method::Post && request.path.ends_with("/versions");
        if is_version && self.server.loses_version.swap(false, Ordering::Relaxed) {
            return Err(TransportError::Offline);
        }
        let may_be_lost = is_draft || request.path.ends_with("/account/keys");
        if may_be_lost && self.server.loses_answer.swap(false, Ordering::Relaxed) {
            return Err(TransportError::Offline);
        }
        let (status, body) = match answer {
            Err(problem) if value.is_null() => (problem.status, serde_json::to_vec(&problem).unwrap()),
            _ => (if value.is_null() { 204 } else { 200 }, serde_json::to_vec(&value).unwrap()),
        };
        let body = if status == 204 { Bytes::from_static(b"null") } else { Bytes::from(body) };
        Ok(Response { status, headers: Vec::new(), body })
    }

    async fn fetch_public(&self, path: &str, limit: usize) -> Result<Response, TransportError> {
        tokio::task::yield_now().await;
        self.server.public(path, limit)
    }

    async fn stream(&self, _: Request) -> Result<Streaming, TransportError> {
        Err(TransportError::Offline)
    }

    fn set_token(&self, token: Option<&str>) {
        *self.token.lock().unwrap() = token.map(str::to_owned);
    }
}

pub struct Clock(Arc<Fake>);

impl Environment for Clock {
    fn now(&self) -> i64 {
        self.0.now()
    }

    async fn pause(&self, milliseconds: u32) {
        tokio::task::yield_now().await;
        self.0.pass(milliseconds.into());
        self.0.publish_in_time();
    }
}

/// The platform of the tests.
pub struct World {
    wire: Wire,
    clock: Clock,
}

impl World {
    pub fn new(server: &Arc<Fake>) -> Self {
        let wire = Wire { server: Arc::clone(server), token: Mutex::default() };
        Self { wire, clock: Clock(Arc::clone(server)) }
    }
}

impl Platform for World {
    type Transport = Wire;
    type Environment = Clock;
    type Heavy = Inline;
    type Bulk = MemoryBulk;

    fn transport(&self) -> &Wire {
        &self.wire
    }

    fn environment(&self) -> &Clock {
        &self.clock
    }

    fn heavy(&self) -> &Inline {
        &Inline
    }

    fn bulk(&self) -> &MemoryBulk {
        &MemoryBulk
    }
}

impl Fake {
    /// Routes that carry bytes: segments in, parts out.
    fn raw(&self, request: &Request, _token: Option<&str>) -> Result<Option<Response>, TransportError> {
        let path = request.path.strip_prefix("/api/v1/").unwrap();
        let parts: Vec<&str> = path.split('/').collect();
        let empty = |status| Response { status, headers: Vec::new(), body: Bytes::new() };
        match (request.method, &parts[..]) {
            (Method::Put, ["uploads", id, "segments", n]) => {
                let left = self.segments_left.load(Ordering::Relaxed);
                if left == 0 {
                    return Err(TransportError::Offline);
                }
                self.segments_left.store(left - 1, Ordering::Relaxed);
                self.segments_sent.fetch_add(1, Ordering::Relaxed);
                let mut db = self.db();
                let Some(upload) = db.uploads.get_mut(&id.parse().unwrap()) else { return Ok(Some(not_found())) };
                upload.segments.insert(n.parse().unwrap(), request.body.clone().unwrap());
                Ok(Some(empty(204)))
            }
            (Method::Get, ["reports", id, "versions", v, "revisions", r, "parts", p]) => {
                let db = self.db();
                let report = &db.reports[&id.parse().unwrap()];
                let revision = report.versions[&v.parse::<u32>().unwrap()].last().unwrap();
                // Old ciphertext goes with the re-key.
                if revision.body.revision.to_string() != *r {
                    return Ok(Some(not_found()));
                }
                let part = &revision.parts[p.parse::<usize>().unwrap()];
                let range = request.headers.iter().find(|(n, _)| *n == "range").unwrap().1.clone();
                let (from, to) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
                let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
                // As far as it has them.
                let body = Bytes::copy_from_slice(part.get(from..part.len().min(to + 1)).unwrap_or_default());
                Ok(Some(Response { status: 206, headers: Vec::new(), body }))
            }
            _ => Ok(None),
        }
    }
}
