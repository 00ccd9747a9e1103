//! What was typed before the page locked, beside the draft that somebody saved since: whoever typed it takes what they need.

use client::content::Field;
use leptos::prelude::*;

use super::editor::Desk;
use crate::{
    components::{Banner, Button, ButtonKind, Card, Glyph, Tone},
    pages::signed_in::versions::{SideBySide, field_name},
    t,
    vault::drafts::Offered,
};

/// All that waits for this draft.
#[component]
pub(super) fn TypedBefore(desk: Desk) -> impl IntoView {
    let offered = desk.drafts.offered();
    move || {
        let id = desk.session.with(|session| session.as_ref().map(|session| session.id()));
        let waits = |one: &&Offered| Some(one.id()) == id;
        let all: Vec<Offered> = offered.with(|all| all.iter().filter(waits).cloned().collect());
        all.into_iter().map(|one| view! { <OneTime desk one/> }).collect_view()
    }
}

/// What was typed before one lock.
#[component]
fn OneTime(desk: Desk, one: Offered) -> impl IntoView {
    let now = untrack(|| desk.fields.get());
    let differs = |(field, text): (Field, &str)| (now.get(field) != text).then(|| (field, text.to_owned()));
    let fields = one.fields.each().into_iter().filter_map(differs);
    let rows = fields
        .map(|(field, typed)| view! { <OneField desk field in_draft=now.get(field).to_owned() typed/> })
        .collect_view();
    let settle = move |()| desk.drafts.settle(&one);
    view! {
        <section class="meanwhile">
            <Banner tone=Tone::Warn title=t!(draft.typed_title)><p>{t!(draft.typed)}</p></Banner>
            {rows}
            <div class="finish-acts">
                <Button kind=ButtonKind::Secondary on_click=settle>{t!(draft.typed_settle)}</Button>
            </div>
        </section>
    }
}

#[component]
fn OneField(desk: Desk, field: Field, in_draft: String, typed: String) -> impl IntoView {
    let text = typed.clone();
    let take = move |()| {
        desk.fields.set(field, text.clone());
        desk.toasts.done(t!(draft.typed_taken));
    };
    let heads = (t!(draft.typed_now).to_owned(), t!(draft.typed_then).to_owned());
    view! {
        <Card title=field_name(field).to_owned()>
            <SideBySide before=in_draft after=typed heads/>
            <Button class="btn-small" glyph=Glyph::Check on_click=take>{t!(draft.typed_take)}</Button>
        </Card>
    }
}
