//! Every word that is mailed, in one place, so that it can be translated.
//!
//! `{organisation}`, `{origin}`, `{link}`, `{code}`, `{when}` and `{backups}` are filled in. Nothing else is: no name, no report, no
//! device's own words.

mod accounts;
mod addresses;
mod emergency;
mod escrow;
mod operation;
mod recovery_shares;
mod sharing;
mod ways_in;

use super::MailKind;

/// Subject and body, with places to fill in.
type Words = (&'static str, &'static str);

/// What is filled in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'a> {
    /// The organisation's display name.
    pub organisation: &'a str,
    /// The server's origin.
    pub origin: &'a str,
    /// The link of a message that has one.
    pub link: &'a str,
    /// The code of a message that has one.
    pub code: &'a str,
    /// When it happened.
    pub when: &'a str,
    /// For how long backups hold what was deleted, where the message tells of that.
    pub backups: &'a str,
}

/// For how long backups hold it: until a day, or with no end that is known.
pub(super) fn in_backups(until: Option<&str>) -> String {
    match until {
        Some(day) => format!(
            "Backups of the server hold it, encrypted, until {day} at the latest, as\n\
             long as they are made as planned.\n\n"
        ),
        None => "Backups may hold it, encrypted, for longer: whoever runs the server knows\n\
                 when they end.\n\n"
            .to_owned(),
    }
}

/// Subject and body of a message.
pub(super) fn text(kind: MailKind, facts: Facts<'_>) -> (String, String) {
    let (subject, body) = words(kind);
    let body = [body, if tells_of_security(kind) { NOT_YOU } else { "" }, FOOT].concat();
    (fill(subject, facts), fill(&body, facts))
}

/// The organisation's name comes last: what it says isn't filled in again.
fn fill(text: &str, facts: Facts<'_>) -> String {
    let places = [
        ("{origin}", facts.origin),
        ("{link}", facts.link),
        ("{code}", facts.code),
        ("{when}", facts.when),
        ("{backups}", facts.backups),
    ];
    let filled = places.iter().fold(text.to_owned(), |text, (place, fact)| text.replace(place, fact));
    filled.replace("{organisation}", facts.organisation)
}

fn tells_of_security(kind: MailKind) -> bool {
    use MailKind::*;
    match kind {
        EmailVerification | EmailChangeNew | EmailChangeOld | EmailLeft | Invitation | SignUpCode | SignUpTaken
        | ReportShared | AccountDisabled | AccountEnabled | AccountPaused | AccountRemovalAsked | AccountDeleted
        | EmergencyOffered | EmergencyRefused | EmergencyOpen | EmergencyAsked | EmergencyReminder
        | RecoveryShareGiven | TeamInvited | TeamRemoved | EscrowAsked | EscrowReminder | EscrowRefused
        | EscrowOpen | EscrowKeyEnded | BackupFailed | BackupOverdue | DrillFailed | BlobDamaged | RowDamaged
        | SpaceRunsOut | SpaceNearlyUsed => false,
        NewDevice
        | PasswordChanged
        | RecoveryKitChanged
        | EmailChanged
        | KeysRotated
        | AccountKeyRotated
        | AccountRecovered
        | SecondFactorAdded
        | SecondFactorRemoved
        | RecoveryCodesRenewed
        | IdentityLinked
        | IdentityRemoved
        | ApiTokenMade
        | ApiTokenRemoved
        | SendingDeviceAdded
        | SendingDeviceRemoved
        | PhoneAdded
        | PhoneSignInChanged
        | PhoneRemoved
        | SecondFactorsReset
        | EmergencyContactAdded
        | EmergencyContactRemoved
        | EmergencyWordsGiven
        | EmergencyUsed
        | RecoverySplitMade
        | RecoverySplitRemoved
        | RecoveryShareOpened
        | RecoverySharesUsed
        | EscrowOn
        | EscrowOff
        | EscrowGiven
        | EscrowUsed => true,
    }
}

