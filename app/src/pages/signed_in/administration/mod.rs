//! Administration: people, invitations, policies, escrow, backups, audit. Nothing here can open a report.

mod audit;
mod backup_notice;
mod backups;
mod broken;
mod drill;
mod escrow;
mod invitations;
mod invite;
mod mail;
mod people;
mod person;
mod policies;
mod quota;
mod retention;
mod storage;
mod sure;

use api_types::accounts::Role;
use leptos::prelude::*;

pub use audit::AuditPage;
pub use backups::BackupsPage;
pub use escrow::EscrowPage;
pub use invitations::InvitationsPage;
pub use people::AdministrationPage;
pub use policies::PoliciesPage;

use crate::{
    components::{Empty, Glyph, LinkButton, LinkTabs, Page},
    pages::home_of,
    t,
    vault::use_vault,
};

/// The frame of these pages; others than administrators learn that it isn't for them.
#[component]
fn Administrators(
    /// The page's own content.
    children: ChildrenFn,
    /// Buttons.
    #[prop(optional, into)]
    actions: ViewFn,
    /// What stands in the place of the usual sentence.
    #[prop(optional)]
    lead: Option<&'static str>,
) -> impl IntoView {
    let role = use_vault().state.with_untracked(|state| state.who().map(|who| who.role));
    if role != Some(Role::Administrator) {
        let home = role.map_or("/", home_of);
        return view! {
            <Page title=t!(administration.title).to_owned()>
                <Empty glyph=Glyph::Shield title=t!(errors.no_permission_title)>
                    <p>{t!(errors.no_permission)}</p>
                    <LinkButton href=home>{t!(errors.not_found_home)}</LinkButton>
                </Empty>
            </Page>
        }
        .into_any();
    }
    let tabs = vec![
        ("/administration", t!(administration.tab_people).to_owned()),
        ("/administration/invitations", t!(administration.tab_invitations).to_owned()),
        ("/administration/policies", t!(administration.tab_policies).to_owned()),
        ("/administration/backups", t!(backups.tab).to_owned()),
        ("/administration/escrow", t!(escrow_admin.tab).to_owned()),
        ("/administration/audit", t!(administration.tab_audit).to_owned()),
    ];
    view! {
        <Page title=t!(administration.title).to_owned() lead=lead.unwrap_or(t!(administration.lead)).to_owned() actions>
            <LinkTabs label=t!(administration.tabs) tabs/>
            {children()}
        </Page>
    }
    .into_any()
}
