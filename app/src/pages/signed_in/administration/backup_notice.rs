//! What administrators see above the people where backups fail, where nobody makes any, or where stored files or
//! signed records are damaged: where no mail leaves, nothing else comes to them by itself.

use api_types::{backups::BackupStatus, storage::StorageStatus};
use leptos::prelude::*;

use crate::{
    browser,
    components::{Banner, ButtonKind, LinkButton, Tone},
    pages::signed_in::no_backup,
    t,
    vault::{Keys, Loaded, use_vault},
};

/// The message, where something is wrong.
#[component]
pub fn BackupNotice() -> impl IntoView {
    let vault = use_vault();
    let made = Loaded::new(vault, |open: Keys| async move { open.api().get_backups().await });
    let stored = Loaded::new(vault, |open: Keys| async move { open.api().get_storage().await });
    move || {
        let faults = faults(made.value.get(), stored.value.get());
        (!faults.is_empty()).then(|| view! { <Faults faults/> })
    }
}

/// What is wrong, as far as answers are there.
fn faults(made: Option<BackupStatus>, stored: Option<StorageStatus>) -> Vec<&'static str> {
    let of_stored = |stored: StorageStatus| (stored.damaged_count, stored.damaged_rows_count, stored.named);
    let (damaged, rows, pieces) = stored.map_or((0, 0, 0), of_stored);
    let mut all = made.map(|made| of_backups(&made, pieces)).unwrap_or_default();
    all.push((damaged > 0, t!(backups.notice_damaged)));
    all.push((rows > 0, t!(backups.notice_rows)));
    all.into_iter().filter_map(|(is, text)| is.then_some(text)).collect()
}

/// What can be wrong with backups, and whether it is; so many stored pieces of files are known.
fn of_backups(status: &BackupStatus, pieces: u64) -> Vec<(bool, &'static str)> {
    let missing = no_backup::is_a_fault(status, pieces, browser::now());
    let drill = status.drill.as_ref().is_some_and(|drill| drill.error.is_some());
    vec![
        (missing, t!(backups.notice_missing)),
        (status.failed.is_some(), t!(backups.notice_failed)),
        (status.overdue, t!(backups.notice_overdue)),
        (drill, t!(backups.notice_drill)),
    ]
}

#[component]
fn Faults(faults: Vec<&'static str>) -> impl IntoView {
    view! {
        <div class="mb-4">
            <Banner tone=Tone::Danger title=t!(backups.notice)>
                {faults.into_iter().map(|text| view! { <p>{text}</p> }).collect_view()}
                <div class="banner-actions">
                    <LinkButton href="/administration/backups" kind=ButtonKind::Secondary class="btn-small">
                        {t!(backups.notice_open)}
                    </LinkButton>
                </div>
            </Banner>
        </div>
    }
}
