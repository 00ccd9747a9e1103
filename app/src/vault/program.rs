//! What the vault needs from the first password on, in a WASM file of its own that is fetched while people type
//! (cargo-leptos `--split`): the flows of the `client` crate, and with them all of the sealing. The first load only asks
//! who is signed in.
#![allow(unsafe_code)] // `wasm_split` writes the imports and exports between the files

use api_types::second_factors::SecondFactorProof;
use client::{
    AskedCode, ByPasskey, Client, ClientError, ProvedAddress, Recover, RecoverWithShares, SignUp, SignedIn,
    transport::TransportError,
};
use crypto::account::RecoveryKit;
use futures::{
    FutureExt,
    future::{AbortHandle, LocalBoxFuture, abortable, join},
};
use leptos::wasm_split::{SplitLoaderError, wasm_split};
use wasm_bindgen_futures::spawn_local;

use super::{
    BrowserPasskeys, Keys, NewAccount, SecondStep, Stop, Vault, WebPlatform,
    claim::{self, Arrival},
    explain::typeset,
    index::{self, Index},
    key_watch, live,
    session::device,
    worker,
};

/// What a split function gives: something that runs on.
type Running<T> = Result<LocalBoxFuture<'static, T>, SplitLoaderError>;

/// Fetches the file; again is cheap, and after a failure it tries again.
pub async fn fetch() -> bool {
    let (vault, tasks) = join(fetch_sign_in(), worker::fetch_tasks()).await;
    vault.is_ok() && tasks
}

/// Runs a way in. Where the file can't be had, the server can't be reached.
pub(super) async fn enter<T>(way: impl Future<Output = Running<client::Result<T>>>) -> client::Result<T> {
    match way.await {
        Ok(running) => running.await,
        Err(_) => Err(ClientError::Transport(TransportError::Offline)),
    }
}

/// Creates an account with the kit that was shown, and signs in.
#[wasm_split(vault, fallible, wasm_split_path = ::leptos::wasm_split, preload(fetch_sign_up))]
pub(super) fn sign_up(
    client: Client<WebPlatform>,
    kit: Option<RecoveryKit>,
    account: NewAccount,
    proved: Option<ProvedAddress>,
) -> Running<client::Result<Keys>> {
    let way = async move {
        let kit = match kit {
            Some(kit) => kit,
            None => RecoveryKit::parse(&account.words.join(" ")).map_err(ClientError::KitWords)?,
        };
        let new = SignUp {
            name: &account.name,
            email: &account.email,
            password: &account.password,
            role: account.role,
            kit: &kit,
            token: account.token.as_deref(),
            device: device(),
        };
        let keys = match proved {
            _ if account.identity => client.sign_up_with_identity(new).await?,
            Some(address) => client.sign_up_with_code(new, &address).await?,
            None => client.sign_up(new).await?,
        };
        claim::keep(Arrival { token: None, secret: account.secret });
        Ok(keys)
    };
    Ok(way.boxed_local())
}

/// Has a code mailed that proves an address.
#[wasm_split(vault, fallible, wasm_split_path = ::leptos::wasm_split, preload(fetch_ask_code))]
pub(super) fn ask_code(
    client: Client<WebPlatform>,
    email: String,
    token: Option<String>,
) -> Running<client::Result<AskedCode>> {
    Ok(async move { client.ask_sign_up_code(&email, token.as_deref()).await }.boxed_local())
}

/// Proves an address by that code.
#[wasm_split(vault, fallible, wasm_split_path = ::leptos::wasm_split, preload(fetch_prove_address))]
pub(super) fn prove_address(
    client: Client<WebPlatform>,
    asked: AskedCode,
    code: String,
) -> Running<client::Result<ProvedAddress>> {
    Ok(async move { client.prove_address(&asked, &code).await }.boxed_local())
}

/// Signs in, or unlocks the session that lives.
#[wasm_split(vault, fallible, wasm_split_path = ::leptos::wasm_split, preload(fetch_sign_in))]
pub(super) fn sign_in(
    client: Client<WebPlatform>,
    locked: Option<SignedIn<WebPlatform>>,
    step: SecondStep,
    email: String,
    password: String,
) -> Running<client::Result<Keys>> {
    let way = async move {
        match locked {
            Some(session) => session.unlock(&password, &step).await,
            None => client.sign_in(&email, &password, device(), &step).await,
        }
    };
    Ok(way.boxed_local())
}

/// Signs in with a passkey.
#[wasm_split(vault, fallible, wasm_split_path = ::leptos::wasm_split, preload(fetch_passkey))]
pub(super) fn passkey(client: Client<WebPlatform>) -> Running<client::Result<ByPasskey<WebPlatform>>> {
    Ok(async move { client.sign_in_with_passkey(device(), &BrowserPasskeys).await }.boxed_local())
}

/// Signs in as whom an identity provider verified in this browser.
#[wasm_split(vault, fallible, wasm_split_path = ::leptos::wasm_split, preload(fetch_identity))]
pub(super) fn identity(
    client: Client<WebPlatform>,
    step: SecondStep,
) -> Running<client::Result<SignedIn<WebPlatform>>> {
    Ok(async move { client.sign_in_with_identity(device(), &step).await }.boxed_local())
}

