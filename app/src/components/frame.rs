//! The frame around signed-in pages: a sidebar from 1024 px on, below that a bar on top and tabs at the bottom.

use api_types::accounts::Role;
use leptos::prelude::*;
use leptos_router::components::A;

use super::{Badge, Banner, Brand, Glyph, Icon, IconButton, Person, Tone};
use crate::t;

struct Destination {
    href: &'static str,
    glyph: Glyph,
    name: &'static str,
    short: &'static str,
}

/// Where a role can go. Teams have no place among the tabs of a small screen: the contacts lead to them.
fn destinations(role: Role, tabs: bool) -> Vec<Destination> {
    let reports =
        Destination { href: "/reports", glyph: Glyph::Report, name: t!(frame.reports), short: t!(frame.reports) };
    let shared =
        Destination { href: "/shared", glyph: Glyph::Inbox, name: t!(frame.shared), short: t!(frame.shared_short) };
    let access = Destination { href: "/access", glyph: Glyph::Eye, name: t!(frame.access), short: t!(frame.access) };
    let contacts =
        Destination { href: "/contacts", glyph: Glyph::People, name: t!(frame.contacts), short: t!(frame.contacts) };
    let teams = Destination { href: "/teams", glyph: Glyph::People, name: t!(frame.teams), short: t!(frame.teams) };
    let admin = Destination {
        href: "/administration",
        glyph: Glyph::People,
        name: t!(frame.administration),
        short: t!(frame.administration_short),
    };
    let settings =
        Destination { href: "/settings", glyph: Glyph::Settings, name: t!(frame.settings), short: t!(frame.settings) };
    match role {
        Role::Administrator => vec![admin, settings],
        Role::Doctor if !tabs => vec![reports, shared, access, contacts, teams, settings],
        Role::Doctor | Role::Patient => vec![reports, shared, access, contacts, settings],
    }
}

/// A role's name.
pub fn role_name(role: Role) -> &'static str {
    match role {
        Role::Administrator => t!(common.role_administrator),
        Role::Doctor => t!(common.role_doctor),
        Role::Patient => t!(common.role_patient),
    }
}

/// The frame.
#[component]
pub fn Frame(
    /// Who is signed in.
    #[prop(into)]
    name: String,
    /// Their role.
    role: Role,
    /// Shares that wait; a number beside "Shared with me".
    #[prop(optional, into)]
    waiting: Signal<usize>,
    /// Whether their account is in escrow: it is said beside their name.
    #[prop(optional, into)]
    escrowed: Signal<bool>,
    /// Whether the server was reached last time.
    #[prop(into)]
    online: Signal<bool>,
    /// Locks the vault.
    #[prop(into)]
    on_lock: Callback<()>,
    /// Ends the session.
    #[prop(into)]
    on_sign_out: Callback<()>,
    /// The page.
    children: Children,
) -> impl IntoView {
    let count = move |href: &str| {
        (href == "/shared").then_some(move || {
            let waiting = waiting.get();
            (waiting > 0).then(|| view! { <span class="nav-count">{waiting}</span> })
        })
    };
    let side = move |to: Destination| {
        view! {
            <A href=to.href><Icon glyph=to.glyph/>{to.name}{count(to.href)}</A>
        }
    };
    let tab = |to: Destination| view! { <A href=to.href><Icon glyph=to.glyph/>{to.short}</A> };
    let home = if role == Role::Administrator { "/administration" } else { "/reports" };
    view! {
        <div class="frame has-tabbar">
            <a class="skip" href="#main">{t!(common.skip)}</a>
            <header class="frame-side no-print">
                <Brand href=home/>
                <nav class="nav" aria-label=t!(frame.navigation)>{destinations(role, false).into_iter().map(side).collect_view()}</nav>
                <div class="side-foot">
                    <Person name=name note=role_name(role)/>
                    {move || escrowed.get().then(|| view! { <div><Badge tone=Tone::Warn>{t!(escrow.label)}</Badge></div> })}
                    <div class="flex justify-between">
                        <button type="button" class="btn btn-quiet btn-small" on:click=move |_| on_lock.run(())>
                            <Icon glyph=Glyph::Lock/>{t!(frame.lock)}
                        </button>
                        <button type="button" class="btn btn-quiet btn-small" on:click=move |_| on_sign_out.run(())>
                            <Icon glyph=Glyph::Leave/>{t!(frame.sign_out)}
                        </button>
                    </div>
                </div>
            </header>
            <header class="frame-bar no-print">
                <Brand href=home/>
                <div class="flex">
                    <IconButton glyph=Glyph::Lock label=t!(frame.lock_hint).to_owned() on_click=on_lock/>
                    <IconButton glyph=Glyph::Leave label=t!(frame.sign_out).to_owned() on_click=on_sign_out/>
                </div>
            </header>
            <main id="main" class="frame-main" tabindex="-1">
                <div aria-live="polite">
                    {move || (!online.get()).then(|| view! { <div class="mb-4"><Banner tone=Tone::Warn>{t!(frame.offline)}</Banner></div> })}
                </div>
                {children()}
            </main>
            <nav class="frame-tabs no-print" aria-label=t!(frame.navigation)>
                {destinations(role, true).into_iter().map(tab).collect_view()}
            </nav>
        </div>
    }
    .into_any()
}
