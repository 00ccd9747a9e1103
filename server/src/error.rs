//! What can go wrong in a service, and the one place where it becomes an answer.

use api_types::{ErrorCode, Problem, UnixMillis, phones::PhoneFactor, quotas::Quota, second_factors::SecondFactorKind};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sea_orm::DbErr;

use crate::{
    clock::now_ms,
    middleware::request_id,
    storage::{blobs::BlobError, failure::Failure},
};

/// After so long, in milliseconds, a store that is away may be back.
const BACK_IN: UnixMillis = 5000;

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
    /// What is needed for it is away, and may be back soon.
    #[error("{0:?}, for now")]
    BackSoon(ErrorCode),
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
    /// A version was sealed for another newest version than there is.
    #[error("version {latest} is the newest")]
    VersionMoved {
        /// The newest version of the report.
        latest: u32,
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
    /// SQLite's file is another than the one that was opened, or gone: what is written now would go nowhere.
    #[error(
        "the database's file {0} is gone, or another one lies there: put it back, or restart the server on what is there"
    )]
    DatabaseMoved(String),
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
            Self::VersionMoved { latest } => {
                let problem =
                    Problem::new(ErrorCode::VersionMoved).with_detail(format!("version {latest} is the newest"));
                Problem { latest_version: Some(*latest), ..problem }
            }
            Self::SecondFactorRequired { kinds, phone } => {
                let problem = Problem::new(ErrorCode::SecondFactorRequired);
                Problem { second_factors: kinds.clone(), phone: phone.clone(), ..problem }
            }
            Self::Database(error) => database_problem(error),
            Self::BackSoon(code) => back_soon(*code),
            Self::DatabaseMoved(_) => back_soon(ErrorCode::DatabaseUnavailable),
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

fn database_problem(error: &DbErr) -> Problem {
    match Failure::of(error) {
        Failure::Full => Problem::new(ErrorCode::StorageFull),
        Failure::ReadOnly => Problem::new(ErrorCode::StorageReadOnly),
        Failure::Away => back_soon(ErrorCode::DatabaseUnavailable),
        Failure::Busy => Problem::new(ErrorCode::Unavailable),
        Failure::Damaged => Problem::new(ErrorCode::DatabaseDamaged),
        Failure::Other => Problem::new(ErrorCode::Internal),
    }
}

/// It may be back soon.
fn back_soon(code: ErrorCode) -> Problem {
    Problem { retry_at: Some(now_ms() + BACK_IN), ..Problem::new(code) }
}

fn blob_problem(error: &BlobError) -> Problem {
    match error {
        BlobError::Unavailable(_) => back_soon(ErrorCode::StorageUnavailable),
        BlobError::Full => Problem::new(ErrorCode::StorageFull),
        BlobError::ReadOnly => Problem::new(ErrorCode::StorageReadOnly),
        // The database names a blob that isn't there whole.
        BlobError::NotFound | BlobError::Short => Problem::new(ErrorCode::BlobDamaged),
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
