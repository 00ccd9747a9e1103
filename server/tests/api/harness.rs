//! A server of its own for each test: a temporary folder, a random loopback port, and plain HTTP requests.
//!
//! On SQLite, or, with `TEST_POSTGRES_URL` (someone who may create databases, without a database's name:
//! `postgres://postgres@127.0.0.1:5432`; `make test-postgres` sets it), on a PostgreSQL database of its own. Blobs lie in its folder, or,
//! with `TEST_S3`, under a prefix of its own in a bucket.

use std::{net::TcpListener, path::Path, sync::Once};

use crypto::stretch::spare_the_cost;
use reqwest::{Method, StatusCode, header::HeaderMap};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use serde::Serialize;
use serde_json::Value;
use server::{
    AppState,
    config::{Config, Origin, SessionLimits},
    database_url::DatabaseUrl,
    serve,
};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle};

use crate::{postgres, s3};

/// A running server.
pub struct Server {
    /// Its origin.
    pub origin: String,
    /// Its state: for the clock and for looking into the database.
    pub state: AppState,
    /// The token of its set-up link.
    pub set_up_token: String,
    http: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
    dir: TempDir,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body as text.
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {:?} {:?}", self.status, self.text))
    }

    /// The body as one of the API's types.
    pub fn body<T: serde::de::DeserializeOwned>(&self) -> T {
        assert!(self.status.is_success(), "{} {}", self.status, self.text);
        serde_json::from_str(&self.text).unwrap()
    }

    /// The code of a problem; panics where it isn't one in every respect.
    #[track_caller]
    pub fn code(&self) -> String {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{} {}", self.status, self.text);
        let problem = self.json();
        let code = problem["code"].as_str().unwrap().to_owned();
        assert_eq!(problem["status"], self.status.as_u16());
        assert_eq!(problem["type"], format!("urn:healthsecure:problem:{code}"));
        assert_eq!(problem["request_id"].as_str(), self.headers["x-request-id"].to_str().ok());
        code
    }
}

/// What a server warned of stands beside the failure of a test.
fn log_warnings() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let warnings = tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_writer(std::io::stderr);
        drop(warnings.try_init());
    });
}

impl Server {
    /// Starts one with the usual configuration.
    pub async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// Starts one with a configuration of the test's making.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), change).await
    }

    /// Starts one in a folder that exists.
    pub async fn start_in(dir: TempDir, change: impl FnOnce(&mut Config)) -> Self {
        log_warnings();
        spare_the_cost();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let origin = format!("http://localhost:{}", address.port());
        let data = dir.path().to_owned();
        let mut config = Config {
            database_url: database(&data).await,
            blobs: s3::usual(&data),
            data,
            listen: address,
            origin: Origin::parse(&origin).unwrap(),
            open_sign_up: true,
            name: "Test clinic".into(),
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
        };
        change(&mut config);
        let (stop, stopped) = oneshot::channel::<()>();
        let (ready, is_ready) = oneshot::channel();
        let task = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            let announce = |state: &AppState, link: Option<&str>| {
                drop(ready.send((state.clone(), link.map(str::to_owned))));
            };
            serve::serve(config, listener, stopped, announce).await.unwrap();
        });
        let (state, link) = is_ready.await.unwrap();
        let set_up_token = link.and_then(|l| Some(l.split_once("#setup=")?.1.to_owned())).unwrap_or_default();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { origin, state, set_up_token, http, stop: Some(stop), task: Some(task), dir }
    }

    /// Stops it in order and gives its folder back.
    pub async fn stop(mut self) -> TempDir {
        drop(self.stop.take());
        if let Some(task) = self.task.take() {
            task.await.unwrap();
        }
        self.dir
    }

    /// A request to be completed by hand; the path is below the origin.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.origin))
    }

    /// Sends it.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, text: response.text().await.unwrap() }
    }

    /// `GET` below `/api/v1`, with a bearer token or none.
    pub async fn get(&self, path: &str, token: Option<&str>) -> Answer {
        self.call(Method::GET, path, token, None::<&Value>).await
    }

    /// `POST` below `/api/v1`.
    pub async fn post(&self, path: &str, token: Option<&str>, body: &impl Serialize) -> Answer {
        self.call(Method::POST, path, token, Some(body)).await
    }

    /// `DELETE` below `/api/v1`.
    pub async fn delete(&self, path: &str, token: Option<&str>) -> Answer {
        self.call(Method::DELETE, path, token, None::<&Value>).await
    }

    /// Any method below `/api/v1`.
    pub async fn call(&self, method: Method, path: &str, token: Option<&str>, body: Option<&impl Serialize>) -> Answer {
        let mut request = self.request(method, &format!("/api/v1{path}"));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        self.send(request).await
    }

    /// The instance id.
    pub fn instance(&self) -> crypto::ids::InstanceId {
        crypto::ids::InstanceId(self.state.instance.instance_id)
    }
}

