//! A new recovery kit: shown, two words asked back, and only then does it take the place of the old one.

use client::ClientError;
use leptos::prelude::*;

use super::Security;
use crate::{
    browser,
    components::{Banner, Button, ButtonKind, Card, Page, Tone, use_toasts},
    pages::sign_up::{KitWords, TwoWordFields, TwoWords},
    t,
    vault::{Attempt, Keys, use_vault},
};

/// Both steps.
#[component]
pub(super) fn NewKit(security: Security) -> impl IntoView {
    let vault = use_vault();
    let kit = StoredValue::new_local(vault.next_kit());
    let words = RwSignal::new(kit.with_value(|kit| kit.words().into_iter().map(str::to_owned).collect::<Vec<_>>()));
    let email = RwSignal::new(vault.who().map(|who| who.email).unwrap_or_default());
    let kept = RwSignal::new(false);
    let toasts = use_toasts();
    let attempt = Attempt::new();
    let save = move || {
        let work = move |open: Keys| async move {
            match kit.try_get_value() {
                Some(kit) => open.change_recovery_kit(&kit).await,
                None => Err(ClientError::Cancelled),
            }
        };
        security.proving.run(attempt, work, move |()| {
            toasts.done(t!(security.kit_done));
            security.back();
        });
    };
    let back = move |()| {
        kept.set(false);
        request_animation_frame(|| browser::focus("main"));
    };
    move || {
        if kept.get() {
            view! {
                <Page title=t!(sign_up.check_title).to_owned() lead=t!(security.kit_check_lead).to_owned()>
                    <Check words attempt save back/>
                </Page>
            }
            .into_any()
        } else {
            view! {
                <Page title=t!(security.kit_title).to_owned() lead=t!(security.kit_lead).to_owned()>
                    <Card>
                        <div class="stack">
                            <KitWords email words/>
                            <div class="page-actions no-print">
                                <Button on_click=move |()| kept.set(true)>{t!(sign_up.kit_next)}</Button>
                                <Button kind=ButtonKind::Quiet on_click=move |()| security.back()>{t!(common.cancel)}</Button>
                            </div>
                        </div>
                    </Card>
                </Page>
            }
            .into_any()
        }
    }
}

#[component]
fn Check(
    words: RwSignal<Vec<String>>,
    attempt: Attempt,
    save: impl Fn() + Copy + Send + Sync + 'static,
    back: impl Fn(()) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let asked = TwoWords::new(words);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if asked.right() {
            save();
        }
    };
    view! {
        <Card>
            <form class="form" method="dialog" on:submit=submit novalidate>
                {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
                <TwoWordFields words=asked/>
                <div class="page-actions">
                    <Button submit=true busy=attempt.busy>{t!(security.kit_save)}</Button>
                    <Button kind=ButtonKind::Quiet disabled=attempt.busy on_click=back>{t!(sign_up.check_back)}</Button>
                </div>
                <p class="field-hint" role="status">{move || attempt.busy.get().then_some(t!(security.kit_working))}</p>
            </form>
        </Card>
    }
}
