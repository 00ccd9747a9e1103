//! Sharing: whom, what, how long, with a code or not; then the code, once.

mod done;
mod form;

use client::Person;
use leptos::prelude::*;

use super::handle::Handle;
use crate::{components::Dialog, pages::signed_in::find_person::FindPerson, t};
use done::{Done, Made};
use form::ShareForm;

/// The dialog. What it made is forgotten when it closes: a code is shown only once.
#[component]
pub(super) fn ShareDialog(handle: Handle, open: RwSignal<bool>) -> impl IntoView {
    let person = RwSignal::new(None::<Person>);
    let made = RwSignal::new(None::<Made>);
    let scanned = RwSignal::new(None::<String>);
    Effect::new(move |_| {
        if !open.get() {
            person.set(None);
            made.set(None);
            scanned.set(None);
        }
    });
    let title = Signal::derive(move || match made.with(Option::is_some) {
        true => t!(share.done).to_owned(),
        false => t!(share.title).to_owned(),
    });
    view! {
        <Dialog id="share" open title>
            {move || match (made.get(), person.get()) {
                (Some(made), _) => view! { <Done made open/> }.into_any(),
                (None, Some(chosen)) => view! { <ShareForm handle person=chosen chosen=person scanned=scanned.get_untracked() made/> }.into_any(),
                (None, None) => view! { <FindPerson chosen=person scanned label=t!(share.who) hint=t!(share.who_hint)/> }.into_any(),
            }}
        </Dialog>
    }
}
