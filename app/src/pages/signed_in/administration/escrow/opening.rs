//! The escrow words are typed from the paper, and give 24 words for somebody to come back with.

use client::RecoveryKit;
use leptos::prelude::*;

use super::{Desk, Named, Screen};
use crate::{
    browser,
    components::{Banner, Button, ButtonKind, Card, Glyph, TextArea, Tone},
    t,
    vault::{Attempt, Keys, admin::origin},
};

/// Asks for the escrow words.
#[component]
pub(super) fn Opening(desk: Desk, of: Named) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let attempt = Attempt::new();
    let title = t!(escrow_admin.use_title, name = of.name);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (of, id) = (of.clone(), of.id);
        let work = move |open: Keys| {
            let words = typed.get_untracked();
            async move { open.open_escrow(&id, &words).await }
        };
        desk.proving.run(attempt, work, move |kit: RecoveryKit| {
            typed.try_set(String::new());
            let words = kit.words().into_iter().map(str::to_owned).collect();
            desk.screen.try_set(Screen::Opened(of, words));
            request_animation_frame(|| browser::focus("main"));
        });
    };
    let cancel = move |()| {
        typed.set(String::new());
        desk.back();
    };
    view! {
        <Card title>
            <form class="form" method="dialog" on:submit=submit novalidate>
                <p>{t!(escrow_admin.use_lead)}</p>
                {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
                <TextArea
                    id="escrow-words"
                    label=t!(escrow_admin.use_label)
                    value=typed
                    hint=t!(escrow_admin.use_hint)
                    rows=4
                    spellcheck=false
                />
                <div class="page-actions">
                    <Button submit=true busy=attempt.busy>{t!(escrow_admin.use_submit)}</Button>
                    <Button kind=ButtonKind::Quiet disabled=attempt.busy on_click=cancel>{t!(common.cancel)}</Button>
                </div>
            </form>
        </Card>
    }
}

/// What they opened.
#[component]
pub(super) fn Opened(desk: Desk, of: Named, words: Vec<String>) -> impl IntoView {
    let name = of.name;
    let word = |(at, word): (usize, String)| view! { <li><span>{at + 1}</span>{word}</li> };
    let shown = words.into_iter().enumerate().map(word).collect_view();
    let warn = t!(escrow_admin.recovery_warn, name = name);
    let steps = [
        t!(escrow_admin.step_open, name = name, link = format!("{}/recover", origin())),
        t!(escrow_admin.step_enter).to_owned(),
        t!(escrow_admin.step_factor, name = name),
        t!(escrow_admin.step_then, name = name),
    ];
    let steps = steps.into_iter().map(|step| view! { <li>{step}</li> }).collect_view();
    view! {
        <Card title=t!(escrow_admin.recovery_title, name = name)>
            <div class="stack">
                <Banner tone=Tone::Warn>{warn}</Banner>
                <ol class="words" translate="no" aria-label=t!(escrow_admin.recovery_list) data-testid="recovery-words">{shown}</ol>
                <div class="page-actions no-print">
                    <Button kind=ButtonKind::Secondary glyph=Glyph::Print on_click=move |()| browser::print()>
                        {t!(escrow_admin.print)}
                    </Button>
                    <Button kind=ButtonKind::Quiet on_click=move |()| desk.back()>{t!(escrow_admin.hide)}</Button>
                </div>
            </div>
        </Card>
        <Card title=t!(escrow_admin.how, name = name)>
            <ol class="to-do">{steps}</ol>
        </Card>
    }
}
