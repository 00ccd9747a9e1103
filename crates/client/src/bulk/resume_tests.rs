//! Parts whose transfer breaks: what is sent, fetched and written again, and what is not.
#![allow(clippy::unwrap_used, clippy::result_large_err)]

use std::{
    collections::HashMap,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use api_types::{ErrorCode, Problem};
use bytes::Bytes;
use crypto::{
    format::{Geometry, PartKey, SEGMENT_PLAINTEXT},
    secret::Secret,
};

use super::{
    Bulk, Cancel, Control, NoLedger, OpenJob, SealJob,
    native::{FileBulk, FileSink, FileSource},
};
use crate::{
    ClientError, Result, SignedRequest,
    platform::rng,
    transport::{Method, Request, Response, Streaming, Transport, TransportError},
};

/// One part's segments, behind a connection that holds for so many transfers, or breaks once in each place.
struct Line {
    geometry: Geometry,
    segments: Mutex<HashMap<u64, Bytes>>,
    holds: AtomicUsize,
    breaks_once: bool,
    /// What is answered where it broke: by a proxy that stands before it, or by a server that can't do it for now.
    answers: Option<(u16, Vec<u8>)>,
    asked: Mutex<HashMap<String, u32>>,
}

impl Line {
    fn new(geometry: Geometry) -> Self {
        let (segments, asked) = (Mutex::default(), Mutex::default());
        Self { geometry, segments, holds: AtomicUsize::new(usize::MAX), breaks_once: false, answers: None, asked }
    }

    /// A segment's number, or the range that is asked for.
    fn place(request: &Request) -> String {
        let range = request.headers.iter().find(|(name, _)| *name == "range").map(|(_, value)| value.clone());
        range.unwrap_or_else(|| request.path.rsplit('/').next().unwrap_or_default().to_owned())
    }

    fn breaks(&self, place: &str) -> bool {
        let mut asked = self.asked.lock().unwrap();
        let times = asked.entry(place.to_owned()).or_default();
        *times += 1;
        let left = self.holds.load(Ordering::Relaxed);
        self.holds.store(left.saturating_sub(1), Ordering::Relaxed);
        left == 0 || self.breaks_once && *times == 1
    }

    /// Transfers that were tried since this was last asked.
    fn asked(&self) -> usize {
        std::mem::take(&mut *self.asked.lock().unwrap()).values().map(|times| *times as usize).sum()
    }

    fn stored(&self) -> Vec<u8> {
        let segments = self.segments.lock().unwrap();
        (0..self.geometry.segments()).flat_map(|i| segments[&i].to_vec()).collect()
    }
}

impl Transport for Line {
    async fn send(&self, request: Request) -> std::result::Result<Response, TransportError> {
        tokio::task::yield_now().await;
        let place = Self::place(&request);
        if self.breaks(&place) {
            let (status, body) = self.answers.clone().ok_or(TransportError::Offline)?;
            return Ok(Response { status, headers: Vec::new(), body: body.into() });
        }
        if request.method == Method::Put {
            self.segments.lock().unwrap().insert(place.parse().unwrap(), request.body.unwrap());
            return Ok(Response { status: 204, headers: Vec::new(), body: Bytes::new() });
        }
        let (from, to) = place.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
        let range = from.parse::<usize>().unwrap()..=to.parse::<usize>().unwrap();
        Ok(Response { status: 206, headers: Vec::new(), body: Bytes::from(self.stored()).slice(range) })
    }

    async fn stream(&self, _: Request) -> std::result::Result<Streaming, TransportError> {
        Err(TransportError::Offline)
    }

    async fn fetch_public(&self, _: &str, _: usize) -> std::result::Result<Response, TransportError> {
        Err(TransportError::Offline)
    }
}

/// A part of three segments and a few bytes, sealed and stored.
struct Sealed {
    plain: Bytes,
    line: Line,
    job: OpenJob,
}

fn plain() -> Bytes {
    let len = 3 * SEGMENT_PLAINTEXT + 5;
    Bytes::from((0..len).map(|i| (i / 11 % 256) as u8).collect::<Vec<_>>())
}

fn key() -> PartKey {
    let content_key: Secret<32> = Secret::random(&mut rng());
    PartKey::fresh(&content_key, b"place", &mut rng())
}

async fn sealed() -> Result<Sealed> {
    let (plain, key) = (plain(), key());
    let geometry = Geometry::of_plaintext(plain.len() as u64).unwrap();
    let line = Line::new(geometry);
    let upload = api_types::UploadId([0; 16]);
    let job = SealJob { key: key.clone(), geometry, upload, received: Vec::new(), sealed_before: Vec::new() };
    let source = FileSource::Bytes(plain.clone());
    let part = FileBulk::default().seal_part(&line, &job, &source, &NoLedger, &Control::none()).await?;
    let job = OpenJob {
        key,
        geometry,
        cipher: part.cipher,
        report: api_types::ReportId([0; 32]),
        version: 1,
        revision: 0,
        part: 1,
        request: SignedRequest::default(),
    };
    line.asked();
    Ok(Sealed { plain, line, job })
}

impl Sealed {
    /// Fetches it to a file; a sink whose connection broke is left.
    async fn fetch(&self, target: &Path) -> Result<()> {
        let (bulk, mut sink) = (FileBulk::default(), FileSink::create(target).await?);
        match bulk.open_part(&self.line, &self.job, &mut sink, &Control::none()).await {
            Ok(_) => bulk.finish(sink).await.map(drop),
            Err(e) => {
                bulk.leave(sink).await;
                Err(e)
            }
        }
    }
}

#[tokio::test]
async fn a_download_that_broke_goes_on_where_it_stopped() -> Result<()> {
    let (sealed, dir) = (sealed().await?, tempfile::tempdir().unwrap());
    let target = dir.path().join("scan.dcm");
    // The end, and two segments.
    sealed.line.holds.store(3, Ordering::Relaxed);
    let broken = sealed.fetch(&target).await;
    assert!(matches!(broken, Err(ClientError::Transport(TransportError::Offline))), "{broken:?}");
    assert!(!target.exists(), "nothing is called complete");
    let left = std::fs::metadata(dir.path().join(".scan.dcm.hs-partial")).unwrap().len();
    assert_eq!(left % SEGMENT_PLAINTEXT as u64, 0);
    let missing = 4 - left as usize / SEGMENT_PLAINTEXT;
    sealed.line.holds.store(usize::MAX, Ordering::Relaxed);
    sealed.line.asked();
    sealed.fetch(&target).await?;
    assert_eq!(sealed.line.asked(), 1 + missing, "the end, and what was missing");
    assert!(std::fs::read(&target).unwrap() == sealed.plain);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    Ok(())
}

#[tokio::test]
async fn what_lies_there_is_taken_only_as_far_as_it_is_this_part() -> Result<()> {
    let (sealed, dir) = (sealed().await?, tempfile::tempdir().unwrap());
    let mut damaged = sealed.plain.to_vec();
    damaged[2 * SEGMENT_PLAINTEXT + 7] ^= 1;
    let foreign = vec![7; 2 * SEGMENT_PLAINTEXT];
    let longer = [&sealed.plain[..], b"more"].concat();
    for (left, missing) in [(damaged, 2), (foreign, 4), (longer, 0), (sealed.plain[..9].to_vec(), 4)] {
        let target = dir.path().join(format!("{missing}-{}", left.len()));
        let FileSink::File(partial) = FileSink::create(&target).await? else { panic!("it is a file") };
        std::io::Write::write_all(&mut &*partial.file(), &left).unwrap();
        drop(partial);
        sealed.fetch(&target).await?;
        assert_eq!(sealed.line.asked(), 1 + missing);
        assert!(std::fs::read(&target).unwrap() == sealed.plain, "{missing}");
    }
    Ok(())
}

#[tokio::test]
async fn a_transfer_that_breaks_is_repeated_and_said() -> Result<()> {
    let (plain, key) = (plain(), key());
    let geometry = Geometry::of_plaintext(plain.len() as u64).unwrap();
    let line = Line { breaks_once: true, ..Line::new(geometry) };
    let upload = api_types::UploadId([0; 16]);
    let job = SealJob { key, geometry, upload, received: Vec::new(), sealed_before: Vec::new() };
    let said = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&said);
    let control = Control::new(Cancel::default(), |_| {}).telling_lost(move |lost| heard.lock().unwrap().push(lost));
    let source = FileSource::Bytes(plain);
    let impatient = FileBulk::default().seal_part(&line, &job, &source, &NoLedger, &control).await;
    assert!(matches!(impatient, Err(ClientError::Transport(TransportError::Offline))));
    line.asked();
    said.lock().unwrap().clear();
    FileBulk::patient(1).seal_part(&line, &job, &source, &NoLedger, &control).await?;
    assert_eq!(line.asked(), 8);
    let said = said.lock().unwrap();
    assert_eq!((said.len(), said.iter().filter(|lost| **lost).count()), (8, 4));
    Ok(())
}

