//! A new escrow key: its words are shown once, two are asked back from the paper, and only then is it published.

use client::{ClientError, EscrowWords};
use leptos::prelude::*;

use super::{Desk, Screen};
use crate::{
    browser,
    components::{Banner, Button, ButtonKind, Card, Glyph, Tone, use_toasts},
    pages::sign_up::{TwoWordFields, TwoWords},
    t,
    vault::{Attempt, Keys, use_vault},
};

/// Both steps. Nothing of the words is kept once the screen is left.
#[component]
pub(super) fn Making(desk: Desk) -> impl IntoView {
    let made = use_vault().keys().map(|open| open.new_escrow_words());
    let list = made.as_ref().map(|made| made.words().into_iter().map(str::to_owned).collect::<Vec<_>>());
    let words = RwSignal::new(list.unwrap_or_default());
    let secret = StoredValue::new_local(made);
    let kept = RwSignal::new(false);
    let go = move |on: bool| {
        kept.set(on);
        request_animation_frame(|| browser::focus("main"));
    };
    move || match kept.get() {
        true => view! { <Check desk words secret back=move |()| go(false)/> }.into_any(),
        false => view! { <Words desk words next=move |()| go(true)/> }.into_any(),
    }
}

#[component]
fn Words(desk: Desk, words: RwSignal<Vec<String>>, next: impl Fn(()) + Copy + Send + Sync + 'static) -> impl IntoView {
    let word = |(at, word): (usize, String)| view! { <li><span>{at + 1}</span>{word}</li> };
    let shown = words.get_untracked().into_iter().enumerate().map(word).collect_view();
    view! {
        <Card title=t!(escrow_admin.words_title).to_owned()>
            <div class="stack">
                <Banner tone=Tone::Warn>{t!(escrow_admin.words_warn)}</Banner>
                <ol class="words" translate="no" aria-label=t!(escrow_admin.words_list) data-testid="escrow-words">{shown}</ol>
                <div class="page-actions no-print">
                    <Button kind=ButtonKind::Secondary glyph=Glyph::Print on_click=move |()| browser::print()>
                        {t!(escrow_admin.print)}
                    </Button>
                    <Button on_click=next>{t!(escrow_admin.words_kept)}</Button>
                    <Button kind=ButtonKind::Quiet on_click=move |()| desk.screen.set(Screen::Overview)>
                        {t!(common.cancel)}
                    </Button>
                </div>
            </div>
        </Card>
    }
}

#[component]
fn Check(
    desk: Desk,
    words: RwSignal<Vec<String>>,
    secret: StoredValue<Option<EscrowWords>, LocalStorage>,
    back: impl Fn(()) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let toasts = use_toasts();
    let attempt = Attempt::new();
    let asked = TwoWords::new(words);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if !asked.right() {
            return;
        }
        let work = move |open: Keys| async move {
            match secret.try_get_value().flatten() {
                Some(secret) => open.make_escrow_key(&secret).await,
                None => Err(ClientError::Cancelled),
            }
        };
        desk.proving.run(attempt, work, move |_| {
            toasts.done(t!(escrow_admin.published));
            desk.back();
        });
    };
    view! {
        <Card title=t!(escrow_admin.check_title).to_owned()>
            <form class="form" method="dialog" on:submit=submit novalidate>
                <p>{t!(escrow_admin.check_lead)}</p>
                {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
                <TwoWordFields words=asked/>
                <div class="page-actions">
                    <Button submit=true busy=attempt.busy>{t!(escrow_admin.publish)}</Button>
                    <Button kind=ButtonKind::Quiet disabled=attempt.busy on_click=back>{t!(sign_up.check_back)}</Button>
                </div>
            </form>
        </Card>
    }
}
