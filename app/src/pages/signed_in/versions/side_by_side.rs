//! Two texts side by side, and the files that two versions don't have alike.

use client::{FileChange, TextRow, TextSpan, content::Field, side_by_side};
use leptos::prelude::*;

use crate::{browser::format_size, t};

/// A field's name for people.
pub(in crate::pages::signed_in) fn field_name(field: Field) -> &'static str {
    match field {
        Field::Title => t!(draft.title),
        Field::ReportNumber => t!(report.number),
        Field::Kind => t!(report.kind),
        Field::PatientName => t!(report.patient),
        Field::PatientId => t!(report.patient_id),
        Field::Diagnosis => t!(report.diagnosis),
        Field::TreatmentPlan => t!(report.treatment_plan),
        Field::Prescription => t!(report.prescription),
        other => other.as_str(),
    }
}

/// Two texts; what one of them has alone is marked there.
#[component]
pub(in crate::pages::signed_in) fn SideBySide(before: String, after: String, heads: (String, String)) -> impl IntoView {
    let mark = |text: &str| if text.is_empty() { t!(versions.empty) } else { "" };
    let (no_before, no_after) = (mark(&before), mark(&after));
    let one_is_empty = before.is_empty() || after.is_empty();
    let nothing = one_is_empty.then(|| {
        view! {
            <tr><td class="compare-empty">{no_before}</td><td class="compare-empty">{no_after}</td></tr>
        }
    });
    let row = |row: TextRow| view! { <tr>{cell(row.before, true)}{cell(row.after, false)}</tr> };
    let rows = side_by_side(&before, &after).into_iter().map(row).collect_view();
    view! {
        <table class="compare">
            <thead><tr><th scope="col">{heads.0}</th><th scope="col">{heads.1}</th></tr></thead>
            <tbody>{nothing}{rows}</tbody>
        </table>
    }
}

fn cell(line: Option<Vec<TextSpan>>, gone: bool) -> impl IntoView {
    let span = move |span: TextSpan| match (span.changed, gone) {
        (false, _) => view! { <span>{span.text}</span> }.into_any(),
        (true, true) => view! { <del>{span.text}</del> }.into_any(),
        (true, false) => view! { <ins>{span.text}</ins> }.into_any(),
    };
    view! { <td>{line.map(|line| line.into_iter().map(span).collect_view())}</td> }
}

/// Files that were added, taken out, changed or renamed.
#[component]
pub(in crate::pages::signed_in) fn FileChanges(changes: Vec<FileChange>) -> impl IntoView {
    let said = |change: FileChange| match change {
        FileChange::Added(file) => t!(versions.added, name = file.name, size = format_size(file.size)),
        FileChange::Removed(file) => t!(versions.removed, name = file.name, size = format_size(file.size)),
        FileChange::Changed { before, after } => {
            let (before, name, after) = (format_size(before.size), after.name, format_size(after.size));
            t!(versions.changed, name = name, before = before, after = after)
        }
        FileChange::Renamed { before, after } => t!(versions.renamed, before = before.name, after = after.name),
    };
    let rows = changes.into_iter().map(|change| view! { <li>{said(change)}</li> }).collect_view();
    view! { <ul class="file-changes" role="list">{rows}</ul> }
}
