//! One run of `hs`: which server, which account, and how the vault opens.

use std::sync::OnceLock;

use api_types::{ErrorCode, limits::PASSWORD_MIN_CHARS};
use client::{
    Client, ClientError, Device, Memory, Refusal, SignedIn, Vault,
    native::{Native, device_token},
};
use zeroize::Zeroizing;

use crate::{
    args::Cli,
    ask,
    command::alarms,
    error::{CliError, Result},
    factor::AtTerminal,
    keychain::Keychain,
    output::Output,
    profile::{self, Profile},
    unattended::Unattended,
};

/// How long a command waits at its end for what it saves last.
const LAST_SAVE: std::time::Duration = std::time::Duration::from_secs(5);

/// How often a file's transfer is tried again when the connection broke: about four minutes.
pub const PATIENCE: u32 = 12;

/// How long a command reads the log of keys before it begins, and how many entries at most; the rest is read next time, and the
/// command says so.
const SCAN: std::time::Duration = std::time::Duration::from_secs(5);
const SCAN_MOST: u64 = 16_384;

/// The options that every command shares.
pub struct Context {
    server: Option<String>,
    profile_name: String,
    password_fd: Option<i32>,
    factor_fd: Option<i32>,
    unattended_fd: Option<i32>,
    keychain: Keychain,
    device: OnceLock<String>,
    /// How to print.
    pub output: Output,
}

impl Context {
    /// From the command line.
    pub fn new(cli: &Cli) -> Self {
        Self {
            server: cli.server.clone(),
            profile_name: cli.profile.clone(),
            password_fd: cli.password_fd,
            factor_fd: cli.factor_fd,
            unattended_fd: cli.unattended_fd,
            keychain: Keychain::new(&cli.profile, !cli.no_keyring),
            device: OnceLock::new(),
            output: Output { json: cli.json },
        }
    }

    /// A client for a new sign-in, with what this machine remembers of the server.
    pub fn client(&self) -> Result<Client<Native>> {
        let known = Profile::load(&self.profile_name)?;
        let server =
            self.server.clone().or_else(|| known.as_ref().map(|p| p.server.clone())).ok_or(CliError::NoServer)?;
        // Pins belong to a server: another address starts without them.
        let known = known.filter(|p| p.server == server);
        let device = self.device(known.as_ref());
        client_on(device, &server, known.map(|p| p.memory).unwrap_or_default())
    }

    /// By what a profile's server knows this device again; a new one where it doesn't yet.
    fn device(&self, known: Option<&Profile>) -> &str {
        self.device.get_or_init(|| known.and_then(|p| p.device.clone()).unwrap_or_else(device_token))
    }

    /// The server named by option or profile.
    pub fn server(&self) -> Result<String> {
        match &self.server {
            Some(server) => Ok(server.clone()),
            None => Ok(Profile::load(&self.profile_name)?.ok_or(CliError::NoServer)?.server),
        }
    }

    /// The password, asked for.
    pub fn password(&self) -> Result<Zeroizing<String>> {
        Ok(ask::secret("Password: ", self.password_fd)?)
    }

    /// Who has the second factor.
    pub fn factor(&self) -> AtTerminal {
        AtTerminal { fd: self.factor_fd, output: self.output }
    }

    /// A new password, asked for twice. `known` is what others know about the person.
    pub async fn new_password(&self, client: &Client<Native>, known: &[&str]) -> Result<Zeroizing<String>> {
        let place = [client.instance().await?.name, self.server()?];
        let known: Vec<&str> = known.iter().copied().chain(place.iter().map(String::as_str)).collect();
        ask::new_password(self.password_fd, PASSWORD_MIN_CHARS, &known)
    }

    /// Remembers a fresh session; what opens it goes to the system's keyring alone.
    pub async fn remember(&self, vault: &Vault<Native>) -> Result<bool> {
        self.save_last(vault).await;
        let who = vault.who();
        let device = self.device.get().cloned();
        let profile = Profile { server: self.server()?, email: who.email, memory: vault.remembered(), device };
        profile.save(&self.profile_name)?;
        match vault.token() {
            Some(token) => {
                let token = Zeroizing::new(token.to_owned());
                Ok(self.keep(&Unattended { account_key: vault.account_key(), token }).await)
            }
            None => Ok(false),
        }
    }

    /// Whether the system's keyring keeps this for the profile from now on.
    pub async fn keep(&self, kept: &Unattended) -> bool {
        self.keychain.save(kept.to_bytes()).await
    }

    /// Whether what opens the account was handed in for this run alone.
    pub fn is_unattended(&self) -> bool {
        self.unattended_fd.is_some()
    }

