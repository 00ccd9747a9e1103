//! What a signed-in page begins with.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;

use super::{Glyph, Icon};
use crate::t;

/// A page: title (also the window's, unless that is another), a sentence, actions at the end of the line, then the content.
#[component]
pub fn Page(
    /// Its heading.
    #[prop(into)]
    title: Signal<String>,
    /// The window's title where the heading was decrypted: browsers write titles into their history, which locking doesn't wipe.
    #[prop(optional, into)]
    window_title: Option<String>,
    /// A sentence below it.
    #[prop(optional, into)]
    lead: Option<String>,
    /// Buttons.
    #[prop(optional, into)]
    actions: ViewFn,
    /// The content.
    children: Children,
) -> impl IntoView {
    // Asked once more while the page goes, when its signals are gone already.
    let window = move || match window_title.clone().or_else(|| title.try_get()) {
        Some(title) => format!("{title} · {}", t!(common.product)),
        None => t!(common.product).to_owned(),
    };
    view! {
        <Title text=window/>
        <header class="page-head">
            <div>
                <h1>{move || title.get()}</h1>
                {lead.map(|lead| view! { <p>{lead}</p> })}
            </div>
            <div class="page-actions no-print">{actions.run()}</div>
        </header>
        <div class="stack">{children()}</div>
    }
}

/// After a navigation the content gets the focus, so that keyboards and screen readers begin there.
#[component]
pub fn FocusMain() -> impl IntoView {
    let path = use_location().pathname;
    Effect::new(move |before: Option<String>| {
        let now = path.get();
        if before.is_some_and(|before| before != now) {
            request_animation_frame(|| crate::browser::focus("main"));
        }
        now
    });
}

/// The way back to the page above; stands before [`Page`].
#[component]
pub fn BackLink(
    /// Where to.
    #[prop(into)]
    href: String,
    /// What is there.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    view! { <a class="back no-print" href=href><Icon glyph=Glyph::Back/>{label}</a> }
}

/// A card; `flush` for lists that reach its edges.
#[component]
pub fn Card(
    /// Its heading.
    #[prop(optional, into)]
    title: Option<String>,
    /// What stands beside the heading.
    #[prop(optional, into)]
    actions: ViewFn,
    /// No padding around the content.
    #[prop(optional)]
    flush: bool,
    /// The content.
    children: Children,
) -> impl IntoView {
    view! {
        <section class=if flush { "card card-flush" } else { "card" }>
            {title.map(|title| view! { <div class="card-head"><h2>{title}</h2><div class="page-actions">{actions.run()}</div></div> })}
            {children()}
        </section>
    }
}
