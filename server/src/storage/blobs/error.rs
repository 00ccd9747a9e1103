//! What can go wrong with the store of blobs, in words that may be logged: no key, no address of a request, nothing of
//! what was sent. object_store's own errors hold all of these.

use std::{error::Error, fmt, io};

use object_store::client::{HttpError, HttpErrorKind};

/// How object_store begins the text of an answer that is no success.
const STATUS: &str = "Server returned non-2xx status code: ";
/// How it begins the text of an error in an answer that says success.
const RESPONSE: &str = "Server returned error response: ";
/// How it begins the text of a range that begins behind the end of a file.
const BEHIND: &str = "Wanted range starting at ";
/// S3's status for such a range.
const RANGE_NOT_SATISFIABLE: u16 = 416;
/// No room is left: on the disk, for this user, or, by `ulimit -f`, in one file. Nothing stored here is too large for a disk's own
/// format.
const FULL: [io::ErrorKind; 3] =
    [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded, io::ErrorKind::FileTooLarge];
/// S3's status of a store that is full.
const INSUFFICIENT_STORAGE: u16 = 507;

/// Why a blob can't be written, read or deleted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BlobError {
    /// There is no such blob.
    #[error("there is no such blob")]
    NotFound,
    /// The blob doesn't hold all of the range.
    #[error("the blob is shorter than it must be")]
    Short,
    /// No room is left.
    #[error("the store is full")]
    Full,
    /// It can be read and not written.
    #[error("the store can be read and not written")]
    ReadOnly,
    /// The store can't be reached, or refuses: it may be back later, and what it acknowledged is there.
    #[error("{0}")]
    Unavailable(String),
}

/// What the blob store returns.
pub type BlobResult<T> = Result<T, BlobError>;

impl From<object_store::Error> for BlobError {
    fn from(error: object_store::Error) -> Self {
        let cause = Cause::of(&error);
        let text = format!("{error:?}");
        if cause.is_full() || FULL.iter().any(|kind| text.contains(&format!("{kind:?}"))) {
            return Self::Full;
        }
        if cause.system == Some(io::ErrorKind::ReadOnlyFilesystem) {
            return Self::ReadOnly;
        }
        if cause.behind || cause.status == Some(RANGE_NOT_SATISFIABLE) {
            return Self::Short;
        }
        match error {
            object_store::Error::NotFound { .. } if cause.code.as_deref() != Some("NoSuchBucket") => Self::NotFound,
            _ => Self::Unavailable(cause.to_string()),
        }
    }
}

impl From<io::Error> for BlobError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            kind if FULL.contains(&kind) => Self::Full,
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            kind => Self::Unavailable(kind.to_string()),
        }
    }
}

/// What the chain of an error tells.
#[derive(Debug, Default)]
struct Cause {
    /// The status of the store's answer.
    status: Option<u16>,
    /// S3's own name for the error.
    code: Option<String>,
    /// Why there was no answer.
    transport: Option<&'static str>,
    /// The last word on that, from below HTTP.
    detail: Option<String>,
    /// What the system said.
    system: Option<io::ErrorKind>,
    /// A range of a file begins behind its end.
    behind: bool,
}

impl Cause {
    fn of(error: &object_store::Error) -> Self {
        let mut cause = Self::default();
        let mut next: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(error) = next {
            cause.learn(error);
            next = error.source();
        }
        cause
    }