/// Signs in with a code that was sent to a phone.
#[wasm_split(vault, fallible, wasm_split_path = ::leptos::wasm_split, preload(fetch_phone))]
pub(super) fn phone(
    client: Client<WebPlatform>,
    step: SecondStep,
    code: String,
) -> Running<client::Result<SignedIn<WebPlatform>>> {
    Ok(async move { client.sign_in_with_phone(&code, device(), &step).await }.boxed_local())
}

/// Unlocks the session that lives with a passkey.
#[wasm_split(vault, fallible, wasm_split_path = ::leptos::wasm_split, preload(fetch_passkey_unlock))]
pub(super) fn passkey_unlock(session: SignedIn<WebPlatform>) -> Running<client::Result<Keys>> {
    Ok(async move { session.unlock_with_passkey(&BrowserPasskeys).await }.boxed_local())
}

/// A passkey's answer, as a second factor.
#[wasm_split(vault, fallible, wasm_split_path = ::leptos::wasm_split, preload(fetch_passkey_proof))]
pub(super) fn passkey_proof(client: Client<WebPlatform>) -> Running<client::Result<SecondFactorProof>> {
    Ok(async move { client.passkey_proof(&BrowserPasskeys).await }.boxed_local())
}

/// What opens an account whose password is lost.
pub(super) enum RecoverBy {
    /// The 24 words of a kit, or of an emergency contact.
    Words(String),
    /// Shares that contacts read out.
    Shares(Vec<String>),
}

/// Opens the account with the recovery kit or shares and sets a new password.
#[wasm_split(vault, fallible, wasm_split_path = ::leptos::wasm_split, preload(fetch_recover))]
pub(super) fn recover(
    client: Client<WebPlatform>,
    step: SecondStep,
    email: String,
    by: RecoverBy,
    password: String,
) -> Running<client::Result<Keys>> {
    let way = async move {
        let (email, password, device) = (email.as_str(), password.as_str(), device());
        match by {
            RecoverBy::Words(words) => client.recover(Recover { email, words: &words, password, device }, &step).await,
            RecoverBy::Shares(shares) => {
                let recover = RecoverWithShares { email, shares: &shares, password, device };
                client.recover_with_shares(recover, &step).await
            }
        }
    };
    Ok(way.boxed_local())
}

/// Uses the invitation that waits for an open vault, if there is one.
#[wasm_split(vault, fallible, wasm_split_path = ::leptos::wasm_split, preload(fetch_claim))]
pub(super) fn claim(vault: Vault, keys: Keys) -> Result<(), SplitLoaderError> {
    claim::claim(vault, keys);
    Ok(())
}

/// Fetches the account anew: something about it changed elsewhere.
#[wasm_split(vault, fallible, wasm_split_path = ::leptos::wasm_split, preload(fetch_account))]
pub(super) fn account(vault: Vault, keys: Keys) -> Result<(), SplitLoaderError> {
    vault.refresh(keys);
    Ok(())
}

/// Looks at the server's public log. Gives the reason, if the session is to end.
#[wasm_split(vault, fallible, wasm_split_path = ::leptos::wasm_split, preload(fetch_check_log))]
pub(super) fn check_log(keys: Keys) -> Running<Option<Stop>> {
    let look = async move {
        // Without an answer nothing is known; the next look will tell. Who watches the log of keys says so where it lasts.
        let _ = keys.check_log().await;
        let stopped = keys.stopped()?;
        Some(Stop { why: typeset(&stopped.refusal), evidence: stopped.evidence.to_json() })
    };
    Ok(look.boxed_local())
}

/// Hears live events, watches the log of keys, and waits for what stops the session, until the handle ends it, and with it their
/// hold on the keys.
#[wasm_split(vault, fallible, wasm_split_path = ::leptos::wasm_split, preload(fetch_listen))]
pub(super) fn listen(vault: Vault, keys: Keys) -> Result<AbortHandle, SplitLoaderError> {
    let watching = join(key_watch::watch(vault, keys.clone()), vault.end_when_stopped(keys.clone()));
    let (listening, handle) = abortable(join(live::listen(vault, keys), watching));
    spawn_local(async move {
        // Ends by itself or by the handle.
        let _ = listening.await;
    });
    Ok(handle)
}

/// Brings the index up to date.
#[wasm_split(vault, fallible, wasm_split_path = ::leptos::wasm_split, preload(fetch_refresh))]
pub(super) fn refresh(index: Index, keys: Keys) -> Running<()> {
    Ok(index::refresh(index, keys).boxed_local())
}

/// Keeps the sealed copy of the index.
#[wasm_split(vault, fallible, wasm_split_path = ::leptos::wasm_split, preload(fetch_keep))]
pub(super) fn keep(index: Index, keys: Keys) -> Running<()> {
    Ok(async move { index.keep(&keys).await }.boxed_local())
}
