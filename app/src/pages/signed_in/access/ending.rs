//! Access that the reader ends here: with one press, nothing is asked back. What came of it is said in the line's place, which
//! stays, so that a second press falls on nobody else's button.

use std::collections::HashMap;

use api_types::{GrantId, ReportId};
use client::{
    AccessRow, AccessWho,
    oversight::{HeldReport, PersonAccess, opens_still, with_ended},
};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::load::{Item, Load};
use crate::{
    browser,
    components::{Banner, Toasts, Tone, use_toasts},
    t,
    vault::{
        Vault, explain,
        index::{self, Index},
        use_vault,
    },
};

/// Names a line: a report, and a grant of it.
pub(super) type Line = (ReportId, GrantId);

/// How far a press is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// It is being done.
    Busy,
    /// It didn't work, and why.
    Failed(String),
    /// It is done.
    Done,
}

/// What came of each press since the page was opened; `Copy`.
#[derive(Clone, Copy)]
pub(super) struct Endings {
    steps: RwSignal<HashMap<Line, Step>>,
    load: Load,
    vault: Vault,
    index: Index,
    toasts: Toasts,
}

impl Endings {
    pub(super) fn new(load: Load) -> Self {
        Self {
            steps: RwSignal::new(HashMap::new()),
            load,
            vault: use_vault(),
            index: index::use_index(),
            toasts: use_toasts(),
        }
    }

    /// How far a line's press is; nothing where there was none.
    fn step(self, line: Line) -> Option<Step> {
        self.steps.with(|steps| steps.get(&line).cloned())
    }

    /// Whether a line's button has done its work.
    pub(super) fn is_done(self, line: Line) -> bool {
        self.step(line) == Some(Step::Done)
    }

    /// Everybody who can see something, with what was pressed here in its old place.
    pub(super) fn with_pressed(self, people: &[PersonAccess]) -> Vec<PersonAccess> {
        self.steps.with(|steps| with_ended(people, |held| steps.contains_key(&(held.report, held.row.grant))))
    }

    /// Ends the access, unless that is under way or done; then the report gets new keys.
    fn press(self, line: Line) {
        let Some(open) = self.vault.keys() else { return };
        let step = self.steps.with_untracked(|steps| steps.get(&line).cloned());
        if matches!(step, Some(Step::Busy | Step::Done)) {
            return;
        }
        self.note(line, Step::Busy);
        spawn_local(async move {
            let (report, grant) = line;
            if let Err(error) = open.revoke(&report, &grant).await {
                return self.note(line, Step::Failed(explain(&error)));
            }
            self.note(line, Step::Done);
            // The button is gone, and with it the place of whoever works with the keyboard.
            request_animation_frame(move || browser::focus_if_lost(&id_of(line)));
            self.load.again(report);
            if self.index.revoked(&open, &report).await {
                self.toasts.done(t!(report.rekey_done));
            }
            self.load.again(report);
        });
    }

    /// The page may be left by now.
    fn note(self, line: Line, step: Step) {
        self.steps.try_update(|steps| {
            steps.insert(line, step);
        });
    }

    /// What has ended, and what hasn't.
    fn says(self, report: ReportId, row: &AccessRow, name: &str) -> String {
        let is_it = |item: &&Item| item.overseen.report == report;
        let still = |item: &Item| opens_still(&item.overseen, row);
        match self.load.items.with(|items| items.iter().find(is_it).is_some_and(still)) {
            true if matches!(row.who, AccessWho::Team(_)) => t!(access.revoked_members, name = name),
            true => t!(access.revoked_still, name = name),
            false => t!(access.revoked, name = name),
        }
    }
}

/// Of what is said about a line.
fn id_of((_, grant): Line) -> String {
    format!("ended-{grant}")
}

/// Ends the access with one press.
#[component]
pub(super) fn EndButton(line: Line, name: Memo<String>, title: Signal<String>, endings: Endings) -> impl IntoView {
    let busy = Memo::new(move |_| endings.step(line) == Some(Step::Busy));
    view! {
        <button
            type="button"
            class="btn btn-danger-quiet held-revoke"
            aria-label=move || t!(access.revoke_of, name = name.get(), title = title.get())
            aria-busy=move || busy.get().then_some("true")
            on:click=move |_| endings.press(line)
        >
            <span>{t!(report.revoke)}</span>
            {move || busy.get().then(|| view! { <span class="dots" aria-hidden="true"><i></i><i></i><i></i></span> })}
        </button>
    }
}

/// What came of the press. Its place is there before, so that whoever can't see it hears it.
#[component]
pub(super) fn Outcome(
    line: Line,
    held: Memo<Option<HeldReport>>,
    name: Memo<String>,
    endings: Endings,
) -> impl IntoView {
    let over = move || held.with(|held| held.as_ref().is_some_and(|held| held.row.is_over()));
    let ended = Memo::new(move |_| match endings.step(line) {
        Some(Step::Done) => true,
        // The answer was lost, and the chain says that it came about.
        Some(Step::Failed(_)) => over(),
        Some(Step::Busy) | None => false,
    });
    let failed = Memo::new(move |_| match endings.step(line) {
        Some(Step::Failed(why)) if !over() => Some(why),
        _ => None,
    });
    let says = Memo::new(move |_| {
        let held = held.get().filter(|_| ended.get())?;
        Some(endings.says(held.report, &held.row, &name.get()))
    });
    let again = format!("/reports/{}/share", line.0);
    view! {
        <div role="status">
            {move || ended.get().then(|| view! {
                <p class="held-said" id=id_of(line) tabindex="-1">
                    {move || says.get()}" "<a href=again.clone()>{t!(access.give_again)}</a>
                </p>
            })}
        </div>
        {move || failed.get().map(|why| view! {
            <Banner tone=Tone::Danger title=t!(access.revoke_failed)>
                <p>{why}</p>
                <p>{t!(access.revoke_stands, name = name.get())}</p>
            </Banner>
        })}
    }
}