    fn learn(&mut self, error: &(dyn Error + 'static)) {
        if let Some(http) = error.downcast_ref::<HttpError>() {
            self.transport = Some(transport(http.kind()));
            return;
        }
        if let Some(io) = error.downcast_ref::<io::Error>() {
            self.system = Some(io.kind());
        }
        let text = error.to_string();
        if let Some(answer) = text.strip_prefix(STATUS) {
            self.status = answer.get(..3).and_then(|digits| digits.parse().ok());
            self.code = code(answer);
        } else if let Some(answer) = text.strip_prefix(RESPONSE) {
            self.code = code(answer);
        } else if text.starts_with(BEHIND) {
            self.behind = true;
        } else if self.transport.is_some() {
            self.detail = Some(text);
        }
    }

    fn is_full(&self) -> bool {
        let code = self.code.as_deref().unwrap_or_default();
        self.status == Some(INSUFFICIENT_STORAGE)
            || self.system.is_some_and(|kind| FULL.contains(&kind))
            || matches!(code, "QuotaExceeded" | "XMinioStorageFull" | "InsufficientStorage")
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.as_deref().unwrap_or_default();
        match (self.status, self.transport, self.system) {
            (Some(status), _, _) if code.is_empty() => write!(f, "the store answered {status}"),
            (Some(status), _, _) => write!(f, "the store answered {status} {code}"),
            (None, Some(transport), _) => match &self.detail {
                Some(detail) => write!(f, "{transport}: {detail}"),
                None => f.write_str(transport),
            },
            (None, None, Some(system)) => write!(f, "{system}"),
            (None, None, None) if !code.is_empty() => write!(f, "the store answered {code}"),
            (None, None, None) => f.write_str("the store's answer can't be used"),
        }
    }
}

fn transport(kind: HttpErrorKind) -> &'static str {
    match kind {
        HttpErrorKind::Connect => "the store can't be reached",
        HttpErrorKind::Timeout => "the store did not answer in time",
        HttpErrorKind::Request | HttpErrorKind::Interrupted => "the connection to the store broke off",
        HttpErrorKind::Decode => "the store's answer can't be read",
        _ => "the request to the store failed",
    }
}

/// S3's name for an error, from the body of an answer.
fn code(answer: &str) -> Option<String> {
    let (code, _) = answer.split_once("<Code>")?.1.split_once("</Code>")?;
    let named = !code.is_empty() && code.len() <= 64 && code.chars().all(|c| c.is_ascii_alphanumeric());
    named.then(|| code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As object_store's own, whose type has no name outside of it.
    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Answered(String);

    fn answered(status: &str, code: &str) -> BlobError {
        let text =
            format!("{STATUS}{status}: <Error><Code>{code}</Code><Resource>/bucket/uploads/marked</Resource></Error>");
        object_store::Error::Generic { store: "S3", source: Box::new(Answered(text)) }.into()
    }

    #[test]
    fn an_answer_is_told_by_its_status_and_name_alone() {
        let refused = answered("403 Forbidden", "AccessDenied");
        assert_eq!(refused, BlobError::Unavailable("the store answered 403 AccessDenied".into()));
        let odd = answered("500 Internal Server Error", "<b>marked</b>");
        assert_eq!(odd, BlobError::Unavailable("the store answered 500".into()));
        assert_eq!(answered("507 Insufficient Storage", "XMinioStorageFull"), BlobError::Full);
        assert_eq!(answered("403 Forbidden", "QuotaExceeded"), BlobError::Full);
        assert_eq!(answered("416 Range Not Satisfiable", "InvalidRange"), BlobError::Short);
    }

    #[test]
    fn what_is_missing_is_not_the_bucket() {
        let missing = |code: &str| {
            let text = format!("{STATUS}404 Not Found: <Error><Code>{code}</Code></Error>");
            let source = Box::new(Answered(text));
            BlobError::from(object_store::Error::NotFound { path: "uploads/marked".into(), source })
        };
        assert_eq!(missing("NoSuchKey"), BlobError::NotFound);
        assert_eq!(missing("NoSuchBucket"), BlobError::Unavailable("the store answered 404 NoSuchBucket".into()));
    }

    #[test]
    fn a_disk_that_is_full_says_so() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let full = object_store::Error::Generic { store: "LocalFileSystem", source: Box::new(full) };
        assert_eq!(BlobError::from(full), BlobError::Full);
        let read_only = io::Error::from(io::ErrorKind::ReadOnlyFilesystem);
        let read_only = object_store::Error::Generic { store: "LocalFileSystem", source: Box::new(read_only) };
        assert_eq!(BlobError::from(read_only), BlobError::ReadOnly);
        assert_eq!(BlobError::from(io::Error::from(io::ErrorKind::QuotaExceeded)), BlobError::Full);
        assert_eq!(BlobError::from(io::Error::from(io::ErrorKind::FileTooLarge)), BlobError::Full);
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        assert_eq!(BlobError::from(denied), BlobError::Unavailable("permission denied".into()));
    }
}
