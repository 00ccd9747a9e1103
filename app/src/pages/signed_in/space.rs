//! How full an account's space is.

use client::Space;
use leptos::prelude::*;

use crate::{
    browser::format_size,
    components::{Banner, Progress, Tone},
    t,
};

/// Used, limit, and how that goes on.
#[component]
pub fn SpaceBar(space: Space) -> impl IntoView {
    let Some(limit) = space.limit else {
        return view! { <p>{t!(data.space_unlimited, used = format_size(space.used))}</p> }.into_any();
    };
    let percent = space.percent().unwrap_or(100);
    let label = t!(data.space_used, used = format_size(space.used), limit = format_size(limit));
    let part = Some((space.used as f64 / limit.max(1) as f64).min(1.0));
    view! {
        <Progress
            label=Signal::derive(move || label.clone())
            part=Signal::derive(move || part)
            detail=Signal::derive(move || t!(data.space_percent, percent = percent))
        />
        {space.runs_out().then(|| view! { <RunsOut percent/> })}
    }
    .into_any()
}

/// Said before it bites.
#[component]
pub fn RunsOut(percent: u64) -> impl IntoView {
    view! {
        <Banner tone=Tone::Warn title=t!(data.runs_out)>
            <p>{t!(data.runs_out_text, percent = percent)}</p>
        </Banner>
    }
}
