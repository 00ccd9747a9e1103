//! Canonical encoding: a context and length-prefixed fields, and a reader that takes nothing else.
//!
//! `"healthsecure/v1/<object>" ‖ 0x00 ‖ field…`, each field `u32 BE length ‖ bytes`, in the order docs/protocol.md
//! gives. Integers are big-endian, of fixed width. There is exactly one encoding of a value, so what was hashed or
//! signed can't be written in two ways.

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::ids::Hash32;

/// Milliseconds since 1970-01-01T00:00:00Z. Never negative in an encoded object.
pub type UnixMillis = i64;

/// The only version this crate writes.
pub const VERSION: u8 = 1;

/// Longest single field a reader accepts, bytes. Sealed payloads are not read as fields of objects that nest deeper.
pub const MAX_FIELD: usize = 16 * 1024 * 1024;

/// Why bytes are not an encoding of the object expected.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The version byte names a format that this program doesn't know.
    #[error("unknown version {0}")]
    UnknownVersion(u8),
    /// The bytes end inside a field.
    #[error("the bytes end early")]
    Truncated,
    /// Bytes follow the last field.
    #[error("bytes follow the end")]
    Trailing,
    /// A field has another length than its type.
    #[error("field {field}: {found} bytes instead of {expected}")]
    WrongLength {
        /// The field's name in docs/protocol.md.
        field: &'static str,
        /// Length of its type, bytes.
        expected: usize,
        /// Length found, bytes.
        found: usize,
    },
    /// A field is longer than its limit.
    #[error("field {field} is longer than {limit} bytes")]
    TooLong {
        /// The field's name in docs/protocol.md.
        field: &'static str,
        /// Its limit, bytes.
        limit: usize,
    },
    /// A tag names an alternative that this version doesn't have.
    #[error("unknown {field} {tag}")]
    UnknownTag {
        /// The field's name in docs/protocol.md.
        field: &'static str,
        /// The number found.
        tag: u32,
    },
    /// A field's content breaks a rule of its object.
    #[error("field {field} is not valid")]
    Invalid {
        /// The field's name in docs/protocol.md.
        field: &'static str,
    },
}

/// `"healthsecure/v1/<object>" ‖ 0x00`.
pub fn context(object: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    out.extend_from_slice(b"healthsecure/v1/");
    out.extend_from_slice(object.as_bytes());
    out.push(0);
    out
}

/// Writes length-prefixed fields.
#[derive(Default, Clone)]
pub struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// A writer for a body: fields alone, without a context.
    pub fn body() -> Self {
        Self::default()
    }

    /// A body of at most `capacity` bytes that won't be moved while it grows: for secrets, which a move would leave
    /// behind unwiped.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { out: Vec::with_capacity(capacity) }
    }

    /// A writer that begins with an object's context.
    pub fn with_context(object: &str) -> Self {
        Self { out: context(object) }
    }

    /// Appends one field. Fields of this protocol are far below 4 GiB; a longer slice is cut off by the assertion.
    ///
    /// # Panics
    /// If `bytes` is 4 GiB or longer, which no caller can reach: every variable field has a limit.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        let len = u32::try_from(bytes.len()).expect("fields are limited to MAX_FIELD");
        self.out.extend_from_slice(&len.to_be_bytes());
        self.out.extend_from_slice(bytes);
        self
    }

    /// Appends a one-byte integer.
    pub fn u8(&mut self, v: u8) -> &mut Self {
        self.bytes(&[v])
    }

    /// Appends a two-byte integer.
    pub fn u16(&mut self, v: u16) -> &mut Self {
        self.bytes(&v.to_be_bytes())
    }

    /// Appends a four-byte integer.
    pub fn u32(&mut self, v: u32) -> &mut Self {
        self.bytes(&v.to_be_bytes())
    }

    /// Appends an eight-byte integer.
    pub fn u64(&mut self, v: u64) -> &mut Self {
        self.bytes(&v.to_be_bytes())
    }

    /// Appends a time. Times before 1970 are written as 0: no reader would accept them.
    pub fn time(&mut self, v: UnixMillis) -> &mut Self {
        self.u64(u64::try_from(v).unwrap_or(0))
    }

    /// Appends UTF-8 text.
    pub fn text(&mut self, v: &str) -> &mut Self {
        self.bytes(v.as_bytes())
    }

    /// Appends nested fields as one field.
    pub fn nested(&mut self, f: impl FnOnce(&mut Writer)) -> &mut Self {
        let mut inner = Writer::body();
        f(&mut inner);
        self.bytes(&inner.out)
    }

    /// The bytes written.
    pub fn finish(self) -> Vec<u8> {
        self.out
    }

    /// SHA-256 of the bytes written.
    pub fn sha256(self) -> Hash32 {
        sha256(&self.out)
    }
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> Hash32 {
    Hash32(Sha256::digest(bytes).into())
}

