//! Errors in the words of somebody who has to go on working.

use api_types::{ErrorCode, quotas::Quota};
use client::{ClientError, CombineError, KeyCodeError, PasskeyError, ShareError, transport::TransportError};

use crate::{browser::format_size, t};

/// A sentence: what happened, that nothing was lost, what to do next. Never a secret, never decrypted text.
pub fn explain(error: &ClientError) -> String {
    match error {
        ClientError::Transport(TransportError::Offline) => t!(errors.offline).to_owned(),
        ClientError::SinkFull => t!(errors.device_full).to_owned(),
        ClientError::WrongPassword => t!(sign_in.wrong).to_owned(),
        ClientError::ShortPassword { min } => t!(security.password_stays_short, min = min),
        ClientError::SecondFactorTooLate => t!(second_step.too_late).to_owned(),
        ClientError::Passkey(PasskeyError::Declined) => t!(second_step.passkey_declined).to_owned(),
        ClientError::Passkey(PasskeyError::Known) => t!(security.passkey_known).to_owned(),
        ClientError::Passkey(PasskeyError::OpensNothing) => t!(sign_in.passkey_opens_nothing).to_owned(),
        ClientError::Passkey(_) => t!(second_step.passkey_unsupported).to_owned(),
        ClientError::WrongKit => t!(recover.wrong).to_owned(),
        ClientError::KitWords(_) => t!(recover.words_bad).to_owned(),
        ClientError::Shares(why) => shares(why),
        ClientError::EscrowFingerprint => t!(escrow.fingerprint_wrong).to_owned(),
        ClientError::EscrowWords(_) => t!(escrow.words_bad).to_owned(),
        ClientError::EscrowKeyOther => t!(escrow.key_other).to_owned(),
        ClientError::SharesUnknown => t!(recovery_shares.unknown).to_owned(),
        ClientError::KeyCode(KeyCodeError::Damaged) => t!(scan.damaged).to_owned(),
        ClientError::KeyCode(_) => t!(scan.foreign).to_owned(),
        ClientError::VersionMoved { .. } => t!(versions.moved_alone).to_owned(),
        ClientError::AccountKeyChanged => t!(errors.account_key_changed).to_owned(),
        ClientError::Unchanged => t!(versions.unchanged).to_owned(),
        ClientError::NewestUnseen => t!(versions.newest_unseen).to_owned(),
        ClientError::Refused(refusal) => format!("{} ({})", t!(errors.verification), typeset(refusal)),
        ClientError::Problem(problem) => match problem.code {
            ErrorCode::SignedOut => t!(errors.signed_out).to_owned(),
            ErrorCode::Throttled => t!(errors.throttled).to_owned(),
            ErrorCode::SecondFactorRequired => t!(second_step.needed).to_owned(),
            ErrorCode::SecondFactorWrong => t!(second_step.wrong).to_owned(),
            ErrorCode::PasskeyFailed => t!(second_step.passkey_failed).to_owned(),
            ErrorCode::SecondFactorDue => t!(second_step.due).to_owned(),
            ErrorCode::ConfirmationRequired => t!(second_step.confirm_needed).to_owned(),
            code if identity(code).is_some() => identity(code).unwrap_or_default().to_owned(),
            ErrorCode::PhoneCodeWrong => t!(phones.code_wrong).to_owned(),
            ErrorCode::PhoneCodeExpired => t!(phones.code_expired).to_owned(),
            ErrorCode::PhoneTaken => t!(phones.taken).to_owned(),
            ErrorCode::PhoneCodeRequired => t!(phones.code_required).to_owned(),
            ErrorCode::PhoneOnlyFactor => t!(phones.only_factor).to_owned(),
            ErrorCode::InvalidField if problem.pointer.as_deref() == Some("/number") => {
                problem.detail.as_ref().map_or_else(|| t!(phones.number_hint).to_owned(), typeset)
            }
            ErrorCode::EscrowNotOpen => t!(escrow.not_open).to_owned(),
            ErrorCode::EmergencyNotOpen => t!(emergency.not_open).to_owned(),
            ErrorCode::SignUpCodeWrong => t!(sign_up.code_wrong).to_owned(),
            ErrorCode::SignUpCodeExpired => t!(sign_up.code_expired).to_owned(),
            ErrorCode::SignUpCodeRequired => t!(sign_up.code_required).to_owned(),
            ErrorCode::EmailTaken => t!(sign_up.taken).to_owned(),
            ErrorCode::EmailVerificationInvalid if problem.detail.is_some() => {
                t!(verify_email.other_account).to_owned()
            }
            ErrorCode::EmailVerificationInvalid => t!(verify_email.invalid).to_owned(),
            ErrorCode::EmailChangeInvalid if problem.detail.is_some() => t!(change_email.other_account).to_owned(),
            ErrorCode::EmailChangeInvalid => t!(change_email.invalid).to_owned(),
            ErrorCode::QuotaExceeded => exceeded(problem.quota.as_ref()),
            ErrorCode::SoleTeamManager => {
                t!(leaving.teams_text, teams = problem.detail.as_deref().unwrap_or_default())
            }
            ErrorCode::StorageUnavailable => t!(errors.storage).to_owned(),
            ErrorCode::DatabaseUnavailable => t!(errors.database).to_owned(),
            ErrorCode::StorageFull | ErrorCode::StorageReadOnly => t!(errors.no_room).to_owned(),
            ErrorCode::BlobDamaged => t!(errors.damaged).to_owned(),
            ErrorCode::Internal | ErrorCode::Unavailable => server_failed(problem.request_id.as_deref()),
            _ => typeset(problem),
        },
        other => typeset(other),
    }
}

