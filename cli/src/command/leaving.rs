//! `hs account`, `hs erase`: the end of an account, and of a report.

use client::InBackups;
use serde_json::json;

use super::security::confirmed;
use crate::{
    args::{Account, Erase},
    context::Context,
    error::Result,
    output::time,
};

/// `hs account …`.
pub async fn account(context: &Context, command: &Account) -> Result<()> {
    match command {
        Account::Delete { email } => delete(context, email).await,
        Account::Pause { email } => pause(context, email).await,
    }
}

async fn delete(context: &Context, email: &str) -> Result<()> {
    let kept = context
        .leave(async |vault| {
            let kept = vault.erased_in_backups().await?;
            confirmed(context, vault, async || vault.delete_account(email).await).await?;
            Ok(kept)
        })
        .await?;
    context.forget().await?;
    context.output.result(&json!({ "deleted": email, "in_backups_until": until(kept) }), |_| {
        format!(
            "Your account is deleted, and every report that was yours is erased for everybody. Nothing is kept on this \
             machine.\n{}",
            in_backups(kept)
        )
    });
    Ok(())
}

/// Until when backups hold what was erased, where there is such a time.
fn until(kept: InBackups) -> Option<i64> {
    match kept {
        InBackups::Until(until) => Some(until),
        InBackups::NoneKnown | InBackups::NoEnd => None,
    }
}

/// The same, in words.
fn in_backups(kept: InBackups) -> String {
    match kept {
        InBackups::NoneKnown => {
            "The server makes no backups by itself. Whoever runs it knows whether there are others.".to_owned()
        }
        InBackups::Until(until) => {
            format!(
                "Encrypted copies stay in the server's backups until {} at the latest, as long as backups are made as planned. \
                 Whoever runs the server can't read the reports in them.",
                time(until)
            )
        }
        InBackups::NoEnd => {
            "Encrypted copies stay in the server's backups, and no date is set for their end. Whoever runs the server can't \
             read the reports in them, and can tell you how long they are kept."
                .to_owned()
        }
    }
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
    let (report, kept) = context
        .with_vault(async |vault| {
            let report = super::report_id(vault, &args.report).await?;
            let kept = vault.erased_in_backups().await?;
            confirmed(context, vault, async || vault.erase_report(&report).await).await?;
            Ok((report, kept))
        })
        .await?;
    context.output.result(&json!({ "erased": report, "in_backups_until": until(kept) }), |_| {
        format!("Report {report} is erased for everybody.\n{}", in_backups(kept))
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_said_where_there_is_one() {
        assert!(in_backups(InBackups::Until(1_795_413_540_000)).contains("2026-11-23 05:59 UTC"));
        assert_eq!(until(InBackups::Until(7)), Some(7));
        for kept in [InBackups::NoneKnown, InBackups::NoEnd] {
            assert_eq!(until(kept), None);
            assert!(!in_backups(kept).contains("UTC"));
        }
    }
}
