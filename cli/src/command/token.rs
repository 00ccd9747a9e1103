//! `hs token`: personal API tokens.

use api_types::{
    ApiTokenId,
    tokens::{ApiToken, NewApiToken, Scope},
};
use client::{Vault, native::Native};
use serde::Serialize;
use serde_json::json;

use super::security::confirmed;
use crate::{
    args::{Token, TokenCreate},
    context::Context,
    error::{CliError, Result},
    output::{table, time},
    unattended::Unattended,
};

/// Runs it.
pub async fn run(context: &Context, command: &Token) -> Result<()> {
    match command {
        Token::Create(args) => create(context, args).await,
        Token::List => list(context).await,
        Token::Remove { id } => remove(context, id).await,
    }
}

fn new(args: &TokenCreate) -> Result<NewApiToken> {
    let scope = |name: &String| {
        let known: Vec<_> = Scope::ALL.into_iter().map(Scope::name).collect();
        let unknown = || CliError::Argument(format!("there is no scope {name:?}; there are {}", known.join(", ")));
        Scope::from_name(name).ok_or_else(unknown)
    };
    let scopes = args.scopes.iter().map(scope).collect::<Result<Vec<_>>>()?;
    // Without it nothing is unlocked with the token.
    if (args.for_this_machine || args.unattended) && !scopes.contains(&Scope::AccountRead) {
        return Err(CliError::Argument("hs needs the scope account:read besides; nothing was made".to_owned()));
    }
    Ok(NewApiToken { name: args.name.clone(), scopes, expires_in_days: args.days })
}

#[derive(Serialize)]
struct Made {
    token: ApiToken,
    /// Shown this once; absent where this machine keeps it.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// The line for `--unattended-fd`; shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    unattended: Option<String>,
}

async fn create(context: &Context, args: &TokenCreate) -> Result<()> {
    let new = new(args)?;
    let made = context.with_vault(async |vault| make(context, vault, args, &new).await).await?;
    context.output.result(&made, text);
    Ok(())
}

async fn make(context: &Context, vault: &Vault<Native>, args: &TokenCreate, new: &NewApiToken) -> Result<Made> {
    let made = confirmed(context, vault, async || vault.create_api_token(new).await).await?;
    let kept = Unattended { account_key: vault.account_key(), token: made.secret.into() };
    if args.for_this_machine && !context.keep(&kept).await {
        vault.remove_api_token(&made.token.id).await?;
        return Err(CliError::Argument(
            "no keyring runs here, so nothing was kept and the token is removed".to_owned(),
        ));
    }
    if args.for_this_machine {
        // The session whose place it took.
        vault.clone().sign_out().await?;
    }
    let unattended = args.unattended.then(|| kept.line());
    let secret = (!args.for_this_machine && !args.unattended).then(|| kept.token.to_string());
    Ok(Made { token: made.token, secret, unattended })
}

fn text(made: &Made) -> String {
    let what = match (&made.secret, &made.unattended) {
        (Some(secret), _) => format!("Shown this once:\n\n{secret}"),
        (_, Some(line)) => format!(
            "Shown this once. It holds the account key: keep it where nobody else reads it, and pass it with \
             --unattended-fd.\n\n{line}"
        ),
        _ => "This machine keeps it: hs goes on here without a password.".to_owned(),
    };
    format!("API token {:?} until {}. {what}", made.token.name, time(made.token.expires_at))
}

async fn list(context: &Context) -> Result<()> {
    let tokens = context.with_vault(async |vault| Ok(vault.api_tokens().await?)).await?;
    context.output.result(&tokens, |tokens| {
        let rows = tokens.iter().map(|token| {
            let scopes: Vec<_> = token.scopes.iter().map(|scope| scope.name()).collect();
            let used = token.last_used_at.map(time).unwrap_or_default();
            vec![token.id.to_string(), token.name.clone(), scopes.join(" "), time(token.expires_at), used]
        });
        table(&["TOKEN", "NAME", "SCOPES", "UNTIL", "LAST USED"], &rows.collect::<Vec<_>>())
    });
    Ok(())
}

async fn remove(context: &Context, id: &str) -> Result<()> {
    let id: ApiTokenId = id.parse().map_err(|e: api_types::ParseIdError| CliError::Argument(e.to_string()))?;
    context.with_vault(async |vault| Ok(vault.remove_api_token(&id).await?)).await?;
    context.output.result(&json!({ "removed": id }), |_| "API token removed; it ends at once.".to_owned());
    Ok(())
}
