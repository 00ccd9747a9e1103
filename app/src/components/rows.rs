//! Rows: a tile, a title with a line of text, and what stands at the end.

use leptos::prelude::*;

/// A list of rows.
#[component]
pub fn Rows(
    /// What is listed.
    #[prop(optional, into)]
    label: Option<String>,
    /// [`Row`]s.
    children: Children,
) -> impl IntoView {
    view! { <ul class="rows" role="list" aria-label=label>{children()}</ul> }
}

/// A row; with `href` the whole row leads there.
#[component]
pub fn Row(
    /// What stands at the start: `<Avatar/>`, or an icon in `<span class="tile">`.
    #[prop(optional, into)]
    lead: ViewFn,
    /// The title.
    #[prop(into)]
    title: String,
    /// Where it leads.
    #[prop(optional, into)]
    href: Option<String>,
    /// The line below.
    #[prop(optional, into)]
    text: ViewFn,
    /// Badges, times, buttons.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let title = match href {
        Some(href) => view! { <a class="row-target row-title" href=href>{title}</a> }.into_any(),
        None => view! { <span class="row-title">{title}</span> }.into_any(),
    };
    view! {
        <li class="row row-stack">
            <div>{lead.run()}</div>
            <div class="row-main">
                {title}
                <div class="row-text">{text.run()}</div>
            </div>
            {children.map(|children| view! { <div class="row-end">{children()}</div> })}
        </li>
    }
}
