//! `password`, `kit`, `factor`: how one gets in.

use api_types::{
    ErrorCode, SecondFactorId,
    limits::{PASSWORD_MIN_CHARS, PASSWORD_MIN_CHARS_WITH_FACTOR},
    second_factors::TotpStarted,
};
use client::{Vault, native::Native};
use serde::Serialize;
use serde_json::json;

use super::account::kit_text;
use crate::{
    args::{Factor, NewPassword},
    ask,
    context::Context,
    error::{CliError, Result},
    output::{table, time},
};

/// Does it, and where the password wasn't proved lately asks for that and does it again.
pub async fn confirmed<T>(
    context: &Context,
    vault: &Vault<Native>,
    what: impl AsyncFn() -> client::Result<T>,
) -> Result<T> {
    match what().await {
        Err(error) if error.problem() == Some(ErrorCode::ConfirmationRequired) => {
            vault.confirm(&context.password()?, &context.factor()).await?;
            Ok(what().await?)
        }
        other => Ok(other?),
    }
}

/// `hs password`.
pub async fn password(context: &Context, args: &NewPassword) -> Result<()> {
    context
        .with_vault(async |vault| {
            let alone = vault.second_factors().await?.items.iter().all(|factor| factor.weaker);
            let min = if alone { PASSWORD_MIN_CHARS } else { PASSWORD_MIN_CHARS_WITH_FACTOR };
            let who = vault.who();
            let (place, server) = (vault.api().get_instance().await?.name, context.server()?);
            let new = ask::new_password(args.new_password_fd, min, &[&who.name, &who.email, &place, &server])?;
            confirmed(context, vault, async || vault.change_password(&new).await).await?;
            keep(context, vault).await
        })
        .await?;
    context
        .output
        .result(&json!({ "changed": true }), |_| "New password set. Every other session has ended.".to_owned());
    Ok(())
}

#[derive(Serialize)]
struct NewKit {
    /// Shown this once.
    recovery_kit: Vec<&'static str>,
}

/// `hs kit`.
pub async fn kit(context: &Context) -> Result<()> {
    let done = context
        .with_vault(async |vault| {
            let kit = context.client()?.new_kit();
            // Before it counts: whatever happens then, it was seen.
            context.output.note(&format!("Your next recovery kit:\n\n{}\n", kit_text(&kit.words())));
            confirmed(context, vault, async || vault.change_recovery_kit(&kit).await).await?;
            keep(context, vault).await?;
            Ok(NewKit { recovery_kit: kit.words() })
        })
        .await?;
    context.output.result(&done, |d| {
        format!(
            "Your new recovery kit. The old one opens nothing any more; other sessions have ended.\n\n{}",
            kit_text(&d.recovery_kit)
        )
    });
    Ok(())
}

/// The account key is another: what this machine keeps must follow.
pub(super) async fn keep(context: &Context, vault: &Vault<Native>) -> Result<()> {
    context.remember(vault).await.map(drop)
}

/// `hs new-keys`.
pub async fn new_keys(context: &Context) -> Result<()> {
    let epoch = context
        .with_vault(async |vault| {
            confirmed(context, vault, async || vault.rotate_keys().await).await?;
            keep(context, vault).await?;
            Ok(vault.key_epoch().0)
        })
        .await?;
    let says = "New keys made. What there is stays readable; every other session and API token has ended.";
    context.output.result(&json!({ "epoch": epoch }), |_| says.to_owned());
    Ok(())
}

/// `hs factor`.
pub async fn factor(context: &Context, command: &Factor) -> Result<()> {
    match command {
        Factor::List => list(context).await,
        Factor::Add { label, code_fd } => add(context, label, *code_fd).await,
        Factor::Remove { id } => remove(context, id).await,
        Factor::Codes => codes(context).await,
    }
}

async fn list(context: &Context) -> Result<()> {
    let list = context.with_vault(async |vault| Ok(vault.second_factors().await?)).await?;
    context.output.result(&list, |list| {
        let rows = list.items.iter().map(|factor| {
            let used = factor.last_used_at.map(time).unwrap_or_default();
            vec![factor.id.to_string(), factor.label.clone(), time(factor.created_at), used]
        });
        let table = table(&["SECOND FACTOR", "NAME", "ADDED", "LAST USED"], &rows.collect::<Vec<_>>());
        let required = if list.required { "\nYour role needs one." } else { "" };
        format!("{table}\n{} recovery codes left.{required}", list.recovery_codes_left)
    });
    Ok(())
}

#[derive(Serialize)]
struct Added {
    id: SecondFactorId,
    /// Shown this once; empty where an earlier set stays.
    recovery_codes: Vec<String>,
}

async fn add(context: &Context, label: &str, code_fd: Option<i32>) -> Result<()> {
    let added = context
        .with_vault(async |vault| {
            let started = confirmed(context, vault, async || vault.start_totp(label).await).await?;
            show(context, &started);
            let code = ask::secret("The code that the app shows now: ", code_fd)?;
            let codes = vault.confirm_totp(&started.id, &code).await?;
            // It may have made the account key that was due. The codes are shown whatever becomes of this: the next command asks
            // for the password then.
            let _ = keep(context, vault).await;
            Ok(Added { id: started.id, recovery_codes: codes.codes })
        })
        .await?;
    context.output.result(&added, |added| {
        format!("Second factor added. Sessions without one have ended.{}", codes_text(&added.recovery_codes))
    });
    Ok(())
}

/// A program that passes the code needs the secret before it, so it goes to standard error for both.
fn show(context: &Context, started: &TotpStarted) {
    if context.output.json {
        eprintln!("{}", json!({ "totp": { "secret": started.secret, "uri": started.uri } }));
    } else {
        context.output.note(&format!("Add this to your authenticator app:\n  {}\n  {}", started.secret, started.uri));
    }
}

async fn remove(context: &Context, id: &str) -> Result<()> {
    let id: SecondFactorId = id.parse().map_err(|e: api_types::ParseIdError| CliError::Argument(e.to_string()))?;
    context
        .with_vault(async |vault| confirmed(context, vault, async || vault.remove_second_factor(&id).await).await)
        .await?;
    context.output.result(&json!({ "removed": id }), |_| "Second factor removed.".to_owned());
    Ok(())
}

async fn codes(context: &Context) -> Result<()> {
    let codes = context
        .with_vault(async |vault| confirmed(context, vault, async || vault.renew_recovery_codes().await).await)
        .await?;
    context.output.result(&codes, |codes| format!("The old codes count no more.{}", codes_text(&codes.codes)));
    Ok(())
}

fn codes_text(codes: &[String]) -> String {
    if codes.is_empty() {
        return String::new();
    }
    let say = "Recovery codes: each replaces the app once. Keep them on paper, apart from your recovery kit.";
    format!("\n\n{say}\n\n{}", codes.join("\n"))
}