/// Reads length-prefixed fields, strictly.
#[derive(Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads a body.
    pub fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }

    /// The next field, at most `limit` bytes.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] or [`DecodeError::TooLong`].
    pub fn bytes(&mut self, field: &'static str, limit: usize) -> Result<&'a [u8], DecodeError> {
        let (head, rest) = self.rest.split_first_chunk::<4>().ok_or(DecodeError::Truncated)?;
        let len = u32::from_be_bytes(*head) as usize;
        if len > limit {
            return Err(DecodeError::TooLong { field, limit });
        }
        if rest.len() < len {
            return Err(DecodeError::Truncated);
        }
        let (value, rest) = rest.split_at(len);
        self.rest = rest;
        Ok(value)
    }

    /// The next field, exactly `N` bytes.
    ///
    /// # Errors
    /// [`DecodeError::WrongLength`] besides those of [`Reader::bytes`].
    pub fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], DecodeError> {
        let value = self.bytes(field, MAX_FIELD)?;
        value.try_into().map_err(|_| DecodeError::WrongLength { field, expected: N, found: value.len() })
    }

    /// The next field: `N` bytes or none.
    ///
    /// # Errors
    /// As [`Reader::array`].
    pub fn optional<const N: usize>(&mut self, field: &'static str) -> Result<Option<[u8; N]>, DecodeError> {
        let value = self.bytes(field, MAX_FIELD)?;
        if value.is_empty() {
            return Ok(None);
        }
        let found = value.len();
        value.try_into().map(Some).map_err(|_| DecodeError::WrongLength { field, expected: N, found })
    }

    /// A one-byte integer.
    ///
    /// # Errors
    /// As [`Reader::array`].
    pub fn u8(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        Ok(self.array::<1>(field)?[0])
    }

    /// A two-byte integer.
    ///
    /// # Errors
    /// As [`Reader::array`].
    pub fn u16(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        Ok(u16::from_be_bytes(self.array(field)?))
    }

    /// A four-byte integer.
    ///
    /// # Errors
    /// As [`Reader::array`].
    pub fn u32(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        Ok(u32::from_be_bytes(self.array(field)?))
    }

    /// An eight-byte integer.
    ///
    /// # Errors
    /// As [`Reader::array`].
    pub fn u64(&mut self, field: &'static str) -> Result<u64, DecodeError> {
        Ok(u64::from_be_bytes(self.array(field)?))
    }

    /// A time.
    ///
    /// # Errors
    /// [`DecodeError::Invalid`] when it doesn't fit `i64`, besides those of [`Reader::array`].
    pub fn time(&mut self, field: &'static str) -> Result<UnixMillis, DecodeError> {
        i64::try_from(self.u64(field)?).map_err(|_| DecodeError::Invalid { field })
    }

    /// UTF-8 text of at most `limit` bytes.
    ///
    /// # Errors
    /// [`DecodeError::Invalid`] when it isn't UTF-8, besides those of [`Reader::bytes`].
    pub fn text(&mut self, field: &'static str, limit: usize) -> Result<String, DecodeError> {
        let bytes = self.bytes(field, limit)?;
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| DecodeError::Invalid { field })
    }

    /// A reader over nested fields.
    ///
    /// # Errors
    /// As [`Reader::bytes`].
    pub fn nested(&mut self, field: &'static str, limit: usize) -> Result<Reader<'a>, DecodeError> {
        Ok(Reader::new(self.bytes(field, limit)?))
    }

    /// Whether every field was read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`DecodeError::Trailing`] if bytes are left.
    pub fn finish(self) -> Result<(), DecodeError> {
        if self.rest.is_empty() { Ok(()) } else { Err(DecodeError::Trailing) }
    }
}

/// Takes the version byte off a stored object.
///
/// # Errors
/// [`DecodeError::UnknownVersion`], or [`DecodeError::Truncated`] for no bytes at all.
pub fn split_version(bytes: &[u8]) -> Result<&[u8], DecodeError> {
    match bytes.split_first() {
        None => Err(DecodeError::Truncated),
        Some((&VERSION, rest)) => Ok(rest),
        Some((&other, _)) => Err(DecodeError::UnknownVersion(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_strictness() {
        let mut w = Writer::body();
        w.u8(7).u32(9).text("né").time(-5);
        let bytes = w.finish();
        let mut r = Reader::new(&bytes);
        assert_eq!(r.u8("a"), Ok(7));
        assert_eq!(r.u32("b"), Ok(9));
        assert_eq!(r.text("c", 10).as_deref(), Ok("né"));
        assert_eq!(r.time("d"), Ok(0));
        assert_eq!(r.finish(), Ok(()));

        let mut r = Reader::new(&bytes);
        assert_eq!(r.u16("a"), Err(DecodeError::WrongLength { field: "a", expected: 2, found: 1 }));
        let mut r = Reader::new(&bytes[..3]);
        assert_eq!(r.u8("a"), Err(DecodeError::Truncated));
        let mut r = Reader::new(&bytes);
        r.u8("a").unwrap();
        assert_eq!(r.clone().finish(), Err(DecodeError::Trailing));
        assert_eq!(r.bytes("b", 3).unwrap_err(), DecodeError::TooLong { field: "b", limit: 3 });
    }

    #[test]
    fn a_time_beyond_i64_is_refused() {
        let mut w = Writer::body();
        w.u64(u64::MAX);
        let bytes = w.finish();
        assert_eq!(Reader::new(&bytes).time("t"), Err(DecodeError::Invalid { field: "t" }));
    }

    #[test]
    fn versions() {
        assert_eq!(split_version(&[]), Err(DecodeError::Truncated));
        assert_eq!(split_version(&[2, 0]), Err(DecodeError::UnknownVersion(2)));
        assert_eq!(split_version(&[1, 5]), Ok(&[5u8][..]));
    }
}
