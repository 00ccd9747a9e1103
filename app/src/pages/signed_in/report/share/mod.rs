//! Sharing: whom, what, how long, with a code or not; then the code, once.

mod done;
mod form;
mod team;

use client::{CareTeam, Person};
use leptos::prelude::*;

use super::handle::Handle;
use crate::{
    components::{Button, ButtonKind, Dialog},
    pages::signed_in::find_person::FindPerson,
    t,
};
use done::{Done, Made};
use form::ShareForm;
use team::{FindTeam, TeamForm};

/// The dialog. What it made is forgotten when it closes: a code is shown only once.
#[component]
pub(super) fn ShareDialog(handle: Handle, open: RwSignal<bool>) -> impl IntoView {
    let person = RwSignal::new(None::<Person>);
    let made = RwSignal::new(None::<Made>);
    let scanned = RwSignal::new(None::<String>);
    let team = RwSignal::new(None::<CareTeam>);
    let to_team = RwSignal::new(false);
    Effect::new(move |_| {
        if !open.get() {
            person.set(None);
            made.set(None);
            scanned.set(None);
            team.set(None);
            to_team.set(false);
        }
    });
    let title = Signal::derive(move || match made.with(Option::is_some) {
        true => t!(share.done).to_owned(),
        false => t!(share.title).to_owned(),
    });
    view! {
        <Dialog id="share" open title>
            {move || match (made.get(), person.get()) {
                (None, _) if to_team.get() => view! { <WithTeam handle team to_team made/> }.into_any(),
                (Some(made), _) => view! { <Done made open/> }.into_any(),
                (None, Some(chosen)) => view! { <ShareForm handle person=chosen chosen=person scanned=scanned.get_untracked() made/> }.into_any(),
                (None, None) => view! {
                    <FindPerson chosen=person scanned label=t!(share.who) hint=t!(share.who_hint)/>
                    <div>
                        <Button kind=ButtonKind::Quiet on_click=move |()| to_team.set(true)>{t!(teams.share_with)}</Button>
                    </div>
                }
                .into_any(),
            }}
        </Dialog>
    }
}

/// A team in a person's place.
#[component]
fn WithTeam(
    handle: Handle,
    team: RwSignal<Option<CareTeam>>,
    to_team: RwSignal<bool>,
    made: RwSignal<Option<Made>>,
) -> impl IntoView {
    move || match team.get() {
        Some(chosen) => view! { <TeamForm handle team=chosen chosen=team made/> }.into_any(),
        None => view! {
            <FindTeam chosen=team/>
            <div>
                <Button kind=ButtonKind::Quiet on_click=move |()| to_team.set(false)>{t!(teams.share_person)}</Button>
            </div>
        }
        .into_any(),
    }
}
