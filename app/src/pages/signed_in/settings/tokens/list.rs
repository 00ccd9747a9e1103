//! The tokens there are.

use api_types::tokens::{ApiToken, Scope};
use leptos::prelude::*;

use super::{Screen, Tokens};
use crate::{
    browser,
    components::{Button, ButtonKind, Card, Glyph, Icon, Row, Rows, sentence},
    pages::signed_in::{
        place::place,
        question::Question,
        sure::{Deed, Sure},
    },
    t,
    vault::Keys,
};

/// The card.
#[component]
pub(super) fn List(tokens: Tokens) -> impl IntoView {
    let removing = Question::new();
    let again = move || tokens.list.again();
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
        <Sure proving=tokens.proving deed=removal() question=removing work=remove again/>
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
fn removal() -> Deed<ApiToken> {
    Deed {
        id: "remove-token",
        action: t!(tokens.remove),
        title: |token| t!(tokens.remove_title, name = token.name),
        text: |_| vec![t!(tokens.remove_text).to_owned()],
        done: |token, ()| t!(tokens.removed, name = token.name),
    }
}

async fn remove(open: Keys, token: ApiToken) -> client::Result<()> {
    open.remove_api_token(&token.id).await
}
