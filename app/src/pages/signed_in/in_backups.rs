//! For how long backups hold what is erased: said before anything is.

use client::InBackups;
use leptos::prelude::*;

use crate::{
    browser::format_date,
    t,
    vault::{Keys, Loaded, use_vault},
};

/// A sentence, with the date where there is one.
#[component]
pub fn HeldByBackups() -> impl IntoView {
    let held = Loaded::new(use_vault(), |open: Keys| async move { open.erased_in_backups().await });
    held.show(t!(leaving.backups_failed), 1, |held| view! { <p>{said(held)}</p> })
}

fn said(held: InBackups) -> String {
    match held {
        InBackups::NoneKnown => t!(leaving.backups_none).to_owned(),
        InBackups::Until(until) => t!(leaving.backups_until, when = format_date(until)),
        InBackups::NoEnd => t!(leaving.backups_no_end).to_owned(),
    }
}
