//! `/administration`: who waits, who is there.

use api_types::{
    AccountId,
    accounts::{AccountStatus, Role},
    live::LiveKind,
};
use leptos::prelude::*;

use super::{
    Administrators, backup_notice::BackupNotice, mail::MailNotice, person::AdminPerson, quota::PersonSpace, sure,
};
use crate::{
    components::{Button, ButtonKind, Card, Confirm, Rows, SelectField, SkeletonRows, use_toasts},
    pages::signed_in::{
        prove::{ProveDialog, Proving},
        question::Question,
        sure::Sure,
    },
    t,
    vault::{
        Attempt, Keys, Loaded,
        admin::{self, PersonRow},
        explain, use_vault,
    },
};

/// People.
#[component]
pub fn AdministrationPage() -> impl IntoView {
    view! { <Administrators><MailNotice/><BackupNotice/><People/></Administrators> }
}

/// What a row's buttons do, and the row that is being asked about.
#[derive(Clone, Copy)]
pub(super) struct Decisions {
    /// "Refuse?"
    pub refusing: Question<PersonRow>,
    /// "Remove the second factor?"
    pub removing: Question<PersonRow>,
    /// "Disable?"
    pub disabling: Question<PersonRow>,
    /// "Enable?"
    pub enabling: Question<PersonRow>,
    /// "Delete in 30 days?"
    pub deleting: Question<PersonRow>,
    /// How much somebody stores, and may.
    pub spacing: Question<PersonRow>,
    /// Whose approval is being signed.
    pub approving: RwSignal<Option<AccountId>>,
    pub approve: Callback<PersonRow>,
}

#[component]
fn People() -> impl IntoView {
    let vault = use_vault();
    let waiting =
        Loaded::new(vault, |open: Keys| async move { admin::people(&open, Some(AccountStatus::Pending), None).await });
    let all = Loaded::new(vault, |open: Keys| async move { admin::people(&open, None, None).await });
    let again = move || {
        waiting.again();
        all.again();
    };
    use_vault().on_live(move |event| {
        if matches!(event.kind, LiveKind::AccountChanged | LiveKind::Resync) {
            again();
        }
    });
    let decisions = decisions(again);
    let proving = Proving::new(vault);
    view! {
        <Card title=t!(administration.waiting).to_owned() flush=true>
            {waiting.show(t!(administration.failed), 2, move |page| view! { <Waiting people=page.items decisions/> })}
        </Card>
        <Card title=t!(administration.people).to_owned() flush=true>
            {all.show(t!(administration.failed), 6, move |page| view! { <Everybody first=page.items next=page.next decisions/> })}
        </Card>
        <Refuse decisions again/>
        <Sure proving deed=sure::removing_second_factor() question=decisions.removing work=remove_second_factor again/>
        <Sure proving deed=sure::disabling() question=decisions.disabling work=disable again/>
        <Sure proving deed=sure::enabling() question=decisions.enabling work=enable again/>
        <Sure proving deed=sure::removing() question=decisions.deleting work=remove again/>
        <PersonSpace question=decisions.spacing proving/>
        <ProveDialog proving/>
    }
}

async fn remove_second_factor(open: Keys, person: PersonRow) -> client::Result<()> {
    open.api().remove_account_second_factors(&person.account.account.id).await
}

async fn disable(open: Keys, person: PersonRow) -> client::Result<()> {
    open.api().disable_account(&person.account.account.id).await
}

async fn enable(open: Keys, person: PersonRow) -> client::Result<()> {
    open.api().enable_account(&person.account.account.id).await
}

async fn remove(open: Keys, person: PersonRow) -> client::Result<()> {
    open.request_removal(&person.account.account.id).await.map(drop)
}

fn decisions(again: impl Fn() + Copy + Send + Sync + 'static) -> Decisions {
    let vault = use_vault();
    let toasts = use_toasts();
    let approving = RwSignal::new(None);
    let approve = Callback::new(move |row: PersonRow| {
        let Some(open) = vault.keys() else { return };
        if approving.get_untracked().is_some() {
            return;
        }
        let person = match row.person {
            Ok(person) => person,
            // Nobody signs for keys that don't verify.
            Err(why) => return toasts.problem(why),
        };
        approving.set(Some(person.id));
        wasm_bindgen_futures::spawn_local(async move {
            match open.approve(&person).await {
                Ok(()) => toasts.done(t!(administration.approved, name = person.name)),
                Err(error) => toasts.problem(explain(&error)),
            }
            approving.try_set(None);
            again();
        });
    });
    Decisions {
        refusing: Question::new(),
        removing: Question::new(),
        disabling: Question::new(),
        enabling: Question::new(),
        deleting: Question::new(),
        spacing: Question::new(),
        approving,
        approve,
    }
}