/// The same for an administrator, who is whom others are to tell.
pub fn explain_to_administrator(error: &ClientError) -> String {
    match error {
        ClientError::Refused(refusal) => format!("{} ({})", t!(errors.verification_here), typeset(refusal)),
        other => explain(other),
    }
}

/// What is written for terminals and programs as well, with the page's apostrophes.
pub fn typeset(text: &impl ToString) -> String {
    let mut before = ' ';
    let set = |character: char| {
        let apostrophe = character == '\'' && before.is_alphanumeric();
        before = character;
        if apostrophe { '’' } else { character }
    };
    text.to_string().chars().map(set).collect()
}

/// What an identity provider's answer came to, by the code that the page was sent back with.
pub fn explain_identity(code: &str) -> &'static str {
    let code = serde_json::from_value(code.into()).unwrap_or(ErrorCode::Unknown);
    match code {
        ErrorCode::Throttled => t!(errors.throttled),
        ErrorCode::SignedOut => t!(errors.signed_out),
        code => identity(code).unwrap_or(t!(errors.server)),
    }
}

fn identity(code: ErrorCode) -> Option<&'static str> {
    Some(match code {
        ErrorCode::IdentityDenied => t!(identities.denied),
        ErrorCode::IdentityProviderUnavailable => t!(identities.unavailable),
        ErrorCode::IdentityStateMismatch => t!(identities.mismatch),
        ErrorCode::IdentityExpired => t!(identities.expired),
        ErrorCode::IdentityRefused => t!(identities.refused),
        ErrorCode::IdentityEmailUnverified => t!(identities.unverified),
        ErrorCode::IdentityNotLinked => t!(identities.not_linked),
        ErrorCode::IdentityTaken => t!(identities.taken),
        _ => return None,
    })
}

/// What is wrong with which of the shares.
fn shares(why: &CombineError) -> String {
    match why {
        CombineError::Unreadable { at, why: ShareError::Length(count) } => {
            t!(recovery_shares.length, at = at, count = count)
        }
        CombineError::Unreadable { at, why: ShareError::Character(place) } => {
            t!(recovery_shares.character, at = at, place = place)
        }
        CombineError::Unreadable { at, .. } => t!(recovery_shares.mistyped, at = at),
        CombineError::Doubled { at } => t!(recovery_shares.doubled, at = at),
        CombineError::Foreign { at } => t!(recovery_shares.foreign, at = at),
        CombineError::Wrong { at } => t!(recovery_shares.wrong, at = at),
        CombineError::TooFew { have, need } => t!(recovery_shares.too_few, have = have, need = need),
        other => typeset(other),
    }
}

/// Whose space is full, and how full one's own is.
fn exceeded(quota: Option<&Quota>) -> String {
    let own = quota.and_then(|quota| Some((quota.used, quota.limit?)));
    own.map_or_else(
        || t!(data.exceeded_owner).to_owned(),
        |(used, limit)| t!(data.exceeded, used = format_size(used), limit = format_size(limit)),
    )
}

fn server_failed(request_id: Option<&str>) -> String {
    match request_id {
        Some(id) => format!("{} {}", t!(errors.server), t!(errors.quote, id = id)),
        None => t!(errors.server).to_owned(),
    }
}
