//! `/shared`: shares that wait for their code, have expired or are locked.

mod redeem;

use api_types::{
    grants::{GrantInfo, GrantState, Right},
    live::LiveKind,
};
use leptos::prelude::*;

use crate::{
    components::{
        Avatar, Badge, Banner, Button, ButtonKind, Card, Clock, Empty, Glyph, LinkButton, Page, SkeletonRows, Time,
        TimeStyle, Tone, use_toasts,
    },
    t,
    vault::{Attempt, Keys, Loaded, explain, use_vault},
};
use redeem::RedeemForm;

/// Shared with me.
#[component]
pub fn SharedPage() -> impl IntoView {
    let vault = use_vault();
    let list = Loaded::new(vault, |open: Keys| async move { open.pending_shares().await });
    use_vault().on_live(move |event| {
        if matches!(event.kind, LiveKind::ShareArrived | LiveKind::AccessEnded | LiveKind::Resync) {
            list.again();
        }
    });
    let again = move || list.again();
    let items = Memo::new(move |_| list.value.with(|items: &Option<Vec<GrantInfo>>| items.clone().unwrap_or_default()));
    // The cards keep what is typed in them while the list changes around them.
    let any = Memo::new(move |_| list.value.with(|items| items.as_ref().map(|items| !items.is_empty())));
    let problem = Memo::new(move |_| list.problem.get());
    view! {
        <Page title=t!(shared.title).to_owned() lead=t!(shared.lead).to_owned()>
            {move || problem.get().map(|problem| view! {
                <Banner tone=Tone::Warn title=t!(shared.failed_title)>
                    <p>{problem}</p>
                    <div class="banner-actions">
                        <Button kind=ButtonKind::Secondary class="btn-small" on_click=move |()| again()>{t!(common.retry)}</Button>
                    </div>
                </Banner>
            })}
            {move || match any.get() {
                None => problem.with(Option::is_none).then(|| view! { <Card flush=true><SkeletonRows count=3/></Card> }).into_any(),
                Some(false) => view! { <Nothing/> }.into_any(),
                Some(true) => view! {
                    <ul class="shares" role="list" aria-label=t!(shared.list)>
                        <For
                            each=move || items.get()
                            key=|grant| (grant.id, grant.state)
                            children=move |grant| view! { <li><ShareCard grant again/></li> }
                        />
                    </ul>
                }
                .into_any(),
            }}
        </Page>
    }
}

#[component]
fn Nothing() -> impl IntoView {
    view! {
        <Card flush=true>
            <Empty glyph=Glyph::Inbox title=t!(shared.empty_title)>
                <p>{t!(shared.empty)}</p>
                <LinkButton href="/reports" kind=ButtonKind::Secondary>{t!(frame.reports)}</LinkButton>
            </Empty>
        </Card>
    }
}

fn right_text(right: Right) -> &'static str {
    match right {
        Right::View => t!(shared.right_view),
        Right::Contribute => t!(shared.right_contribute),
        Right::Reshare => t!(shared.right_reshare),
        Right::Own => t!(shared.right_own),
    }
}

/// Where a share stands, by the server's word and by this device's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Waiting,
    Expired,
    Locked,
}

fn standing(grant: &GrantInfo, now: i64) -> Standing {
    let over = grant.expires_at > 0 && now > 0 && grant.expires_at <= now;
    match grant.state {
        GrantState::Locked => Standing::Locked,
        GrantState::Expired | GrantState::Revoked => Standing::Expired,
        GrantState::Pending | GrantState::Live if over => Standing::Expired,
        GrantState::Pending | GrantState::Live => Standing::Waiting,
    }
}

#[component]
fn ShareCard(grant: GrantInfo, again: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let grant = StoredValue::new(grant);
    // The code form finds out that a share is locked or over before the list does.
    let found = RwSignal::new(None::<Standing>);
    let stands =
        Memo::new(move |_| found.get().unwrap_or_else(|| grant.with_value(|grant| standing(grant, clock.0.get()))));
    let (name, right, made, end) =
        grant.with_value(|grant| (grant.granted_by_name.clone(), grant.right, grant.created_at, grant.expires_at));
    let badge = move || match stands.get() {
        Standing::Waiting => view! { <Badge tone=Tone::Info glyph=Glyph::Key>{t!(shared.waiting)}</Badge> },
        Standing::Expired => view! { <Badge tone=Tone::Warn glyph=Glyph::Clock>{t!(shared.expired)}</Badge> },
        Standing::Locked => view! { <Badge tone=Tone::Danger glyph=Glyph::Lock>{t!(shared.locked)}</Badge> },
    };
    let content = move || match stands.get() {
        Standing::Waiting => view! { <RedeemForm grant=grant.get_value() found again/> }.into_any(),
        Standing::Expired => view! { <Ended grant=grant.get_value() locked=false/> }.into_any(),
        Standing::Locked => view! { <Ended grant=grant.get_value() locked=true/> }.into_any(),
    };
    view! {
        <Card>
            <div class="share-head">
                <Avatar name=name.clone()/>
                <div class="row-main">
                    <h2>{t!(shared.from, name = name)}</h2>
                    <p class="row-text">{right_text(right)}" · "<Time at=made style=TimeStyle::Relative/></p>
                </div>
                <div class="row-end">
                    {badge}
                    {move || (stands.get() == Standing::Waiting && end > 0).then(|| view! {
                        <span>{t!(shared.expires)}" "<Time at=end style=TimeStyle::Relative/></span>
                    })}
                </div>
            </div>
            {content}
        </Card>
    }
}

/// Expired or locked: says so, and asks for a new code in one tap.
#[component]
fn Ended(grant: GrantInfo, locked: bool) -> impl IntoView {
    let vault = use_vault();
    let toasts = use_toasts();
    let attempt = Attempt::new();
    let asked = RwSignal::new(false);
    let name = StoredValue::new(grant.granted_by_name);
    let (id, end) = (grant.id, grant.expires_at);
    let ask = move |()| {
        let Some(open) = vault.keys() else { return };
        if !attempt.begin() {
            return;
        }
        wasm_bindgen_futures::spawn_local(async move {
            match open.request_again(&id).await {
                Ok(()) => {
                    attempt.done();
                    asked.try_set(true);
                    toasts.done(t!(shared.asked, name = name.try_get_value().unwrap_or_default()));
                }
                Err(error) => attempt.failed(explain(&error)),
            }
        });
    };
    let why = match locked {
        true => view! { <p>{t!(shared.locked_text)}</p> }.into_any(),
        false => {
            let (before, after) = t!(shared.expired_text).split_once("{when}").unwrap_or((t!(shared.expired_text), ""));
            view! { <p>{before}<Time at=end style=TimeStyle::Relative/>{after}</p> }.into_any()
        }
    };
    view! {
        <div class="stack-s">
            {why}
            {move || attempt.problem.get().map(|problem| view! { <p class="field-error" role="alert">{problem}</p> })}
            {move || match asked.get() {
                true => view! { <p role="status">{t!(shared.asked_note, name = name.get_value())}</p> }.into_any(),
                false => view! {
                    <div><Button glyph=Glyph::Bell busy=attempt.busy on_click=ask>{t!(shared.ask)}</Button></div>
                }
                .into_any(),
            }}
        </div>
    }
}
