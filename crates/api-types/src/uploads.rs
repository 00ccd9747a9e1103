//! `/api/v1/uploads`: ciphertext of one part, in segments checked by SHA-256; committed by the report or version that names it.

use crate::{ReportId, UnixMillis, UploadId, body};

body! {
    /// `POST /uploads`. The draft (or, for a new version or a re-key, the report) must be the caller's to write.
    pub struct CreateUpload {
        /// Draft or report.
        pub report_id: ReportId,
        /// Version it is sealed for.
        pub version: u32,
        /// Revision it is sealed for.
        pub revision: u32,
        /// Part number, 1 or more.
        pub part: u32,
        /// Total ciphertext bytes, header included.
        pub ciphertext_len: u64,
    }
}

body! {
    /// The state of an upload, to resume by.
    pub struct Upload {
        /// Its id.
        pub id: UploadId,
        /// As created.
        pub report_id: ReportId,
        /// As created.
        pub version: u32,
        /// As created.
        pub revision: u32,
        /// As created.
        pub part: u32,
        /// As created.
        pub ciphertext_len: u64,
        /// Number of segments that `ciphertext_len` makes.
        pub segments: u32,
        /// Segments stored and durable, ascending.
        pub received: Vec<u32>,
        /// Forgotten after this unless committed.
        pub expires_at: UnixMillis,
    }
}

/// Header of `PUT /uploads/{id}/segments/{n}`: `sha-256=:<base64>:` (RFC 9530). The body is the segment's bytes.
pub const CONTENT_DIGEST: &str = "content-digest";
