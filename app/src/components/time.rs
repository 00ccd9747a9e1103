//! Times in the reader's zone and language, with the exact time on hover.

use api_types::UnixMillis;
use leptos::prelude::*;

use crate::browser;

/// How a time reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeStyle {
    /// `14 Mar 2026`.
    #[default]
    Date,
    /// `14 Mar 2026, 09:41`.
    DateTime,
    /// `in 23 hours`, `5 minutes ago`; goes on by itself.
    Relative,
}

/// The page's clock: ticks twice a minute, so that relative times stay right.
#[derive(Clone, Copy)]
pub struct Clock(pub ReadSignal<UnixMillis>);

/// Makes [`Clock`] available; starts ticking in the browser only.
pub fn provide_clock() {
    let (now, set_now) = signal(0);
    provide_context(Clock(now));
    Effect::new(move |_| {
        set_now.set(browser::now());
        // Fails only where the page is going away.
        let _ = set_interval_with_handle(move || set_now.set(browser::now()), std::time::Duration::from_secs(30));
    });
}

/// A point in time.
#[component]
pub fn Time(
    /// When.
    #[prop(into)]
    at: Signal<UnixMillis>,
    /// How it reads.
    #[prop(optional)]
    style: TimeStyle,
) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let reads = move || match style {
        TimeStyle::Date => browser::format_date(at.get()),
        TimeStyle::DateTime => browser::format_date_time(at.get()),
        TimeStyle::Relative => browser::format_relative(at.get(), clock.0.get()),
    };
    view! {
        <time datetime=move || browser::iso(at.get()) title=move || browser::format_exact(at.get())>{reads}</time>
    }
}

/// A sentence with a relative time at its `{when}`.
pub fn sentence(text: &'static str, at: UnixMillis) -> impl IntoView {
    let (before, after) = text.split_once("{when}").unwrap_or((text, ""));
    view! { {before}<Time at=at style=TimeStyle::Relative/>{after} }
}
