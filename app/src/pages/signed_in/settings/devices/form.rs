//! A new device: its name, when it ends.

use api_types::devices::DEVICE_NAME_MAX_CHARS;
use leptos::prelude::*;

use super::{Devices, shown};
use crate::{
    components::{Button, ButtonKind, Glyph, SelectField},
    pages::signed_in::settings::{name_form::NameForm, once::lives},
    t,
    vault::{Attempt, Keys, admin::origin},
};

/// Days until the end, where nothing else is chosen.
const USUAL_DAYS: &str = "365";

/// The form.
#[component]
pub(super) fn NewDevice(devices: Devices) -> impl IntoView {
    let attempt = Attempt::new();
    let (name, days) = (RwSignal::new(String::new()), RwSignal::new(USUAL_DAYS.to_owned()));
    let add = move |called: String| {
        let lasts: u32 = days.get_untracked().parse().unwrap_or_default();
        let work = move |open: Keys| {
            let called = called.clone();
            async move { open.add_device(&origin(), &called, lasts).await }
        };
        devices.proving.run(attempt, work, move |added| shown(devices, &added));
    };
    view! {
        <NameForm
            id="device-name"
            label=t!(devices.name)
            hint=t!(devices.name_hint)
            max=DEVICE_NAME_MAX_CHARS
            name
            attempt
            on_submit=add
        >
            <SelectField id="device-days" label=t!(devices.ends_in) value=days options=lives()/>
            <div class="page-actions">
                <Button submit=true busy=attempt.busy glyph=Glyph::Key>{t!(devices.make)}</Button>
                <Button kind=ButtonKind::Quiet disabled=attempt.busy on_click=move |()| devices.back()>
                    {t!(common.cancel)}
                </Button>
            </div>
        </NameForm>
    }
}
