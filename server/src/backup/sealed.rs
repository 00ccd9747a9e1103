//! What lies in a repository is sealed to an age recipient (age-encryption.org/v1, X25519), piece by piece as it comes.

use std::{
    fmt,
    io::{self, BufRead, BufReader, Read, Write},
    iter, mem,
    path::Path,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
};

use age::{DecryptError, Decryptor, Encryptor, stream::StreamWriter};
use bytes::{Buf, Bytes};
use futures::{StreamExt, stream::BoxStream};
use sha2::{Digest, Sha256};
use tokio::{sync::mpsc, task::JoinHandle};
use zeroize::Zeroizing;

use super::BackupError;
use crate::storage::blobs::{BlobError, BlobResult};

/// Bytes that are opened at a time.
const PIECE: usize = 64 * 1024;
/// Pieces that wait to be opened, or to be taken.
const AHEAD: usize = 4;

/// Whom backups are sealed to: a public key.
#[derive(Debug, Clone)]
pub struct Recipient(age::x25519::Recipient);

impl FromStr for Recipient {
    type Err = BackupError;

    fn from_str(text: &str) -> Result<Self, BackupError> {
        text.trim().parse().map(Self).map_err(|_| BackupError::BadRecipient)
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The keys that open backups. Never printed.
#[derive(Clone)]
pub struct Identities(Arc<Vec<age::x25519::Identity>>);

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identities({})", self.0.len())
    }
}

impl Identities {
    /// From a file as `age-keygen` writes it.
    pub fn read(path: &Path) -> Result<Self, BackupError> {
        let unreadable = |error: io::Error| BackupError::BadIdentity(path.to_owned(), error.kind().to_string());
        let file = std::fs::File::open(path).map_err(unreadable)?;
        Self::parse(BufReader::new(file)).ok_or_else(|| {
            BackupError::BadIdentity(path.to_owned(), "it holds no line AGE-SECRET-KEY-1… or something else".to_owned())
        })
    }

    fn parse(text: impl BufRead) -> Option<Self> {
        let mut identities = Vec::new();
        for line in text.lines() {
            let line = Zeroizing::new(line.ok()?);
            match line.trim() {
                "" => {}
                comment if comment.starts_with('#') => {}
                key => identities.push(key.parse().ok()?),
            }
        }
        (!identities.is_empty()).then(|| Self(Arc::new(identities)))
    }
}

/// Where a sealer's ciphertext waits to be taken.
#[derive(Debug, Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    fn take(&self) -> Vec<u8> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Seals what comes in pieces.
pub struct Sealer {
    writer: StreamWriter<Sink>,
    sink: Sink,
}

impl Sealer {
    /// To a recipient.
    pub fn new(recipient: &Recipient) -> Result<Self, BackupError> {
        let to: &dyn age::Recipient = &recipient.0;
        let encryptor = Encryptor::with_recipients(iter::once(to)).map_err(|_| BackupError::Sealing)?;
        let sink = Sink::default();
        let writer = encryptor.wrap_output(sink.clone()).map_err(|_| BackupError::Sealing)?;
        Ok(Self { writer, sink })
    }

    /// Takes more; gives the ciphertext so far.
    pub fn update(&mut self, bytes: &[u8]) -> Result<Vec<u8>, BackupError> {
        self.writer.write_all(bytes).map_err(|_| BackupError::Sealing)?;
        Ok(self.sink.take())
    }

    /// The rest of the ciphertext.
    pub fn finish(self) -> Result<Vec<u8>, BackupError> {
        self.writer.finish().map_err(|_| BackupError::Sealing)?;
        Ok(self.sink.take())
    }
}

/// Seals something small.
pub fn seal(recipient: &Recipient, bytes: &[u8]) -> Result<Vec<u8>, BackupError> {
    let mut sealer = Sealer::new(recipient)?;
    let begun = sealer.update(bytes)?;
    Ok([begun, sealer.finish()?].concat())
}

/// Why something doesn't open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenError {
    /// It was sealed to somebody else.
    NotForThem,
    /// It is not what was sealed.
    Damaged,
    /// It can't be read.
    Store(BlobError),
}

impl From<DecryptError> for OpenError {
    fn from(error: DecryptError) -> Self {
        match error {
            DecryptError::NoMatchingKeys => Self::NotForThem,
            _ => Self::Damaged,
        }
    }
}

/// Ciphertext that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ciphertext {
    /// Bytes.
    pub len: u64,
    /// Their SHA-256.
    pub sha256: [u8; 32],
}

/// Something sealed, being opened. Nothing of it is to be believed before [`Opening::finish`].
pub struct Opening {
    opened: mpsc::Receiver<Bytes>,
    read: JoinHandle<BlobResult<Ciphertext>>,
    decrypted: JoinHandle<Result<(), OpenError>>,
}

