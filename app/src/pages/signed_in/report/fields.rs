//! The fields.

use leptos::prelude::*;

use super::handle::Handle;
use crate::{components::Card, t};

/// Every field as text, in the order in which it was written. Empty long fields say so; empty short ones are left out.
#[component]
pub(super) fn Fields(handle: Handle) -> impl IntoView {
    let fact = |name: &'static str, value: String| {
        view! { <div><dt>{name}</dt><dd>{value}</dd></div> }
    };
    let said = |value: &str| if value.trim().is_empty() { t!(report.empty).to_owned() } else { value.to_owned() };
    let facts = move || {
        handle.version(|_, shown| {
            let fields = shown.content.fields.clone();
            let short = [
                (t!(report.number), fields.report_number),
                (t!(report.patient), fields.patient_name),
                (t!(report.patient_id), fields.patient_id),
                (t!(report.kind), fields.kind),
            ];
            let long = [
                (t!(report.diagnosis), said(&fields.diagnosis)),
                (t!(report.treatment_plan), said(&fields.treatment_plan)),
                (t!(report.prescription), said(&fields.prescription)),
            ];
            let short = short.into_iter().filter(|(_, value)| !value.trim().is_empty());
            short.chain(long).map(|(name, value)| fact(name, value)).collect_view()
        })
    };
    view! {
        <Card title=t!(report.fields).to_owned()>
            <dl class="facts facts-wide">{facts}</dl>
        </Card>
    }
}