/// A server that begins anew behind a proxy: nothing of an upload is lost by it, nor of a download.
#[tokio::test]
async fn a_proxy_that_answers_for_a_server_that_is_away_is_a_broken_connection() -> Result<()> {
    let (plain, key) = (plain(), key());
    let geometry = Geometry::of_plaintext(plain.len() as u64).unwrap();
    let proxy = Some((502, b"<html>Bad gateway</html>".to_vec()));
    let line = Line { breaks_once: true, answers: proxy.clone(), ..Line::new(geometry) };
    let upload = api_types::UploadId([0; 16]);
    let job = SealJob { key, geometry, upload, received: Vec::new(), sealed_before: Vec::new() };
    let source = FileSource::Bytes(plain);
    let sealed = FileBulk::patient(1).seal_part(&line, &job, &source, &NoLedger, &Control::none()).await?;
    assert_eq!((line.asked(), sealed.cipher.len()), (8, 4));

    let (mut sealed, dir) = (self::sealed().await?, tempfile::tempdir().unwrap());
    sealed.line.answers = proxy;
    sealed.line.holds.store(3, Ordering::Relaxed);
    let broken = sealed.fetch(&dir.path().join("scan.dcm")).await;
    assert!(broken.as_ref().is_err_and(ClientError::is_transient), "{broken:?}");
    Ok(())
}

