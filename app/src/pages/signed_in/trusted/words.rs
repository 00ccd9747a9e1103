//! The words that open somebody's account, and how they are used.

use leptos::prelude::*;

use super::Trusted;
use crate::{
    browser,
    components::{Banner, Button, ButtonKind, Card, CopyButton, Glyph, Page, Tone},
    t,
    vault::admin::origin,
};

/// Somebody's words.
#[derive(Clone)]
pub(super) struct Shown {
    /// Whose account they open.
    pub name: String,
    /// 24 of them.
    pub words: Vec<String>,
}

/// The screen.
#[component]
pub(super) fn Words(trusted: Trusted, shown: Shown) -> impl IntoView {
    let Shown { name, words } = shown;
    let copied = words.join(" ");
    let word = |(i, word): (usize, String)| view! { <li><span>{i + 1}</span>{word}</li> };
    let words = words.into_iter().enumerate().map(word).collect_view();
    let (warn, how) = (t!(trusted.words_warn, name = name), how(&name));
    let hide = move |()| {
        trusted.shown.set(None);
        request_animation_frame(|| browser::focus("main"));
    };
    view! {
        <Page title=t!(trusted.words_title, name = name) lead=t!(trusted.words_lead, name = name)>
            <Card>
                <div class="stack">
                    <Banner tone=Tone::Warn>{warn}</Banner>
                    <ol class="words" translate="no" aria-label=t!(trusted.words_list) data-testid="emergency-words">{words}</ol>
                    <div class="page-actions no-print">
                        <CopyButton text=copied class="" label=t!(trusted.copy)/>
                        <Button kind=ButtonKind::Secondary glyph=Glyph::Print on_click=move |()| browser::print()>
                            {t!(sign_up.kit_print)}
                        </Button>
                        <Button kind=ButtonKind::Quiet on_click=hide>{t!(trusted.hide)}</Button>
                    </div>
                </div>
            </Card>
            {how}
        </Page>
    }
}

/// In its order.
fn how(name: &str) -> AnyView {
    let steps = [
        t!(trusted.step_open, link = format!("{}/recover", origin())),
        t!(trusted.step_enter, name = name),
        t!(trusted.step_factor, name = name),
        t!(trusted.step_then, name = name),
    ];
    let steps = steps.into_iter().map(|step| view! { <li>{step}</li> }).collect_view();
    view! {
        <Card title=t!(trusted.how).to_owned()>
            <ol class="to-do">{steps}</ol>
        </Card>
    }
    .into_any()
}
