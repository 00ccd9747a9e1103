//! `hs email`: another e-mail address for the account. The two links that are mailed lead to the page, where a person confirms.

use api_types::email_change::PendingEmailChange;
use serde::Serialize;
use serde_json::json;

use super::security::confirmed;
use crate::{args::Email, context::Context, error::Result, output::time};

/// Runs it.
pub async fn run(context: &Context, command: &Email) -> Result<()> {
    match command {
        Email::Status => status(context).await,
        Email::Change { address } => change(context, address).await,
        Email::Cancel => cancel(context).await,
    }
}

#[derive(Serialize)]
struct Status {
    email: String,
    pending: Option<PendingEmailChange>,
}

async fn status(context: &Context) -> Result<()> {
    let status = context
        .with_vault(async |vault| Ok(Status { email: vault.who().email, pending: vault.email_change().await? }))
        .await?;
    context.output.result(&status, |status| match &status.pending {
        None => status.email.clone(),
        Some(change) => {
            let says = |confirmed| if confirmed { "confirmed" } else { "not confirmed yet" };
            let (old, new) = (says(change.old_confirmed), says(change.new_confirmed));
            let ends = time(change.expires_at);
            format!("{}: {old}\nto be changed to {}: {new}\nends {ends}", status.email, change.email)
        }
    });
    Ok(())
}

async fn change(context: &Context, address: &str) -> Result<()> {
    context
        .with_vault(async |vault| confirmed(context, vault, async || vault.change_email(address).await).await)
        .await?;
    context.output.result(&json!({ "asked": address }), |_| {
        format!(
            "Two links are on their way, to {address} and to your address now: confirm both within 24 hours. Then sign in here with \
             `hs login --email {address}`, if hs asks for your password."
        )
    });
    Ok(())
}

async fn cancel(context: &Context) -> Result<()> {
    context.with_vault(async |vault| Ok(vault.cancel_email_change().await?)).await?;
    context.output.result(&json!({ "cancelled": true }), |_| "Cancelled; your address stays as it is.".to_owned());
    Ok(())
}
