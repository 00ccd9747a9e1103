//! `hs admin escrow`: the organisation's escrow key, and accounts that are in escrow under it.

use std::hash::{BuildHasher, Hasher, RandomState};

use api_types::{AccountId, escrow::EscrowState};
use client::{EscrowWords, EscrowedPerson, PublishedEscrow, Vault, native::Native};
use serde::Serialize;
use serde_json::json;

use super::{account::kit_text, admin::account_of, security::confirmed};
use crate::{
    args::AdminEscrow,
    ask,
    context::Context,
    error::{CliError, Result},
    output::{table, time},
};

/// Runs it.
pub async fn run(context: &Context, command: &AdminEscrow) -> Result<()> {
    match command {
        AdminEscrow::List => list(context).await,
        AdminEscrow::Make => make(context).await,
        AdminEscrow::End => end(context).await,
        AdminEscrow::Ask { email } => ask_for(context, email).await,
        AdminEscrow::Open { email, words_fd } => open(context, email, *words_fd).await,
    }
}

/// Somebody in escrow.
#[derive(Serialize)]
struct Line {
    account_id: AccountId,
    name: String,
    state: EscrowState,
    #[serde(skip_serializing_if = "Option::is_none")]
    opens_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ask_again_at: Option<i64>,
}

impl From<EscrowedPerson> for Line {
    fn from(of: EscrowedPerson) -> Self {
        Self {
            account_id: of.person.id,
            name: of.person.name,
            state: of.escrow.state,
            opens_at: of.escrow.opens_at,
            ask_again_at: of.escrow.ask_again_at,
        }
    }
}

/// The key, and everybody in escrow.
#[derive(Serialize)]
struct Listed {
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    accounts: Vec<Line>,
}

/// Those that fit what their accounts signed; of the others nobody may overlook why not.
async fn everything(context: &Context, vault: &Vault<Native>) -> Result<Listed> {
    let words = |key: PublishedEscrow| key.fingerprint.join(" ");
    let mut listed = Listed { fingerprint: None, accounts: Vec::new() };
    let mut before = None;
    loop {
        let page = vault.escrows(before.as_deref()).await?;
        listed.fingerprint = page.key.map(words);
        for item in page.items {
            match item {
                Ok(of) => listed.accounts.push(of.into()),
                Err(error) => context.output.warning(&error.code(), &error.to_string()),
            }
        }
        match page.next {
            Some(next) => before = Some(next),
            None => return Ok(listed),
        }
    }
}

async fn list(context: &Context) -> Result<()> {
    let listed = context.with_vault(async |vault| everything(context, vault).await).await?;
    context.output.result(&listed, |listed| {
        let says = |state: EscrowState| match state {
            EscrowState::On => "on",
            EscrowState::Asked => "asked for",
            EscrowState::Open => "open",
            EscrowState::Ended => "key ended",
        };
        let rows = listed.accounts.iter().map(|line| {
            let opens = line.opens_at.map(time).unwrap_or_default();
            vec![line.name.clone(), says(line.state).to_owned(), opens, line.account_id.to_string()]
        });
        let key = match &listed.fingerprint {
            Some(words) => format!("Escrow key: {words}"),
            None => "There is no escrow key: nobody is offered escrow.".to_owned(),
        };
        format!("{key}\n{}", table(&["NAME", "STATE", "OPENS", "ACCOUNT"], &rows.collect::<Vec<_>>()))
    });
    Ok(())
}

/// Words that were just made.
#[derive(Serialize)]
struct Made {
    /// Shown this once.
    escrow_words: Vec<&'static str>,
    /// To be handed out.
    fingerprint: String,
}

/// Whether the words were kept: one of the first twelve and one of the others is asked back.
fn kept(words: &EscrowWords) -> Result<()> {
    let pick = |below: u64| RandomState::new().build_hasher().finish() % below;
    for number in [1 + pick(12), 13 + pick(12)] {
        let number = usize::try_from(number).unwrap_or(1);
        let typed = ask::secret(&format!("Word {number}, from the paper: "), None)?;
        if !words.check_word(number, &typed) {
            return Err(CliError::Argument(format!("that is not word {number}; no key was published")));
        }
    }
    Ok(())
}

async fn make(context: &Context) -> Result<()> {
    let made = context
        .with_vault(async |vault| {
            let words = vault.new_escrow_words();
            // Before it counts: whatever happens then, it was seen.
            context.output.note(&format!(
                "The escrow words. Write them down now, and keep them offline: whoever has them can open the reports of \
                 everybody who turns escrow on.\n\n{}\n",
                kit_text(&words.words())
            ));
            if !context.output.json {
                kept(&words)?;
            }
            let fingerprint = confirmed(context, vault, async || vault.make_escrow_key(&words).await).await?;
            Ok(Made { escrow_words: words.words(), fingerprint: fingerprint.join(" ") })
        })
        .await?;
    context.output.result(&made, |made| {
        format!(
            "The escrow key is published. Hand out its fingerprint, on paper or in person:\n\n{}\n\nThe escrow words are \
             not shown again.",
            made.fingerprint
        )
    });
    Ok(())
}

async fn end(context: &Context) -> Result<()> {
    context.with_vault(async |vault| confirmed(context, vault, async || vault.end_escrow_key().await).await).await?;
    let says = "The escrow key has ended. What was put in escrow under it is deleted on the server, and everybody who has it on is \
         told. What was given out or copied before may still be opened with its words: destroy the paper, and take back the \
         fingerprint.";
    context.output.result(&json!({ "ended": true }), |_| says.to_owned());
    Ok(())
}

async fn ask_for(context: &Context, email: &str) -> Result<()> {
    context
        .with_vault(async |vault| {
            let id = account_of(vault, email).await?.account.account.id;
            confirmed(context, vault, async || vault.ask_escrow(&id).await).await
        })
        .await?;
    let says = "Asked. They are told, and it opens in three days unless they refuse; `hs admin escrow list` says when.";
    context.output.result(&json!({ "asked": email }), |_| says.to_owned());
    Ok(())
}

async fn open(context: &Context, email: &str, words_fd: Option<i32>) -> Result<()> {
    let kit = context
        .with_vault(async |vault| {
            let id = account_of(vault, email).await?.account.account.id;
            let words = ask::secret("The 24 escrow words: ", words_fd)?;
            confirmed(context, vault, async || vault.open_escrow(&id, &words).await).await
        })
        .await?;
    context.output.result(&json!({ "words": kit.words() }), |_| {
        format!(
            "They open the account of {email}, and everything in it, once. Hand them to its holder in person, who uses them \
             with `hs recover` or on the page \"Use your recovery kit\".\n\n{}",
            kit_text(&kit.words())
        )
    });
    Ok(())
}
