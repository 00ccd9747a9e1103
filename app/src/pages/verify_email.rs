//! `/verify-email`: where a mailed link leads. Its token comes in the fragment, and a person confirms: programs that open
//! the links of a message on its way change nothing.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    components::{Banner, Button, Card, Empty, Gate, Glyph, LinkButton, Tone},
    t,
    vault::{Attempt, use_vault},
};

/// Where the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Asked to confirm.
    Asked,
    /// The address carries no token.
    Missing,
    /// Confirmed.
    Done,
}

/// `/verify-email`.
#[component]
pub fn VerifyEmail() -> impl IntoView {
    let vault = use_vault();
    let stage = RwSignal::new(Stage::Asked);
    let token = StoredValue::new(None::<String>);
    let attempt = Attempt::new();
    let ready = super::use_ready();
    let arrive = move |fragment: &str| {
        let found = crate::browser::fragment_value(fragment, "token").filter(|token| !token.is_empty());
        stage.set(if found.is_some() { Stage::Asked } else { Stage::Missing });
        attempt.problem.set(None);
        token.set_value(found);
    };
    Effect::new(move |_| {
        arrive(&crate::browser::take_fragment());
        // Another link, opened where this page is open already, changes nothing but the fragment.
        let another = window_event_listener_untyped("hashchange", move |_| {
            let fragment = crate::browser::take_fragment();
            if crate::browser::fragment_value(&fragment, "token").is_some() {
                arrive(&fragment);
            }
        });
        on_cleanup(move || another.remove());
    });
    let done = Callback::new(move |()| {
        stage.try_set(Stage::Done);
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if let Some(token) = token.get_value() {
            vault.verify_email(token, attempt, done);
        }
    };
    let asked = move || {
        view! {
            <div class="stack">
                {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
                <form class="form" method="dialog" on:submit=submit>
                    <Button submit=true busy=attempt.busy disabled=Signal::derive(move || !ready.get()) class="btn-wide">
                        {t!(verify_email.submit)}
                    </Button>
                    <p class="field-hint" role="status">
                        {move || attempt.busy.get().then_some(t!(verify_email.working))}
                    </p>
                </form>
            </div>
        }
    };
    view! {
        <Title text=t!(verify_email.page_title)/>
        <Gate title=t!(verify_email.title).to_owned() lead=t!(verify_email.lead).to_owned()>
            <Card>
                {move || match stage.get() {
                    Stage::Asked => asked().into_any(),
                    Stage::Missing => end(t!(verify_email.missing_title), t!(verify_email.missing)).into_any(),
                    Stage::Done => end(t!(verify_email.done_title), t!(verify_email.done)).into_any(),
                }}
            </Card>
        </Gate>
    }
    .into_any()
}

/// Nothing more to do here; whoever is signed in is led on from there.
fn end(title: &'static str, text: &'static str) -> impl IntoView {
    view! {
        <Empty glyph=Glyph::Mail title>
            <p>{text}</p>
            <LinkButton href="/sign-in">{t!(verify_email.go_on)}</LinkButton>
        </Empty>
    }
}
