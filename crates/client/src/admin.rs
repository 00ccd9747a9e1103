//! Administration: people, approvals signed under the organisation key, invitations, the whole log. No content.

use api_types::{
    AccountId, B64, InvitationId, PlaceholderId,
    accounts::{AccountStatus, AdminAccount, ApproveAccount, Role},
    invitations::{CreateInvitation, Invitation},
};
use crypto::account::{OrganisationKey, RoleStatement};
use zeroize::Zeroizing;

use crate::{
    api::EventFilter,
    content::check_email,
    error::{ClientError, Result},
    ids::{ToCrypto, role_to_crypto},
    links,
    log::CheckedEvent,
    people::Person,
    platform::{Platform, rng},
    refusal::Refusal,
    reports::{check_log, check_times},
    vault::Vault,
};

/// An account in Administration, with what is proven about it.
#[derive(Debug)]
pub struct AccountRow {
    /// As the server says.
    pub account: AdminAccount,
    /// Keys and approval verified; or why they were refused.
    pub person: Result<Person>,
}

/// A page of accounts.
#[derive(Debug)]
pub struct AccountPage {
    /// Newest first.
    pub items: Vec<AccountRow>,
    /// Pass as `before` for the next page.
    pub next: Option<String>,
}

/// Whom a list offers to choose from, as the server names them: nothing is proven about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountNames {
    /// Newest first.
    pub items: Vec<(AccountId, String)>,
    /// Whether these are all that there are.
    pub whole: bool,
}

/// A page of the whole log; hashes, order and neighbouring chain values verified.
#[derive(Debug, Clone)]
pub struct EventPage {
    /// Newest first, each looked for in the public log.
    pub items: Vec<CheckedEvent>,
    /// Pass as `before` for older ones.
    pub next: Option<u64>,
    /// Of a list without a filter: how many events are not here that the server removed for their age, as it says in the
    /// log. No others are left out. `None` under a filter, of which nobody can tell what it should have shown.
    pub removed: Option<u64>,
}

/// An invitation that was made.
#[derive(Debug)]
pub struct Invited {
    /// Its description.
    pub invitation: Invitation,
    /// The link, for a QR code, paper or one's own channel. Shown this once; holds the secret where there is one.
    pub link: Zeroizing<String>,
    /// Whether the server mails it as well, with a link of its own.
    pub mailed: bool,
}

impl<P: Platform> Vault<P> {
    /// Accounts, by status.
    ///
    /// # Errors
    /// `forbidden`; no connection.
    pub async fn accounts(&self, status: Option<AccountStatus>, before: Option<&str>) -> Result<AccountPage> {
        let asked = self.asking();
        let page = self.api().list_accounts(status, before).await?;
        let accounts: Vec<_> = page.items.iter().map(|item| item.account.clone()).collect();
        self.prove_logged(&accounts).await?;
        let row = |account: AdminAccount| AccountRow { person: self.learn(&account.account, asked), account };
        Ok(AccountPage { items: page.items.into_iter().map(row).collect(), next: page.next })
    }

    /// What all accounts are called, page by page, until there are `most` of them or more.
    ///
    /// # Errors
    /// `forbidden`; no connection.
    pub async fn account_names(&self, most: usize) -> Result<AccountNames> {
        let mut items: Vec<(AccountId, String)> = Vec::new();
        let mut before: Option<String> = None;
        loop {
            let page = self.api().list_accounts(None, before.as_deref()).await?;
            let nothing = page.items.is_empty();
            items.extend(page.items.into_iter().map(|item| (item.account.id, item.account.name)));
            match page.next {
                // A server that names a next page without end must not keep us here.
                Some(next) if !nothing && items.len() < most => before = Some(next),
                next => return Ok(AccountNames { items, whole: next.is_none() }),
            }
        }
    }

    /// The organisation's private key, opened for one use.
    pub(crate) fn organisation(&self) -> Result<OrganisationKey> {
        let wrap = self.own_account().organisation_key_wrap.clone();
        let (Some(wrap), Some(pinned)) = (wrap, self.pinned().organisation) else {
            return Err(ClientError::NotAllowed);
        };
        OrganisationKey::open(&self.pinned().instance, &pinned, &self.chain(), &self.keyring(), &wrap.0)
            .map_err(|_| Refusal::OrganisationKeyForged.into())
    }

