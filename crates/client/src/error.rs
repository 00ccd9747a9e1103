//! Everything that can go wrong, said so that a person can act on it. [`ClientError::code`] is stable, for translations.

use api_types::{ErrorCode, Problem, closing::ClosedBy};
use crypto::account::CombineError;

pub use crate::refusal::Refusal;
use crate::{content::FieldError, key_code::KeyCodeError, passkey::PasskeyError, transport::TransportError};

/// Why a flow didn't finish. No variant holds a secret or decrypted text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// No answer came.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The server refused and said why.
    #[error("{0}")]
    Problem(Box<Problem>),
    /// The server's answer isn't one of this API.
    #[error(
        "The server's answer could not be understood (status {status}). It may be another version or another program."
    )]
    Answer {
        /// HTTP status.
        status: u16,
    },
    /// The server, or someone behind it, is dishonest or broken: nothing of its answer was used.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A typed value breaks a limit.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The last second factor can't go while the password is too short to sign in alone.
    #[error(
        "Your password is short and needs a second factor beside it. Choose one of {min} characters or more first. \
         Nothing was changed."
    )]
    ShortPassword {
        /// Fewest characters of a password that signs in alone.
        min: usize,
    },
    /// Wrong password, or no such account.
    #[error("E-mail or password is wrong.")]
    WrongPassword,
    /// The second factor came too long after the password or kit.
    #[error("That took too long. Enter your password or recovery kit again.")]
    SecondFactorTooLate,
    /// These are not the words of a kit.
    #[error("The recovery kit has a mistake: {0}.")]
    KitWords(#[source] crypto::account::RecoveryError),
    /// The kit is not this account's.
    #[error("E-mail or recovery kit is wrong.")]
    WrongKit,
    /// Recovery shares that open nothing together.
    #[error("The recovery shares have a mistake: {0}.")]
    Shares(#[from] CombineError),
    /// No split of this account is the one that the shares are of.
    #[error("These recovery shares open nothing of this account: the e-mail is another, or the shares were removed.")]
    SharesUnknown,
    /// Words that aren't those of the offered escrow key's fingerprint.
    #[error(
        "These are not words of the escrow key that the server offers. Nothing was turned on. Compare them with what your \
         organisation gave you; if that says something else, do not go on, and tell your organisation."
    )]
    EscrowFingerprint,
    /// These are not an organisation's escrow words.
    #[error("The escrow words have a mistake: {0}.")]
    EscrowWords(#[source] crypto::account::RecoveryError),
    /// The escrow words are of another key.
    #[error("These are not the words of the present escrow key. Nothing was asked for.")]
    EscrowKeyOther,
    /// A number of contacts, or a threshold, that a recovery isn't split by.
    #[error(
        "A recovery is split among {fewest} to {most} different people, and {fewest} or more of them open it together."
    )]
    ShareNumbers {
        /// Fewest, of both.
        fewest: usize,
        /// Most people.
        most: usize,
    },
    /// No answer from a passkey, or none that helps.
    #[error(transparent)]
    Passkey(#[from] PasskeyError),
    /// A code that can't be one.
    #[error("That is not an access code: it has {expected} letters and digits.")]
    CodeShape {
        /// Characters it should have.
        expected: usize,
    },
    /// The code is wrong.
    #[error("The access code is wrong. {}", .tries_left.map_or_else(|| "Few tries are left.".to_owned(), tries))]
    WrongCode {
        /// Tries left before it locks.
        tries_left: Option<u32>,
    },
    /// A scanned text that is no key code.
    #[error(transparent)]
    KeyCode(#[from] KeyCodeError),
    /// The grant doesn't allow what was asked, by the signed chain.
    #[error("Your access to this report does not allow that.")]
    NotAllowed,
    /// A team may have less than was asked for.
    #[error("A team may be given to read and to add versions, and nothing more.")]
    TeamRight,
    /// Not what a device keeps.
    #[error("This is not a device's file, or it was damaged. Add the device anew and keep the file as it is.")]
    DeviceFile,
    /// The device's time is over.
    #[error("This device's time is over. Its owner adds it anew.")]
    DeviceEnded,
    /// A device sends to patients.
    #[error(
        "A device sends reports about patients, and that is somebody else's account. Name a patient by their e-mail."
    )]
    NotAPatient,
    /// Only a manager of the team may, and one must remain.
    #[error("Only a manager of the team may do that, and a team always needs one.")]
    TeamManager,
    /// No live grant of one's own.
    #[error("You have no access to this report any more.")]
    NoAccess,
    /// The report was erased for everybody, as its owner or, with the owner's account, the organisation signed.
    #[error("{}", erased(.by))]
    Erased {
        /// Who ended it.
        by: ClosedBy,
    },
    /// Something asked for isn't there.
    #[error("{what} does not exist.")]
    Missing {
        /// What.
        what: &'static str,
    },
    /// The file changed, or can't be read any more.
    #[error("The file can't be read, or it changed while it was read. Choose it again; the draft is kept.")]
    Source,
    /// The file isn't the one whose upload began.
    #[error("This is not the file whose upload began. It must be uploaded from the start.")]
    SourceChanged,
    /// The opened file can't be written.
    #[error("The file can't be written here: {reason}.")]
    Sink {
        /// What the system says.
        reason: String,
    },
    /// There is no room for the opened file.
    #[error("There is no room left for the file. Free some and try again; nothing incomplete was kept under its name.")]
    SinkFull,
    /// Stopped on request.
    #[error("Stopped. The draft is kept, and the upload goes on where it stopped.")]
    Cancelled,
    /// Some files are not uploaded yet.
    #[error("{count} files are not uploaded yet. The draft is kept.")]
    FilesMissing {
        /// How many.
        count: usize,
    },
    /// Another window or device saved the draft.
    #[error("This draft was changed elsewhere. Open it again to go on.")]
    DraftMoved,
    /// Somebody saved a version of the report meanwhile. Nothing was overwritten.
    #[error(
        "Somebody has saved version {latest} of this report meanwhile. Nothing was overwritten, and your changes are kept: look \
         at both, and save again."
    )]
    VersionMoved {
        /// The newest version now.
        latest: u32,
    },
    /// A version that would be the one before.
    #[error("Nothing is different from the newest version, so nothing was saved.")]
    Unchanged,
    /// The own access doesn't reach the newest version.
    #[error("Your access does not cover the newest version of this report, so you can't save one behind it.")]
    NewestUnseen,
    /// Another window of this session, or another device, made a new account key: what this one holds opens nothing stored.
    #[error(
        "Another window or device has changed how this account opens: its password, recovery kit, keys or a way in. Nothing was \
         changed here. Unlock again, and repeat what you did if it is still needed."
    )]
    AccountKeyChanged,
    /// The heavy step could not run.
    #[error("This device has too little memory free for the password step (64 MiB). Close something and try again.")]
    HeavyStep,
    /// Something of this program's own making doesn't hold.
    #[error("This should not happen: {0}. Nothing was changed.")]
    Internal(&'static str),
}

