//! What a message tells.

use serde::{Deserialize, Serialize};

/// What a message tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    /// A link that verifies the address.
    EmailVerification,
    /// To the new address: a link that confirms a change to it.
    EmailChangeNew,
    /// To the old address: a link that confirms or stops a change away from it.
    EmailChangeOld,
    /// To the new address: the account has it now.
    EmailChanged,
    /// To the old address: the account has another now.
    EmailLeft,
    /// A link to create an account.
    Invitation,
    /// A code that proves the address at sign-up.
    SignUpCode,
    /// Somebody asked for such a code, and the address has an account, or had one.
    SignUpTaken,
    /// Signed in from a device that wasn't seen before.
    NewDevice,
    /// A new password.
    PasswordChanged,
    /// A new recovery kit.
    RecoveryKitChanged,
    /// New keys were made.
    KeysRotated,
    /// A new account key was made, since a way in had gone.
    AccountKeyRotated,
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
    /// A device that sends was added.
    SendingDeviceAdded,
    /// One was removed.
    SendingDeviceRemoved,
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
    /// Its holder paused the account.
    AccountPaused,
    /// An administrator asked for the removal of the account.
    AccountRemovalAsked,
    /// The account was deleted: the last message.
    AccountDeleted,
    /// There is a report to see.
    ReportShared,
    /// Somebody was added to a team.
    TeamInvited,
    /// Somebody was removed from one.
    TeamRemoved,
    /// Somebody was made an emergency contact.
    EmergencyContactAdded,
    /// An emergency contact was removed.
    EmergencyContactRemoved,
    /// Somebody trusts the account as an emergency contact.
    EmergencyOffered,
    /// An emergency contact asks for the account.
    EmergencyAsked,
    /// The delay after that runs on, or has run.
    EmergencyReminder,
    /// What one asked for as an emergency contact was refused.
    EmergencyRefused,
    /// It is open: the delay has run.
    EmergencyOpen,
    /// The contact was given the words.
    EmergencyWordsGiven,
    /// An emergency contact opened the account, and set a new password.
    EmergencyUsed,
    /// The recovery was split among contacts.
    RecoverySplitMade,
    /// The split was removed.
    RecoverySplitRemoved,
    /// The account holds a share of somebody's recovery.
    RecoveryShareGiven,
    /// A contact opened their share.
    RecoveryShareOpened,
    /// Shares opened the account, and a new password was set.
    RecoverySharesUsed,
    /// Escrow was turned on.
    EscrowOn,
    /// Escrow was turned off.
    EscrowOff,
    /// An administrator asks for the account out of escrow.
    EscrowAsked,
    /// The delay after that runs on, or has run.
    EscrowReminder,
    /// What an administrator asked for was refused.
    EscrowRefused,
    /// It is open: the delay has run.
    EscrowOpen,
    /// An administrator was given what is in escrow.
    EscrowGiven,
    /// The account was opened with what was in escrow, and a new password set.
    EscrowUsed,
    /// The organisation ended the escrow key.
    EscrowKeyEnded,
    /// To administrators: a backup failed.
    BackupFailed,
    /// To administrators: there has been none for too long.
    BackupOverdue,
    /// To administrators: a restore was tried, and failed.
    DrillFailed,
    /// To administrators: a stored piece of a file is damaged.
    BlobDamaged,
    /// To administrators: a signed row of the database is damaged.
    RowDamaged,
    /// Four fifths of the account's space are used.
    SpaceRunsOut,
    /// Nearly all of it is.
    SpaceNearlyUsed,
}

impl MailKind {
    /// Every kind.
    pub const ALL: [Self; 65] = [
        Self::EmailVerification,
        Self::EmailChangeNew,
        Self::EmailChangeOld,
        Self::EmailChanged,
        Self::EmailLeft,
        Self::Invitation,
        Self::SignUpCode,
        Self::SignUpTaken,
        Self::NewDevice,
        Self::PasswordChanged,
        Self::RecoveryKitChanged,
        Self::KeysRotated,
        Self::AccountKeyRotated,
        Self::AccountRecovered,
        Self::SecondFactorAdded,
        Self::SecondFactorRemoved,
        Self::RecoveryCodesRenewed,
        Self::IdentityLinked,
        Self::IdentityRemoved,
        Self::ApiTokenMade,
        Self::ApiTokenRemoved,
        Self::SendingDeviceAdded,
        Self::SendingDeviceRemoved,
        Self::PhoneAdded,
        Self::PhoneSignInChanged,
        Self::PhoneRemoved,
        Self::SecondFactorsReset,
        Self::AccountDisabled,
        Self::AccountEnabled,
        Self::AccountPaused,
        Self::AccountRemovalAsked,
        Self::AccountDeleted,
        Self::ReportShared,
        Self::TeamInvited,
        Self::TeamRemoved,
        Self::EmergencyContactAdded,
        Self::EmergencyContactRemoved,
        Self::EmergencyOffered,
        Self::EmergencyAsked,
        Self::EmergencyReminder,
        Self::EmergencyRefused,
        Self::EmergencyOpen,
        Self::EmergencyWordsGiven,
        Self::EmergencyUsed,
        Self::RecoverySplitMade,
        Self::RecoverySplitRemoved,
        Self::RecoveryShareGiven,
        Self::RecoveryShareOpened,
        Self::RecoverySharesUsed,
        Self::EscrowOn,
        Self::EscrowOff,
        Self::EscrowAsked,
        Self::EscrowReminder,
        Self::EscrowRefused,
        Self::EscrowOpen,
        Self::EscrowGiven,
        Self::EscrowUsed,
        Self::EscrowKeyEnded,
        Self::BackupFailed,
        Self::BackupOverdue,
        Self::DrillFailed,
        Self::BlobDamaged,
        Self::RowDamaged,
        Self::SpaceRunsOut,
        Self::SpaceNearlyUsed,
    ];
}