impl Opening {
    /// Of ciphertext that comes in pieces.
    pub fn new(identities: &Identities, sealed: BoxStream<'static, BlobResult<Bytes>>) -> Self {
        let (feed, pieces) = mpsc::channel(AHEAD);
        let (give, opened) = mpsc::channel(AHEAD);
        let identities = identities.clone();
        let read = tokio::spawn(read_on(sealed, Some(feed)));
        let decrypted = tokio::task::spawn_blocking(move || decrypt(&identities, Feed::new(pieces), &give));
        Self { opened, read, decrypted }
    }

    /// The next piece.
    pub async fn next(&mut self) -> Option<Bytes> {
        self.opened.recv().await
    }

    /// After the last piece: that it was all, and the ciphertext's length and hash.
    pub async fn finish(mut self) -> Result<Ciphertext, OpenError> {
        self.opened.close();
        while self.opened.recv().await.is_some() {}
        let read = self.read.await.map_err(|_| OpenError::Damaged)?.map_err(OpenError::Store)?;
        self.decrypted.await.map_err(|_| OpenError::Damaged)??;
        Ok(read)
    }
}

/// Hashes all of it, also what nobody opens any more.
async fn read_on(
    mut sealed: BoxStream<'static, BlobResult<Bytes>>,
    mut feed: Option<mpsc::Sender<Bytes>>,
) -> BlobResult<Ciphertext> {
    let (mut hasher, mut len) = (Sha256::new(), 0);
    while let Some(piece) = sealed.next().await {
        let piece = piece?;
        hasher.update(&piece);
        len += piece.len() as u64;
        if let Some(to) = &feed
            && to.send(piece).await.is_err()
        {
            feed = None;
        }
    }
    Ok(Ciphertext { len, sha256: hasher.finalize().into() })
}

fn decrypt(identities: &Identities, sealed: Feed, give: &mpsc::Sender<Bytes>) -> Result<(), OpenError> {
    let decryptor = Decryptor::new_buffered(BufReader::new(sealed))?;
    let mut opened = decryptor.decrypt(identities.0.iter().map(|one| one as &dyn age::Identity))?;
    let mut piece = vec![0; PIECE];
    loop {
        let count = opened.read(&mut piece).map_err(|_| OpenError::Damaged)?;
        if count == 0 {
            return Ok(());
        }
        // Nobody wants the rest: who doesn't ask doesn't believe what came.
        if give.blocking_send(Bytes::copy_from_slice(&piece[..count])).is_err() {
            return Err(OpenError::Damaged);
        }
    }
}

/// Pieces from a channel as a file.
struct Feed {
    pieces: mpsc::Receiver<Bytes>,
    now: Bytes,
}

impl Feed {
    fn new(pieces: mpsc::Receiver<Bytes>) -> Self {
        Self { pieces, now: Bytes::new() }
    }
}

impl Read for Feed {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.now.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.now = piece,
                None => return Ok(0),
            }
        }
        let count = self.now.len().min(out.len());
        out[..count].copy_from_slice(&self.now[..count]);
        self.now.advance(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use age::secrecy::ExposeSecret;

    use super::*;

    fn pair() -> (Recipient, Identities) {
        let key = age::x25519::Identity::generate();
        let file = format!("# made for a test\n{}\n", key.to_string().expose_secret());
        (key.to_public().to_string().parse().unwrap(), Identities::parse(file.as_bytes()).unwrap())
    }

    async fn open(identities: &Identities, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        let pieces: Vec<BlobResult<Bytes>> =
            sealed.chunks(1000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let mut opening = Opening::new(identities, futures::stream::iter(pieces).boxed());
        let mut bytes = Vec::new();
        while let Some(piece) = opening.next().await {
            bytes.extend_from_slice(&piece);
        }
        let read = opening.finish().await?;
        assert_eq!((read.len, read.sha256), (sealed.len() as u64, Sha256::digest(sealed).into()));
        Ok(bytes)
    }

    #[tokio::test]
    async fn what_was_sealed_opens_whole_with_its_identity_alone() {
        let (recipient, identities) = pair();
        let (_, others) = pair();
        for size in [0, 1, PIECE, 3 * PIECE + 17] {
            let bytes: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
            let sealed = seal(&recipient, &bytes).unwrap();
            assert_eq!(open(&identities, &sealed).await, Ok(bytes), "{size}");
            assert_eq!(open(&others, &sealed).await, Err(OpenError::NotForThem));
            assert_eq!(open(&identities, &sealed[..sealed.len() - 1]).await, Err(OpenError::Damaged));
            let mut changed = sealed.clone();
            *changed.last_mut().unwrap() ^= 1;
            assert_eq!(open(&identities, &changed).await, Err(OpenError::Damaged));
        }
        assert_eq!(open(&identities, b"something else").await, Err(OpenError::Damaged));
    }

    #[test]
    fn only_an_age_key_is_taken() {
        assert!("age1something".parse::<Recipient>().is_err());
        assert!(Identities::parse(&b""[..]).is_none());
        assert!(Identities::parse(&b"a password"[..]).is_none());
        assert_eq!(format!("{:?}", pair().1), "Identities(1)");
    }
}
