//! `hs shares`: the recovery of this account split among contacts, and the shares that others gave to it.

use api_types::{WayInId, accounts::AccountStatus};
use client::{ClientError, HeldShare, Split, Vault, Verification, native::Native};
use serde::Serialize;
use serde_json::json;

use super::{
    key::look_at,
    security::{confirmed, keep},
    share::recipient,
};
use crate::{
    args::Shares,
    context::Context,
    error::{CliError, Result},
    output::{table, time},
};

/// Runs it.
pub async fn run(context: &Context, command: &Shares) -> Result<()> {
    match command {
        Shares::List => list(context).await,
        Shares::Split { people, threshold } => split(context, people, *threshold).await,
        Shares::Remove => remove(context).await,
        Shares::Held => held(context).await,
        Shares::Show { id } => show(context, id).await,
    }
}

#[derive(Serialize)]
struct HolderLine {
    name: String,
    key_verified: bool,
    account: AccountStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    opened_at: Option<i64>,
}

#[derive(Serialize)]
struct SplitLine {
    id: WayInId,
    threshold: u8,
    created_at: i64,
    /// Holders whose accounts are still there.
    left: usize,
    holders: Vec<HolderLine>,
}

impl From<Split> for SplitLine {
    fn from(split: Split) -> Self {
        let left = split.left();
        let holders = split.holders.into_iter().map(|holder| HolderLine {
            account: holder.person.status,
            key_verified: holder.person.verification == Verification::Verified,
            name: holder.person.name,
            opened_at: holder.opened_at,
        });
        Self {
            id: split.way_in,
            threshold: split.threshold,
            created_at: split.created_at,
            left,
            holders: holders.collect(),
        }
    }
}

/// What matters of a holder: one who is gone, or can't act, gives nobody a share.
fn status_word(holder: &HolderLine) -> &'static str {
    match (holder.account, holder.opened_at) {
        (AccountStatus::Deleted, _) => "deleted",
        (AccountStatus::Disabled, _) => "disabled",
        (_, Some(_)) => "opened",
        (_, None) => "not opened",
    }
}

async fn list(context: &Context) -> Result<()> {
    let split = context.with_vault(async |vault| Ok(vault.recovery_split().await?)).await?;
    if let Some(split) = split.as_ref().filter(|split| split.is_short()) {
        let says = format!(
            "Only {} of the people who hold your shares are left, and {} would be needed: they can't open this account any \
             more. Remove the shares with `hs shares remove`, and split the recovery anew.",
            split.left(),
            split.threshold
        );
        context.output.warning("shares_too_few_left", &says);
    }
    let shown = split.map(SplitLine::from);
    context.output.result(&shown, |shown| match shown {
        None => "The recovery of this account is not split.".to_owned(),
        Some(split) => {
            let opened = |holder: &HolderLine| holder.opened_at.map_or_else(|| "never".to_owned(), time);
            let row = |holder: &HolderLine| vec![holder.name.clone(), status_word(holder).to_owned(), opened(holder)];
            let rows = table(&["NAME", "STATUS", "OPENED"], &split.holders.iter().map(row).collect::<Vec<_>>());
            format!("{} of {} open this account together.\n\n{rows}", split.threshold, split.holders.len())
        }
    });
    Ok(())
}

async fn split(context: &Context, names: &[String], threshold: u8) -> Result<()> {
    let people = context
        .with_vault(async |vault| {
            let mut people = Vec::with_capacity(names.len());
            for name in names {
                let person = recipient(vault, name).await?;
                look_at(context, &person);
                people.push(person);
            }
            let ids: Vec<_> = people.iter().map(|person| person.id).collect();
            confirmed(context, vault, async || vault.split_recovery(&ids, threshold).await).await?;
            Ok(people)
        })
        .await?;
    let unverified = people.iter().filter(|person| person.verification != Verification::Verified);
    let unverified: Vec<_> = unverified.map(|person| person.name.clone()).collect();
    let since = people.iter().filter(|person| person.new_keys().is_some_and(|new| new.since_compared));
    let since: Vec<_> = since.map(|person| &person.name).collect();
    let ids: Vec<_> = people.iter().map(|person| person.id).collect();
    let done = json!({
        "split_among": ids, "threshold": threshold,
        "keys_not_verified": unverified, "keys_new_since_compared": since,
    });
    context.output.result(&done, |_| {
        let keys = match unverified.is_empty() {
            true => String::new(),
            false => format!("\nNot verified yet: compare fingerprints in person with {}.", unverified.join(", ")),
        };
        format!("{threshold} of these {} people open this account together; fewer can't.{keys}", people.len())
    });
    Ok(())
}

async fn remove(context: &Context) -> Result<()> {
    let id = context
        .with_vault(async |vault| {
            let split = vault.recovery_split().await?;
            let split = split.ok_or_else(|| CliError::Argument("the recovery of this account is not split".into()))?;
            confirmed(context, vault, async || vault.remove_recovery_split(&split.way_in).await).await?;
            keep(context, vault).await?;
            Ok(split.way_in)
        })
        .await?;
    let says = "Recovery shares removed: they open nothing any more. Every other session has ended.";
    context.output.result(&json!({ "removed": id }), |_| says.to_owned());
    Ok(())
}

#[derive(Serialize)]
struct HeldLine {
    id: WayInId,
    name: String,
    threshold: u8,
    shares: usize,
    created_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    opened_at: Option<i64>,
}

impl From<HeldShare> for HeldLine {
    fn from(share: HeldShare) -> Self {
        Self {
            id: share.way_in,
            name: share.person.name,
            threshold: share.threshold,
            shares: share.shares,
            created_at: share.created_at,
            opened_at: share.opened_at,
        }
    }
}

/// Those that fit what their accounts signed; of the others nobody may overlook why not.
async fn all(context: &Context, vault: &Vault<Native>) -> Result<Vec<HeldShare>> {
    let sort = |share: std::result::Result<HeldShare, ClientError>| {
        share.map_err(|error| context.output.warning(&error.code(), &error.to_string())).ok()
    };
    Ok(vault.held_shares().await?.into_iter().filter_map(sort).collect())
}

async fn held(context: &Context) -> Result<()> {
    let shares = context.with_vault(async |vault| all(context, vault).await).await?;
    let shown: Vec<HeldLine> = shares.into_iter().map(HeldLine::from).collect();
    context.output.result(&shown, |shown| {
        let rows = shown.iter().map(|line| {
            let needed = format!("{} of {}", line.threshold, line.shares);
            vec![line.id.to_string(), line.name.clone(), needed, line.opened_at.map(time).unwrap_or_default()]
        });
        table(&["ID", "OPENS THE ACCOUNT OF", "NEEDED", "OPENED"], &rows.collect::<Vec<_>>())
    });
    Ok(())
}

async fn show(context: &Context, text: &str) -> Result<()> {
    let share = context
        .with_vault(async |vault| {
            let id: WayInId = match text.parse() {
                Ok(id) => id,
                Err(_) => {
                    let ids = all(context, vault).await?.into_iter().map(|share| share.way_in);
                    super::unique("recovery share", text, ids)?
                }
            };
            confirmed(context, vault, async || vault.open_share(&id).await).await
        })
        .await?;
    let shown = json!({ "share": share.text(), "threshold": share.threshold() });
    context.output.result(&shown, |_| {
        format!(
            "Read it out to nobody but the one whose account it opens, and only when you hear or see that it is them. \
             They are told that you opened it.\n\n{}",
            share.text()
        )
    });
    Ok(())
}
