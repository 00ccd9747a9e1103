//! What can go wrong in a service, and the one place where it becomes an answer.

use api_types::{ErrorCode, Problem, UnixMillis, phones::PhoneFactor, quotas::Quota, second_factors::SecondFactorKind};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sea_orm::{DbErr, RuntimeErr, SqlxError};

use crate::{clock::now_ms, middleware::request_id, storage::blobs::BlobError};

/// After so long, in milliseconds, the blob store may be back.
const STORE_BACK_IN: UnixMillis = 5000;

/// A service's failure. What a caller may know is in the variants; everything internal is logged, never answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// A refusal that its code says whole.
    #[error("{0:?}")]
    Refused(ErrorCode),
    /// A refusal with a sentence on what to do; never a secret, never another person's data.
    #[error("{0:?}: {1}")]
    RefusedBecause(ErrorCode, String),
    /// A field of the body or query has a value that is not allowed.
    #[error("field {pointer}: {detail}")]
    Field {
        /// JSON pointer, for instance `/email`.
        pointer: &'static str,
        /// What is wrong and what is allowed.
        detail: String,
    },
    /// Too many tries.
    #[error("throttled")]
    Throttled {
        /// When the next try is taken.
        retry_at: UnixMillis,
    },
    /// As many are under way as there may be.
    #[error("{most} at once")]
    TooManyAtOnce {
        /// So many there may be.
        most: usize,
    },
    /// What would be stored doesn't fit.
    #[error("the quota is exceeded")]
    QuotaExceeded {
        /// What the account stores and may; not where it is somebody else's.
        quota: Option<Quota>,
    },
    /// A wrong access code.
    #[error("wrong code")]
    WrongCode {
        /// Tries that remain.
        tries_left: u32,
    },
    /// A second factor is needed, and was not given.
    #[error("second factor required")]
    SecondFactorRequired {
        /// What the account has.
        kinds: Vec<SecondFactorKind>,
        /// The phone among them, where codes can be sent to it.
        phone: Option<PhoneFactor>,
    },
    /// The database failed.
    #[error("database: {0}")]
    Database(#[from] DbErr),
    /// The blob store failed.
    #[error("blob store: {0}")]
    Blobs(#[from] BlobError),
    /// Something that must not happen, for the log.
    #[error("{0}")]
    Internal(String),
}

/// What services return.
pub type ServiceResult<T> = Result<T, ServiceError>;

impl From<ErrorCode> for ServiceError {
    fn from(code: ErrorCode) -> Self {
        Self::Refused(code)
    }
}

impl ServiceError {
    /// A field that is not allowed.
    pub fn field(pointer: &'static str, detail: impl Into<String>) -> Self {
        Self::Field { pointer, detail: detail.into() }
    }

    /// A refusal with a sentence on what to do.
    pub fn because(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self::RefusedBecause(code, detail.into())
    }

    /// The problem that answers it: the one place where a failure gets its status.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Refused(code) => Problem::new(*code),
            Self::RefusedBecause(code, detail) => Problem::new(*code).with_detail(detail.clone()),
            Self::Field { pointer, detail } => {
                let mut problem = Problem::new(ErrorCode::InvalidField).with_detail(detail.clone());
                problem.pointer = Some((*pointer).to_owned());
                problem
            }
            Self::Throttled { retry_at } => {
                let mut problem = Problem::new(ErrorCode::Throttled);
                problem.retry_at = Some(*retry_at);
                problem
            }
            Self::TooManyAtOnce { most } => {
                let problem = Problem::new(ErrorCode::TooManyAtOnce).with_detail(format!("at most {most} at once"));
                // When one of them ends nobody knows.
                Problem { retry_at: Some(now_ms() + 1000), ..problem }
            }
            Self::QuotaExceeded { quota } => Problem { quota: quota.clone(), ..Problem::new(ErrorCode::QuotaExceeded) },
            Self::WrongCode { tries_left } => {
                let mut problem = Problem::new(ErrorCode::WrongCode);
                problem.tries_left = Some(*tries_left);
                problem
            }
            Self::SecondFactorRequired { kinds, phone } => {
                let problem = Problem::new(ErrorCode::SecondFactorRequired);
                Problem { second_factors: kinds.clone(), phone: phone.clone(), ..problem }
            }
            Self::Database(error) => Problem::new(database_code(error)),
            Self::Blobs(error) => blob_problem(error),
            Self::Internal(_) => Problem::new(ErrorCode::Internal),
        }
    }

    /// Whether a unique constraint was hit: the caller turns it into its own named error.
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Database(e) if is_unique_violation(e))
    }
}

