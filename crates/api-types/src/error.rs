//! The one error body: `application/problem+json` (RFC 9457) with a stable `code`.

use serde::{Deserialize, Serialize};

use crate::{UnixMillis, phones::PhoneFactor, quotas::Quota, second_factors::SecondFactorKind};

/// What went wrong, as RFC 9457 says it, plus a `code` that programs may match on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// `urn:healthsecure:problem:<code>`.
    #[serde(rename = "type")]
    pub type_uri: String,
    /// One sentence that is the same for every occurrence of the code.
    pub title: String,
    /// The HTTP status, repeated.
    pub status: u16,
    /// Stable and machine-readable.
    pub code: ErrorCode,
    /// What to do about this occurrence; never a secret, never another person's data.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<String>,
    /// The field that was refused, as a JSON pointer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pointer: Option<String>,
    /// When trying again makes sense (throttling).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub retry_at: Option<UnixMillis>,
    /// Tries left before a code locks.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tries_left: Option<u32>,
    /// What the account has for a second factor, where one is needed.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub second_factors: Vec<SecondFactorKind>,
    /// The phone among them, where codes can be sent to it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub phone: Option<PhoneFactor>,
    /// The newest version of the report (`version_moved`).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub latest_version: Option<u32>,
    /// What the account stores and may, where that is why.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub quota: Option<Quota>,
    /// Quote this to the operator: it finds the request in the server's log.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request_id: Option<String>,
}

macro_rules! codes {
    ($($(#[$meta:meta])* $variant:ident = $status:literal, $title:literal;)*) => {
        /// Every error that the API answers with. The text is the snake_case name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[$meta])* #[doc = $title] $variant,)*
            /// A code newer than this client.
            #[serde(other)]
            Unknown,
        }

        impl ErrorCode {
            /// Every code, for documentation and tests.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The HTTP status that goes with it.
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* Self::Unknown => 500 }
            }

            /// The sentence that goes with it.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* Self::Unknown => "An unknown error" }
            }
        }
    };
}

