//! The tokens there are.

use api_types::tokens::{ApiToken, Scope};
use leptos::prelude::*;

use super::{Screen, Tokens};
use crate::{
    browser,
    components::{Banner, Button, ButtonKind, Card, Confirm, Glyph, Icon, Row, Rows, Tone, sentence, use_toasts},
    pages::signed_in::{place::place, question::Question},
    t,
    vault::{Attempt, Keys},
};

/// The card.
#[component]
pub(super) fn List(tokens: Tokens) -> impl IntoView {
    let removing = Question::new();
    let rows = move |items: Vec<ApiToken>| {
        if items.is_empty() {
            return view! { <p class="field-hint">{t!(tokens.none)}</p> }.into_any();
        }
        let row = move |token| view! { <TokenRow token removing/> };
        view! { <div class="framed"><Rows label=t!(tokens.list).to_owned()>{items.into_iter().map(row).collect_view()}</Rows></div> }
            .into_any()
    };
    view! {
        <p>{t!(tokens.lead)}</p>
        <Card title=t!(tokens.title).to_owned()>
            <div class="stack">
                {tokens.list.show(t!(settings.failed), 2, rows)}
                <div>
                    <Button kind=ButtonKind::Secondary glyph=Glyph::Plus on_click=move |()| tokens.show(Screen::New)>
                        {t!(tokens.add)}
                    </Button>
                </div>
            </div>
        </Card>
        <Remove tokens question=removing/>
    }
}

#[component]
fn TokenRow(token: ApiToken, removing: Question<ApiToken>) -> impl IntoView {
    let scopes: Vec<_> = token.scopes.iter().copied().map(Scope::name).collect();
    let scopes = scopes.join(", ");
    let (ends, used, at) = (token.expires_at, token.last_used_at, token.last_place);
    let end = if ends <= browser::now() { t!(tokens.ended) } else { t!(tokens.ends) };
    let text = move || {
        let used = match used {
            Some(used) => sentence(t!(tokens.used), used).into_any(),
            None => t!(tokens.unused).into_any(),
        };
        let at = at.map(|at| view! { ", "{place(at, false)} });
        view! { {scopes.clone()}" · "{sentence(end, ends)}" · "{used}{at} }
    };
    let (title, name, asked) = (token.name.clone(), token.name.clone(), token);
    view! {
        <Row lead=|| view! { <span class="tile"><Icon glyph=Glyph::Key/></span> } title text>
            <Button kind=ButtonKind::DangerQuiet class="btn-small" on_click=move |()| removing.ask(asked.clone())>
                {t!(tokens.remove)}<span class="sr-only">" "{name}</span>
            </Button>
        </Row>
    }
}

/// "Remove?", and what that means.
#[component]
fn Remove(tokens: Tokens, question: Question<ApiToken>) -> impl IntoView {
    let toasts = use_toasts();
    let attempt = Attempt::new();
    let name = move || question.about().map(|token| token.name).unwrap_or_default();
    let remove = move |()| {
        let Some(token) = question.about_untracked() else { return };
        let id = token.id;
        let work = move |open: Keys| async move { open.remove_api_token(&id).await };
        tokens.proving.run(attempt, work, move |()| {
            toasts.done(t!(tokens.removed, name = token.name));
            question.done();
            tokens.list.again();
        });
    };
    view! {
        <Confirm
            id="remove-token"
            open=question.open
            title=Signal::derive(move || t!(tokens.remove_title, name = name()))
            action=t!(tokens.remove)
            busy=attempt.busy
            on_confirm=remove
        >
            <p>{t!(tokens.remove_text)}</p>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
        </Confirm>
    }
}
