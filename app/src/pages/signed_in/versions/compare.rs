//! Two versions side by side.

use std::rc::Rc;

use client::{Comparison, FieldChange, compare_versions};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::{FileChanges, Handle, Opened, SideBySide, field_name, list::Pair};
use crate::{
    components::{Banner, Card, SelectField, SkeletonRows, Tone},
    t,
    vault::{explain, reports},
};

/// What became of comparing.
#[derive(Clone)]
enum Outcome {
    Waiting,
    Compared(Rc<Comparison>),
    Failed(String),
}

/// Chooses two versions and shows what they differ in.
#[component]
pub(super) fn Compare(handle: Handle, opened: Opened, pair: Pair) -> impl IntoView {
    let numbers: Vec<u32> = opened.versions().iter().map(|info| info.version).collect();
    let [.., before, after] = numbers[..] else {
        return view! { <p class="field-hint">{t!(versions.one_alone)}</p> }.into_any();
    };
    let known =
        |chosen: RwSignal<String>| chosen.with_untracked(|text| text.parse().is_ok_and(|n| numbers.contains(&n)));
    if !known(pair.0) || !known(pair.1) {
        pair.0.set(before.to_string());
        pair.1.set(after.to_string());
    }
    let texts: Vec<_> = numbers.iter().rev().map(|n| (n.to_string(), t!(versions.version, version = n))).collect();
    let options = Signal::stored(texts);
    let outcome = RwSignal::new_local(Outcome::Waiting);
    Effect::new(move |_| {
        let (Ok(before), Ok(after)) = (pair.0.get().parse(), pair.1.get().parse()) else { return };
        look(handle, opened.clone(), (before, after), outcome);
    });
    view! {
        <section id="compare" tabindex="-1" class="stack" aria-label=t!(versions.compare)>
            <Card title=t!(versions.compare).to_owned()>
                <p class="field-hint">{t!(versions.compare_lead)}</p>
                <div class="form-row">
                    <SelectField id="compare-before" label=t!(versions.compare_before) value=pair.0 options/>
                    <SelectField id="compare-after" label=t!(versions.compare_after) value=pair.1 options/>
                </div>
            </Card>
            {move || match outcome.get() {
                Outcome::Waiting => view! { <Card flush=true><SkeletonRows count=2/></Card> }.into_any(),
                Outcome::Failed(why) => view! { <Banner tone=Tone::Warn>{why}</Banner> }.into_any(),
                Outcome::Compared(compared) => view! { <Differences compared/> }.into_any(),
            }}
        </section>
    }
    .into_any()
}

/// Opens both and compares them; what another choice asked for meanwhile counts.
fn look(handle: Handle, opened: Opened, (before, after): (u32, u32), outcome: RwSignal<Outcome, LocalStorage>) {
    let Some(open) = handle.vault.keys() else { return };
    outcome.set(Outcome::Waiting);
    spawn_local(async move {
        let compared = async {
            let one = open.version(&opened.report, before).await?;
            let other = open.version(&opened.report, after).await?;
            Ok(compare_versions(&one, &other))
        };
        let compared: client::Result<Comparison> = compared.await;
        outcome.try_set(match compared {
            Ok(compared) => Outcome::Compared(Rc::new(compared)),
            Err(error) if reports::is_end(&error) => Outcome::Failed(t!(report.ended_before).to_owned()),
            Err(error) => Outcome::Failed(explain(&error)),
        });
    });
}

#[component]
fn Differences(compared: Rc<Comparison>) -> impl IntoView {
    let head = |version: u32| t!(versions.version, version = version);
    let heads = (head(compared.before.version), head(compared.after.version));
    let field = |change: FieldChange| {
        let heads = heads.clone();
        view! {
            <Card title=field_name(change.field).to_owned()>
                <SideBySide before=change.before after=change.after heads/>
            </Card>
        }
    };
    let fields: Vec<_> = compared.fields.iter().cloned().map(field).collect();
    let same = compared.same_files;
    let same = match same {
        0 => None,
        1 => Some(t!(versions.files_same_one).to_owned()),
        count => Some(t!(versions.files_same, count = count)),
    };
    let alike = compared.fields.is_empty() && compared.files.is_empty();
    let files = compared.files.clone();
    let no_fields = fields.is_empty() && !alike;
    view! {
        {alike.then(|| view! { <p class="field-hint" role="status">{t!(versions.same)}</p> })}
        {no_fields.then(|| view! { <p class="field-hint">{t!(versions.fields_same)}</p> })}
        {fields}
        {(!files.is_empty()).then(|| view! {
            <Card title=t!(report.files).to_owned()><FileChanges changes=files/></Card>
        })}
        {same.map(|same| view! { <p class="field-hint">{same}</p> })}
    }
}
