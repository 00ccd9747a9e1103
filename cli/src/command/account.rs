//! `signup`, `login`, `recover`, `logout`, `whoami`, `sessions`.

use api_types::{ErrorCode, SessionId, accounts::Role, sessions::Place};
use client::{
    Client, ClientError, ProvedAddress, Recover as RecoverInput, RecoverWithShares, SignUp, SignUpLink, native::Native,
};
use serde::Serialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::security::confirmed;
use crate::{
    args::{Login, Recover, RoleArg, Sessions, Signup},
    ask,
    context::{Context, device},
    error::{CliError, Result},
    output::{table, time},
};

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Administrator => Self::Administrator,
            RoleArg::Doctor => Self::Doctor,
            RoleArg::Patient => Self::Patient,
        }
    }
}

/// A set-up or invitation link from a file descriptor.
pub fn link_from(fd: i32) -> Result<SignUpLink> {
    let text = ask::secret("", Some(fd))?;
    SignUpLink::parse(&text).ok_or_else(|| CliError::Argument("that is not a set-up or invitation link".to_owned()))
}

#[derive(Serialize)]
struct SignedUp {
    account_id: String,
    status: api_types::accounts::AccountStatus,
    /// Shown this once.
    recovery_kit: Vec<&'static str>,
    kept_in_keyring: bool,
    claimed_reports: usize,
}

/// `hs signup`.
pub async fn sign_up(context: &Context, args: &Signup) -> Result<()> {
    let link = args.link_fd.map(link_from).transpose()?;
    let token = link.as_ref().map(|l| l.token.as_str());
    let client = context.client()?;
    let proved = match client.asks_sign_up_code(token).await? {
        true => Some(prove_address(context, &client, args, token).await?),
        false => None,
    };
    let kit = client.new_kit();
    let password = context.new_password(&client, &[&args.name, &args.email]).await?;
    let new = SignUp {
        name: &args.name,
        email: &args.email,
        password: &password,
        role: args.role.into(),
        kit: &kit,
        token,
        device: device(),
    };
    let vault = match &proved {
        Some(address) => client.sign_up_with_code(new, address).await?,
        None => client.sign_up(new).await?,
    };
    let kept = context.remember(&vault).await?;
    let claimed = match link.as_ref().and_then(|l| l.secret.as_ref()) {
        Some(secret) => vault.claim_reports(secret).await?.reports.len(),
        None => 0,
    };
    let done = SignedUp {
        account_id: vault.account_id().to_string(),
        status: vault.who().status,
        recovery_kit: kit.words(),
        kept_in_keyring: kept,
        claimed_reports: claimed,
    };
    context.output.result(&done, |d| {
        format!(
            "Account created: {}\n\nYour recovery kit. Write these 24 words down and keep them on paper: without them a \
             forgotten password means that your reports can't be opened by anyone.\n\n{}",
            d.account_id,
            kit_text(&d.recovery_kit)
        )
    });
    if !kept {
        context.output.note("No keyring here: hs will ask for the password at every command.");
        vault.sign_out().await?;
    }
    Ok(())
}

/// Has a code mailed to the address, and asks for it until it is right.
async fn prove_address(
    context: &Context,
    client: &Client<Native>,
    args: &Signup,
    token: Option<&str>,
) -> Result<ProvedAddress> {
    let asked = client.ask_sign_up_code(&args.email, token).await?;
    let text = format!(
        "A message is on its way to {}: it has a code, or says that the address has an account.",
        asked.email()
    );
    context.output.step("sign_up_code_asked", &text);
    loop {
        let code = ask::secret("Code from the message: ", args.code_fd)?;
        match client.prove_address(&asked, code.trim()).await {
            // A program can't type another.
            Err(ClientError::Problem(problem))
                if problem.code == ErrorCode::SignUpCodeWrong && args.code_fd.is_none() =>
            {
                context.output.note("That code is wrong.");
            }
            other => return Ok(other?),
        }
    }
}

/// The words of a kit in four columns.
pub fn kit_text(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().enumerate().map(|(i, w)| format!("{:>2} {w}", i + 1)).collect();
    let rows = words.chunks(4).map(|row| row.iter().map(|w| format!("{w:<14}")).collect::<String>());
    rows.collect::<Vec<_>>().join("\n")
}

/// `hs login`.
pub async fn log_in(context: &Context, args: &Login) -> Result<()> {
    let client = context.client()?;
    let vault = client.sign_in(&args.email, &context.password()?, device(), &context.factor()).await?;
    let kept = context.remember(&vault).await?;
    let who = vault.who();
    if !kept {
        context.output.note("No keyring here: hs will ask for the password at every command.");
        vault.sign_out().await?;
    }
    context.output.result(&who, |w| format!("Signed in as {} ({:?}, {:?})", w.name, w.role, w.status));
    Ok(())
}

