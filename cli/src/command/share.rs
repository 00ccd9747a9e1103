//! `hs share`, `hs redeem`, `hs revoke`.

use api_types::grants::Right;
use client::{Person, Share as ShareInput, TeamShare, Vault, bulk::Control, native::Native};
use serde::Serialize;
use serde_json::json;

use super::key::{KeyState, look_at};
use crate::{
    args::{Redeem, Revoke, RightArg, Share},
    ask,
    context::Context,
    duration,
    error::{CliError, Result},
    output::time,
};

impl From<RightArg> for Right {
    fn from(right: RightArg) -> Self {
        match right {
            RightArg::View => Self::View,
            RightArg::Contribute => Self::Contribute,
            RightArg::Reshare => Self::Reshare,
        }
    }
}

#[derive(Serialize)]
struct Made {
    grant_id: api_types::GrantId,
    recipient: String,
    /// Shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    expires_at: i64,
    #[serde(flatten)]
    key: KeyState,
}

/// `hs share`.
pub async fn share(context: &Context, args: &Share) -> Result<()> {
    let expires_in = duration::parse(&args.expires).map_err(|e| CliError::Argument(e.to_string()))?;
    match (&args.team, &args.recipient) {
        (Some(team), _) => with_team(context, args, team, expires_in).await,
        (None, Some(recipient)) => with_person(context, args, recipient, expires_in).await,
        (None, None) => Err(CliError::Argument("say --with or --team".to_owned())),
    }
}

/// One wrap, to the team's key.
async fn with_team(context: &Context, args: &Share, team: &str, expires_in: i64) -> Result<()> {
    let (shared, (open, others)) = context
        .with_vault(async |vault| {
            let report = super::report_id(vault, &args.report).await?;
            let to = super::team::team_id(vault, team).await?;
            let team = vault.team(&to).await?;
            let own = vault.account_id();
            for member in team.members.iter().filter(|member| member.person.id != own) {
                look_at(context, &member.person);
            }
            let share = TeamShare { to, right: args.right.into(), purpose: args.purpose.clone(), expires_in };
            let shared = vault.share_with_team(&report, &share).await?;
            let keys = shared.with.not_compared(Some(own));
            Ok((shared, keys))
        })
        .await?;
    let members = shared.with.members.len();
    let value = json!({
        "grant_id": shared.grant, "team_id": shared.with.id, "team": shared.with.name, "members": members,
        "keys_not_verified": open, "expires_at": shared.expires_at,
    });
    context.output.result(&value, |_| {
        let (name, until, keys) = (&shared.with.name, time(shared.expires_at), where_keys_stand(open, others));
        format!("Report shared with team {name} ({members} members) until {until}.{keys}")
    });
    Ok(())
}

/// As [`KeyState::says`], of a team: how many keys of its other members are open, and how many they are.
fn where_keys_stand(open: usize, others: usize) -> String {
    match open {
        0 => String::new(),
        open => format!("\n{open} of {others} keys are not verified yet: compare fingerprints in person."),
    }
}

async fn with_person(context: &Context, args: &Share, to: &str, expires_in: i64) -> Result<()> {
    let made = context
        .with_vault(async |vault| {
            let report = super::report_id(vault, &args.report).await?;
            let person = recipient(vault, to).await?;
            let key = look_at(context, &person);
            let share = ShareInput {
                to: person.id,
                right: args.right.into(),
                purpose: args.purpose.clone(),
                expires_in,
                with_code: !args.no_code,
            };
            let shared = vault.share(&report, &share).await?;
            Ok(Made {
                grant_id: shared.grant,
                key,
                recipient: person.name,
                code: shared.code.map(|c| c.to_string()),
                expires_at: shared.expires_at,
            })
        })
        .await?;
    context.output.result(&made, |made| {
        let code =
            made.code.as_ref().map(|c| format!("\nAccess code: {c}\nTell it to them yourself; it is not shown again."));
        let key = made.key.says();
        format!(
            "Report shared with {} until {}.{}{key}",
            made.recipient,
            time(made.expires_at),
            code.unwrap_or_default()
        )
    });
    Ok(())
}

/// An account id, an exact e-mail, or a doctor's name that is unambiguous.
pub(super) async fn recipient(vault: &Vault<Native>, text: &str) -> Result<Person> {
    if let Ok(id) = text.parse() {
        return Ok(vault.person(&id).await?);
    }
    if text.contains('@') {
        let found = vault.find_by_email(text).await?;
        return found.ok_or_else(|| CliError::Argument(format!("nobody has an account as {text}")));
    }
    let mut found = vault.find_doctors(text).await?;
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(CliError::Argument(format!("no approved doctor is called {text:?}"))),
        n => Err(CliError::Argument(format!("{n} doctors are called like {text:?}: use the e-mail"))),
    }
}

/// `hs redeem`.
pub async fn redeem(context: &Context, args: &Redeem) -> Result<()> {
    let report = context
        .with_vault(async |vault| {
            let pending = vault.pending_shares().await?;
            let grant = super::grant_id(&args.grant, pending.iter().map(|share| share.id))?;
            let code = ask::secret("Access code: ", args.code_fd)?;
            Ok(vault.redeem(&grant, &code).await?)
        })
        .await?;
    context
        .output
        .result(&json!({ "report_id": report }), |_| format!("Opened: report {report}. `hs pull` fetches it."));
    Ok(())
}

/// `hs revoke`: withdraw, then re-key at once.
pub async fn revoke(context: &Context, args: &Revoke) -> Result<()> {
    let rekeyed = context
        .with_vault(async |vault| {
            let report = super::report_id(vault, &args.report).await?;
            let rows = vault.access(&report).await?;
            let grant = super::grant_id(&args.grant, rows.iter().map(|row| row.grant))?;
            vault.revoke(&report, &grant).await?;
            match vault.rekey(&report, &Control::none()).await {
                Ok(versions) => Ok(Some(versions)),
                // Only the owner re-keys; theirs is queued.
                Err(client::ClientError::NotAllowed) => Ok(None),
                Err(error) => Err(error.into()),
            }
        })
        .await?;
    let value = json!({ "revoked": true, "rekeyed_versions": rekeyed });
    context.output.result(&value, |_| match rekeyed {
        Some(n) => format!("Access revoked; {n} version(s) re-keyed."),
        None => "Access revoked. The owner's client re-keys the report the next time it opens.".to_owned(),
    });
    Ok(())
}
