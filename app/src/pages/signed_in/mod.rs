//! The pages behind the lock. Each is a component in a file of its own, compiled for the browser only and fetched when it
//! is needed (`programs`); the table below wraps it in [`Guard`], so that it runs only while the vault is open.

mod guard;
mod locked;

use leptos::prelude::*;

pub use guard::Guard;

/// `Route => program;` For each: a component `Route` for the route table that guards the page.
macro_rules! guarded {
    ($($route:ident => $program:ident;)*) => {
        $(
            /// A page of the table, behind the lock.
            #[component]
            pub fn $route() -> impl IntoView {
                #[cfg(feature = "hydrate")]
                let program = programs::table::$program();
                #[cfg(not(feature = "hydrate"))]
                let program = guard::Program::none();
                view! { <Guard program/> }
            }
        )*
    };
}

// The pages themselves, for the browser only.
#[cfg(feature = "hydrate")]
mod access;
#[cfg(feature = "hydrate")]
mod access_line;
#[cfg(feature = "hydrate")]
mod action;
#[cfg(feature = "hydrate")]
mod administration;
#[cfg(feature = "hydrate")]
mod alarms;
#[cfg(feature = "hydrate")]
mod contacts;
#[cfg(feature = "hydrate")]
mod delay;
#[cfg(feature = "hydrate")]
mod did;
#[cfg(feature = "hydrate")]
mod draft;
#[cfg(feature = "hydrate")]
mod emergency_notice;
#[cfg(feature = "hydrate")]
mod escrow_notice;
#[cfg(feature = "hydrate")]
mod find_person;
#[cfg(feature = "hydrate")]
mod in_backups;
#[cfg(feature = "hydrate")]
mod key;
#[cfg(feature = "hydrate")]
mod link;
#[cfg(feature = "hydrate")]
mod log_mark;
#[cfg(feature = "hydrate")]
mod new_session;
// What it decides is tested on the host.
#[cfg(any(feature = "hydrate", test))]
mod no_backup;
#[cfg(feature = "hydrate")]
mod notices;
#[cfg(feature = "hydrate")]
mod person_facts;
#[cfg(feature = "hydrate")]
mod place;
#[cfg(feature = "hydrate")]
mod programs;
#[cfg(feature = "hydrate")]
mod prove;
#[cfg(feature = "hydrate")]
mod question;
#[cfg(feature = "hydrate")]
mod report;
#[cfg(feature = "hydrate")]
mod reports;
#[cfg(feature = "hydrate")]
mod revoke;
#[cfg(feature = "hydrate")]
mod save_as;
// Its reader of pictures is tested on the host.
#[cfg(any(feature = "hydrate", test))]
mod scan;
#[cfg(feature = "hydrate")]
mod settings;
#[cfg(feature = "hydrate")]
mod share_notice;
#[cfg(feature = "hydrate")]
mod shared;
#[cfg(feature = "hydrate")]
mod space;
#[cfg(feature = "hydrate")]
mod sure;
#[cfg(feature = "hydrate")]
mod teams;
#[cfg(feature = "hydrate")]
mod trusted;
#[cfg(feature = "hydrate")]
mod versions;
#[cfg(feature = "hydrate")]
mod via;
#[cfg(feature = "hydrate")]
mod visit_row;

/// Fetches the vault's program and a page's while their reader still types.
pub(super) fn fetch_ahead(page: guard::Program) {
    #[cfg(feature = "hydrate")]
    leptos::task::spawn_local(async move {
        // Whether they came is said when they are needed.
        futures::join!(crate::vault::program::fetch(), (page.fetch)());
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = page;
}

/// The page that most sign-ins lead to.
pub(super) fn first_page() -> guard::Program {
    #[cfg(feature = "hydrate")]
    return programs::table::list();
    #[cfg(not(feature = "hydrate"))]
    guard::Program::none()
}

/// The page for those whose role needs a second factor.
fn enrolment() -> guard::Program {
    #[cfg(feature = "hydrate")]
    return programs::table::enrol();
    #[cfg(not(feature = "hydrate"))]
    guard::Program::none()
}

guarded! {
    Reports => list;
    NewReport => new_report;
    EditDraft => edit_draft;
    EditReport => edit_report;
    ReportVersions => report_versions;
    Report => report_page;
    Share => share;
    Shared => shared_page;
    Contacts => contacts_page;
    Trusted => trusted_page;
    Teams => teams_page;
    Access => access_page;
    Disclosures => disclosures;
    Administration => people;
    Invitations => invitations;
    Policies => policies;
    Escrows => escrows;
    Backups => backups;
    Audit => audit;
    Settings => account;
    DeleteAccount => delete_account;
    Security => security;
    Sessions => sessions;
    Tokens => tokens;
    Devices => devices;
    Data => data;
    Witnesses => witnesses;
    Alarms => alarms;
}
