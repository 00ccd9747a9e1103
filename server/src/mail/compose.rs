//! A message as it leaves, made when it leaves: neither its text nor its link's token or its code was stored.

use std::time::{Duration, UNIX_EPOCH};

use api_types::{InvitationId, UnixMillis, email_change::AddressSide};
use lettre::{
    Address, Message,
    message::{
        Mailbox,
        header::{ContentType, Header, HeaderName, HeaderValue},
    },
};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::{MailKind, Mailer, texts};
use crate::{
    AppState, ServiceResult,
    clock::DAY,
    random::token_hash,
    services::backups,
    storage::{email_changes, email_verifications, invitations, outbox::OutboxRow, sign_up_codes},
};

/// What is to become of a row.
pub(super) enum Composed {
    /// To be sent.
    Message(Box<Message>),
    /// Of no use any more: its link leads nowhere, its code has ended.
    Useless,
    /// No message can be made of it.
    Impossible,
}

/// RFC 3834: no person wrote this, so that no machine answers.
#[derive(Debug, Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Writes the message of a row.
pub(super) async fn compose(state: &AppState, mailer: &Mailer, row: &OutboxRow) -> ServiceResult<Composed> {
    let Some(Carried { link, code }) = carried(state, row).await? else { return Ok(Composed::Useless) };
    let facts = texts::Facts {
        organisation: &state.instance.name,
        origin: state.config.origin.as_str(),
        link: &link,
        code: &code,
        when: &when(row.created_at),
        backups: &in_backups(state, row).await?,
    };
    let (subject, body) = texts::text(row.kind, facts);
    let Ok(to) = row.address.parse::<Address>() else { return Ok(Composed::Impossible) };
    let written_at = UNIX_EPOCH + Duration::from_millis(row.created_at.unsigned_abs());
    let message = Message::builder()
        .message_id(Some(format!("<{}@{}>", hex::encode(row.id), mailer.name())))
        .date(written_at)
        .from(mailer.from().clone())
        .to(Mailbox::new(None, to))
        .subject(subject)
        .header(AutoSubmitted)
        .header(ContentType::TEXT_PLAIN)
        .body(body);
    Ok(message.map_or(Composed::Impossible, |message| Composed::Message(Box::new(message))))
}

/// What backups hold of an account that was deleted.
async fn in_backups(state: &AppState, row: &OutboxRow) -> ServiceResult<String> {
    if row.kind != MailKind::AccountDeleted {
        return Ok(String::new());
    }
    let Some(held) = backups::erased(state).await? else { return Ok(String::new()) };
    let until = held.days.map(|days| day(row.created_at.saturating_add(DAY.saturating_mul(i64::from(days)))));
    Ok(texts::in_backups(until.as_deref()))
}

/// What a message carries; empty where it carries none.
#[derive(Default)]
struct Carried {
    link: Zeroizing<String>,
    code: Zeroizing<String>,
}

/// What a message carries; nothing where that is of no use any more.
async fn carried(state: &AppState, row: &OutboxRow) -> ServiceResult<Option<Carried>> {
    match (row.kind, row.subject) {
        (MailKind::SignUpCode | MailKind::SignUpTaken, Some(id)) => code(state, row.kind, &id).await,
        _ => Ok(link(state, row).await?.map(|link| Carried { link, ..Carried::default() })),
    }
}

/// A code at sign-up, as long as it can be typed; what is said in its place is of use as long.
async fn code(state: &AppState, kind: MailKind, id: &[u8; 16]) -> ServiceResult<Option<Carried>> {
    let found = sign_up_codes::get(state.db.read(), id).await?;
    let Some(found) = found.filter(|it| state.clock.now() < it.expires_at) else { return Ok(None) };
    if kind == MailKind::SignUpTaken {
        return Ok(Some(Carried::default()));
    }
    let digits = state.mail_key.sign_up_code(&found)?;
    let (first, last) = digits.split_at(4);
    Ok(Some(Carried { code: Zeroizing::new(format!("{first} {last}")), ..Carried::default() }))
}

/// The link of a message, empty where it has none; nothing where it leads nowhere any more.
async fn link(state: &AppState, row: &OutboxRow) -> ServiceResult<Option<Zeroizing<String>>> {
    let (conn, now) = (state.db.read(), state.clock.now());
    let Some(subject) = row.subject else { return Ok(Some(Zeroizing::default())) };
    match row.kind {
        MailKind::EmailVerification => {
            let found = email_verifications::get(conn, &subject).await?.filter(|found| now < found.expires_at);
            let Some(found) = found else { return Ok(None) };
            let token = state.mail_key.verification(&found)?;
            Ok(Some(Zeroizing::new(format!("{}/verify-email#token={}", state.config.origin, &*token))))
        }
        MailKind::EmailChangeOld => change_link(state, &subject, AddressSide::Old).await,
        MailKind::EmailChangeNew => change_link(state, &subject, AddressSide::New).await,
        MailKind::Invitation => {
            let found = invitations::get(conn, InvitationId(subject)).await?.filter(|found| found.open(now));
            let Some(found) = found else { return Ok(None) };
            let token = state.mail_key.invitation(found.id, &row.address_key)?;
            // After the key was lost it is another one, which opens nothing.
            let opens = found.mail_token_hash == Some(token_hash(&token));
            Ok(opens.then(|| Zeroizing::new(format!("{}/sign-up#invite={}", state.config.origin, &*token))))
        }
        _ => Ok(Some(Zeroizing::default())),
    }
}

/// The link of one side of a change of address, until that side has used it.
async fn change_link(state: &AppState, id: &[u8; 16], side: AddressSide) -> ServiceResult<Option<Zeroizing<String>>> {
    let now = state.clock.now();
    let found = email_changes::get(state.db.read(), id).await?;
    let Some(found) = found.filter(|it| now < it.expires_at && it.confirmed_at(side).is_none()) else {
        return Ok(None);
    };
    let token = state.mail_key.change(&found, side)?;
    let name = match side {
        AddressSide::Old => "old",
        AddressSide::New => "new",
    };
    Ok(Some(Zeroizing::new(format!("{}/change-email#{name}={}", state.config.origin, &*token))))
}

/// `27 November 2026, 09:41 UTC`.
fn when(at: UnixMillis) -> String {
    match OffsetDateTime::from_unix_timestamp(at.div_euclid(1000)) {
        Ok(t) => format!("{}, {:02}:{:02} UTC", day(at), t.hour(), t.minute()),
        Err(_) => String::new(),
    }
}

/// `27 November 2026`.
fn day(at: UnixMillis) -> String {
    match OffsetDateTime::from_unix_timestamp(at.div_euclid(1000)) {
        Ok(t) => format!("{} {} {}", t.day(), t.month(), t.year()),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_for_people() {
        assert_eq!(when(1_795_772_460_000), "27 November 2026, 09:41 UTC");
        assert_eq!(day(1_795_772_460_000), "27 November 2026");
        assert_eq!((when(i64::MAX), day(i64::MAX)), (String::new(), String::new()));
    }

    #[test]
    fn an_address_carries_no_header() {
        for text in ["a@b.example\r\nBcc: c@d.example", "a@b.example\nx", "a@b.example, c@d.example", "<a@b.example"] {
            assert!(text.parse::<Address>().is_err(), "{text:?}");
        }
    }
}
