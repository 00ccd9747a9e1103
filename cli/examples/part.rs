//! Seals a file, and opens it again, with the pipeline of `hs`, into a local file where the server would be:
//! `part FILE SEALED OPENED`. Prints the seconds of each as JSON. For benchmarks beside programs that only encrypt files;
//! not part of what is installed.

use std::{error::Error, fs::File, os::unix::fs::FileExt, path::Path, sync::Arc, time::Instant};

use client::{
    SignedRequest,
    bulk::{
        Bulk, Control, NoLedger, OpenJob, SealJob,
        native::{FileBulk, FileSink, FileSource},
    },
    transport::{Method, Request, Response, Streaming, Transport, TransportError},
};
use crypto::{
    format::{Geometry, PartKey},
    rand_core::UnwrapErr,
    secret::Secret,
};

/// One part's ciphertext in a file.
struct Stored {
    file: Arc<File>,
    geometry: Geometry,
}

fn answer(status: u16, body: Vec<u8>) -> Response {
    Response { status, headers: Vec::new(), body: body.into() }
}

impl Transport for Stored {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let (file, geometry) = (Arc::clone(&self.file), self.geometry);
        let done = tokio::task::spawn_blocking(move || match request.method {
            Method::Put => put(&file, &geometry, &request).map(|()| answer(204, Vec::new())),
            _ => get(&file, &request).map(|bytes| answer(206, bytes)),
        });
        done.await.ok().flatten().ok_or(TransportError::Offline)
    }

    async fn fetch_public(&self, _: &str, _: usize) -> Result<Response, TransportError> {
        Err(TransportError::Offline)
    }

    async fn stream(&self, _: Request) -> Result<Streaming, TransportError> {
        Err(TransportError::Offline)
    }
}

fn put(file: &File, geometry: &Geometry, request: &Request) -> Option<()> {
    let n = request.path.rsplit('/').next()?.parse().ok()?;
    let range = geometry.segment_ciphertext(n)?;
    file.write_all_at(request.body.as_ref()?, range.start).ok()
}

fn get(file: &File, request: &Request) -> Option<Vec<u8>> {
    let (_, range) = request.headers.iter().find(|(name, _)| *name == "range")?;
    let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
    let (from, to): (u64, u64) = (from.parse().ok()?, to.parse().ok()?);
    let mut bytes = vec![0; usize::try_from(to + 1 - from).ok()?];
    file.read_exact_at(&mut bytes, from).ok()?;
    Some(bytes)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [plain, sealed, opened] = args.as_slice() else { return Err("usage: part FILE SEALED OPENED".into()) };
    let geometry = Geometry::of_plaintext(std::fs::metadata(plain)?.len())?;
    let file = File::options().read(true).write(true).create(true).truncate(true).open(sealed)?;
    let stored = Stored { file: Arc::new(file), geometry };
    let content_key = Secret::random(&mut UnwrapErr(getrandom::SysRng));
    let key = PartKey::fresh(&content_key, b"bench", &mut UnwrapErr(getrandom::SysRng));

    let upload = api_types::UploadId([0; 16]);
    let job = SealJob { key: key.clone(), geometry, upload, received: Vec::new(), sealed_before: Vec::new() };
    let started = Instant::now();
    let (bulk, source) = (FileBulk::default(), FileSource::Path(plain.into()));
    let part = bulk.seal_part(&stored, &job, &source, &NoLedger, &Control::none()).await?;
    let seal = started.elapsed().as_secs_f64();
    // What was written is on the disk before the next measurement begins.
    stored.file.sync_all()?;

    let report = api_types::ReportId([0; 32]);
    let job = OpenJob {
        key,
        geometry,
        cipher: part.cipher,
        report,
        version: 1,
        revision: 0,
        part: 1,
        request: SignedRequest::default(),
    };
    let started = Instant::now();
    let mut sink = FileSink::create(Path::new(opened)).await?;
    let plain = bulk.open_part(&stored, &job, &mut sink, &Control::none()).await?;
    let open = started.elapsed().as_secs_f64();
    bulk.finish(sink).await?;
    if plain != part.plain {
        return Err("what was opened is not what was sealed".into());
    }
    println!("{}", serde_json::json!({ "seal": seal, "open": open }));
    Ok(())
}