    /// Forgets the account on this machine.
    pub async fn forget(&self) -> Result<()> {
        self.keychain.remove().await;
        Ok(Profile::remove(&self.profile_name)?)
    }

    /// Runs a command with the unlocked vault: from the keyring, or with the password asked for. What the vault
    /// remembers is saved afterwards; a session that this run opened and can't keep is ended.
    pub async fn with_vault<T>(&self, command: impl AsyncFnOnce(&Vault<Native>) -> Result<T>) -> Result<T> {
        let (vault, temporary) = self.open().await?;
        let outcome = match self.look_at_logs(&vault).await {
            Ok(()) => command(&vault).await,
            Err(error) => Err(error),
        };
        // Saving may stop the session too: what another device keeps of the log is heard of then.
        self.save_last(&vault).await;
        let outcome = self.unless_stopped(&vault, outcome);
        self.save_memory(&vault)?;
        if temporary && let Err(error) = vault.sign_out().await {
            self.output.note(&format!("the session could not be ended: {error}"));
        }
        outcome
    }

    /// As [`Context::with_vault`], for a command that ends every session of the account: after it nothing is left to save or
    /// to sign out of.
    pub async fn leave<T>(&self, command: impl AsyncFnOnce(&Vault<Native>) -> Result<T>) -> Result<T> {
        let (vault, temporary) = self.open().await?;
        let outcome = match self.look_at_log(&vault).await {
            Ok(()) => command(&vault).await,
            Err(error) => Err(error),
        };
        let outcome = self.unless_stopped(&vault, outcome);
        if outcome.is_err()
            && temporary
            && let Err(error) = vault.sign_out().await
        {
            self.output.note(&format!("the session could not be ended: {error}"));
        }
        outcome
    }

    /// Before a command begins: both of the server's logs, and what is new in that of keys.
    async fn look_at_logs(&self, vault: &Vault<Native>) -> Result<()> {
        self.look_at_log(vault).await?;
        self.warn(vault).await
    }

    /// Reads what is new in the public log of keys, as far as that is quick, and warns of every alarm that nobody has
    /// acknowledged. Where the log itself doesn't hold, the command doesn't begin; where it can't be read, that is said.
    async fn warn(&self, vault: &Vault<Native>) -> Result<()> {
        let scanned = tokio::time::timeout(SCAN, vault.scan_keys(SCAN_MOST)).await;
        let unread = alarms::unread(vault.keys_read());
        match scanned {
            Ok(Err(ClientError::Refused(refusal))) if refusal.stops_session() => {
                return Err(ClientError::Refused(refusal).into());
            }
            Ok(Err(error @ ClientError::Refused(_))) => self.output.warning(&error.code(), &error.to_string()),
            Ok(Err(error)) => {
                if let Some(unread) = unread {
                    self.output.note(&format!("{}: {error}", unread.message));
                }
            }
            Ok(Ok(_)) | Err(_) => {
                if let Some(unread) = unread {
                    self.output.note(&unread.message);
                }
            }
        }
        for alarm in vault.alarms().iter().filter(|alarm| !alarm.acknowledged) {
            self.output.warning("key_alarm", &format!("{} Read `hs alarms`.", alarms::says(alarm)));
        }
        Ok(())
    }