/// Whether a unique constraint was hit.
pub fn is_unique_violation(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(sea_orm::SqlErr::UniqueConstraintViolation(_)))
}

/// What was stored, or a conflict where a unique constraint was hit.
pub fn unique(stored: Result<(), DbErr>) -> ServiceResult<()> {
    match stored {
        Err(error) if is_unique_violation(&error) => Err(ErrorCode::Conflict.into()),
        other => Ok(other?),
    }
}

fn database_code(error: &DbErr) -> ErrorCode {
    let text = error.to_string();
    if text.contains("disk is full") || text.contains("No space left") || text.contains("could not extend file") {
        ErrorCode::StorageFull
    } else if is_passing(error) || text.contains("database is locked") {
        ErrorCode::Unavailable
    } else {
        ErrorCode::Internal
    }
}

/// PostgreSQL's codes (appendix A) of what trying again may mend: a lock or a statement took too long, the server stops or
/// isn't there, it has no connection left.
const PASSING: [&str; 8] = ["55P03", "57014", "57P01", "57P02", "57P03", "25P03", "53300", "40001"];

/// Whether the database is busy or away, and may not be for long.
fn is_passing(error: &DbErr) -> bool {
    let (DbErr::Conn(RuntimeErr::SqlxError(error))
    | DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return matches!(error, DbErr::ConnectionAcquire(_));
    };
    match &**error {
        SqlxError::Io(_) | SqlxError::PoolTimedOut => true,
        other => other.as_database_error().and_then(|error| error.code()).is_some_and(|c| PASSING.contains(&&*c)),
    }
}

fn blob_problem(error: &BlobError) -> Problem {
    match error {
        BlobError::Unavailable(_) => {
            let problem = Problem::new(ErrorCode::StorageUnavailable);
            Problem { retry_at: Some(now_ms() + STORE_BACK_IN), ..problem }
        }
        BlobError::Full => Problem::new(ErrorCode::StorageFull),
        // The database names a blob that isn't there whole.
        BlobError::NotFound | BlobError::Short => Problem::new(ErrorCode::Internal),
    }
}

/// Marks a response as a refusal, for the audit of denials.
#[derive(Debug, Clone, Copy)]
pub struct Refusal(pub ErrorCode);

impl IntoResponse for ServiceError {
    fn into_response(self) -> Response {
        let problem = self.problem();
        if problem.status >= 500 {
            tracing::error!(error = %self, code = ?problem.code, "request failed");
        }
        problem_response(problem)
    }
}

/// A problem as `application/problem+json`, with the request's id, and `Retry-After` where it has a time.
pub fn problem_response(mut problem: Problem) -> Response {
    use ErrorCode::{ApiTokenExpired, ApiTokenInvalid, ApiTokenMalformed, SignedOut};
    problem.request_id = request_id::current();
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(retry_at) = problem.retry_at {
        let seconds = (retry_at - now_ms()).max(0).div_euclid(1000) + 1;
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.unsigned_abs()));
    }
    if matches!(problem.code, SignedOut | ApiTokenExpired | ApiTokenInvalid | ApiTokenMalformed) {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response.extensions_mut().insert(Refusal(problem.code));
    response
}
