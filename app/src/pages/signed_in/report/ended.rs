//! In a report's place when access has ended, or never was.

use leptos::prelude::*;

use crate::{
    components::{Card, Empty, Glyph, LinkButton, Page},
    t,
};

/// Says that it was erased, and by whom.
#[component]
pub(super) fn Erased(
    /// What happened.
    why: String,
) -> impl IntoView {
    view! {
        <Page title=t!(report.erased_title).to_owned()>
            <Card flush=true>
                <div role="alert">
                    <Empty glyph=Glyph::Trash title=t!(report.erased_title)>
                        <p>{why}</p>
                        <LinkButton href="/reports">{t!(report.ended_back)}</LinkButton>
                    </Empty>
                </div>
            </Card>
        </Page>
    }
}

/// Says what happened and what to do.
#[component]
pub(super) fn Ended(
    /// It was open in this page.
    while_open: bool,
) -> impl IntoView {
    let text = if while_open { t!(report.ended_now) } else { t!(report.ended_before) };
    view! {
        <Page title=t!(report.ended_title).to_owned()>
            <Card flush=true>
                <div role="alert">
                    <Empty glyph=Glyph::Lock title=t!(report.ended_title)>
                        <p>{text}</p>
                        <p>{t!(report.ended_ask)}</p>
                        <LinkButton href="/reports">{t!(report.ended_back)}</LinkButton>
                    </Empty>
                </div>
            </Card>
        </Page>
    }
}