    /// Approves an account: signs name and role under the organisation key; an administrator gets that key too. Also used
    /// to confirm a doctor whom an invitation made active.
    ///
    /// # Errors
    /// [`ClientError::NotAllowed`] without the organisation key; a refusal of the account's keys; no connection.
    pub async fn approve(&self, person: &Person) -> Result<()> {
        let key = self.organisation()?;
        self.state().check_pin(&person.chain)?;
        let statement = RoleStatement {
            instance: self.pinned().instance,
            account: person.id.crypto(),
            name: person.name.clone(),
            role: role_to_crypto(person.role),
            time: self.now(),
        };
        let organisation_key_wrap = match person.role {
            Role::Administrator => {
                let wrap = key.wrap(&self.pinned().instance, &person.chain, &mut rng());
                Some(B64(wrap.map_err(|_| ClientError::Internal("the organisation key could not be wrapped"))?))
            }
            _ => None,
        };
        let body = ApproveAccount { approval: B64::from(key.sign(statement).as_bytes()), organisation_key_wrap };
        self.api().approve_account(&person.id, &body).await?;
        self.pin(&person.chain);
        self.save_state_soon().await;
        Ok(())
    }

    /// Refuses an account.
    ///
    /// # Errors
    /// `forbidden`; no connection.
    pub async fn refuse(&self, id: &AccountId) -> Result<()> {
        self.api().refuse_account(id).await
    }

    /// Events of the whole audit, each looked for in the public log. Without a filter, page after page from the newest on,
    /// every event that the log holds must be there.
    ///
    /// # Errors
    /// [`Refusal::EventsBroken`], also where one is left out; the refusals of [`Refusal::stops_session`]; `forbidden`; no
    /// connection.
    pub async fn events(&self, filter: &EventFilter) -> Result<EventPage> {
        let top = self.listed_below(filter).await?;
        let page = self.api().list_events(filter).await?;
        check_log(&page.items, filter.before)?;
        check_times(&page.items, self.now())?;
        let items = self.mark(page.items).await?;
        self.note_removals(&items);
        let removed = match top {
            Some(top) => Some(self.check_complete(&items, top, page.next).await?),
            None => None,
        };
        Ok(EventPage { items, next: page.next, removed })
    }

    /// Invites somebody (administrators: anyone; approved doctors: patients). `origin` is the address that people use.
    ///
    /// # Errors
    /// A field that breaks a limit; `forbidden`; no connection.
    pub async fn invite(
        &self,
        role: Role,
        email: Option<&str>,
        expires_in: Option<i64>,
        origin: &str,
    ) -> Result<Invited> {
        self.invite_with(role, email, expires_in, origin, None).await
    }

    /// Invites the patient of reports that one keeps: the link holds the secret that hands them over. Print it or show it as
    /// QR; never mail it through the server.
    ///
    /// # Errors
    /// [`ClientError::Missing`] for a placeholder that isn't one's own; else as [`Vault::invite`].
    pub async fn invite_patient(
        &self,
        placeholder: &PlaceholderId,
        email: Option<&str>,
        expires_in: Option<i64>,
        origin: &str,
    ) -> Result<Invited> {
        self.invite_with(Role::Patient, email, expires_in, origin, Some(*placeholder)).await
    }

    async fn invite_with(
        &self,
        role: Role,
        email: Option<&str>,
        expires_in: Option<i64>,
        origin: &str,
        placeholder: Option<PlaceholderId>,
    ) -> Result<Invited> {
        let email = email.map(str::trim).filter(|e| !e.is_empty());
        email.map_or(Ok(()), check_email)?;
        let secret = match placeholder {
            None => None,
            Some(id) => {
                let secret = self.state().placeholders.get(&id.crypto()).cloned();
                Some(secret.ok_or(ClientError::Missing { what: "That patient" })?)
            }
        };
        let body = CreateInvitation { role, email: email.map(str::to_owned), placeholder, expires_in };
        let created = self.api().create_invitation(&body).await?;
        let token = Zeroizing::new(created.token);
        let secret = secret.as_ref().map(|s| &s.secret().expose()[..]);
        let link = links::invitation(origin, &token, secret);
        Ok(Invited { link, mailed: created.mailed, invitation: created.invitation })
    }

    /// Invitations: one's own, or all for administrators.
    ///
    /// # Errors
    /// No connection.
    pub async fn invitations(&self) -> Result<Vec<Invitation>> {
        Ok(self.api().list_invitations().await?.items)
    }

    /// Withdraws an invitation.
    ///
    /// # Errors
    /// No connection.
    pub async fn withdraw_invitation(&self, id: &InvitationId) -> Result<()> {
        self.api().withdraw_invitation(id).await
    }

    /// The placeholder of a report in one's custody, to invite its patient.
    pub fn placeholder_of(&self, report: &crate::OpenReport) -> Option<PlaceholderId> {
        use crate::ids::ToApi;
        match report.access.state.genesis().patient {
            crypto::report::Patient::Placeholder(id) if report.access.in_custody() => Some(id.api()),
            _ => None,
        }
    }
}
