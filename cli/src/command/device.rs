//! `hs device`: machines that only send.

use api_types::{AccountId, devices::DeviceState};
use client::{AddedDevice, OwnDevice, Vault, native::Native};
use serde::Serialize;
use serde_json::json;

use super::security::confirmed;
use crate::{
    args::{Device, DeviceAdd},
    context::Context,
    error::{CliError, Result},
    output::{table, time},
    profile::write_private,
};

/// Runs it.
pub async fn run(context: &Context, command: &Device) -> Result<()> {
    match command {
        Device::Add(args) => add(context, args).await,
        Device::List => list(context).await,
        Device::Remove { id } => remove(context, id).await,
    }
}

#[derive(Serialize)]
struct Added {
    device: OwnDevice,
    /// What the machine keeps; shown this once, and absent where it was written to a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
}

async fn add(context: &Context, args: &DeviceAdd) -> Result<()> {
    if args.file.as_ref().is_some_and(|file| file.exists()) {
        return Err(CliError::Argument("that file exists already; nothing was made".to_owned()));
    }
    let server = context.server()?;
    let added = context
        .with_vault(async |vault| {
            let make = async || vault.add_device(&server, &args.name, args.days).await;
            let added = confirmed(context, vault, make).await?;
            let file = keep(vault, args, &added).await?;
            Ok(Added { device: added.device, file })
        })
        .await?;
    context.output.result(&added, |added| match &added.file {
        // Alone, so that it can be redirected.
        Some(file) => file.clone(),
        None => format!(
            "Device {:?} until {}; the file is for its machine alone.",
            added.device.name,
            time(added.device.expires_at)
        ),
    });
    Ok(())
}

/// Writes the file, or gives its text. What can't be kept is removed: nobody would know its key.
async fn keep(vault: &Vault<Native>, args: &DeviceAdd, added: &AddedDevice) -> Result<Option<String>> {
    let text = added.file.to_text()?;
    let Some(path) = &args.file else { return Ok(Some(text.to_string())) };
    if let Err(error) = write_private(path, text.as_bytes()) {
        vault.remove_device(&added.device.id).await?;
        return Err(error.into());
    }
    Ok(None)
}

async fn list(context: &Context) -> Result<()> {
    let devices = context.with_vault(async |vault| Ok(vault.devices().await?)).await?;
    context.output.result(&devices, |devices| {
        let rows = devices.iter().map(|device| {
            let state = match device.state {
                DeviceState::Active => "sends",
                DeviceState::Expired => "expired",
                DeviceState::Ended => "ended",
            };
            let sent = device.last_sent_at.map(time).unwrap_or_default();
            vec![super::short(&device.id), device.name.clone(), state.to_owned(), time(device.expires_at), sent]
        });
        table(&["DEVICE", "NAME", "STATE", "UNTIL", "LAST SENT"], &rows.collect::<Vec<_>>())
    });
    Ok(())
}

async fn remove(context: &Context, text: &str) -> Result<()> {
    let id = context
        .with_vault(async |vault| {
            let ids = vault.devices().await?.into_iter().map(|device| device.id);
            let id: AccountId = text.parse().or_else(|_| super::unique("device", text, ids))?;
            vault.remove_device(&id).await?;
            Ok(id)
        })
        .await?;
    context.output.result(&json!({ "removed": id }), |_| "Device removed; it sends nothing any more.".to_owned());
    Ok(())
}
