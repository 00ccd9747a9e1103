//! What Administration asks of the client.

use api_types::accounts::{AccountStatus, AdminAccount, Role};
use client::{AccountNames, EscrowedPerson, EventPage, Invited, Person, PublishedEscrow, Result};

use super::{Keys, explain};
pub use crate::browser::origin;
pub use client::api::EventFilter;

/// An account with what is proven about it.
#[derive(Debug, Clone, PartialEq)]
pub struct PersonRow {
    /// As the server says.
    pub account: AdminAccount,
    /// Keys and approval verified, or why they were refused.
    pub person: std::result::Result<Person, String>,
}

impl PersonRow {
    /// Whether the organisation signed name and role.
    pub fn confirmed(&self) -> bool {
        self.person.as_ref().is_ok_and(|person| person.approved)
    }
}

/// A page of people.
#[derive(Debug, Clone)]
pub struct PeoplePage {
    /// Newest first.
    pub items: Vec<PersonRow>,
    /// Pass as `before` for the next page.
    pub next: Option<String>,
}

/// Somebody in escrow, or why what the server says of one is refused.
pub type EscrowLine = std::result::Result<EscrowedPerson, String>;

/// The escrow key, and a page of accounts in escrow.
#[derive(Debug, Clone)]
pub struct EscrowList {
    /// The key that is offered.
    pub key: Option<PublishedEscrow>,
    /// Those that were turned on last come first.
    pub items: Vec<EscrowLine>,
    /// Pass as `before` for the next page.
    pub next: Option<String>,
}

/// Accounts in escrow.
pub async fn escrows(open: &Keys, before: Option<String>) -> Result<EscrowList> {
    let page = open.escrows(before.as_deref()).await?;
    let items = page.items.into_iter().map(|item| item.map_err(|error| explain(&error))).collect();
    Ok(EscrowList { key: page.key, items, next: page.next })
}

/// People by status.
pub async fn people(open: &Keys, status: Option<AccountStatus>, before: Option<String>) -> Result<PeoplePage> {
    let page = open.accounts(status, before.as_deref()).await?;
    let row = |row: client::AccountRow| PersonRow {
        account: row.account,
        person: row.person.map_err(|error| explain(&error)),
    };
    Ok(PeoplePage { items: page.items.into_iter().map(row).collect(), next: page.next })
}

/// Accounts that a list offers to choose from: a longer one would be slow to open.
pub const MOST_NAMES: usize = 5_000;

/// What everybody is called, in the order of names.
pub async fn names(open: &Keys) -> Result<AccountNames> {
    let mut names = open.account_names(MOST_NAMES).await?;
    names.items.sort_by_cached_key(|(_, name)| name.to_lowercase());
    Ok(names)
}

/// A page of the log, its chain checked.
pub async fn events(open: &Keys, filter: &EventFilter) -> Result<EventPage> {
    open.events(filter).await
}

/// Makes an invitation.
pub async fn invite(open: &Keys, role: Role, email: &str, expires_in: i64) -> Result<Invited> {
    let email = Some(email.trim()).filter(|email| !email.is_empty());
    open.invite(role, email, Some(expires_in), &origin()).await
}
