//! How much memory the program takes while many upload at once. Linux alone says it.
#![cfg(target_os = "linux")]

use std::{path::Path, sync::Arc, time::Duration};

use api_types::{
    UploadId,
    accounts::Role,
    limits::SEGMENT_PLAIN,
    uploads::{CONTENT_DIGEST, CreateUpload, Upload},
};
use bytes::Bytes;
use client::{Client, PatientChoice, SignUp, content::ReportFields, native::Native};
use crypto::format::Geometry;
use futures::{
    StreamExt,
    future::{join, join_all},
    stream,
};
use tokio::{sync::Barrier, time::timeout};

use crate::{
    honest_client::{PASSWORD, Person, device},
    log_kill::Program,
    mail_server::free_port,
    s3,
    sealing::digest,
};

/// Uploads at once, of two people: one session may send fewer.
const UPLOADS: usize = 20;
/// What the program may take then, in KiB.
const MOST: u64 = 128 * 1024;
/// Until all of them have a segment on its way, and until the server has it.
const PATIENCE: Duration = Duration::from_secs(120);
/// Segments of each upload.
const SEGMENTS: u64 = 3;

/// The program, and where it listens.
struct Served {
    program: Program,
    origin: String,
}

impl Served {
    fn start(data: &Path, more: &[String]) -> Self {
        let port = free_port();
        Self { program: Program::start_with(data, port, more), origin: format!("http://localhost:{port}") }
    }

    /// `VmRSS`: KiB now; `VmHWM`: the most that it ever had.
    fn memory(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.program.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    async fn join(&self, name: &str, role: Role, token: Option<&str>) -> Person {
        let client = Client::new(Native::new(&self.origin).unwrap());
        let kit = client.new_kit();
        let email = format!("{}@clinic.example", name.to_lowercase());
        let sign_up = SignUp { name, email: &email, password: PASSWORD, role, kit: &kit, token, device: device() };
        client.sign_up(sign_up).await.unwrap()
    }
}

/// One upload, as its sender knows it.
struct Sending {
    http: reqwest::Client,
    origin: String,
    token: String,
    geometry: Geometry,
    id: UploadId,
}

impl Sending {
    async fn begin(program: &Served, person: &Person, draft: api_types::ReportId, part: u32) -> Self {
        let geometry = Geometry::of_plaintext(SEGMENTS * SEGMENT_PLAIN - 5).unwrap();
        let body =
            CreateUpload { report_id: draft, version: 1, revision: 0, part, ciphertext_len: geometry.ciphertext_len() };
        let (http, token) = (reqwest::Client::new(), person.token().unwrap().to_owned());
        let url = format!("{}/api/v1/uploads", program.origin);
        let answer = http.post(url).bearer_auth(&token).json(&body).send().await.unwrap();
        let upload: Upload = answer.error_for_status().unwrap().json().await.unwrap();
        Self { http, origin: program.origin.clone(), token, geometry, id: upload.id }
    }

    /// Sends a segment; the last byte of it only when all have come so far.
    async fn send(&self, n: u64, nearly: &Arc<Barrier>, all: &Arc<Barrier>) {
        let range = self.geometry.segment_ciphertext(n).unwrap();
        let bytes = Bytes::from(vec![n as u8; (range.end - range.start) as usize]);
        let said = digest(&bytes);
        let (most, last) = (bytes.slice(..bytes.len() - 1), bytes.slice(bytes.len() - 1..));
        let piece = |start: usize| Ok(most.slice(start..most.len().min(start + 100_000)));
        let pieces: Vec<_> = (0..most.len()).step_by(100_000).map(piece).collect();
        let (nearly, all) = (Arc::clone(nearly), Arc::clone(all));
        let end = stream::once(async move {
            nearly.wait().await;
            all.wait().await;
            Ok::<_, std::io::Error>(last)
        });
        let url = format!("{}/api/v1/uploads/{}/segments/{n}", self.origin, self.id);
        let request = self.http.put(url).bearer_auth(&self.token).header(CONTENT_DIGEST, said);
        let body = reqwest::Body::wrap_stream(stream::iter(pieces).chain(end));
        let answer = request.header("content-length", bytes.len()).body(body).send().await.unwrap();
        assert_eq!(answer.status(), 204, "{}", answer.text().await.unwrap());
    }
}

async fn many_at_once(more: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let more: Vec<String> = more.iter().map(ToString::to_string).collect();
    let mut program = Served::start(&folder.path().join("data"), &more);
    let token = program.program.set_up_token();
    program.join("Ada", Role::Administrator, Some(&token)).await;
    let mut sending = Vec::new();
    for name in ["Ann", "Ben"] {
        let person = program.join(name, Role::Patient, None).await;
        let own = PatientChoice::Account(person.account_id());
        let draft = person.begin_draft(own, ReportFields::default()).await.unwrap().id();
        for part in 1..=UPLOADS as u32 / 2 {
            sending.push(Sending::begin(&program, &person, draft, part).await);
        }
    }
    let before = program.memory("VmRSS");
    for n in 0..SEGMENTS {
        let (nearly, all) = (Arc::new(Barrier::new(UPLOADS + 1)), Arc::new(Barrier::new(UPLOADS + 1)));
        let looking = async {
            nearly.wait().await;
            // What is on the wire arrives.
            tokio::time::sleep(Duration::from_millis(500)).await;
            println!("{} KiB while {UPLOADS} segments are nearly there", program.memory("VmRSS"));
            all.wait().await;
        };
        let sent = join(join_all(sending.iter().map(|one| one.send(n, &nearly, &all))), looking);
        timeout(PATIENCE, sent).await.expect("one that is refused keeps the others waiting");
    }
    let most = program.memory("VmHWM");
    println!("{before} KiB before, {most} KiB at most");
    assert!(most < MOST, "{most} KiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_uploads_at_once_take_less_than_128_mib() {
    many_at_once(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_uploads_at_once_into_a_bucket_take_less_than_128_mib() {
    let Some(endpoint) = s3::endpoint() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("credentials");
    let (id, secret) = s3::ACCESS;
    std::fs::write(&file, format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n")).unwrap();
    let blobs = format!("s3://tests/{}", hex::encode(server::random::bytes::<8>().unwrap()));
    let file = file.display().to_string();
    many_at_once(&["--blobs", &blobs, "--blobs-endpoint", &endpoint, "--blobs-credentials-file", &file]).await;
}
