//! A server of its own for each test: a temporary folder, a random loopback port, and plain HTTP requests.
//!
//! On SQLite, or, with `TEST_POSTGRES_URL` (someone who may create databases, without a database's name:
//! `postgres://postgres@127.0.0.1:5432`), on a PostgreSQL database of its own. Blobs lie in its folder, or, with `TEST_S3`,
//! under a prefix of its own in a bucket.

use std::net::TcpListener;

use reqwest::{Method, StatusCode, header::HeaderMap};
use serde::Serialize;
use serde_json::Value;
use server::{
    AppState,
    config::{Config, Origin, SessionLimits},
    serve,
};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle};

use crate::s3;

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
            mail: None,
            identity_providers: Vec::new(),
            sms: None,
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

/// The database of a folder: the same again after a restart.
pub async fn database(data: &std::path::Path) -> String {
    use sea_orm::{ConnectionTrait, Database};
    let Ok(url) = std::env::var("TEST_POSTGRES_URL") else { return server::cli::default_database(data) };
    let name = format!("hs_{}", hex::encode(&server::random::token_hash(&data.display().to_string())[..8]));
    let admin = Database::connect(format!("{url}/postgres")).await.unwrap();
    // It exists after a restart; whatever else is wrong shows when the server connects.
    let _ = admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await;
    admin.close().await.unwrap();
    format!("{url}/{name}")
}
