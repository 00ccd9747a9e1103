//! Erasing a report for everybody; says exactly what goes.

use leptos::prelude::*;

use super::handle::Handle;
use crate::{
    components::{Banner, Confirm, Tone, use_toasts},
    pages::signed_in::{
        in_backups::HeldByBackups,
        prove::{ProveDialog, Proving},
    },
    t,
    vault::{Attempt, Keys, use_vault},
};

/// The question, and what follows from yes. The password is proved before.
#[component]
pub(super) fn EraseDialog(handle: Handle, open: RwSignal<bool>) -> impl IntoView {
    let toasts = use_toasts();
    let proving = Proving::new(use_vault());
    let attempt = Attempt::new();
    let id = handle.id;
    let erase = move |()| {
        let work = move |keys: Keys| async move { keys.erase_report(&id).await };
        proving.run(attempt, work, move |()| {
            toasts.done(t!(report.erase_done));
            open.try_set(false);
            handle.refresh();
        });
    };
    view! {
        <Confirm
            id="erase"
            open
            title=t!(report.erase_title).to_owned()
            action=t!(report.erase)
            busy=attempt.busy
            on_confirm=erase
        >
            <p>{t!(report.erase_text)}</p>
            <HeldByBackups/>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
        </Confirm>
        <ProveDialog proving/>
    }
}
