//! Said while what is shown isn't the newest version: nobody should act on what was corrected since. Stands on paper as well.

use leptos::prelude::*;

use super::handle::Handle;
use crate::{
    components::{Banner, Button, ButtonKind, Tone, use_toasts},
    t,
    vault::{Attempt, reports::Newer},
};

/// Says it, with the way to the newest one.
#[component]
pub(super) fn Older(handle: Handle) -> impl IntoView {
    let toasts = use_toasts();
    let attempt = Attempt::new();
    let newer =
        Memo::new(move |_| handle.view(|view| Some((view.version.as_ref()?.info.version, view.newer()?))).flatten());
    let said = move |(shown, newer): (u32, Newer)| match newer {
        Newer::Opens(newest) => view! {
            <Banner tone=Tone::Warn title=t!(versions.older, version = shown, newest = newest)>
                <div class="banner-actions no-print">
                    <Button
                        kind=ButtonKind::Secondary
                        class="btn-small"
                        busy=attempt.busy
                        on_click=move |()| handle.switch(newest, attempt, toasts)
                    >
                        {t!(versions.older_show)}
                    </Button>
                </div>
            </Banner>
        }
        .into_any(),
        Newer::Unseen => {
            view! { <Banner tone=Tone::Warn title=t!(versions.newer_unseen)><p>{t!(versions.newer_ask)}</p></Banner> }
                .into_any()
        }
    };
    move || newer.get().map(said)
}