impl ClientError {
    /// A stable name for translations and programs: the API's code where the server refused.
    pub fn code(&self) -> String {
        match self {
            Self::Transport(e) => match e {
                TransportError::Offline => "offline",
                TransportError::TimedOut => "timed_out",
                TransportError::BadAddress => "bad_address",
                TransportError::Untrusted => "untrusted_certificate",
                TransportError::TooLarge => "answer_too_large",
            },
            Self::Problem(problem) => {
                return problem.type_uri.rsplit(':').next().unwrap_or("unknown").to_owned();
            }
            Self::Answer { .. } => "answer",
            Self::Refused(refusal) => refusal.code(),
            Self::Field(_) => "field",
            Self::ShortPassword { .. } => "short_password",
            Self::WrongPassword => "wrong_password",
            Self::SecondFactorTooLate => "second_factor_too_late",
            Self::KitWords(_) => "kit_words",
            Self::WrongKit => "wrong_kit",
            Self::Shares(CombineError::Unreadable { .. }) => "share_unreadable",
            Self::Shares(CombineError::Doubled { .. }) => "share_doubled",
            Self::Shares(CombineError::Foreign { .. }) => "share_foreign",
            Self::Shares(CombineError::Wrong { .. }) => "share_wrong",
            Self::Shares(CombineError::TooFew { .. }) => "shares_too_few",
            Self::Shares(_) => "shares",
            Self::SharesUnknown => "shares_unknown",
            Self::ShareNumbers { .. } => "share_numbers",
            Self::EscrowFingerprint => "escrow_fingerprint",
            Self::EscrowWords(_) => "escrow_words",
            Self::EscrowKeyOther => "escrow_key_other",
            Self::Passkey(PasskeyError::Declined) => "passkey_declined",
            Self::Passkey(PasskeyError::Known) => "passkey_known",
            Self::Passkey(PasskeyError::Unsupported) => "passkey_unsupported",
            Self::Passkey(PasskeyError::OpensNothing) => "passkey_opens_nothing",
            Self::CodeShape { .. } => "code_shape",
            Self::WrongCode { .. } => "wrong_code",
            Self::KeyCode(KeyCodeError::Foreign) => "key_code_foreign",
            Self::KeyCode(KeyCodeError::Damaged) => "key_code_damaged",
            Self::NotAllowed => "not_allowed",
            Self::DeviceFile => "device_file",
            Self::DeviceEnded => "device_ended",
            Self::NotAPatient => "not_a_patient",
            Self::TeamRight => "team_right",
            Self::TeamManager => "team_manager",
            Self::NoAccess => "no_access",
            Self::Erased { .. } => "report_erased",
            Self::Missing { .. } => "missing",
            Self::Source => "source",
            Self::SourceChanged => "source_changed",
            Self::Sink { .. } => "sink",
            Self::SinkFull => "sink_full",
            Self::Cancelled => "cancelled",
            Self::FilesMissing { .. } => "files_missing",
            Self::DraftMoved => "draft_moved",
            Self::VersionMoved { .. } => "version_moved",
            Self::Unchanged => "unchanged",
            Self::NewestUnseen => "newest_unseen",
            Self::AccountKeyChanged => "account_key_changed",
            Self::HeavyStep => "heavy_step",
            Self::Internal(_) => "internal",
        }
        .to_owned()
    }