/// Whether all servers of the tests have their databases on PostgreSQL.
pub fn on_postgres() -> bool {
    std::env::var_os("TEST_POSTGRES_URL").is_some()
}

/// The database of a folder: the same again after a restart.
pub async fn database(data: &Path) -> DatabaseUrl {
    if !on_postgres() {
        return server::cli::default_database(data);
    }
    let name = database_name(data);
    let admin = postgres::connect("postgres").await;
    drop_left(&admin).await;
    // It exists after a restart; whatever else is wrong shows when the server connects.
    if admin.execute_unprepared(&format!("CREATE DATABASE {name} TEMPLATE template0")).await.is_ok() {
        let comment = format!("COMMENT ON DATABASE {name} IS '{}'", data.display());
        admin.execute_unprepared(&comment).await.unwrap();
    }
    admin.close().await.unwrap();
    DatabaseUrl::parse(&format!("{}/{name}", postgres::server().unwrap())).unwrap()
}

/// Whether a test, or a part of one, is left out here; if so, it says why.
pub fn left_out(here: bool, why: &str) -> bool {
    if here {
        eprintln!("SKIPPED: {why}");
    }
    here
}

/// Bytes in a statement.
pub fn literal(bytes: &[u8]) -> String {
    let digits = hex::encode(bytes);
    if on_postgres() { format!("'\\x{digits}'::bytea") } else { format!("x'{digits}'") }
}

/// So many zero bytes in a statement.
pub fn zeros(count: usize) -> String {
    literal(&vec![0; count])
}

/// Every value of every table but NULL, as bytes, by table and column.
pub async fn values(conn: &DatabaseConnection) -> Vec<(String, Vec<u8>)> {
    let backend = conn.get_database_backend();
    let query = |sql: String| conn.query_all_raw(Statement::from_string(backend, sql));
    let mut values = Vec::new();
    for table in tables(conn).await {
        let columns = match backend {
            DbBackend::Postgres => format!(
                "SELECT column_name::text, data_type::text FROM information_schema.columns \
                 WHERE table_schema = current_schema() AND table_name = '{table}'"
            ),
            _ => format!("SELECT name, type FROM pragma_table_info('{table}')"),
        };
        for row in query(columns).await.unwrap() {
            let [column, kind] = [0, 1].map(|n| row.try_get_by_index::<String>(n).unwrap());
            let shown = match (backend, kind.as_str()) {
                (DbBackend::Postgres, "bytea") => format!("\"{column}\""),
                (DbBackend::Postgres, _) => format!("convert_to(\"{column}\"::text, 'UTF8')"),
                _ => format!("CAST(\"{column}\" AS BLOB)"),
            };
            let sql = format!("SELECT {shown} FROM \"{table}\" WHERE \"{column}\" IS NOT NULL");
            for value in query(sql).await.unwrap() {
                values.push((format!("{table}.{column}"), value.try_get_by_index(0).unwrap()));
            }
        }
    }
    values
}

/// The names of all tables, and of none that migrations keep.
pub async fn tables(conn: &DatabaseConnection) -> Vec<String> {
    let backend = conn.get_database_backend();
    let sql = match backend {
        DbBackend::Postgres => "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()",
        _ => "SELECT name FROM sqlite_master WHERE type = 'table'",
    };
    let rows = conn.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
    let names = rows.iter().map(|row| row.try_get_by_index::<String>(0).unwrap());
    let mut names: Vec<_> = names.filter(|name| name != "seaql_migrations").collect();
    names.sort();
    names
}

/// Copies the database of a folder that nobody uses, where it doesn't lie in the folder itself.
pub async fn copy_database(from: &Path, to: &Path) {
    if on_postgres() {
        let (from, to) = (database_name(from), database_name(to));
        let admin = postgres::connect("postgres").await;
        let sql = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{from}'");
        admin.execute_unprepared(&sql).await.unwrap();
        admin.execute_unprepared(&format!("CREATE DATABASE {to} TEMPLATE {from}")).await.unwrap();
        admin.close().await.unwrap();
    }
}

fn database_name(data: &Path) -> String {
    format!("hs_{}", hex::encode(&server::random::token_hash(&data.display().to_string())[..8]))
}

/// Removes the databases of tests that have ended: their folders are gone.
async fn drop_left(admin: &DatabaseConnection) {
    let sql = "SELECT datname::text, shobj_description(oid, 'pg_database') FROM pg_database \
               WHERE shobj_description(oid, 'pg_database') LIKE '/%'";
    let rows = admin.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
    for row in rows {
        let (name, data): (String, String) = (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap());
        if !Path::new(&data).exists() {
            // Another test may be doing the same.
            let _ = admin.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        }
    }
}
