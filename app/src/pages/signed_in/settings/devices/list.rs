//! The devices there are.

use api_types::devices::DeviceState;
use client::OwnDevice;
use leptos::prelude::*;

use super::{Devices, Screen};
use crate::{
    components::{Button, ButtonKind, Card, Glyph, Icon, Row, Rows, sentence},
    pages::signed_in::{
        question::Question,
        sure::{Deed, Sure},
    },
    t,
    vault::Keys,
};

/// The card.
#[component]
pub(super) fn List(devices: Devices) -> impl IntoView {
    let removing = Question::new();
    let again = move || devices.list.again();
    let rows = move |items: Vec<OwnDevice>| {
        if items.is_empty() {
            return view! { <p class="field-hint">{t!(devices.none)}</p> }.into_any();
        }
        let row = move |device| view! { <DeviceRow device removing/> };
        view! { <div class="framed"><Rows label=t!(devices.list).to_owned()>{items.into_iter().map(row).collect_view()}</Rows></div> }
            .into_any()
    };
    view! {
        <p>{t!(devices.lead)}</p>
        <Card title=t!(devices.title).to_owned()>
            <div class="stack">
                {devices.list.show(t!(settings.failed), 2, rows)}
                <div>
                    <Button kind=ButtonKind::Secondary glyph=Glyph::Plus on_click=move |()| devices.show(Screen::New)>
                        {t!(devices.add)}
                    </Button>
                </div>
            </div>
        </Card>
        <Sure proving=devices.proving deed=removal() question=removing work=remove again/>
    }
}

#[component]
fn DeviceRow(device: OwnDevice, removing: Question<OwnDevice>) -> impl IntoView {
    let (made, ends, sent, state) = (device.created_at, device.expires_at, device.last_sent_at, device.state);
    let text = move || {
        let end = match state {
            DeviceState::Active => sentence(t!(devices.ends), ends).into_any(),
            DeviceState::Expired => sentence(t!(devices.expired), ends).into_any(),
            DeviceState::Ended => t!(devices.ended).into_any(),
        };
        let sent = match sent {
            Some(sent) => sentence(t!(devices.sent), sent).into_any(),
            None => t!(devices.unsent).into_any(),
        };
        view! { {sentence(t!(devices.created), made)}" · "{end}" · "{sent} }
    };
    let (title, name, asked) = (device.name.clone(), device.name.clone(), device);
    view! {
        <Row lead=|| view! { <span class="tile"><Icon glyph=Glyph::Key/></span> } title text>
            <Button kind=ButtonKind::DangerQuiet class="btn-small" on_click=move |()| removing.ask(asked.clone())>
                {t!(devices.remove)}<span class="sr-only">" "{name}</span>
            </Button>
        </Row>
    }
}

/// "Remove?", and what that means.
fn removal() -> Deed<OwnDevice> {
    Deed {
        id: "remove-device",
        action: t!(devices.remove),
        title: |device| t!(devices.remove_title, name = device.name),
        text: |_| vec![t!(devices.remove_text).to_owned()],
        done: |device, ()| t!(devices.removed, name = device.name),
    }
}

async fn remove(open: Keys, device: OwnDevice) -> client::Result<()> {
    open.remove_device(&device.id).await
}