const NOT_YOU: &str = "\
If this was you, there is nothing to do.

If it wasn't: sign in, change your password and your recovery kit under
Settings, sign out all other sessions there, and tell your administrator. If
you can't sign in any more, use your recovery kit:
{origin}/recover

";

const FOOT: &str = "\
-- 
{organisation}, {origin}
Sent automatically; answers aren't read. We never ask for your password, your
recovery kit or an access code by e-mail.
";

fn words(kind: MailKind) -> Words {
    match kind {
        MailKind::EmailVerification => addresses::EMAIL_VERIFICATION,
        MailKind::EmailChangeNew => addresses::EMAIL_CHANGE_NEW,
        MailKind::EmailChangeOld => addresses::EMAIL_CHANGE_OLD,
        MailKind::EmailChanged => addresses::EMAIL_CHANGED,
        MailKind::EmailLeft => addresses::EMAIL_LEFT,
        MailKind::Invitation => addresses::INVITATION,
        MailKind::SignUpCode => addresses::SIGN_UP_CODE,
        MailKind::SignUpTaken => addresses::SIGN_UP_TAKEN,
        MailKind::NewDevice => ways_in::NEW_DEVICE,
        MailKind::PasswordChanged => ways_in::PASSWORD_CHANGED,
        MailKind::KeysRotated => ways_in::KEYS_ROTATED,
        MailKind::AccountKeyRotated => ways_in::ACCOUNT_KEY_ROTATED,
        MailKind::RecoveryKitChanged => ways_in::RECOVERY_KIT_CHANGED,
        MailKind::AccountRecovered => ways_in::ACCOUNT_RECOVERED,
        MailKind::SecondFactorAdded => ways_in::SECOND_FACTOR_ADDED,
        MailKind::SecondFactorRemoved => ways_in::SECOND_FACTOR_REMOVED,
        MailKind::RecoveryCodesRenewed => ways_in::RECOVERY_CODES_RENEWED,
        MailKind::IdentityLinked => ways_in::IDENTITY_LINKED,
        MailKind::IdentityRemoved => ways_in::IDENTITY_REMOVED,
        MailKind::ApiTokenMade => ways_in::API_TOKEN_MADE,
        MailKind::ApiTokenRemoved => ways_in::API_TOKEN_REMOVED,
        MailKind::SendingDeviceAdded => ways_in::SENDING_DEVICE_ADDED,
        MailKind::SendingDeviceRemoved => ways_in::SENDING_DEVICE_REMOVED,
        MailKind::PhoneAdded => ways_in::PHONE_ADDED,
        MailKind::PhoneSignInChanged => ways_in::PHONE_SIGN_IN_CHANGED,
        MailKind::PhoneRemoved => ways_in::PHONE_REMOVED,
        MailKind::SecondFactorsReset => ways_in::SECOND_FACTORS_RESET,
        MailKind::AccountDisabled => accounts::ACCOUNT_DISABLED,
        MailKind::AccountEnabled => accounts::ACCOUNT_ENABLED,
        MailKind::AccountPaused => accounts::ACCOUNT_PAUSED,
        MailKind::AccountRemovalAsked => accounts::ACCOUNT_REMOVAL_ASKED,
        MailKind::AccountDeleted => accounts::ACCOUNT_DELETED,
        MailKind::ReportShared => sharing::REPORT_SHARED,
        MailKind::TeamInvited => sharing::TEAM_INVITED,
        MailKind::TeamRemoved => sharing::TEAM_REMOVED,
        MailKind::EmergencyContactAdded => emergency::EMERGENCY_CONTACT_ADDED,
        MailKind::EmergencyContactRemoved => emergency::EMERGENCY_CONTACT_REMOVED,
        MailKind::EmergencyOffered => emergency::EMERGENCY_OFFERED,
        MailKind::EmergencyAsked => emergency::EMERGENCY_ASKED,
        MailKind::EmergencyReminder => emergency::EMERGENCY_REMINDER,
        MailKind::EmergencyRefused => emergency::EMERGENCY_REFUSED,
        MailKind::EmergencyOpen => emergency::EMERGENCY_OPEN,
        MailKind::EmergencyWordsGiven => emergency::EMERGENCY_WORDS_GIVEN,
        MailKind::EmergencyUsed => emergency::EMERGENCY_USED,
        MailKind::RecoverySplitMade => recovery_shares::RECOVERY_SPLIT_MADE,
        MailKind::RecoverySplitRemoved => recovery_shares::RECOVERY_SPLIT_REMOVED,
        MailKind::RecoveryShareGiven => recovery_shares::RECOVERY_SHARE_GIVEN,
        MailKind::RecoveryShareOpened => recovery_shares::RECOVERY_SHARE_OPENED,
        MailKind::RecoverySharesUsed => recovery_shares::RECOVERY_SHARES_USED,
        MailKind::EscrowOn => escrow::ESCROW_ON,
        MailKind::EscrowOff => escrow::ESCROW_OFF,
        MailKind::EscrowAsked => escrow::ESCROW_ASKED,
        MailKind::EscrowReminder => escrow::ESCROW_REMINDER,
        MailKind::EscrowRefused => escrow::ESCROW_REFUSED,
        MailKind::EscrowOpen => escrow::ESCROW_OPEN,
        MailKind::EscrowGiven => escrow::ESCROW_GIVEN,
        MailKind::EscrowUsed => escrow::ESCROW_USED,
        MailKind::EscrowKeyEnded => escrow::ESCROW_KEY_ENDED,
        MailKind::BackupFailed => operation::BACKUP_FAILED,
        MailKind::BlobDamaged => operation::BLOB_DAMAGED,
        MailKind::RowDamaged => operation::ROW_DAMAGED,
        MailKind::DrillFailed => operation::DRILL_FAILED,
        MailKind::BackupOverdue => operation::BACKUP_OVERDUE,
        MailKind::SpaceRunsOut => accounts::SPACE_RUNS_OUT,
        MailKind::SpaceNearlyUsed => accounts::SPACE_NEARLY_USED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTS: Facts<'_> = Facts {
        organisation: "Ward {link} 3",
        origin: "https://health.example.org",
        link: "https://health.example.org/verify-email#token=abc",
        code: "0123 4567",
        when: "27 November 2026, 09:41 UTC",
        backups: "Until then.\n\n",
    };

    #[test]
    fn whose_account_was_deleted_is_told_of_backups() {
        for kind in MailKind::ALL {
            assert_eq!(text(kind, FACTS).1.contains("Until then."), kind == MailKind::AccountDeleted, "{kind:?}");
        }
        assert!(in_backups(Some("3 January 2027")).contains("until 3 January 2027 at the latest"));
        assert!(!in_backups(None).contains("at the latest"));
    }

    #[test]
    fn every_place_is_filled_once_and_only_links_carry_a_token_and_one_a_code() {
        for kind in MailKind::ALL {
            let (subject, body) = text(kind, FACTS);
            assert!(subject.starts_with("Ward {link} 3: ") && !subject.contains('\n'), "{subject}");
            assert!(body.ends_with("by e-mail.\n"), "{body}");
            let rest = format!("{subject}{body}").replace(FACTS.organisation, "");
            assert!(!rest.contains('{') && !rest.contains('}'), "{kind:?}: {rest}");
            use MailKind::{EmailChangeNew, EmailChangeOld, EmailVerification, Invitation};
            let has_link = matches!(kind, EmailVerification | EmailChangeNew | EmailChangeOld | Invitation);
            assert_eq!(body.contains("#token=abc"), has_link, "{kind:?}");
            assert_eq!(body.contains("\n    0123 4567\n"), kind == MailKind::SignUpCode, "{kind:?}");
            assert!(!subject.contains("0123 4567"), "a locked screen shows subjects");
            assert!(body.lines().all(|line| line.len() < 100), "{kind:?}");
        }
    }
}
