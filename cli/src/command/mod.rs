//! One file for each group of commands.

pub mod access;
pub mod account;
pub mod admin;
pub mod alarms;
pub mod audit;
pub mod canary;
pub mod device;
pub mod disclosures;
pub mod edit;
pub mod email;
pub mod emergency;
pub mod escrow;
pub mod escrow_admin;
pub mod export;
mod key;
pub mod leaving;
pub mod proof;
pub mod pull;
pub mod push;
pub mod quota;
pub mod reports;
pub mod retention;
pub mod security;
pub mod send;
pub mod share;
pub mod shares;
pub mod team;
pub mod token;
pub mod trusted;
pub mod versions;

use api_types::{GrantId, ReportId};
use client::{ReportRow, Vault, native::Native};

use crate::error::{CliError, Result};

/// Every report that the account can open, newest first.
async fn all_reports(vault: &Vault<Native>) -> Result<Vec<ReportRow>> {
    let all = vault.list_all().await?;
    // A refused row is a warning that no list may swallow.
    match all.refused.into_iter().next() {
        Some((_, refusal)) => Err(refusal.into()),
        None => Ok(all.rows),
    }
}

/// A report by its id or by the first characters of it.
async fn report_id(vault: &Vault<Native>, text: &str) -> Result<ReportId> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let ids = all_reports(vault).await?.into_iter().map(|row| row.id);
    unique("report", text, ids)
}

/// The one id that begins with `text`.
fn unique<T: std::fmt::Display>(what: &str, text: &str, ids: impl Iterator<Item = T>) -> Result<T> {
    let mut found = ids.filter(|id| text.len() >= 4 && id.to_string().starts_with(text));
    let first =
        found.next().ok_or_else(|| CliError::Argument(format!("no {what} begins with {text:?} (4 or more)")))?;
    match found.next() {
        Some(_) => Err(CliError::Argument(format!("more than one {what} begins with {text:?}"))),
        None => Ok(first),
    }
}

/// A grant among those at hand, by its id or first characters.
fn grant_id(text: &str, grants: impl Iterator<Item = GrantId>) -> Result<GrantId> {
    text.parse().or_else(|_| unique("grant", text, grants))
}

/// The first characters of an id: enough for people to name it.
fn short(id: &impl std::fmt::Display) -> String {
    id.to_string().chars().take(10).collect()
}
