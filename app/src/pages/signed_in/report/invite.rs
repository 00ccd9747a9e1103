//! Handing a report over to a patient who has no account yet: an invitation whose link carries the secret.

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::handle::Handle;
use crate::{
    browser,
    components::{Banner, Button, ButtonKind, Dialog, Glyph, TextField, Time, TimeStyle, Tone},
    pages::signed_in::link::HandOver,
    t,
    vault::{Attempt, explain, shares, use_vault},
};

/// The invitation works this long.
const LIFE: i64 = 14 * 24 * 3_600_000;

/// A made invitation. The link holds a secret: it is shown, never stored.
#[derive(Clone)]
struct Made {
    link: String,
    expires_at: i64,
}

/// A banner while the reader keeps the report for its patient, and the dialog behind its button.
#[component]
pub(super) fn Invite(handle: Handle) -> impl IntoView {
    let open = RwSignal::new(false);
    let keeps = Memo::new(move |_| handle.view(|view| view.may_invite()).unwrap_or(false));
    move || {
        keeps.get().then(|| {
            view! {
                <div class="no-print">
                    <Banner tone=Tone::Info>
                        <p>{t!(report.invite_note)}</p>
                        <div class="banner-actions">
                            <Button kind=ButtonKind::Secondary class="btn-small" glyph=Glyph::Mail on_click=move |()| open.set(true)>
                                {t!(report.invite)}
                            </Button>
                        </div>
                    </Banner>
                </div>
                <InviteDialog handle open/>
            }
        })
    }
}

#[component]
fn InviteDialog(handle: Handle, open: RwSignal<bool>) -> impl IntoView {
    let made = RwSignal::new(None::<Made>);
    // The secret leaves the page with the dialog.
    Effect::new(move |_| {
        if !open.get() {
            made.set(None);
        }
    });
    let title = Signal::derive(move || match made.with(Option::is_some) {
        true => t!(report.invite_ready).to_owned(),
        false => t!(report.invite_title).to_owned(),
    });
    view! {
        <Dialog id="invite-patient" open title>
            {move || match made.get() {
                None => view! { <Ask handle made/> }.into_any(),
                Some(made) => view! { <Ready made/> }.into_any(),
            }}
        </Dialog>
    }
}

#[component]
fn Ask(handle: Handle, made: RwSignal<Option<Made>>) -> impl IntoView {
    let vault = use_vault();
    let email = RwSignal::new(String::new());
    let attempt = Attempt::new();
    let make = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (Some(open), Some(view)) = (vault.keys(), handle.view_untracked()) else { return };
        if !attempt.begin() {
            return;
        }
        let typed = email.get_untracked();
        spawn_local(async move {
            match shares::invite_patient(&open, &view.report, &typed, LIFE).await {
                Ok(invited) => {
                    attempt.done();
                    made.try_set(Some(Made {
                        link: invited.link.to_string(),
                        expires_at: invited.invitation.expires_at,
                    }));
                }
                Err(error) => attempt.failed(explain(&error)),
            }
        });
    };
    view! {
        <form class="form" method="dialog" on:submit=make>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
            <p>{t!(report.invite_note)}</p>
            <TextField
                id="patient-invite-email"
                label=t!(report.invite_email)
                value=email
                kind="email"
                optional=true
                hint=t!(report.invite_email_hint)
            />
            <div class="dialog-actions"><Button submit=true busy=attempt.busy>{t!(report.invite_make)}</Button></div>
        </form>
    }
}

#[component]
fn Ready(made: Made) -> impl IntoView {
    view! {
        <p>{t!(report.invite_how)}</p>
        <HandOver id="patient-link" link=made.link label=t!(report.invite_link) qr=t!(report.invite_link)/>
        <p class="field-hint">{t!(report.invite_ends)}" "<Time at=made.expires_at style=TimeStyle::DateTime/></p>
        <div class="dialog-actions no-print">
            <Button kind=ButtonKind::Secondary glyph=Glyph::Print on_click=move |()| browser::print()>{t!(report.invite_print)}</Button>
        </div>
    }
}
