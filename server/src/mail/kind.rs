//! What a message tells.

use serde::{Deserialize, Serialize};

/// What a message tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    /// A link that verifies the address.
    EmailVerification,
    /// A link to create an account.
    Invitation,
    /// Signed in from a device that wasn't seen before.
    NewDevice,
    /// A new password.
    PasswordChanged,
    /// A new recovery kit.
    RecoveryKitChanged,
    /// Opened with the recovery kit, and a new password set.
    AccountRecovered,
    /// A second factor was added.
    SecondFactorAdded,
    /// A second factor was removed by its holder.
    SecondFactorRemoved,
    /// New recovery codes.
    RecoveryCodesRenewed,
    /// An identity at a provider signs in from now on.
    IdentityLinked,
    /// One doesn't any more.
    IdentityRemoved,
    /// An API token was made.
    ApiTokenMade,
    /// One was removed.
    ApiTokenRemoved,
    /// A phone number was added, perhaps in the place of another.
    PhoneAdded,
    /// Whether a phone number signs in is another than before.
    PhoneSignInChanged,
    /// A phone number was removed.
    PhoneRemoved,
    /// An administrator took all second factors off.
    SecondFactorsReset,
    /// An administrator switched the account off.
    AccountDisabled,
    /// An administrator switched the account on again.
    AccountEnabled,
    /// There is a report to see.
    ReportShared,
}

impl MailKind {
    /// Every kind.
    pub const ALL: [Self; 20] = [
        Self::EmailVerification,
        Self::Invitation,
        Self::NewDevice,
        Self::PasswordChanged,
        Self::RecoveryKitChanged,
        Self::AccountRecovered,
        Self::SecondFactorAdded,
        Self::SecondFactorRemoved,
        Self::RecoveryCodesRenewed,
        Self::IdentityLinked,
        Self::IdentityRemoved,
        Self::ApiTokenMade,
        Self::ApiTokenRemoved,
        Self::PhoneAdded,
        Self::PhoneSignInChanged,
        Self::PhoneRemoved,
        Self::SecondFactorsReset,
        Self::AccountDisabled,
        Self::AccountEnabled,
        Self::ReportShared,
    ];
}