    /// Holds the server to its public log before anything else is done. Without the network the command will say so itself.
    async fn look_at_log(&self, vault: &Vault<Native>) -> Result<()> {
        match vault.check_log().await {
            Err(ClientError::Refused(refusal)) => Err(ClientError::Refused(refusal).into()),
            Err(error) => {
                self.output.note(&format!("the server's public log was not checked: {error}"));
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// What a command came to, unless the session was stopped meanwhile, also by what the command went past: then keeps the
    /// evidence and says where.
    fn unless_stopped<T>(&self, vault: &Vault<Native>, outcome: Result<T>) -> Result<T> {
        let Some(stopped) = vault.stopped() else { return outcome };
        let path = profile::evidence_path(&self.profile_name)?;
        profile::write_private(&path, stopped.evidence.to_json().as_bytes())?;
        Err(CliError::Stopped(stopped.refusal, path))
    }

    /// What this profile remembers of its server; nothing where nobody has signed in.
    pub fn memory(&self) -> Result<Memory> {
        Ok(Profile::load(&self.profile_name)?.map(|profile| profile.memory).unwrap_or_default())
    }

    /// Changes what this profile remembers.
    pub fn change_memory(&self, change: impl FnOnce(&mut Memory)) -> Result<Memory> {
        let mut profile = Profile::load(&self.profile_name)?.ok_or(CliError::NotSignedIn)?;
        change(&mut profile.memory);
        profile.save(&self.profile_name)?;
        Ok(profile.memory)
    }

    /// A client without an account, with what this machine remembers of the server.
    pub fn outside(&self, url: Option<&str>) -> Result<Client<Native>> {
        let server = url.map_or_else(|| self.server(), |url| Ok(url.to_owned()))?;
        let known = Profile::load(&self.profile_name)?.filter(|profile| same_origin(&profile.server, &server));
        client_for(&server, known.map(|profile| profile.memory).unwrap_or_default())
    }

    /// Saves what the account learnt, so that another device is bound by it too. A server that doesn't answer doesn't hold
    /// up the end of a command.
    async fn save_last(&self, vault: &Vault<Native>) {
        let saved = tokio::time::timeout(LAST_SAVE, vault.save_state()).await;
        if !matches!(saved, Ok(Ok(()))) {
            self.output.note("what this account remembers could not be saved on the server");
        }
    }

    fn save_memory(&self, vault: &Vault<Native>) -> Result<()> {
        let Some(mut profile) = Profile::load(&self.profile_name)? else { return Ok(()) };
        profile.memory = vault.remembered();
        profile.device = profile.device.or_else(|| self.device.get().cloned());
        // It may have been changed elsewhere. A token's holder may be another account than the profile's.
        if self.unattended_fd.is_none() {
            profile.email = vault.who().email;
        }
        Ok(profile.save(&self.profile_name)?)
    }

    async fn open(&self) -> Result<(Vault<Native>, bool)> {
        if let Some(fd) = self.unattended_fd {
            return Ok((self.open_unattended(fd).await?, false));
        }
        let profile = Profile::load(&self.profile_name)?.ok_or(CliError::NotSignedIn)?;
        let server = self.server()?;
        // The session's token is for its own server alone.
        if server != profile.server {
            return Err(CliError::OtherServer(profile.server));
        }
        let client = client_on(self.device(Some(&profile)), &server, profile.memory.clone())?;
        if let Some(vault) = self.open_kept(&client).await? {
            return Ok((vault, false));
        }
        let vault = client.sign_in(&profile.email, &self.password()?, device(), &self.factor()).await?;
        let kept = self.remember(&vault).await?;
        Ok((vault, !kept))
    }

    /// By what `hs token create --unattended` printed. A profile isn't needed, but its memory of the server counts.
    async fn open_unattended(&self, fd: i32) -> Result<Vault<Native>> {
        let line = ask::secret("", Some(fd))?;
        let form = || CliError::Argument("that is not what `hs token create --unattended` prints".to_owned());
        let kept = Unattended::parse_line(&line).ok_or_else(form)?;
        let signed_in = self.client()?.resume(Some(&kept.token)).await?.ok_or(CliError::NotSignedIn)?;
        Ok(signed_in.unlock_with(kept.account_key).await?)
    }

    async fn open_kept(&self, client: &Client<Native>) -> Result<Option<Vault<Native>>> {
        let Some(bytes) = self.keychain.load().await else { return Ok(None) };
        let Some(kept) = Unattended::parse(&bytes) else { return Ok(None) };
        let resumed: Option<SignedIn<Native>> = match client.resume(Some(&kept.token)).await {
            // A kept API token has ended: as with a session, the password is asked for.
            Err(error) if error.problem().is_some_and(ended) => None,
            other => other?,
        };
        match resumed {
            Some(signed_in) => match signed_in.unlock_with(kept.account_key).await {
                // Another device, or a change whose answer was lost, made a new account key.
                Err(ClientError::Refused(Refusal::KeyringForged)) => Ok(None),
                other => Ok(Some(other?)),
            },
            // The session has ended: ask for the password.
            None => Ok(None),
        }
    }
}

fn ended(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::ApiTokenInvalid | ErrorCode::ApiTokenExpired)
}

/// Addresses differ in a last slash only.
fn same_origin(a: &str, b: &str) -> bool {
    a.trim_end_matches('/') == b.trim_end_matches('/')
}

/// For whoever may begin a session.
fn client_on(device: &str, server: &str, memory: Memory) -> Result<Client<Native>> {
    let platform = Native::on_device(server, device).map_err(client::ClientError::from)?.patient(PATIENCE);
    Ok(Client::with_memory(platform, memory))
}

fn client_for(server: &str, memory: Memory) -> Result<Client<Native>> {
    let platform = Native::new(server).map_err(client::ClientError::from)?.patient(PATIENCE);
    Ok(Client::with_memory(platform, memory))
}

/// How `hs` calls itself in the list of sessions.
pub fn device() -> Device {
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let host = host.trim();
    let name = if host.is_empty() { "hs".to_owned() } else { format!("hs on {host}") };
    Device { carrier: api_types::sessions::Carrier::Bearer, name }
}