    /// The server's code, if it was the server that refused.
    pub fn problem(&self) -> Option<ErrorCode> {
        match self {
            Self::Problem(problem) => Some(problem.code),
            _ => None,
        }
    }

    /// Whether trying the same again later can succeed: no connection, throttled, server down.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Transport(e) => matches!(e, TransportError::Offline | TransportError::TimedOut),
            // A proxy before a server that is away, or begins anew.
            Self::Answer { status } => matches!(status, 502..=504),
            Self::Problem(p) => matches!(
                p.code,
                ErrorCode::Throttled
                    | ErrorCode::TooManyAtOnce
                    | ErrorCode::StorageUnavailable
                    | ErrorCode::DatabaseUnavailable
                    | ErrorCode::Unavailable
                    | ErrorCode::Internal
            ),
            _ => false,
        }
    }

    /// As [`ClientError::is_transient`], of a request that only reads. Such a one is refused too while the server's disk is full or can't
    /// be written, since who read it could not be recorded; it takes no room there, so it may wait until that is over.
    pub fn is_transient_for_reading(&self) -> bool {
        self.is_transient() || matches!(self.problem(), Some(ErrorCode::StorageFull | ErrorCode::StorageReadOnly))
    }
}

impl From<Problem> for ClientError {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

fn tries(left: u32) -> String {
    match left {
        0 => "It was the last try, and the share is locked.".to_owned(),
        1 => "One try is left.".to_owned(),
        left => format!("{left} tries are left."),
    }
}

fn erased(by: &ClosedBy) -> &'static str {
    match by {
        ClosedBy::Holder => "This report was erased by its owner. Nothing of it is left here.",
        ClosedBy::Organisation => {
            "This report was erased with its owner's account, by the organisation. Nothing of it is left here."
        }
    }
}

/// What every flow returns.
pub type Result<T, E = ClientError> = std::result::Result<T, E>;
