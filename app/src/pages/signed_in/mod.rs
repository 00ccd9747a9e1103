//! The pages behind the lock. Each is a component in a file of its own, compiled for the browser only; the table below
//! wraps it in [`Guard`], so that it runs only while the vault is open.

mod guard;
mod locked;

use leptos::prelude::*;

pub use guard::Guard;

/// `Route => module::Component;` For each: a component `Route` for the route table that guards the page.
macro_rules! guarded {
    ($($route:ident => $module:ident :: $page:ident;)*) => {
        $(
            /// A page of the table, behind the lock.
            #[component]
            pub fn $route() -> impl IntoView {
                #[cfg(feature = "hydrate")]
                let page: guard::PageFn = || view! { <$module::$page/> }.into_any();
                #[cfg(not(feature = "hydrate"))]
                let page: guard::PageFn = || ().into_any();
                view! { <Guard page/> }
            }
        )*
    };
}

// The pages themselves, for the browser only.
#[cfg(feature = "hydrate")]
mod action;
#[cfg(feature = "hydrate")]
mod administration;
#[cfg(feature = "hydrate")]
mod draft;
#[cfg(feature = "hydrate")]
mod key;
#[cfg(feature = "hydrate")]
mod link;
#[cfg(feature = "hydrate")]
mod notices;
#[cfg(feature = "hydrate")]
mod question;
#[cfg(feature = "hydrate")]
mod report;
#[cfg(feature = "hydrate")]
mod reports;
#[cfg(feature = "hydrate")]
mod settings;
#[cfg(feature = "hydrate")]
mod shared;

guarded! {
    Reports => reports::ReportsPage;
    NewReport => draft::NewReportPage;
    EditDraft => draft::EditDraftPage;
    Report => report::ReportPage;
    Share => report::SharePage;
    Shared => shared::SharedPage;
    Administration => administration::AdministrationPage;
    Invitations => administration::InvitationsPage;
    Audit => administration::AuditPage;
    Settings => settings::SettingsPage;
    Sessions => settings::SessionsPage;
}