#[component]
fn Waiting(people: Vec<PersonRow>, decisions: Decisions) -> impl IntoView {
    if people.is_empty() {
        return view! { <p class="card-note">{t!(administration.waiting_none)}</p> }.into_any();
    }
    let row = move |person| view! { <AdminPerson person decisions/> };
    view! {
        <p class="card-note">{t!(administration.waiting_note)}</p>
        <Rows label=t!(administration.waiting).to_owned()>{people.into_iter().map(row).collect_view()}</Rows>
    }
    .into_any()
}

/// The list with its filter and older pages.
#[component]
fn Everybody(first: Vec<PersonRow>, next: Option<String>, decisions: Decisions) -> impl IntoView {
    let vault = use_vault();
    let toasts = use_toasts();
    let people = RwSignal::new(first);
    let next = RwSignal::new(next);
    let filter = RwSignal::new(String::new());
    let attempt = Attempt::new();
    let fetch = move |fresh: bool| {
        let Some(open) = vault.keys() else { return };
        if !attempt.begin() {
            return;
        }
        let status = status_of(&filter.get_untracked());
        let before = if fresh { None } else { next.get_untracked() };
        wasm_bindgen_futures::spawn_local(async move {
            match admin::people(&open, status, before).await {
                Ok(page) => {
                    people.try_update(|people| {
                        if fresh {
                            people.clear();
                        }
                        people.extend(page.items);
                    });
                    next.try_set(page.next);
                }
                Err(error) => toasts.problem(explain(&error)),
            }
            attempt.done();
        });
    };
    Effect::new(move |before: Option<String>| {
        let now = filter.get();
        if before.is_some_and(|before| before != now) {
            fetch(true);
        }
        now
    });
    let options = Signal::derive(|| {
        let status = |key: &str, text: &str| (key.to_owned(), text.to_owned());
        vec![
            status("", t!(administration.people_all)),
            status("active", t!(common.status_active)),
            status("pending", t!(common.status_pending)),
            status("refused", t!(common.status_refused)),
            status("disabled", t!(common.status_disabled)),
            status("deleted", t!(common.status_deleted)),
        ]
    });
    let rows = move || {
        let people = people.get();
        if people.is_empty() && !attempt.busy.get() {
            return view! { <p class="card-note">{t!(administration.people_none)}</p> }.into_any();
        }
        let row = move |person| view! { <AdminPerson person decisions/> };
        view! { <Rows label=t!(administration.people).to_owned()>{people.into_iter().map(row).collect_view()}</Rows> }
            .into_any()
    };
    view! {
        <div class="card-note filters">
            <SelectField id="people-status" label=t!(administration.people_filter) value=filter options/>
        </div>
        {rows}
        {move || attempt.busy.get().then(|| view! { <SkeletonRows count=2/> })}
        {move || next.get().is_some().then(|| view! {
            <p class="card-note">
                <Button kind=ButtonKind::Secondary class="btn-small" busy=attempt.busy on_click=move |()| fetch(false)>
                    {t!(administration.more)}
                </Button>
            </p>
        })}
    }
}

fn status_of(key: &str) -> Option<AccountStatus> {
    match key {
        "active" => Some(AccountStatus::Active),
        "pending" => Some(AccountStatus::Pending),
        "refused" => Some(AccountStatus::Refused),
        "disabled" => Some(AccountStatus::Disabled),
        "deleted" => Some(AccountStatus::Deleted),
        _ => None,
    }
}

/// "Refuse?", and what that means.
#[component]
fn Refuse(decisions: Decisions, again: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let vault = use_vault();
    let toasts = use_toasts();
    let question = decisions.refusing;
    let attempt = Attempt::new();
    let name = move || question.about().map(|person| person.account.account.name).unwrap_or_default();
    let refuse = move |()| {
        let (Some(opened), Some(person)) = (vault.keys(), question.about_untracked()) else { return };
        if !attempt.begin() {
            return;
        }
        wasm_bindgen_futures::spawn_local(async move {
            match opened.refuse(&person.account.account.id).await {
                Ok(()) => toasts.done(t!(administration.refused, name = person.account.account.name)),
                Err(error) => toasts.problem(explain(&error)),
            }
            attempt.done();
            question.done();
            again();
        });
    };
    view! {
        <Confirm
            id="refuse"
            open=question.open
            title=Signal::derive(move || t!(administration.refuse_title, name = name()))
            action=t!(administration.refuse)
            busy=attempt.busy
            on_confirm=refuse
        >
            <p>{t!(administration.refuse_text)}</p>
        </Confirm>
    }
}

/// Administrators and doctors need a signed approval; patients don't.
pub(super) fn unconfirmed(row: &PersonRow) -> bool {
    let account = &row.account.account;
    account.status == AccountStatus::Active && account.role != Role::Patient && !row.confirmed()
}
