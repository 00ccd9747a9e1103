//! `hs admin`, `hs invite`.

use api_types::accounts::{AccountStatus, AdminAccount};
use client::{AccountRow, Vault, native::Native};
use serde_json::json;

use super::{escrow_admin, security::confirmed};
use crate::{
    args::{Admin, Invite},
    context::Context,
    error::{CliError, Result},
    output::{table, time},
};

/// `hs admin …`.
pub async fn run(context: &Context, command: &Admin) -> Result<()> {
    match command {
        Admin::People => people(context).await,
        Admin::Approve { email } => {
            decide(context, email, "approved", async |vault, row| Ok(vault.approve(&row.person?).await?)).await
        }
        Admin::Refuse { email } => {
            decide(context, email, "refused", async |vault, row| Ok(vault.refuse(&row.account.account.id).await?)).await
        }
        Admin::Disable { email } => {
            decide(context, email, "disabled", async |vault, row| {
                let id = row.account.account.id;
                confirmed(context, vault, async || vault.api().disable_account(&id).await).await
            })
            .await
        }
        Admin::Remove { email } => remove(context, email).await,
        Admin::Escrow(command) => escrow_admin::run(context, command).await,
        Admin::Mail => mail(context).await,
        Admin::Quota(args) => super::quota::administer(context, args).await,
        Admin::Retention(args) => super::retention::administer(context, args).await,
        Admin::Enable { email } => {
            decide(context, email, "enabled", async |vault, row| {
                let id = row.account.account.id;
                confirmed(context, vault, async || vault.api().enable_account(&id).await).await
            })
            .await
        }
    }
}

/// Does it with somebody's account, and says that it is done: `approved` for programs, `Approved: …` for people.
async fn decide(
    context: &Context,
    email: &str,
    done: &str,
    what: impl AsyncFnOnce(&Vault<Native>, AccountRow) -> Result<()>,
) -> Result<()> {
    context.with_vault(async |vault| what(vault, account_of(vault, email).await?).await).await?;
    let said = format!("{}{}: {email}", done[..1].to_uppercase(), &done[1..]);
    context.output.result(&json!({ done: email }), |_| said);
    Ok(())
}

async fn remove(context: &Context, email: &str) -> Result<()> {
    let due = context
        .with_vault(async |vault| {
            let id = account_of(vault, email).await?.account.account.id;
            confirmed(context, vault, async || vault.request_removal(&id).await).await
        })
        .await?;
    context.output.result(&json!({ "removal_at": due, "email": email }), |_| {
        format!("The account of {email} will be deleted {}. Enabling it before takes that back.", time(due))
    });
    Ok(())
}

async fn everyone(vault: &Vault<Native>, status: Option<AccountStatus>) -> Result<Vec<AccountRow>> {
    let mut rows = Vec::new();
    let mut before = None;
    loop {
        let page = vault.accounts(status, before.as_deref()).await?;
        rows.extend(page.items);
        match page.next {
            Some(next) => before = Some(next),
            None => return Ok(rows),
        }
    }
}

pub(super) async fn account_of(vault: &Vault<Native>, email: &str) -> Result<AccountRow> {
    let rows = everyone(vault, None).await?;
    rows.into_iter()
        .find(|row| row.account.email.eq_ignore_ascii_case(email.trim()))
        .ok_or_else(|| CliError::Argument(format!("nobody has an account as {email}")))
}

async fn people(context: &Context) -> Result<()> {
    let people: Vec<AdminAccount> = context
        .with_vault(async |vault| Ok(everyone(vault, None).await?.into_iter().map(|row| row.account).collect()))
        .await?;
    context.output.result(&people, |people| {
        let rows = people.iter().map(|p| {
            let (role, status) = (format!("{:?}", p.account.role), format!("{:?}", p.account.status));
            vec![p.account.name.clone(), p.email.clone(), role, status, time(p.created_at)]
        });
        table(&["NAME", "E-MAIL", "ROLE", "STATUS", "SINCE"], &rows.collect::<Vec<_>>())
    });
    Ok(())
}

async fn mail(context: &Context) -> Result<()> {
    let state = context.with_vault(async |vault| Ok(vault.api().get_mail().await?)).await?;
    context.output.result(&state, |state| {
        let leaves = match (state.sends, state.failing_since) {
            (false, _) => "This server sends no mail.".to_owned(),
            (true, None) => "Mail leaves.".to_owned(),
            (true, Some(since)) => format!("The mail server has been failing since {}; its log says why.", time(since)),
        };
        format!("{leaves}\nWaiting: {}. Given up in the last 30 days: {}.", state.waiting, state.given_up)
    });
    Ok(())
}

/// `hs invite`.
pub async fn invite(context: &Context, args: &Invite) -> Result<()> {
    let origin = context.server()?;
    let invited = context
        .with_vault(async |vault| {
            let invite = async || vault.invite(args.role.into(), args.email.as_deref(), None, &origin).await;
            confirmed(context, vault, invite).await
        })
        .await?;
    let value = json!({ "link": invited.link.as_str(), "expires_at": invited.invitation.expires_at });
    context.output.result(&value, |_| {
        let until = time(invited.invitation.expires_at);
        format!("{}\nGood once, until {until}. It is not shown again.", invited.link.as_str())
    });
    Ok(())
}
