//! The shape of what is coming.

use leptos::prelude::*;

use crate::t;

/// A bar where a line of text will be; widths in classes such as `w-40`.
#[component]
pub fn Skeleton(
    /// Width and height.
    #[prop(default = "w-40")]
    class: &'static str,
) -> impl IntoView {
    view! { <span class=format!("skeleton {class}") aria-hidden="true"></span> }
}

/// Rows of a list that is coming.
#[component]
pub fn SkeletonRows(
    /// How many.
    #[prop(default = 6)]
    count: usize,
) -> impl IntoView {
    let row = |_| {
        view! {
            <div class="skeleton-row" aria-hidden="true">
                <Skeleton class=""/>
                <span class="stack-s"><Skeleton class="w-3/5"/><Skeleton class="w-2/5"/></span>
                <Skeleton class=""/>
            </div>
        }
    };
    view! {
        <div role="status" aria-label=t!(common.loading)>{(0..count).map(row).collect_view()}</div>
    }
}
