//! The programs of the signed-in pages: what is named here is split off the first load, one WASM file for each group and
//! what groups have in common in further ones (cargo-leptos `--split`). A page is fetched while its reader still types a
//! password, so that nobody waits for it twice.
#![allow(unsafe_code)] // `wasm_split` writes the imports and exports between the files

use futures::FutureExt;
use leptos::{
    prelude::*,
    wasm_split::{SplitLoaderError, wasm_split},
};

use super::{
    access, administration, alarms, contacts, draft,
    guard::Program,
    report, reports,
    scan::decode::{self, Grey},
    settings, shared, teams, trusted, versions,
};

/// `group { name => module::Component; }`: for each a function in the group's own WASM file, and a [`Program`].
macro_rules! programs {
    ($($group:ident { $($name:ident, $fetch:ident => $module:ident :: $page:ident;)* })*) => {
        $($(
            #[wasm_split($group, fallible, wasm_split_path = ::leptos::wasm_split, preload($fetch))]
            fn $name() -> Result<AnyView, SplitLoaderError> {
                Ok(view! { <$module::$page/> }.into_any())
            }
        )*)*

        /// Each page's program.
        pub mod table {
            use super::*;
            $($(
                /// A page's program.
                pub const fn $name() -> Program {
                    Program {
                        fetch: || super::$fetch().map(|fetched| fetched.is_ok()).boxed_local(),
                        show: || super::$name().now_or_never().and_then(Result::ok),
                    }
                }
            )*)*
        }
    };
}

/// The texts of all codes in a picture. Fetched with the first picture: most people never scan one.
#[wasm_split(scan, fallible, wasm_split_path = ::leptos::wasm_split)]
pub(super) fn read_codes(picture: Grey) -> Result<Vec<String>, SplitLoaderError> {
    Ok(decode::read(&picture))
}

programs! {
    reports {
        list, fetch_list => reports::ReportsPage;
        new_report, fetch_new_report => draft::NewReportPage;
        edit_draft, fetch_edit_draft => draft::EditDraftPage;
        edit_report, fetch_edit_report => draft::EditReportPage;
        report_versions, fetch_report_versions => versions::VersionsPage;
        report_page, fetch_report_page => report::ReportPage;
        share, fetch_share => report::SharePage;
        shared_page, fetch_shared_page => shared::SharedPage;
    }
    access {
        access_page, fetch_access_page => access::AccessPage;
        disclosures, fetch_disclosures => access::DisclosuresPage;
    }
    administration {
        people, fetch_people => administration::AdministrationPage;
        invitations, fetch_invitations => administration::InvitationsPage;
        policies, fetch_policies => administration::PoliciesPage;
        escrows, fetch_escrows => administration::EscrowPage;
        backups, fetch_backups => administration::BackupsPage;
        audit, fetch_audit => administration::AuditPage;
    }
    settings {
        account, fetch_account => settings::SettingsPage;
        delete_account, fetch_delete_account => settings::DeleteAccountPage;
        security, fetch_security => settings::SecurityPage;
        enrol, fetch_enrol => settings::EnrolPage;
        sessions, fetch_sessions => settings::SessionsPage;
        tokens, fetch_tokens => settings::TokensPage;
        devices, fetch_devices => settings::DevicesPage;
        data, fetch_data => settings::DataPage;
        witnesses, fetch_witnesses => settings::WitnessesPage;
        alarms, fetch_alarms => alarms::AlarmsPage;
        contacts_page, fetch_contacts_page => contacts::ContactsPage;
        trusted_page, fetch_trusted_page => trusted::TrustedPage;
        teams_page, fetch_teams_page => teams::TeamsPage;
    }
}
