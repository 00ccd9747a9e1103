//! The ZIP itself, as it is streamed: entries stored as they are, each followed by its CRC and length, which are known only then
//! (APPNOTE.TXT 4.3.9), ZIP64 where it grows beyond 4 GiB. Nothing is ever gone back to, so nothing has to be kept.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use api_types::UnixMillis;
use crypto::ids::Hash32;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use zip::{
    CompressionMethod, DateTime, ZipWriter,
    write::{SimpleFileOptions, StreamWriter},
};

use crate::error::{ClientError, Result};

/// Where the packer writes, and whoever streams takes from.
#[derive(Clone, Default)]
struct Outlet(Arc<Mutex<Vec<u8>>>);

impl Outlet {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An entry that is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Packed {
    /// Its path in the archive.
    pub path: String,
    /// SHA-256 of its content.
    pub sha256: Hash32,
}

/// An entry that is being written.
struct Current {
    path: String,
    hasher: Sha256,
}

/// Packs entries one after the other; what it says goes to the archive at once ([`Packer::take`]).
pub(super) struct Packer {
    zip: ZipWriter<StreamWriter<Outlet>>,
    outlet: Outlet,
    time: Option<DateTime>,
    current: Option<Current>,
    packed: Vec<Packed>,
}

fn failed(_: impl std::error::Error) -> ClientError {
    ClientError::Internal("the archive could not be packed")
}

/// A time as ZIP has it; `None` where it has none.
fn dos(time: UnixMillis) -> Option<DateTime> {
    let at = OffsetDateTime::from_unix_timestamp(time.div_euclid(1_000)).ok()?;
    let year = u16::try_from(at.year()).ok()?;
    DateTime::from_date_and_time(year, at.month().into(), at.day(), at.hour(), at.minute(), at.second()).ok()
}

impl Packer {
    /// An archive whose entries are all of one time.
    pub fn new(time: UnixMillis) -> Self {
        let outlet = Outlet::default();
        let zip = ZipWriter::new_stream(outlet.clone());
        Self { zip, outlet, time: dos(time), current: None, packed: Vec::new() }
    }

    /// Begins an entry of this length; the one before ends. A path must not stand twice.
    pub fn begin(&mut self, path: &str, len: u64) -> Result<()> {
        self.end();
        let plain = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).unix_permissions(0o600);
        let plain = plain.large_file(len >= u64::from(u32::MAX));
        let options = match self.time {
            Some(time) => plain.last_modified_time(time),
            None => plain,
        };
        self.zip.start_file(path, options).map_err(failed)?;
        self.current = Some(Current { path: path.to_owned(), hasher: Sha256::new() });
        Ok(())
    }

