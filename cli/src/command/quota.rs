//! `hs quota` and `hs admin quota`: how much accounts store, and may.

use api_types::{
    AccountId,
    quotas::{QuotaRule, SetQuota},
};
use client::{Space, Vault, native::Native};
use serde_json::json;

use super::security::confirmed;
use crate::{
    args::AdminQuota,
    context::Context,
    error::{CliError, Result},
    size,
};

fn said(used: Option<u64>, limit: Option<u64>) -> String {
    let limit = limit.map_or("no limit".to_owned(), |limit| format!("at most {}", size::text(limit)));
    used.map_or(limit.clone(), |used| format!("{} used, {limit}", size::text(used)))
}

/// `hs quota`.
pub async fn own(context: &Context) -> Result<()> {
    let space = context.with_vault(async |vault| Ok(vault.space().await?)).await?;
    let Space { used, limit } = space;
    context.output.result(&json!({ "used": used, "limit": limit }), |_| {
        let full = space.percent().map(|percent| format!(" ({percent} %)")).unwrap_or_default();
        let warning =
            if space.runs_out() { "\nIt runs out. Nothing is deleted; soon nothing can be uploaded." } else { "" };
        format!("{}{full}{warning}", said(Some(used), limit))
    });
    Ok(())
}

/// What the options say; `None` where they only ask.
fn wanted(args: &AdminQuota) -> Result<Option<SetQuota>> {
    let rule = |rule| Some(SetQuota { rule, bytes: None });
    Ok(match (&args.limit, args.unlimited, args.inherit) {
        (Some(limit), ..) => {
            let bytes = size::parse(limit).map_err(|error| CliError::Argument(error.to_string()))?;
            Some(SetQuota { rule: QuotaRule::Limited, bytes: Some(bytes) })
        }
        (None, true, _) => rule(QuotaRule::Unlimited),
        (None, false, true) => rule(QuotaRule::Inherited),
        (None, false, false) => None,
    })
}

/// `hs admin quota`.
pub async fn administer(context: &Context, args: &AdminQuota) -> Result<()> {
    let set = wanted(args)?;
    let (used, limit, rule) = context
        .with_vault(async |vault| {
            let account = match &args.email {
                Some(email) => Some(super::admin::account_of(vault, email).await?.account.account.id),
                None => None,
            };
            if let Some(set) = &set {
                confirmed(context, vault, async || put(vault, account, set).await).await?;
            }
            Ok(get(vault, account).await?)
        })
        .await?;
    context.output.result(&json!({ "used": used, "limit": limit, "rule": rule }), |_| {
        let whose = args.email.as_deref().unwrap_or("Every account without a limit of its own");
        format!("{whose}: {}", said(used, limit))
    });
    Ok(())
}

async fn put(vault: &Vault<Native>, account: Option<AccountId>, set: &SetQuota) -> client::Result<()> {
    match account {
        Some(account) => vault.api().put_account_quota(&account, set).await,
        None => vault.api().put_default_quota(set).await,
    }
}

async fn get(
    vault: &Vault<Native>,
    account: Option<AccountId>,
) -> client::Result<(Option<u64>, Option<u64>, QuotaRule)> {
    Ok(match account {
        Some(account) => {
            let quota = vault.api().get_account_quota(&account).await?;
            (Some(quota.used), quota.limit, quota.rule)
        }
        None => {
            let quota = vault.api().get_default_quota().await?;
            (None, quota.limit, quota.rule)
        }
    })
}
