//! `hs account`, `hs erase`: the end of an account, and of a report.

use serde_json::json;

use super::security::confirmed;
use crate::{
    args::{Account, Erase},
    context::Context,
    error::Result,
};

/// `hs account …`.
pub async fn account(context: &Context, command: &Account) -> Result<()> {
    match command {
        Account::Delete { email } => delete(context, email).await,
        Account::Pause { email } => pause(context, email).await,
    }
}

async fn delete(context: &Context, email: &str) -> Result<()> {
    context.leave(async |vault| confirmed(context, vault, async || vault.delete_account(email).await).await).await?;
    context.forget().await?;
    context.output.result(&json!({ "deleted": email }), |_| {
        "Your account is deleted, and every report that was yours is erased for everybody. Nothing is kept on this machine."
            .to_owned()
    });
    Ok(())
}

async fn pause(context: &Context, email: &str) -> Result<()> {
    context.leave(async |vault| confirmed(context, vault, async || vault.pause_account(email).await).await).await?;
    context.output.result(&json!({ "paused": email }), |_| {
        "Your account is paused. Nothing is deleted; an administrator can enable it again.".to_owned()
    });
    Ok(())
}

/// `hs erase`.
pub async fn erase(context: &Context, args: &Erase) -> Result<()> {
    let report = context
        .with_vault(async |vault| {
            let report = super::report_id(vault, &args.report).await?;
            confirmed(context, vault, async || vault.erase_report(&report).await).await?;
            Ok(report)
        })
        .await?;
    context.output.result(&json!({ "erased": report }), |_| format!("Report {report} is erased for everybody."));
    Ok(())
}
