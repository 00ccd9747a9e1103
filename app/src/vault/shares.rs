//! Sharing and receiving: what the page asks of the client.

use api_types::ReportId;
use client::{Person, Result, Verification};

use super::Keys;

/// People for a share: doctors by name, anybody by exact e-mail, never oneself.
pub async fn find(open: &Keys, typed: &str) -> Result<Vec<Person>> {
    let typed = typed.trim();
    let mut found = match typed.contains('@') {
        true => open.find_by_email(typed).await?.into_iter().collect(),
        false => open.find_doctors(typed).await?,
    };
    found.retain(|person| person.id != open.account_id());
    Ok(found)
}

/// Whether a person's key was compared.
pub fn is_verified(person: &Person) -> bool {
    person.verification == Verification::Verified
}

/// The invitation that hands a report over to its patient. Its link holds a secret.
pub async fn invite_patient(
    open: &Keys,
    report: &client::OpenReport,
    email: &str,
    life: i64,
) -> Result<client::Invited> {
    let placeholder = open.placeholder_of(report).ok_or(client::ClientError::NotAllowed)?;
    let email = Some(email.trim()).filter(|email| !email.is_empty());
    open.invite_patient(&placeholder, email, Some(life), &super::admin::origin()).await
}

/// The id of a report out of an address.
pub fn report_id(text: &str) -> Option<ReportId> {
    text.parse().ok()
}