codes! {
    Malformed = 400, "The request could not be read";
    InvalidField = 422, "A field has a value that is not allowed";
    UnsignedRead = 422, "The request to read is not signed by its reader";
    ClockWrong = 422, "The time that your device signed with is more than a day off";
    InvalidSignature = 422, "A signature does not verify";
    UnknownVersion = 422, "The object has a format version that this server does not know";
    SignedOut = 401, "You are not signed in";
    ApiTokenMalformed = 401, "This is no API token: it is mistyped or cut";
    ApiTokenInvalid = 401, "The API token is not known here, or was removed";
    ApiTokenExpired = 401, "The API token has expired";
    ApiTokenWithSession = 400, "An API token and a session cookie came together; send one of them";
    SignInFailed = 401, "E-mail or password is wrong";
    SecondFactorRequired = 401, "Your second factor is needed as well";
    SecondFactorWrong = 401, "The code of your second factor is wrong, or was used before";
    PasskeyFailed = 401, "The passkey is not known here, or did not answer what it was asked";
    IdentityRefused = 401, "The identity provider's answer does not verify";
    IdentityStateMismatch = 400, "The identity provider's answer belongs to no sign-in that was begun in this browser";
    IdentityExpired = 410, "Signing in with the identity provider took too long, or was used already";
    IdentityDenied = 403, "The identity provider was told not to sign you in";
    IdentityProviderUnavailable = 503, "The identity provider can't be reached, or is not set up rightly";
    IdentityEmailUnverified = 403, "The identity provider has not verified your e-mail address";
    IdentityNotLinked = 409, "An account with this e-mail exists; sign in with its password and link the identity in the settings";
    IdentityTaken = 409, "This identity signs in to another account already";
    PhoneCodeWrong = 401, "The code is wrong";
    PhoneCodeExpired = 410, "The code was used, has ended, or was wrong too often; have a new one sent";
    PhoneTaken = 409, "This number signs in to another account already";
    PhoneCodeRequired = 403, "Your number was verified a while ago; have a code sent to it first";
    PhoneOnlyFactor = 403, "Your phone is your only second factor, so it can't sign you in as well; sign in with your password";
    SignUpCodeRequired = 403, "The e-mail address has to be proved first, by the code that is mailed to it";
    SignUpCodeWrong = 403, "The code is wrong";
    SignUpCodeExpired = 410, "The code was used, has ended, or was wrong too often; have a new one sent";
    RecoveryFailed = 401, "E-mail or recovery kit is wrong";
    WrongCode = 403, "The access code is wrong";
    CodeLocked = 403, "The access code was wrong too often and is locked";
    Forbidden = 403, "You are not allowed to do this";
    BeyondScope = 403, "The API token does not reach this";
    AccountPending = 403, "Your account waits for an administrator's approval";
    AccountDisabled = 403, "Your account is disabled";
    SecondFactorDue = 403, "Your role needs a second factor; add one first";
    ConfirmationRequired = 403, "Confirm with your password first";
    OriginRefused = 403, "The request came from another site";
    NotFound = 404, "There is nothing here, or nothing that you may see";
    MethodNotAllowed = 405, "This resource does not offer that method";
    AccountDeleted = 410, "That account was deleted";
    RecipientDisabled = 409, "That account is disabled; nothing can be shared with it";
    LastAdministrator = 409, "You are the only active administrator; approve another one first";
    Conflict = 409, "It changed meanwhile; fetch it and try again";
    EmailTaken = 409, "An account with this e-mail exists";
    AccessHeadMoved = 409, "The report's access chain has grown meanwhile";
    VersionMoved = 409, "Somebody has saved a version meanwhile; nothing was overwritten";
    TooManyVersions = 409, "The report has as many versions as a report can have; what is new goes into another one";
    CounterStale = 409, "A newer copy is stored already";
    EmergencyNotOpen = 409, "The emergency access is not open: it was not asked for, was refused, or its time has not come";
    TeamMoved = 409, "The team's roster has changed meanwhile";
    TeamManagerNeeded = 409, "The team needs another manager first";
    TeamDissolved = 410, "The team was dissolved; nothing can be shared with it, and nobody belongs to it";
    SoleTeamManager = 409, "Others belong to a care team that only you manage; make one of them a manager or dissolve it first";
    TeamRight = 422, "A team may be given to read and to add versions, and nothing more";
    EscrowNotOpen = 409, "The escrow is not open: it was not asked for, was refused, was ended, or its time has not come";
    UploadIncomplete = 409, "Segments of the upload are missing";
    AlreadySetUp = 409, "The first administrator exists already";
    Gone = 410, "It has expired or was withdrawn";
    ReportErased = 410, "The report was erased for everybody";
    ShareExpired = 410, "The share has expired";
    InvitationInvalid = 410, "The invitation is used, expired or unknown";
    EmailVerificationInvalid = 410, "The link is used, expired, unknown, or was made for another address or account";
    EmailChangeInvalid = 410, "The link is used, expired, unknown, of an earlier change, or was made for another account";
    TooLarge = 413, "The request is larger than this route takes";
    QuotaExceeded = 413, "It does not fit into the account's space; nothing that is stored was lost";
    UnsupportedMediaType = 415, "The request has a content type that this route does not take";
    RangeNotSatisfiable = 416, "The range lies outside the content";
    DigestMismatch = 422, "The content does not match its SHA-256 digest";
    Throttled = 429, "Too many tries; wait a little";
    TooManyAtOnce = 429, "Too many of these are under way at once; let one end first";
    Internal = 500, "The server failed; nothing was changed";
    StorageFull = 503, "The server has no room left; nothing was changed";
    StorageReadOnly = 503, "The server's disk can be read and not written right now; nothing was changed";
    StorageUnavailable = 503, "The store of files can't be reached; nothing that it took is lost";
    BlobDamaged = 503, "A stored piece of this file is damaged or missing, so it isn't given out; whoever runs the server is told";
    DatabaseUnavailable = 503, "The database can't be reached right now; what was acknowledged is safe";
    DatabaseDamaged = 503, "The database is damaged; whoever runs the server must restore it from a backup";
    Unavailable = 503, "The server can't do this right now; nothing was changed";
}

impl Problem {
    /// A problem with the code's own status and title.
    pub fn new(code: ErrorCode) -> Self {
        let name = serde_plain(code);
        Self {
            type_uri: format!("urn:healthsecure:problem:{name}"),
            title: code.title().to_owned(),
            status: code.status(),
            code,
            detail: None,
            pointer: None,
            retry_at: None,
            tries_left: None,
            second_factors: Vec::new(),
            phone: None,
            latest_version: None,
            quota: None,
            request_id: None,
        }
    }

    /// Adds what to do about it.
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

/// The snake_case name that serde gives a code.
fn serde_plain(code: ErrorCode) -> String {
    let debug = format!("{code:?}");
    let mut name = String::with_capacity(debug.len() + 4);
    for (i, c) in debug.chars().enumerate() {
        if c.is_ascii_uppercase() && i > 0 {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.title)?;
        match &self.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}