    /// Adds to the entry that was begun.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let current = self.current.as_mut().ok_or(ClientError::Internal("no entry was begun"))?;
        current.hasher.update(bytes);
        self.zip.write_all(bytes).map_err(failed)
    }

    /// Notes what the entry before came to; its CRC follows with the next.
    fn end(&mut self) {
        if let Some(Current { path, hasher }) = self.current.take() {
            self.packed.push(Packed { path, sha256: Hash32(hasher.finalize().into()) });
        }
    }

    /// The newest entry is complete: what it came to.
    pub fn ended(&mut self) -> Result<&Packed> {
        self.end();
        self.packed.last().ok_or(ClientError::Internal("no entry was packed"))
    }

    /// Every entry that is complete, in the form of `sha256sum`.
    pub fn sums(&mut self) -> String {
        self.end();
        self.packed.iter().map(|entry| format!("{}  {}\n", entry.sha256, entry.path)).collect()
    }

    /// What is to be written now.
    pub fn take(&self) -> Vec<u8> {
        self.outlet.take()
    }

    /// Ends the archive: the last bytes to be written.
    pub fn finish(self) -> Result<Vec<u8>> {
        let Self { zip, outlet, .. } = self;
        zip.finish().map_err(failed)?;
        Ok(outlet.take())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read, Seek, SeekFrom};

    use zip::ZipArchive;

    use super::*;

    const TIME: UnixMillis = 1_795_413_540_000;

    fn packed(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut packer = Packer::new(TIME);
        let mut out = Vec::new();
        for (path, content) in entries {
            packer.begin(path, content.len() as u64).expect("an entry");
            for piece in content.chunks(3) {
                packer.write(piece).expect("a piece");
                out.extend(packer.take());
            }
        }
        out.extend(packer.finish().expect("the end"));
        out
    }

    #[test]
    fn what_is_packed_comes_out() {
        let entries: [(&str, &[u8]); 4] =
            [("a.txt", b"hello"), ("reports/\u{fc}ber (2).bin", &[0; 100]), ("empty", b""), ("z/z", b"\xff\xfe")];
        let mut archive = ZipArchive::new(Cursor::new(packed(&entries))).expect("an archive");
        assert_eq!(archive.len(), entries.len());
        for (path, content) in entries {
            let mut found = Vec::new();
            let mut entry = archive.by_name(path).expect("an entry");
            assert_eq!(entry.unix_mode().map(|mode| mode & 0o777), Some(0o600));
            let time = entry.last_modified().expect("a time");
            assert_eq!((time.year(), time.month(), time.day(), time.hour()), (2026, 11, 23, 5));
            // Compares the CRC as well.
            entry.read_to_end(&mut found).expect("its content");
            assert_eq!(found, content, "{path}");
        }
    }

    #[test]
    fn a_path_stands_once() {
        let mut packer = Packer::new(TIME);
        packer.begin("a", 0).expect("an entry");
        assert!(packer.begin("a", 0).is_err());
        assert!(Packer::new(TIME).write(b"x").is_err(), "nowhere to write to");
    }

    #[test]
    fn the_sums_are_those_of_the_entries() {
        let mut packer = Packer::new(TIME);
        packer.begin("a/b", 3).expect("an entry");
        packer.write(b"ab").expect("a piece");
        packer.write(b"c").expect("a piece");
        assert_eq!(packer.ended().expect("an entry").path, "a/b");
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(packer.sums(), format!("{abc}  a/b\n"));
    }

    /// A file of zeroes that takes no room: only what isn't zero is kept, with its place.
    #[derive(Default)]
    struct Sparse {
        kept: Vec<(u64, Vec<u8>)>,
        len: u64,
        at: u64,
    }

    impl Sparse {
        fn push(&mut self, bytes: Vec<u8>) {
            let len = bytes.len() as u64;
            if bytes.iter().any(|byte| *byte != 0) {
                self.kept.push((self.len, bytes));
            }
            self.len += len;
        }
    }

    impl Read for Sparse {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let most = usize::try_from(self.len - self.at).unwrap_or(usize::MAX).min(out.len());
            out[..most].fill(0);
            for (from, bytes) in &self.kept {
                let (begin, end) = ((*from).max(self.at), (from + bytes.len() as u64).min(self.at + most as u64));
                if begin < end {
                    let (to, of) = ((begin - self.at) as usize, (begin - from) as usize);
                    let len = (end - begin) as usize;
                    out[to..to + len].copy_from_slice(&bytes[of..of + len]);
                }
            }
            self.at += most as u64;
            Ok(most)
        }
    }

    impl Seek for Sparse {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            let at = match to {
                SeekFrom::Start(at) => i128::from(at),
                SeekFrom::Current(by) => i128::from(self.at) + i128::from(by),
                SeekFrom::End(by) => i128::from(self.len) + i128::from(by),
            };
            self.at = u64::try_from(at).map_err(io::Error::other)?;
            Ok(self.at)
        }
    }

    #[test]
    fn an_archive_beyond_four_gibibytes_is_read_to_its_end() {
        const PIECE: usize = 8 << 20;
        const LENS: [u64; 2] = [4608 << 20, 256 << 20];
        let zeroes = vec![0; PIECE];
        let mut file = Sparse::default();
        let mut packer = Packer::new(TIME);
        for (n, len) in LENS.into_iter().enumerate() {
            packer.begin(&format!("{n}.bin"), len).expect("an entry");
            for _ in 0..len / PIECE as u64 {
                packer.write(&zeroes).expect("a piece");
                let taken = packer.take();
                // The header before the first piece apart, so that the zeroes stay out.
                let head = taken.len() - PIECE;
                file.push(taken[..head].to_vec());
                file.push(zeroes.clone());
            }
        }
        packer.begin("last.txt", 15).expect("an entry");
        packer.write(b"behind them all").expect("a piece");
        file.push(packer.take());
        file.push(packer.finish().expect("the end"));
        assert!(file.len > 1 << 32);
        let mut archive = ZipArchive::new(file).expect("an archive");
        assert_eq!(archive.len(), 3);
        for (n, len) in LENS.into_iter().enumerate() {
            assert_eq!(archive.by_name(&format!("{n}.bin")).expect("an entry").size(), len);
        }
        let mut last = String::new();
        archive.by_name("last.txt").expect("an entry").read_to_string(&mut last).expect("its content");
        assert_eq!(last, "behind them all");
    }
}
