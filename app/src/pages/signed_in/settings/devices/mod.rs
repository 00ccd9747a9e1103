//! `/settings/devices`: machines that only send. One is made on a screen of its own, and its file is shown once.

mod form;
mod list;

use api_types::accounts::Role;
use client::{AddedDevice, OwnDevice};
use leptos::prelude::*;
use zeroize::Zeroizing;

use super::{
    SettingsFrame,
    once::{Screen, Screens},
};
use crate::{
    browser,
    components::{Banner, Button, ButtonKind, Card, CopyButton, Page, Tone, use_toasts},
    pages::signed_in::prove::{ProveDialog, Proving},
    t,
    vault::{Keys, Loaded, use_vault},
};

/// A device that was just made, with its file.
#[derive(Clone)]
struct Made {
    name: String,
    file: Zeroizing<String>,
}

type Devices = Screens<OwnDevice, Made>;

/// Shows the file of a device that was made.
fn shown(devices: Devices, added: &AddedDevice) {
    match added.file.to_text() {
        Ok(file) => devices.made(Made { name: added.device.name.clone(), file }),
        Err(_) => devices.back(),
    }
}

/// Devices that send.
#[component]
pub fn DevicesPage() -> impl IntoView {
    let vault = use_vault();
    if vault.who().is_some_and(|who| who.role == Role::Administrator) {
        return view! { <SettingsFrame><p>{t!(devices.administrators)}</p></SettingsFrame> }.into_any();
    }
    let list = Loaded::new(vault, |open: Keys| async move { open.devices().await });
    let devices = Devices::new(Proving::new(vault), list);
    let screen = move || {
        match devices.screen.get() {
        Screen::List => view! { <SettingsFrame><list::List devices/></SettingsFrame> }.into_any(),
        Screen::New => view! {
            <Page title=t!(devices.add_title).to_owned() lead=t!(devices.lead).to_owned()><form::NewDevice devices/></Page>
        }
        .into_any(),
        Screen::Shown => view! { <Shown devices/> }.into_any(),
    }
    };
    view! { {screen} <ProveDialog proving=devices.proving/> }.into_any()
}

/// The device's file, this once.
#[component]
fn Shown(devices: Devices) -> impl IntoView {
    let Some(Made { name, file }) = devices.made.get_value() else { return ().into_any() };
    let toasts = use_toasts();
    let (copied, saved) = (file.to_string(), file.clone());
    let save = move |()| match browser::save_bytes(t!(devices.file_name), saved.as_bytes()) {
        Ok(()) => toasts.done(t!(devices.saved)),
        Err(_) => toasts.problem(t!(devices.not_saved)),
    };
    view! {
        <Page title=t!(devices.shown_title).to_owned() lead=t!(devices.made, name = name)>
            <Card>
                <div class="stack">
                    <Banner tone=Tone::Warn>{t!(devices.shown_lead)}</Banner>
                    <details class="disclose">
                        <summary>{t!(devices.file)}</summary>
                        <p class="break-all" translate="no"><code data-testid="device-file">{file.to_string()}</code></p>
                    </details>
                    <p class="field-hint" translate="no">{t!(devices.how)}</p>
                    <div class="page-actions">
                        <CopyButton text=copied class="" label=t!(devices.copy)/>
                        <Button kind=ButtonKind::Secondary on_click=save>{t!(devices.save)}</Button>
                        <Button on_click=move |()| devices.back()>{t!(devices.kept)}</Button>
                    </div>
                </div>
            </Card>
        </Page>
    }
    .into_any()
}
