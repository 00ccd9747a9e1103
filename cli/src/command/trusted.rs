//! `hs trusted`: accounts that trust this one as their emergency contact.

use api_types::WayInId;
use client::{ClientError, EmergencyLink, Vault, native::Native};
use serde_json::json;

use super::{
    account::kit_text,
    emergency::{Line, lines, named},
    security::confirmed,
};
use crate::{args::Trusted, context::Context, error::Result};

/// Runs it.
pub async fn run(context: &Context, command: &Trusted) -> Result<()> {
    match command {
        Trusted::List => list(context).await,
        Trusted::Accept { id } => accept(context, id).await,
        Trusted::Withdraw { id } => withdraw(context, id).await,
        Trusted::Ask { id } => ask(context, id).await,
        Trusted::Words { id } => words(context, id).await,
    }
}

/// Those that fit what their accounts signed; of the others nobody may overlook why not.
async fn links(context: &Context, vault: &Vault<Native>) -> Result<Vec<EmergencyLink>> {
    let sort = |link: std::result::Result<EmergencyLink, ClientError>| {
        link.map_err(|error| context.output.warning(&error.code(), &error.to_string())).ok()
    };
    Ok(vault.trusted_by().await?.into_iter().filter_map(sort).collect())
}

async fn one(context: &Context, vault: &Vault<Native>, text: &str) -> Result<WayInId> {
    named(text, &links(context, vault).await?)
}

async fn list(context: &Context) -> Result<()> {
    let links = context.with_vault(async |vault| links(context, vault).await).await?;
    let shown: Vec<Line> = links.into_iter().map(Line::from).collect();
    context.output.result(&shown, |shown| lines(shown));
    Ok(())
}

async fn accept(context: &Context, text: &str) -> Result<()> {
    let id = context
        .with_vault(async |vault| {
            let id = one(context, vault, text).await?;
            vault.accept_trust(&id).await?;
            Ok(id)
        })
        .await?;
    context.output.result(&json!({ "accepted": id }), |_| "Accepted: you may ask when it is needed.".to_owned());
    Ok(())
}

async fn withdraw(context: &Context, text: &str) -> Result<()> {
    let id = context
        .with_vault(async |vault| {
            let id = one(context, vault, text).await?;
            vault.decline_trust(&id).await?;
            Ok(id)
        })
        .await?;
    let says = "You are no emergency contact of theirs any more; what you asked for has ended.";
    context.output.result(&json!({ "withdrawn": id }), |_| says.to_owned());
    Ok(())
}

async fn ask(context: &Context, text: &str) -> Result<()> {
    let id = context
        .with_vault(async |vault| {
            let id = one(context, vault, text).await?;
            vault.ask_emergency(&id).await?;
            Ok(id)
        })
        .await?;
    let says = "Asked. They are told, and it opens after the delay unless they refuse; `hs trusted list` says when.";
    context.output.result(&json!({ "asked": id }), |_| says.to_owned());
    Ok(())
}

async fn words(context: &Context, text: &str) -> Result<()> {
    let kit = context
        .with_vault(async |vault| {
            let id = one(context, vault, text).await?;
            confirmed(context, vault, async || vault.emergency_words(&id).await).await
        })
        .await?;
    context.output.result(&json!({ "words": kit.words() }), |_| {
        format!(
            "They open the account, and everything in it, once. Use them with `hs recover --email` and its owner's \
             e-mail, under another --profile.\n\n{}",
            kit_text(&kit.words())
        )
    });
    Ok(())
}
