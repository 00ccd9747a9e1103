//! The fields.

use client::content::Field;
use leptos::prelude::*;

use super::{editor::Desk, patient::Patient};
use crate::{
    components::{Card, SelectField, TextArea, TextField},
    t,
};

const OTHER: &str = "\u{1}other";

/// Report, patient, findings.
#[component]
pub(super) fn Form(desk: Desk) -> impl IntoView {
    let fields = desk.fields;
    view! {
        <Card title=t!(draft.about).to_owned()>
            <div class="form">
                <div class="form-row">
                    <TextField
                        id="title"
                        label=t!(draft.title)
                        value=fields.title
                        hint=t!(draft.title_hint)
                        error=over(Field::Title, fields.title)
                    />
                    <TextField
                        id="report-number"
                        label=t!(draft.report_number)
                        value=fields.report_number
                        hint=t!(draft.report_number_hint)
                        error=over(Field::ReportNumber, fields.report_number)
                        optional=true
                    />
                </div>
                <Kind value=fields.kind/>
            </div>
        </Card>
        <Patient desk/>
        <Card title=t!(draft.content).to_owned()>
            <div class="form">
                <Long id="diagnosis" field=Field::Diagnosis label=t!(draft.diagnosis) value=fields.diagnosis/>
                <Long id="treatment-plan" field=Field::TreatmentPlan label=t!(draft.treatment_plan) value=fields.treatment_plan/>
                <Long id="prescription" field=Field::Prescription label=t!(draft.prescription) value=fields.prescription/>
            </div>
        </Card>
    }
}

/// What is said of a text that is longer than its field takes. Nothing is cut: half a name or a dose can pass for a whole one.
pub(super) fn too_long(field: Field, text: &str) -> Option<String> {
    let (max, count) = (field.max_chars(), text.chars().count());
    (count > max).then(|| t!(common.too_long, max = max, count = count))
}

/// The same, as it is typed.
pub(super) fn over(field: Field, value: RwSignal<String>) -> Signal<Option<String>> {
    Signal::derive(move || value.with(|text| too_long(field, text)))
}

/// A long text.
#[component]
fn Long(id: &'static str, field: Field, label: &'static str, value: RwSignal<String>) -> impl IntoView {
    view! {
        <TextArea id label value error=over(field, value) optional=true hint=t!(draft.long_hint, max = field.max_chars())/>
    }
}

fn kinds() -> [&'static str; 8] {
    [
        t!(draft.kind_laboratory),
        t!(draft.kind_radiology),
        t!(draft.kind_cardiology),
        t!(draft.kind_pathology),
        t!(draft.kind_letter),
        t!(draft.kind_discharge),
        t!(draft.kind_prescription),
        t!(draft.kind_vaccination),
    ]
}

/// One of the usual kinds, or one of the author's own.
#[component]
fn Kind(value: RwSignal<String>) -> impl IntoView {
    let known = |text: &str| text.is_empty() || kinds().contains(&text);
    let chosen = RwSignal::new(value.with_untracked(|text| if known(text) { text.clone() } else { OTHER.to_owned() }));
    Effect::new(move |before: Option<String>| {
        let now = chosen.get();
        if before.is_some_and(|before| before != now) {
            value.set(if now == OTHER { String::new() } else { now.clone() });
        }
        now
    });
    let options = Signal::derive(|| {
        let option = |key: &str, text: &str| (key.to_owned(), text.to_owned());
        let none = option("", t!(draft.kind_none));
        let other = option(OTHER, t!(draft.kind_other));
        std::iter::once(none).chain(kinds().map(|kind| option(kind, kind))).chain([other]).collect::<Vec<_>>()
    });
    view! {
        <div class="form-row">
            <SelectField id="report-kind" label=t!(draft.kind) value=chosen options/>
            {move || (chosen.get() == OTHER).then(|| view! {
                <TextField id="own-kind" label=t!(draft.kind_own) value error=over(Field::Kind, value)/>
            })}
        </div>
    }
}
