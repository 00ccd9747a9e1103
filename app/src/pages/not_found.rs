//! 404.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    components::{Brand, Empty, Glyph, LinkButton},
    t,
};

/// Nothing at this address. The server sends it with status 404.
#[component]
pub fn NotFound() -> impl IntoView {
    view! {
        <Title text=format!("{} · {}", t!(errors.not_found_title), t!(common.product))/>
        <div class="gate">
            <header class="top"><Brand/></header>
            <main id="main" class="gate-main">
                <Empty glyph=Glyph::Search title=t!(errors.not_found_title) page=true>
                    <p>{t!(errors.not_found)}</p>
                    <LinkButton href="/">{t!(errors.not_found_home)}</LinkButton>
                </Empty>
            </main>
        </div>
    }
    .into_any()
}
