//! `/access/disclosures`: asks for which days, makes the account, shows it as it will be printed.

use client::{
    ClientError, Result,
    log::LogHead,
    oversight::{Accounting, Period, PeriodError, Subject, account_for, day},
};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::{
    account::{Account, Sheet},
    load::{self, Item, candidates},
    not_for_this_role,
};
use crate::{
    browser,
    components::{BackLink, Banner, Button, ButtonKind, Card, CheckBox, Glyph, Page, Progress, TextField, Tone},
    t,
    vault::{
        Keys, Vault, explain,
        index::{self, Index, Phase},
        use_vault,
    },
};

/// `/access/disclosures`.
#[component]
pub fn DisclosuresPage() -> impl IntoView {
    match not_for_this_role() {
        Some(refused) => refused,
        None => view! { <Disclosures/> }.into_any(),
    }
}

/// What was asked for, and how far it is.
#[derive(Clone, Copy)]
struct Asking {
    from: RwSignal<String>,
    to: RwSignal<String>,
    summarise: RwSignal<bool>,
    wrong: RwSignal<Option<PeriodError>>,
    /// Reports checked, of how many.
    progress: RwSignal<Option<(usize, usize)>>,
    problem: RwSignal<Option<String>>,
    sheet: RwSignal<Option<Sheet>, LocalStorage>,
    vault: Vault,
    index: Index,
}

impl Asking {
    fn new() -> Self {
        let today = browser::today();
        let whole = day(&today).map(Period::whole);
        Self {
            from: RwSignal::new(whole.map(|period| period.from.to_string()).unwrap_or_default()),
            to: RwSignal::new(today),
            summarise: RwSignal::new(true),
            wrong: RwSignal::new(None),
            progress: RwSignal::new(None),
            problem: RwSignal::new(None),
            sheet: RwSignal::new_local(None),
            vault: use_vault(),
            index: index::use_index(),
        }
    }

    /// The days, if they are a period.
    fn period(self) -> std::result::Result<Period, PeriodError> {
        let today = day(&browser::today()).ok_or(PeriodError::To)?;
        Period::parse(&self.from.get_untracked(), &self.to.get_untracked(), today)
    }

    fn make(self) {
        let period = self.period();
        self.wrong.set(period.err());
        let (Ok(period), Some(open), None) = (period, self.vault.keys(), self.progress.get_untracked()) else { return };
        self.problem.set(None);
        self.sheet.set(None);
        let rows = untrack(|| candidates(self.index, self.vault));
        let all = rows.len();
        self.progress.set(Some((0, all)));
        spawn_local(async move {
            let hear = move |done| {
                self.progress.try_set(Some((done, all)));
            };
            let fetched = fetch(&open, &rows, hear).await;
            self.vault.keep_memory();
            match fetched {
                Ok((items, head)) => {
                    let sheet = self.sheet_of(&open, period, &items, head);
                    self.sheet.try_set(sheet);
                }
                Err(error) => {
                    self.problem.try_set(Some(explain(&error)));
                }
            }
            self.progress.try_set(None);
        });
    }

    /// `None` only where the page is gone.
    fn sheet_of(self, open: &Keys, period: Period, items: &[Item], head: Option<LogHead>) -> Option<Sheet> {
        let (from, to) = (period.from.to_string(), period.to.to_string());
        let (begins, ends) = (browser::start_of_day(&from, 0)?, browser::start_of_day(&to, 1)?);
        let subject = |item: &'_ Item| (item.title.clone(), item.kind.clone());
        let names: Vec<(String, String)> = items.iter().map(subject).collect();
        let subjects: Vec<Subject<'_>> = items
            .iter()
            .zip(&names)
            .map(|(item, (title, kind))| Subject { overseen: &item.overseen, title, kind })
            .collect();
        let account: Accounting = account_for(&subjects, begins, ends, self.summarise.try_get_untracked()?);
        let who = open.who();
        Some(Sheet {
            name: who.name,
            account_id: who.account_id.to_string(),
            from: begins,
            // The last moment of the last day.
            to: ends - 1,
            made: browser::now(),
            summarised: self.summarise.try_get_untracked()?,
            account,
            head,
        })
    }
}

/// Every report, also those that were erased, then the log: the tree that is named holds all that was found.
async fn fetch(
    open: &Keys,
    rows: &[load::Candidate],
    progress: impl Fn(usize),
) -> Result<(Vec<Item>, Option<LogHead>)> {
    let mut items = load::all(open, rows, progress).await?;
    let erased = load::erased(open, &items).await?;
    items.extend(erased);
    let head = match open.log_head().await {
        Ok(head) => head,
        Err(error @ ClientError::Refused(_)) => return Err(error),
        // Said on the sheet.
        Err(_) => None,
    };
    Ok((items, head))
}

#[component]
fn Disclosures() -> impl IntoView {
    let asking = Asking::new();
    let ready = move || asking.sheet.with(Option::is_some);
    let actions = move || {
        view! {
            {move || ready().then(|| view! {
                <Button glyph=Glyph::Print on_click=move |()| browser::print()>{t!(access.account_print)}</Button>
            })}
        }
    };
    view! {
        <BackLink href="/access" label=t!(access.back)/>
        <div class="disclosures">
            <Page title=t!(access.account_title).to_owned() lead=t!(access.account_lead).to_owned() actions>
                <Form asking/>
                {move || asking.problem.get().map(|why| view! {
                    <Banner tone=Tone::Warn title=t!(access.account_failed)><p>{why}</p></Banner>
                })}
                {move || asking.sheet.get().map(|sheet| view! { <Account sheet/> })}
            </Page>
        </div>
    }
}

#[component]
fn Form(asking: Asking) -> impl IntoView {
    let from_wrong = Signal::derive(move || match asking.wrong.get()? {
        PeriodError::From => Some(t!(access.account_from_wrong).to_owned()),
        PeriodError::TooLong => Some(t!(access.account_too_long).to_owned()),
        _ => None,
    });
    let to_wrong = Signal::derive(move || match asking.wrong.get()? {
        PeriodError::To => Some(t!(access.account_to_wrong).to_owned()),
        PeriodError::Reversed => Some(t!(access.account_reversed).to_owned()),
        PeriodError::Future => Some(t!(access.account_future).to_owned()),
        _ => None,
    });
    // Before the list of reports is whole an account would leave some out.
    let waiting = Signal::derive(move || asking.index.phase.get() != Phase::Complete);
    let busy = Signal::derive(move || asking.progress.with(Option::is_some));
    let progress = move || {
        asking.progress.get().map(|(done, all)| {
            view! {
                <Progress label=t!(access.account_making, done = done, all = all) part=Some(done as f64 / all.max(1) as f64)/>
            }
        })
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        asking.make();
    };
    view! {
        <div class="no-print">
            <Card>
                <form class="form" novalidate on:submit=submit>
                    <div class="form-row">
                        <TextField id="disclosures-from" kind="date" label=t!(access.account_from) value=asking.from error=from_wrong/>
                        <TextField id="disclosures-to" kind="date" label=t!(access.account_to) value=asking.to error=to_wrong/>
                    </div>
                    <CheckBox value=asking.summarise>{t!(access.account_summarise)}</CheckBox>
                    <div class="form-end">
                        <Button kind=ButtonKind::Secondary submit=true busy disabled=waiting>{t!(access.account_make)}</Button>
                    </div>
                    {progress}
                </form>
            </Card>
        </div>
    }
}