/// A server whose disk is full can't record who reads: reading takes no room there and waits, what would take some is refused.
#[tokio::test]
async fn a_full_disk_is_waited_for_by_who_reads() -> Result<()> {
    for code in [ErrorCode::StorageFull, ErrorCode::StorageReadOnly] {
        let refused = Some((503, serde_json::to_vec(&Problem::new(code)).unwrap()));
        let (mut sealed, dir) = (sealed().await?, tempfile::tempdir().unwrap());
        (sealed.line.answers, sealed.line.breaks_once) = (refused.clone(), true);
        let (bulk, target) = (FileBulk::patient(1), dir.path().join("scan.dcm"));
        let mut sink = FileSink::create(&target).await?;
        bulk.open_part(&sealed.line, &sealed.job, &mut sink, &Control::none()).await?;
        bulk.finish(sink).await?;
        assert!(std::fs::read(&target).unwrap() == sealed.plain, "{code:?}");

        let (plain, key) = (plain(), key());
        let geometry = Geometry::of_plaintext(plain.len() as u64).unwrap();
        let line = Line { breaks_once: true, answers: refused, ..Line::new(geometry) };
        let upload = api_types::UploadId([0; 16]);
        let job = SealJob { key, geometry, upload, received: Vec::new(), sealed_before: Vec::new() };
        let source = FileSource::Bytes(plain);
        let sent = FileBulk::patient(1).seal_part(&line, &job, &source, &NoLedger, &Control::none()).await;
        assert_eq!(sent.err().and_then(|error| error.problem()), Some(code));
    }
    Ok(())
}

#[tokio::test]
async fn nothing_new_is_sent_before_all_that_was_sealed_is_known_to_be_the_same() -> Result<()> {
    let (plain, key) = (plain(), key());
    let geometry = Geometry::of_plaintext(plain.len() as u64).unwrap();
    let line = Line::new(geometry);
    let upload = api_types::UploadId([0; 16]);
    let hash = |bytes: &[u8]| Some(crypto::encoding::sha256(bytes));
    let second = plain.slice(SEGMENT_PLAINTEXT..2 * SEGMENT_PLAINTEXT);
    let job = |last| SealJob {
        key: key.clone(),
        geometry,
        upload,
        received: vec![1],
        sealed_before: vec![None, hash(&second), None, last],
    };
    assert_eq!(job(hash(b"x")).turns(), [vec![1, 3], vec![0, 2]]);
    let (bulk, source) = (FileBulk::default(), FileSource::Bytes(plain.clone()));
    let changed = bulk.seal_part(&line, &job(hash(b"other")), &source, &NoLedger, &Control::none()).await;
    assert!(matches!(changed, Err(ClientError::SourceChanged)), "{changed:?}");
    assert_eq!(line.asked(), 0, "not even the segments that were never sealed");
    let same = job(hash(&plain[3 * SEGMENT_PLAINTEXT..]));
    let part = bulk.seal_part(&line, &same, &source, &NoLedger, &Control::none()).await?;
    assert_eq!(line.asked(), 3, "the second is there already");
    let plain: Vec<_> = plain.chunks(SEGMENT_PLAINTEXT).map(crypto::encoding::sha256).collect();
    assert_eq!(part.plain, plain, "in the part's order");
    Ok(())
}

#[tokio::test]
async fn a_stop_is_heard_while_a_connection_is_waited_for() -> Result<()> {
    let (plain, key) = (plain(), key());
    let geometry = Geometry::of_plaintext(plain.len() as u64).unwrap();
    let line = Line::new(geometry);
    line.holds.store(0, Ordering::Relaxed);
    let upload = api_types::UploadId([0; 16]);
    let job = SealJob { key, geometry, upload, received: Vec::new(), sealed_before: Vec::new() };
    let cancel = Cancel::default();
    let stop = cancel.clone();
    let control = Control::new(cancel, |_| {}).telling_lost(move |_| stop.cancel());
    let source = FileSource::Bytes(plain);
    let stopped = FileBulk::patient(9).seal_part(&line, &job, &source, &NoLedger, &control).await;
    assert!(matches!(stopped, Err(ClientError::Cancelled)), "{stopped:?}");
    Ok(())
}
