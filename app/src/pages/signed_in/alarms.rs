//! `/alarms`: what stands in the log of keys that shouldn't, what it means, what to do.

use client::{Alarm, AlarmKind, KeysRead};
use leptos::prelude::*;

use crate::{
    components::{Badge, Banner, Button, ButtonKind, Card, Page, Row, Rows, Tone},
    t,
    vault::{Attempt, Keys, use_vault},
};

/// Alarms.
#[component]
pub fn AlarmsPage() -> impl IntoView {
    let warnings = use_vault().warnings;
    let refused = move || {
        let why = warnings.with(|warnings| warnings.refused.clone())?;
        Some(view! { <div class="mb-4"><Banner tone=Tone::Danger title=t!(alarms.refused)><p>{why}</p></Banner></div> })
    };
    let read = Memo::new(move |_| warnings.with(|warnings| warnings.read));
    let unread = move || not_read(read.get()).map(|text| view! { <p>{text}</p> });
    let none = move || (read.get() == KeysRead::UpTo { left: 0 }).then(|| view! { <p>{t!(alarms.none)}</p> });
    let list = move || match warnings.with(|warnings| warnings.alarms.clone()) {
        alarms if alarms.is_empty() => none().into_any(),
        alarms => {
            let row = |alarm| view! { <AlarmRow alarm/> };
            view! {
                <Card title=t!(alarms.list).to_owned() flush=true>
                    <Rows label=t!(alarms.list).to_owned()>{alarms.into_iter().map(row).collect_view()}</Rows>
                </Card>
                <WhatToDo/>
            }
            .into_any()
        }
    };
    view! {
        <Page title=t!(alarms.title).to_owned()>
            <p>{t!(alarms.lead)}</p>
            {refused}
            {unread}
            {list}
        </Page>
    }
}

/// What of the log nobody has looked at yet; nothing where all was read.
fn not_read(read: KeysRead) -> Option<String> {
    match read {
        KeysRead::UpTo { left: 0 } => None,
        KeysRead::UpTo { left } => Some(t!(alarms.left, left = left)),
        KeysRead::NotYet => Some(t!(alarms.not_yet).to_owned()),
        KeysRead::Failed { .. } => Some(t!(alarms.unread).to_owned()),
    }
}

#[component]
fn WhatToDo() -> impl IntoView {
    view! {
        <Card title=t!(alarms.what_to_do).to_owned()>
            <ol class="to-do">
                <li>{t!(alarms.step_share)}</li>
                <li>{t!(alarms.step_ask)}</li>
                <li>{t!(alarms.step_compare)}</li>
            </ol>
            <p class="field-hint">{t!(alarms.stays)}</p>
        </Card>
    }
}

#[component]
fn AlarmRow(alarm: Alarm) -> impl IntoView {
    let vault = use_vault();
    let attempt = Attempt::new();
    let acknowledge = move |()| {
        let work = move |open: Keys| async move {
            // It counts at once; what could not be sent is sent with the next change.
            let _ = open.acknowledge_alarm(alarm.leaf).await;
            Ok(open)
        };
        vault.run(attempt, work, move |open: Keys| vault.show_alarms(&open));
    };
    let end = match alarm.acknowledged {
        true => view! { <Badge>{t!(alarms.acknowledged)}</Badge> }.into_any(),
        false => view! {
            <Button kind=ButtonKind::Secondary class="btn-small" busy=attempt.busy on_click=acknowledge>
                {t!(alarms.acknowledge)}
            </Button>
        }
        .into_any(),
    };
    let text = move || says(&alarm);
    view! { <Row title=t!(alarms.entry, leaf = alarm.leaf) text>{end}</Row> }
}

/// An alarm in a sentence.
fn says(alarm: &Alarm) -> String {
    match alarm.kind {
        AlarmKind::OwnKey { epoch } => t!(alarms.own_key, epoch = epoch),
        AlarmKind::OwnAddress { other: true } => t!(alarms.own_address_other).to_owned(),
        AlarmKind::OwnAddress { other: false } => t!(alarms.own_address_again).to_owned(),
        AlarmKind::OthersKey { account, epoch } => t!(alarms.others_key, account = account, epoch = epoch),
        AlarmKind::More { count } => t!(alarms.more, count = count),
        _ => t!(alarms.banner_one).to_owned(),
    }
}
