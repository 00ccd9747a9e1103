//! `/settings/sessions`: where the account is signed in.

use api_types::{
    live::LiveKind,
    sessions::{Carrier, Session},
};
use leptos::prelude::*;
use leptos_router::components::A;

use super::SettingsFrame;
use crate::{
    components::{
        Badge, Banner, Button, ButtonKind, Card, Confirm, Glyph, Icon, Row, Rows, Tone, sentence, use_toasts,
    },
    pages::signed_in::{
        place::place,
        prove::{ProveDialog, Proving},
    },
    t,
    vault::{Attempt, Keys, Loaded, use_vault},
};

/// Sessions and devices.
#[component]
pub fn SessionsPage() -> impl IntoView {
    let list = Loaded::new(use_vault(), |open: Keys| async move { open.sessions().await });
    let asking = RwSignal::new(false);
    let proving = Proving::new(use_vault());
    use_vault().on_live(move |event| {
        if matches!(event.kind, LiveKind::SessionsChanged | LiveKind::Resync) {
            list.again();
        }
    });
    let others =
        move || list.value.with(|items| items.as_ref().map_or(0, |items| items.iter().filter(|s| !s.current).count()));
    // The card asks for its actions once; what they are changes with the list.
    let end_all = move || {
        (others() > 0).then(|| {
            view! {
                <Button kind=ButtonKind::Secondary class="btn-small" on_click=move |()| asking.set(true)>
                    {t!(settings.end_all)}
                </Button>
            }
        })
    };
    let actions = move || view! { {end_all} };
    view! {
        <SettingsFrame>
            <p>{t!(settings.sessions_lead)}</p>
            <Card title=t!(settings.sessions_title).to_owned() flush=true actions>
                {list.show(t!(settings.failed), 3, move |items| {
                    let row = move |session| view! { <SessionRow session proving again=move || list.again()/> };
                    view! { <Rows label=t!(settings.sessions).to_owned()>{items.into_iter().map(row).collect_view()}</Rows> }
                })}
            </Card>
            <EndAll open=asking proving others=Signal::derive(others) again=move || list.again()/>
            <ProveDialog proving/>
        </SettingsFrame>
    }
}

#[component]
fn SessionRow(session: Session, proving: Proving, again: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let toasts = use_toasts();
    let attempt = Attempt::new();
    let (id, device) = (session.id, session.device.clone());
    let end = move |()| {
        let device = device.clone();
        let work = move |open: Keys| async move { open.end_session(&id).await };
        proving.run(attempt, work, move |()| {
            toasts.done(t!(settings.ended, device = device));
            again();
        });
    };
    Effect::new(move |_| {
        if let Some(problem) = attempt.problem.get() {
            toasts.problem(problem);
            again();
        }
    });
    let (seen, began, current) = (session.last_seen_at, session.created_at, session.current);
    let (glyph, carrier) = match session.carrier {
        Carrier::Cookie => (Glyph::Device, t!(settings.carrier_cookie)),
        Carrier::Bearer => (Glyph::Key, t!(settings.carrier_bearer)),
    };
    let place = session.place.map(|at| place(at, session.same_network));
    let text = move || {
        view! {
            {carrier}" · "{place.map(|place| view! { {place}" · " })}{sentence(t!(settings.seen), seen)}" · "{sentence(t!(settings.began), began)}
        }
    };
    let name = session.device.clone();
    let act = if current {
        view! { <Badge tone=Tone::Good>{t!(settings.current)}</Badge> }.into_any()
    } else {
        view! {
            <Button kind=ButtonKind::DangerQuiet class="btn-small" busy=attempt.busy on_click=end>
                {t!(settings.end)}<span class="sr-only">" "{name}</span>
            </Button>
        }
        .into_any()
    };
    view! {
        <Row lead=move || view! { <span class="tile"><Icon glyph/></span> } title=session.device text>{act}</Row>
    }
}

#[component]
fn EndAll(
    open: RwSignal<bool>,
    proving: Proving,
    others: Signal<usize>,
    again: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let toasts = use_toasts();
    let attempt = Attempt::new();
    let end = move |()| {
        let work = |opened: Keys| async move { opened.end_other_sessions().await };
        proving.run(attempt, work, move |()| {
            toasts.done(t!(settings.ended_all));
            open.try_set(false);
            again();
        });
    };
    view! {
        <Confirm
            id="end-all"
            open
            title=t!(settings.end_all_title).to_owned()
            action=t!(settings.end_all)
            busy=attempt.busy
            on_confirm=end
        >
            <p>{move || t!(settings.end_all_text, count = others.get())}</p>
            <p>
                {t!(settings.end_all_stay)}" "
                <A href="/settings/tokens">{t!(tokens.tab)}</A>", "
                <A href="/settings/devices">{t!(devices.tab)}</A>"."
            </p>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
        </Confirm>
    }
}
