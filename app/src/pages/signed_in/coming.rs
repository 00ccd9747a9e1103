//! Stands where a page is being written.

use leptos::prelude::*;

use crate::components::{Page, SkeletonRows};

/// An empty page.
#[component]
pub fn ComingPage() -> impl IntoView {
    view! { <Page title=String::from("…")><SkeletonRows/></Page> }
}
