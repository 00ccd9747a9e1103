//! `/change-email`: where the links lead that are mailed to both addresses when an account is to have another. The token comes in
//! the fragment, under the name of its side, and a person answers: programs that open the links of a message on its way change
//! nothing.

use api_types::email_change::{AddressSide, EmailChangeAnswered};
use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    components::{Banner, Button, ButtonKind, Card, Empty, Gate, Glyph, LinkButton, Tone},
    t,
    vault::{Attempt, use_vault},
};

/// Where the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Asked to answer.
    Asked,
    /// The address carries no token.
    Missing,
    /// This side has confirmed.
    Waiting,
    /// Both have.
    Changed,
    /// It is over.
    Stopped,
}

/// Side and token of a fragment.
fn found_in(fragment: &str) -> Option<(AddressSide, String)> {
    let value = |name| crate::browser::fragment_value(fragment, name).filter(|token| !token.is_empty());
    let old = value("old").map(|token| (AddressSide::Old, token));
    old.or_else(|| value("new").map(|token| (AddressSide::New, token)))
}

/// `/change-email`.
#[component]
pub fn ChangeEmail() -> impl IntoView {
    let stage = RwSignal::new(Stage::Asked);
    let link = RwSignal::new(None::<(AddressSide, String)>);
    let attempt = Attempt::new();
    let arrive = move |fragment: &str| {
        let found = found_in(fragment);
        stage.set(if found.is_some() { Stage::Asked } else { Stage::Missing });
        attempt.problem.set(None);
        link.set(found);
    };
    Effect::new(move |_| {
        arrive(&crate::browser::take_fragment());
        // Another link, opened where this page is open already, changes nothing but the fragment.
        let another = window_event_listener_untyped("hashchange", move |_| {
            let fragment = crate::browser::take_fragment();
            if found_in(&fragment).is_some() {
                arrive(&fragment);
            }
        });
        on_cleanup(move || another.remove());
    });
    view! {
        <Title text=t!(change_email.page_title)/>
        <Gate title=t!(change_email.title).to_owned() lead=t!(change_email.lead).to_owned()>
            <Card>
                {move || match stage.get() {
                    Stage::Asked => view! { <Ask stage link attempt/> }.into_any(),
                    Stage::Missing => end(t!(change_email.missing_title), t!(change_email.missing)).into_any(),
                    Stage::Waiting => end(t!(change_email.waiting_title), t!(change_email.waiting)).into_any(),
                    Stage::Changed => end(t!(change_email.changed_title), t!(change_email.changed)).into_any(),
                    Stage::Stopped => end(t!(change_email.stopped_title), t!(change_email.stopped)).into_any(),
                }}
            </Card>
        </Gate>
    }
    .into_any()
}

/// What is to happen, and the two answers.
#[component]
fn Ask(stage: RwSignal<Stage>, link: RwSignal<Option<(AddressSide, String)>>, attempt: Attempt) -> impl IntoView {
    let vault = use_vault();
    let ready = super::use_ready();
    let waits = Signal::derive(move || !ready.get());
    let is_old = move || link.with(|link| matches!(link, Some((AddressSide::Old, _))));
    let answer = move |stop: bool| {
        let Some((side, token)) = link.get_untracked() else { return };
        let done = Callback::new(move |answered: EmailChangeAnswered| {
            stage.try_set(match (stop, answered.changed) {
                (true, _) => Stage::Stopped,
                (false, true) => Stage::Changed,
                (false, false) => Stage::Waiting,
            });
        });
        vault.answer_email_change((token, side, stop), attempt, done);
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        answer(false);
    };
    view! {
        <div class="stack">
            <p>{move || if is_old() { t!(change_email.old_text) } else { t!(change_email.new_text) }}</p>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
            <form class="form" method="dialog" on:submit=submit>
                <Button submit=true busy=attempt.busy disabled=waits class="btn-wide">
                    {move || if is_old() { t!(change_email.confirm_old) } else { t!(change_email.confirm_new) }}
                </Button>
                <Button kind=ButtonKind::Secondary busy=attempt.busy disabled=waits class="btn-wide" on_click=move |()| answer(true)>
                    {t!(change_email.stop)}
                </Button>
                <p class="field-hint" role="status">
                    {move || attempt.busy.get().then_some(t!(change_email.working))}
                </p>
            </form>
        </div>
    }
}

/// Nothing more to do here; whoever is signed in is led on from there.
fn end(title: &'static str, text: &'static str) -> impl IntoView {
    view! {
        <Empty glyph=Glyph::Mail title>
            <p>{text}</p>
            <LinkButton href="/sign-in">{t!(change_email.go_on)}</LinkButton>
        </Empty>
    }
}
