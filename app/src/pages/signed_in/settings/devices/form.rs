//! A new device: its name, when it ends.

use api_types::devices::DEVICE_NAME_MAX_CHARS;
use leptos::prelude::*;

use super::{Devices, shown};
use crate::{
    components::{Banner, Button, ButtonKind, Card, Glyph, SelectField, TextField, Tone},
    pages::signed_in::settings::once::lives,
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
    let no_name = RwSignal::new(None::<String>);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let called = name.get_untracked().trim().to_owned();
        let lasts: u32 = days.get_untracked().parse().unwrap_or_default();
        no_name.set(called.is_empty().then(|| t!(common.field_required).to_owned()));
        if called.is_empty() {
            return;
        }
        let work = move |open: Keys| {
            let called = called.clone();
            async move { open.add_device(&origin(), &called, lasts).await }
        };
        devices.proving.run(attempt, work, move |added| shown(devices, &added));
    };
    view! {
        <Card>
            <form class="form form-narrow" method="dialog" on:submit=submit novalidate>
                {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
                <TextField
                    id="device-name"
                    label=t!(devices.name)
                    value=name
                    hint=t!(devices.name_hint)
                    error=no_name
                    max=DEVICE_NAME_MAX_CHARS
                    focus=true
                />
                <SelectField id="device-days" label=t!(devices.ends_in) value=days options=lives()/>
                <div class="page-actions">
                    <Button submit=true busy=attempt.busy glyph=Glyph::Key>{t!(devices.make)}</Button>
                    <Button kind=ButtonKind::Quiet disabled=attempt.busy on_click=move |()| devices.back()>
                        {t!(common.cancel)}
                    </Button>
                </div>
            </form>
        </Card>
    }
}