/// `hs recover`.
pub async fn recover(context: &Context, args: &Recover) -> Result<()> {
    let client = context.client()?;
    let vault = if args.shares || args.shares_fd.is_some() {
        let shares = shares_from(args.shares_fd)?;
        let password = context.new_password(&client, &[&args.email]).await?;
        let input = RecoverWithShares { email: &args.email, shares: &shares, password: &password, device: device() };
        client.recover_with_shares(input, &context.factor()).await?
    } else {
        let words = ask::secret("The 24 words of your recovery kit, or of an emergency contact: ", args.kit_fd)?;
        let password = context.new_password(&client, &[&args.email]).await?;
        let input = RecoverInput { email: &args.email, words: &words, password: &password, device: device() };
        client.recover(input, &context.factor()).await?
    };
    let kept = context.remember(&vault).await?;
    let who = vault.who();
    if !kept {
        vault.sign_out().await?;
    }
    context.output.result(&who, |w| format!("New password set for {}. Every other session has ended.", w.email));
    Ok(())
}

/// Recovery shares: typed one after the other until one is empty, or from a file descriptor.
fn shares_from(fd: Option<i32>) -> Result<Zeroizing<Vec<String>>> {
    let mut shares = Zeroizing::new(Vec::new());
    if fd.is_some() {
        let line = ask::secret("", fd)?;
        shares.extend(line.split(',').map(str::to_owned));
        return Ok(shares);
    }
    loop {
        let share = ask::secret(&format!("Share {}, or nothing after the last: ", shares.len() + 1), None)?;
        if share.trim().is_empty() {
            return Ok(shares);
        }
        shares.push(share.to_string());
    }
}

/// `hs logout`.
pub async fn log_out(context: &Context) -> Result<()> {
    let ended = context
        .with_vault(async |vault| {
            // A token that this machine keeps goes with it. One that was handed in is kept elsewhere.
            match vault.is_by_api_token() && !context.is_unattended() {
                true => Ok(vault.end_api_token().await?),
                false => Ok(vault.clone().sign_out().await?),
            }
        })
        .await;
    ended.or_else(|error| match error {
        // What is over already needs no ending.
        CliError::NotSignedIn => Ok(()),
        other => Err(other),
    })?;
    context.forget().await?;
    context.output.result(&json!({ "signed_out": true }), |_| "Signed out and forgotten on this machine.".to_owned());
    Ok(())
}

/// `hs whoami`.
pub async fn who_am_i(context: &Context) -> Result<()> {
    let who = context.with_vault(async |vault| Ok(vault.who())).await?;
    context.output.result(&who, |w| {
        let removal = w.removal_at.map(|at| {
            let at = time(at);
            format!("\nAn administrator has this account deleted at {at}, with every report that is yours. Enabling it before takes that back.")
        });
        let removal = removal.unwrap_or_default();
        format!("{} <{}>, {:?}, {:?}\n{}{removal}", w.name, w.email, w.role, w.status, w.account_id)
    });
    Ok(())
}

/// `hs sessions`.
pub async fn sessions(context: &Context, args: &Sessions) -> Result<()> {
    let end: Option<SessionId> = args
        .end
        .as_ref()
        .map(|id| id.parse().map_err(|e: api_types::ParseIdError| CliError::Argument(e.to_string())))
        .transpose()?;
    let sessions = context
        .with_vault(async |vault| {
            if let Some(id) = &end {
                confirmed(context, vault, async || vault.end_session(id).await).await?;
            }
            Ok(vault.sessions().await?)
        })
        .await?;
    context.output.result(&sessions, |sessions| {
        let rows = sessions.iter().map(|s| {
            let here = if s.current { "this one" } else { "" };
            let place = match (s.place, s.same_network) {
                (None, _) => "",
                (Some(Place::ThisMachine), _) => "the server's own machine",
                (Some(_), true) => "this network",
                (Some(Place::LocalNetwork), false) => "another local network",
                (Some(Place::Internet), false) => "another network",
            };
            let [id, device] = [s.id.to_string(), s.device.clone()];
            vec![id, device, place.to_owned(), time(s.created_at), time(s.last_seen_at), here.to_owned()]
        });
        table(&["SESSION", "DEVICE", "PLACE", "SINCE", "LAST SEEN", ""], &rows.collect::<Vec<_>>())
    });
    Ok(())
}
