//! A file through the server beside a bare copy over the same loopback: `transfer ORIGIN EMAIL BYTES ROUNDS`, the password on
//! standard input. Prints the seconds of each as JSON, a round a line. For benchmarks; not part of what is installed.
//!
//! What is sent was sealed before: the segments of the honest client's upload are held back, and sent while the time is
//! taken; what comes back is counted and not opened. The other side (`transfer sink FOLDER`) writes the same requests'
//! bodies to files, syncs them and answers, and sends them back: no session, no database, no hash, nothing recorded. Both
//! are asked by the same HTTP client, with as many requests at once.

use std::{
    error::Error,
    fs,
    io::{BufRead, BufReader, Read, Write},
    mem,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use api_types::{
    ReportId,
    audit::{Action, READ_REQUEST},
    sessions::Carrier,
};
use axum::{
    Router,
    body::Body,
    extract::{Path as UrlPath, State},
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
    routing::put,
};
use bytes::Bytes;
use client::{
    Client, Device, NoSecondFactor, PatientChoice, Platform, SystemClock, Vault,
    bulk::{
        Control,
        native::{FileBulk, FileSource},
    },
    content::ReportFields,
    native::BlockingPool,
    transport::{Method, Request, Response, Streaming, Transport, TransportError, native::HttpTransport},
};
use crypto::{audit::what, format::Geometry};
use futures::{StreamExt, TryStreamExt, stream};
use tokio::io::{AsyncWriteExt, BufWriter};
use tokio_util::io::ReaderStream;

type Failed = Box<dyn Error + Send + Sync>;

/// Requests at once, as many as the client's own pipeline makes.
const AT_ONCE: usize = 4;
/// Bytes that the sink writes and reads at a time.
const PIECE: usize = 1024 * 1024;

/// HTTP, but segments that would be sent stay here.
struct Holding {
    http: HttpTransport,
    held: Mutex<Vec<Request>>,
}

impl Holding {
    fn take(&self) -> Vec<Request> {
        mem::take(&mut *self.held.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Transport for Holding {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        if request.method == Method::Put && request.path.contains("/segments/") {
            self.held.lock().unwrap_or_else(PoisonError::into_inner).push(request);
            return Ok(Response { status: 204, headers: Vec::new(), body: Bytes::new() });
        }
        self.http.send(request).await
    }

    async fn stream(&self, request: Request) -> Result<Streaming, TransportError> {
        self.http.stream(request).await
    }

    async fn fetch_public(&self, path: &str, limit: usize) -> Result<Response, TransportError> {
        self.http.fetch_public(path, limit).await
    }

    fn set_token(&self, token: Option<&str>) {
        self.http.set_token(token);
    }
}

/// The native platform over it.
struct Ready(Holding, FileBulk);

impl Platform for Ready {
    type Transport = Holding;
    type Environment = SystemClock;
    type Heavy = BlockingPool;
    type Bulk = FileBulk;

    fn transport(&self) -> &Holding {
        &self.0
    }

    fn environment(&self) -> &SystemClock {
        &SystemClock
    }

    fn heavy(&self) -> &BlockingPool {
        &BlockingPool
    }

    fn bulk(&self) -> &FileBulk {
        &self.1
    }
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["sink", folder] => sink(Path::new(folder)).await,
        [origin, email, bytes, rounds] => measure(origin, email, bytes.parse()?, rounds.parse()?).await,
        _ => Err("usage: transfer ORIGIN EMAIL BYTES ROUNDS".into()),
    }
}

async fn measure(origin: &str, email: &str, len: u64, rounds: u32) -> Result<(), Failed> {
    let mut password = String::new();
    std::io::stdin().lock().read_line(&mut password)?;
    let holding = Holding { http: HttpTransport::new(origin)?, held: Mutex::default() };
    let device = Device { carrier: Carrier::Bearer, name: "transfer".to_owned() };
    let vault = Client::new(Ready(holding, FileBulk::default()))
        .sign_in(email, password.trim_end(), device, &NoSecondFactor)
        .await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("file");
    write_random(&file, len)?;
    for round in 0..rounds {
        println!("{}", one_round(&vault, &file, len, round % 2 == 1).await?);
    }
    Ok(())
}

/// A file of so many bytes.
fn write_random(path: &Path, len: u64) -> Result<(), Failed> {
    let mut piece = Vec::with_capacity(PIECE);
    while piece.len() < PIECE {
        piece.extend(server::random::bytes::<32>().map_err(|error| error.to_string())?);
    }
    let mut file = fs::File::create(path)?;
    let mut left = len;
    while left > 0 {
        let some = left.min(PIECE as u64);
        file.write_all(&piece[..some as usize])?;
        left -= some;
    }
    Ok(file.sync_all()?)
}

/// Up and down, through the server and through a sink of its own, in turn which comes first.
async fn one_round(vault: &Vault<Ready>, file: &Path, len: u64, sink_first: bool) -> Result<serde_json::Value, Failed> {
    let sink = Sink::start()?;
    let held = vault.platform().transport();
    let draft = vault.begin_draft(PatientChoice::New, fields()).await?;
    draft.add_file("file.bin", &FileSource::Path(file.to_owned()), &Control::none()).await?;
    let sent = held.take();
    let again: Vec<Request> = sent.iter().map(|request| get(request.path.clone(), Vec::new())).collect();
    let (server, bare) = (&held.http, &sink.http);
    let [upload, bare_upload] = both(sink_first, (server, sent.clone()), (bare, sent), 0).await?;
    let report = draft.complete().await?.id;
    let geometry = Geometry::of_plaintext(len)?;
    let (parts, back) = (parts(vault, &report, &geometry), geometry.ciphertext_len());
    let [download, bare_download] = both(sink_first, (server, parts), (bare, again), back).await?;
    Ok(serde_json::json!({
        "upload": upload, "bare_upload": bare_upload, "download": download, "bare_download": bare_download,
    }))
}

fn fields() -> ReportFields {
    let text = |text: &str| text.to_owned();
    ReportFields { title: text("Transfer"), patient_name: text("Bench"), ..ReportFields::default() }
}

/// A request for each segment of a report's one file.
fn parts(vault: &Vault<Ready>, report: &ReportId, geometry: &Geometry) -> Vec<Request> {
    let signed = vault.sign_request(Action::Open, Some(report), &what::part(1, 1, 0));
    let segments = (0..geometry.segments()).filter_map(|n| geometry.segment_ciphertext(n));
    let request = |range: std::ops::Range<u64>| {
        let range = ("range", format!("bytes={}-{}", range.start, range.end - 1));
        let path = format!("/api/v1/reports/{report}/versions/1/revisions/0/parts/1");
        get(path, vec![range, (READ_REQUEST, signed.as_str().to_owned())])
    };
    segments.map(request).collect()
}

fn get(path: String, headers: Vec<(&'static str, String)>) -> Request {
    Request { method: Method::Get, path, headers, body: None }
}

/// The seconds that the server takes and those that the sink takes. So many bytes must come back from each.
async fn both(
    sink_first: bool,
    server: (&HttpTransport, Vec<Request>),
    sink: (&HttpTransport, Vec<Request>),
    back: u64,
) -> Result<[f64; 2], Failed> {
    if sink_first {
        let bare = timed(sink, back).await?;
        return Ok([timed(server, back).await?, bare]);
    }
    Ok([timed(server, back).await?, timed(sink, back).await?])
}

async fn timed((http, requests): (&HttpTransport, Vec<Request>), back: u64) -> Result<f64, Failed> {
    // Nobody waits for what another wrote before.
    Command::new("sync").status()?;
    let received = AtomicU64::new(0);
    let counted = &received;
    let started = Instant::now();
    let all = stream::iter(requests).map(Ok::<_, Failed>);
    all.try_for_each_concurrent(AT_ONCE, |request| async move {
        counted.fetch_add(ask(http, request).await?, Ordering::Relaxed);
        Ok::<_, Failed>(())
    })
    .await?;
    let took = started.elapsed().as_secs_f64();
    match received.into_inner() {
        came if came == back => Ok(took),
        came => Err(format!("{came} bytes came instead of {back}").into()),
    }
}

/// The length of the answer.
async fn ask(http: &HttpTransport, request: Request) -> Result<u64, Failed> {
    let asked = format!("{request:?}");
    let answer = http.send(request).await?;
    match answer.status {
        200..300 => Ok(answer.body.len() as u64),
        status => Err(format!("{asked}: {status}").into()),
    }
}

/// A process that takes what it is sent and gives it back; it ends with this one.
struct Sink {
    http: HttpTransport,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Sink {
    fn start() -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("sink").arg(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut address = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut address)?;
        }
        Ok(Self { http: HttpTransport::new(address.trim())?, child, _folder: folder })
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // It has nothing that anybody needs.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves until its standard input ends.
async fn sink(folder: &Path) -> Result<(), Failed> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let app = Router::new().route("/{*path}", put(store).get(load)).with_state(folder.to_owned());
    println!("http://{}", listener.local_addr()?);
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    tokio::select! {
        served = async { axum::serve(listener, app).await } => served?,
        _ = ended => {}
    }
    Ok(())
}

/// Why a request to the sink fails.
struct SinkError(Failed);

impl<E: Into<Failed>> From<E> for SinkError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for SinkError {
    fn into_response(self) -> axum::response::Response {
        eprintln!("{}", self.0);
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

fn place(folder: &Path, path: &str) -> PathBuf {
    folder.join(path.replace('/', "_"))
}

async fn store(
    State(folder): State<PathBuf>,
    UrlPath(path): UrlPath<String>,
    body: Body,
) -> Result<StatusCode, SinkError> {
    let mut file = BufWriter::with_capacity(PIECE, tokio::fs::File::create(place(&folder, &path)).await?);
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        file.write_all(&piece?).await?;
    }
    file.flush().await?;
    file.get_ref().sync_all().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn load(State(folder): State<PathBuf>, UrlPath(path): UrlPath<String>) -> Result<(HeaderMap, Body), SinkError> {
    let file = tokio::fs::File::open(place(&folder, &path)).await?;
    let headers = HeaderMap::from_iter([(header::CONTENT_LENGTH, file.metadata().await?.len().into())]);
    Ok((headers, Body::from_stream(ReaderStream::with_capacity(file, PIECE))))
}
