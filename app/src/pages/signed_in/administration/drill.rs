//! The card of restore drills: whether backups restore, by the newest that was tried.

use api_types::backups::{Canary, Drill, DrillPlan};
use leptos::prelude::*;

use super::backups::span;
use crate::{
    browser::format_size,
    components::{Badge, Banner, Card, Glyph, Time, TimeStyle, Tone},
    t,
};

/// The card.
#[component]
pub(super) fn DrillCard(plan: Option<DrillPlan>, newest: Option<Drill>) -> impl IntoView {
    let stands = newest.as_ref().map(|drill| (drill.error.is_some(), drill.restored));
    let badge = move || match stands {
        None => view! { <Badge tone=Tone::Warn>{t!(backups.drill_none_yet)}</Badge> }.into_any(),
        Some((true, _)) => {
            view! { <Badge tone=Tone::Danger glyph=Glyph::Alert>{t!(backups.drill_failed)}</Badge> }.into_any()
        }
        Some((false, true)) => {
            view! { <Badge tone=Tone::Good glyph=Glyph::Check>{t!(backups.drill_good)}</Badge> }.into_any()
        }
        Some((false, false)) => view! { <Badge tone=Tone::Warn>{t!(backups.drill_compared)}</Badge> }.into_any(),
    };
    let off = plan.is_none();
    view! {
        <Card title=t!(backups.drill).to_owned() actions=badge>
            <div class="stack">
                <p>{t!(backups.drill_lead)}</p>
                {off.then(|| view! { <Banner tone=Tone::Warn title=t!(backups.drill_off)>{t!(backups.drill_off_text)}</Banner> })}
                {newest.clone().and_then(|drill| drill.error).map(|error| view! {
                    <Banner tone=Tone::Danger title=t!(backups.drill_failed)>{error}</Banner>
                })}
                {(stands == Some((false, false))).then(|| view! { <p>{t!(backups.drill_only_compared)}</p> })}
                <dl class="facts facts-wide">
                    {newest.map(|drill| view! { <Newest drill/> })}
                    {plan.map(|plan| view! {
                        <div><dt>{t!(backups.drill_schedule)}</dt><dd>{span(plan.every)}</dd></div>
                        <div><dt>{t!(backups.next)}</dt><dd><Time at=plan.next_at style=TimeStyle::Relative/></dd></div>
                    })}
                </dl>
            </div>
        </Card>
    }
}

#[component]
fn Newest(drill: Drill) -> impl IntoView {
    let bytes = format_size(drill.bytes);
    let size = match drill.restored {
        true => t!(backups.drill_restored_size, rows = drill.rows, objects = drill.objects, bytes = bytes),
        false => t!(backups.drill_compared_size, objects = drill.objects, bytes = bytes),
    };
    let canary = match drill.canary {
        Canary::Opened => t!(backups.drill_canary_opened),
        Canary::NotOpened => t!(backups.drill_canary_shut),
        Canary::None => t!(backups.drill_canary_none),
    };
    let heading = if drill.restored { t!(backups.drill_restored) } else { t!(backups.drill_compared) };
    view! {
        <div>
            <dt>{t!(backups.drill_last)}</dt>
            <dd>
                <Time at=drill.ended_at style=TimeStyle::DateTime/>
                {drill.snapshot.map(|id| view! { <br/><span class="id">{id}</span> })}
            </dd>
        </div>
        <div><dt>{heading}</dt><dd>{size}</dd></div>
        <div><dt>{t!(backups.drill_canary)}</dt><dd>{canary}</dd></div>
    }
}
