//! One report in the list.

use leptos::prelude::*;

use crate::{
    components::{Badge, Glyph, Icon, Time, TimeStyle, Tone},
    t,
    vault::{index::Row, reports::title_of, use_vault},
};

/// Title, patient by name and number, kind, diagnosis; status, date. A card on a phone. Its height is the same for every report.
#[component]
pub(super) fn ReportLine(
    row: Row,
    /// Place in the list, from 0.
    at: usize,
    /// Rows in the list.
    total: Signal<usize>,
) -> impl IntoView {
    let me = use_vault().who().map(|who| who.account_id);
    let report = row.report;
    let fields = &report.fields;
    let patient = if fields.patient_name.trim().is_empty() {
        t!(reports.no_patient).to_owned()
    } else {
        fields.patient_name.clone()
    };
    let about = [patient, fields.patient_id.clone(), fields.kind.clone(), fields.report_number.clone()];
    let about = about.into_iter().filter(|text| !text.trim().is_empty()).collect::<Vec<_>>().join(" · ");
    let diagnosis = first_line(&fields.diagnosis);
    let shared = me.is_some_and(|me| report.owner != me && report.creator != me);
    let (end, time) = (report.expires_at, report.updated_at);
    view! {
        <li class="row report-line" data-line="" aria-setsize=move || total.get() aria-posinset=at + 1>
            <span class="tile"><Icon glyph=Glyph::Report/></span>
            <div class="row-main">
                <a class="row-target row-title" href=format!("/reports/{}", report.id)>{title_of(fields)}</a>
                <span class="row-text one-line">{about}</span>
                <span class="row-text one-line">{diagnosis}</span>
            </div>
            <div class="row-end">
                {(end > 0).then(|| view! {
                    <Badge tone=Tone::Warn glyph=Glyph::Clock>{t!(reports.ends, when = "")}<Time at=end style=TimeStyle::Relative/></Badge>
                })}
                {report.rekey_pending.then(|| view! { <Badge tone=Tone::Warn>{t!(reports.rekey)}</Badge> })}
                {shared.then(|| view! { <Badge tone=Tone::Info>{t!(reports.shared_with_you)}</Badge> })}
                <Badge tone=Tone::Good>{t!(reports.status_completed)}</Badge>
                <Time at=time/>
            </div>
        </li>
    }
}

/// The beginning of a long text, for one line.
fn first_line(text: &str) -> String {
    text.lines().find(|line| !line.trim().is_empty()).map(|line| line.chars().take(160).collect()).unwrap_or_default()
}
