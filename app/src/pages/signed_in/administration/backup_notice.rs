//! What administrators see above the people where backups fail or stored files are damaged: where no mail leaves, nothing else
//! comes to them by itself.

use api_types::backups::BackupStatus;
use leptos::prelude::*;

use crate::{
    components::{Banner, ButtonKind, LinkButton, Tone},
    t,
    vault::{Keys, Loaded, use_vault},
};

/// The message, where something is wrong. A server that makes no backups has none that fail: the tab says so.
#[component]
pub fn BackupNotice() -> impl IntoView {
    let vault = use_vault();
    let made = Loaded::new(vault, |open: Keys| async move { open.api().get_backups().await });
    let stored = Loaded::new(vault, |open: Keys| async move { open.api().get_storage().await });
    move || {
        let mut faults = made.value.get().map(faults).unwrap_or_default();
        if stored.value.get().is_some_and(|stored| stored.damaged_count > 0) {
            faults.push(t!(backups.notice_damaged));
        }
        (!faults.is_empty()).then(|| view! { <Faults faults/> })
    }
}

fn faults(status: BackupStatus) -> Vec<&'static str> {
    let drill = status.drill.is_some_and(|drill| drill.error.is_some());
    let all = [
        (status.failed.is_some(), t!(backups.notice_failed)),
        (status.overdue, t!(backups.notice_overdue)),
        (drill, t!(backups.notice_drill)),
    ];
    all.into_iter().filter_map(|(is, text)| is.then_some(text)).collect()
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
