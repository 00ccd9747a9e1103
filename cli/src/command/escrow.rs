//! `hs escrow`: whether this account is in escrow with its organisation; turning it on and off, refusing.

use api_types::escrow::EscrowState;
use client::{ClientError, ConfirmedEscrow, EscrowOffer, EscrowStanding};
use serde::Serialize;
use serde_json::json;

use super::security::{confirmed, keep};
use crate::{
    args::Escrow,
    ask,
    context::Context,
    error::{CliError, Result},
    output::time,
};

/// Runs it.
pub async fn run(context: &Context, command: &Escrow) -> Result<()> {
    match command {
        Escrow::Status => status(context).await,
        Escrow::On { fingerprint_fd } => on(context, *fingerprint_fd).await,
        Escrow::Off => off(context).await,
        Escrow::Refuse => refuse(context).await,
    }
}

/// Where it stands.
#[derive(Serialize)]
struct Status {
    /// Whether the organisation offers it.
    offered: bool,
    /// Whether nobody but this account's holder can open it.
    strictly_end_to_end: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<EscrowState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asked_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    opens_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    given_at: Option<i64>,
}

impl From<EscrowStanding> for Status {
    fn from(standing: EscrowStanding) -> Self {
        let own = standing.own;
        Self {
            offered: standing.offered.is_some(),
            strictly_end_to_end: own.is_none(),
            state: own.as_ref().map(|own| own.state),
            fingerprint: own.as_ref().map(|own| own.fingerprint.join(" ")),
            opens_at: own.as_ref().and_then(|own| own.opens_at),
            given_at: own.as_ref().and_then(|own| own.given_at),
            asked_by: own.and_then(|own| own.asked_by).map(|person| person.name),
        }
    }
}

impl Status {
    fn says(&self) -> String {
        let Some(state) = self.state else {
            return match self.offered {
                true => "Escrow is off. Your organisation offers it: `hs escrow on`.".to_owned(),
                false => "Escrow is off, and your organisation offers none.".to_owned(),
            };
        };
        let given = match self.given_at {
            Some(at) => format!(
                " It was given out {}; whoever has it may have kept it, and after `hs escrow off` it opens nothing that is \
                 stored from then on.",
                time(at)
            ),
            None => String::new(),
        };
        let stands = match state {
            EscrowState::On => format!("Nobody asks for it.{given}"),
            EscrowState::Asked | EscrowState::Open => {
                let who = self.asked_by.as_deref().unwrap_or("An administrator");
                let opens = self.opens_at.map(time).unwrap_or_default();
                format!("{who} asked for it; it opens {opens}.{given} `hs escrow refuse` stops it.")
            }
            EscrowState::Ended => format!(
                "Your organisation ended its key: what was sealed to it is deleted on this server.{given} `hs escrow off` makes \
                 a new account key."
            ),
        };
        format!(
            "NOT STRICTLY END-TO-END: whoever keeps your organisation's escrow words can open your reports.\n{stands}\n\
             Escrow key: {}",
            self.fingerprint.as_deref().unwrap_or_default()
        )
    }
}

async fn status(context: &Context) -> Result<()> {
    let standing = context.with_vault(async |vault| Ok(vault.escrow().await?)).await?;
    context.output.result(&Status::from(standing), Status::says);
    Ok(())
}

/// Compares the key with what the organisation gave out: two words that are asked for, or all that came by the descriptor.
fn compare(context: &Context, offer: &EscrowOffer, fd: Option<i32>) -> Result<ConfirmedEscrow> {
    let numbers = offer.asked();
    if fd.is_some() {
        let line = ask::secret("", fd)?;
        let given: Vec<&str> = line.split_whitespace().collect();
        let shown = offer.shown();
        if given.len() != shown.len() {
            return Err(CliError::Argument(format!("an escrow key's fingerprint has {} words", shown.len())));
        }
        let same = |(shown, given): (&Option<&str>, &&str)| shown.is_none_or(|word| word == given.to_lowercase());
        if !shown.iter().zip(&given).all(same) {
            return Err(ClientError::EscrowFingerprint.into());
        }
        return Ok(offer.confirm(numbers.map(|number| given[number - 1]))?);
    }
    let words = offer.shown().map(|word| word.unwrap_or("…")).join(" ");
    context.output.note(&format!(
        "Not strictly end-to-end: whoever keeps your organisation's escrow words can open your reports; any one \
         administrator who has them can do it alone. That it takes three days and that you are told is the server's word.\n\
         The server offers this escrow key, two words left out:\n\n{words}\n\n\
         Compare it with what your organisation gave you itself. If any word differs, stop."
    ));
    let ask = |number: usize| ask::secret(&format!("Word {number}, as your organisation says it: "), None);
    let (first, second) = (ask(numbers[0])?, ask(numbers[1])?);
    Ok(offer.confirm([&first, &second])?)
}

async fn on(context: &Context, fingerprint_fd: Option<i32>) -> Result<()> {
    context
        .with_vault(async |vault| {
            let standing = vault.escrow().await?;
            if standing.own.is_some() {
                return Err(CliError::Argument("escrow is on already".to_owned()));
            }
            let missing = ClientError::Missing { what: "An escrow key of this organisation" };
            let offer = standing.offered.ok_or(missing)?;
            let compared = compare(context, &offer, fingerprint_fd)?;
            confirmed(context, vault, async || vault.turn_on_escrow(&compared).await).await
        })
        .await?;
    let says = "Escrow is on: your account is not strictly end-to-end any more. You are told if an administrator asks, \
                and have three days to refuse, both by the server's word. `hs escrow off` ends it.";
    context.output.result(&json!({ "on": true }), |_| says.to_owned());
    Ok(())
}

async fn off(context: &Context) -> Result<()> {
    context
        .with_vault(async |vault| {
            confirmed(context, vault, async || vault.turn_off_escrow().await).await?;
            keep(context, vault).await
        })
        .await?;
    let says = "Escrow is off. What your organisation has opens nothing that is stored from now on; every other session has \
                ended.";
    context.output.result(&json!({ "on": false }), |_| says.to_owned());
    Ok(())
}

async fn refuse(context: &Context) -> Result<()> {
    context.with_vault(async |vault| Ok(vault.refuse_escrow().await?)).await?;
    let says = "Refused. They may ask again later; turn escrow off if they should not.";
    context.output.result(&json!({ "refused": true }), |_| says.to_owned());
    Ok(())
}
