//! `/contacts`: whose keys this account remembers, where each stands, and comparing them in person.

use api_types::accounts::Role;
use client::{Contact, Person};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::{
    find_person::FindPerson,
    key::{CompareKey, OwnScreen},
    person_facts::PersonFacts,
    scan::{ScanOutcome, ScanQr},
};
use crate::{
    components::{
        Badge, Banner, Button, ButtonKind, Card, CopyButton, Dialog, Empty, Glyph, LinkButton, Page, QrCode, Tone,
    },
    t,
    vault::{Attempt, Keys, Loaded, explain, use_vault},
};

/// Contacts.
#[component]
pub fn ContactsPage() -> impl IntoView {
    let contacts = Loaded::new(use_vault(), |open: Keys| async move {
        let contacts = open.contacts().await?;
        Ok(contacts.into_iter().map(Line::of).collect::<Vec<_>>())
    });
    let comparing = RwSignal::new(None::<Person>);
    let open = RwSignal::new(false);
    let compare = Callback::new(move |person| {
        comparing.set(Some(person));
        open.set(true);
    });
    let verified = Callback::new(move |()| {
        open.set(false);
        contacts.again();
    });
    let title = Signal::derive(move || {
        let name = comparing.with(|person| person.as_ref().map(|person| person.name.clone()).unwrap_or_default());
        t!(contacts.compare_title, name = name)
    });
    view! {
        <Page title=t!(contacts.title).to_owned() lead=t!(contacts.lead)>
            <Card title=t!(contacts.people).to_owned() flush=true>
                {contacts.show(t!(contacts.failed), 3, move |lines| view! { <List lines compare/> })}
            </Card>
            <Meet compare on_verified=move |()| contacts.again()/>
            <Teams/>
            <Emergency/>
            <OwnKey/>
        </Page>
        <Dialog id="compare" open title>
            {move || comparing.get().map(|person| view! { <CompareKey person on_verified=verified/> })}
        </Dialog>
    }
}

/// A contact as it is shown.
#[derive(Clone)]
struct Line {
    id: String,
    verified: bool,
    /// Who it is, nobody that the server would tell of, or why their keys are refused.
    person: Result<Option<Person>, String>,
}

impl Line {
    fn of(contact: Contact) -> Self {
        Self {
            id: contact.id.to_string(),
            verified: contact.verified,
            person: contact.person.map_err(|error| explain(&error)),
        }
    }
}

#[component]
fn List(lines: Vec<Line>, compare: Callback<Person>) -> impl IntoView {
    if lines.is_empty() {
        return view! { <Empty glyph=Glyph::People title=t!(contacts.none_title)><p>{t!(contacts.none)}</p></Empty> }
            .into_any();
    }
    let line = move |line: Line| view! { <li class="contact"><Somebody line compare/></li> };
    view! { <ul class="rows" aria-label=t!(contacts.people)>{lines.into_iter().map(line).collect_view()}</ul> }
        .into_any()
}

#[component]
fn Somebody(line: Line, compare: Callback<Person>) -> impl IntoView {
    match line.person {
        Ok(Some(person)) => {
            let (name, asked) = (person.name.clone(), person.clone());
            let again = person.new_keys().is_some_and(|new| new.since_compared);
            let act = (again || !line.verified).then(|| {
                view! {
                    <Button kind=ButtonKind::Secondary class="btn-small" on_click=move |()| compare.run(asked.clone())>
                        {t!(contacts.compare)}<span class="sr-only">" "{name.clone()}</span>
                    </Button>
                }
            });
            view! {
                <div class="share-person"><PersonFacts person/>{act}</div>
                {again.then(|| view! { <p class="field-hint">{t!(contacts.compare_again)}</p> })}
            }
            .into_any()
        }
        Ok(None) => {
            let tone = if line.verified { Tone::Good } else { Tone::Plain };
            let state = if line.verified { t!(report.key_verified) } else { t!(report.key_unverified) };
            view! {
                <div class="share-person">
                    <span class="row-main">
                        <span class="row-title">{t!(contacts.gone)}</span>
                        <span class="row-text id">{line.id}</span>
                        <span class="row-badges"><Badge tone>{state}</Badge></span>
                    </span>
                </div>
            }
            .into_any()
        }
        Err(why) => view! {
            <Banner tone=Tone::Danger title=t!(contacts.refused)>
                <p>{why}</p>
                <p>{t!(contacts.refused_why)}</p>
                <ol class="to-do">
                    <li>{t!(contacts.step_stop)}</li>
                    <li>{t!(contacts.step_ask)}</li>
                    <li>{t!(contacts.step_tell)}</li>
                </ol>
                <p class="id">{line.id}</p>
            </Banner>
        }
        .into_any(),
    }
}

/// Somebody who stands here and shows their code, or reads out their words.
#[component]
fn Meet(compare: Callback<Person>, #[prop(into)] on_verified: Callback<()>) -> impl IntoView {
    let vault = use_vault();
    let attempt = Attempt::new();
    let met = RwSignal::new(None::<(Person, String)>);
    let found = move |code: String| {
        let Some(open) = vault.keys() else { return };
        if !attempt.begin() {
            return;
        }
        met.set(None);
        spawn_local(async move {
            match open.find_by_qr(&code).await {
                Ok(Some(person)) if person.id == open.account_id() => attempt.failed(t!(contacts.self_scan)),
                Ok(Some(person)) => {
                    attempt.done();
                    met.try_set(Some((person, code)));
                }
                Ok(None) => attempt.failed(t!(scan.none)),
                Err(error) => attempt.failed(explain(&error)),
            }
        });
    };
    let finding = RwSignal::new(false);
    let by_words = RwSignal::new(None::<Person>);
    let scanned = RwSignal::new(None::<String>);
    Effect::new(move |_| {
        let Some(person) = by_words.get() else { return };
        by_words.set(None);
        finding.set(false);
        match scanned.get_untracked() {
            Some(code) => met.set(Some((person, code))),
            None => compare.run(person),
        }
    });
    view! {
        <Card title=t!(contacts.meet).to_owned()>
            <div class="stack-s">
                <p>{t!(contacts.meet_note)}</p>
                <ScanQr id="contact-scan" label=t!(share.scan) on_code=found/>
                <div>
                    <Button kind=ButtonKind::Quiet on_click=move |()| finding.set(true)>{t!(contacts.by_words)}</Button>
                </div>
                <Dialog id="whose-words" open=finding title=t!(contacts.by_words_title).to_owned()>
                    <FindPerson chosen=by_words scanned label=t!(share.who) hint=t!(share.who_hint)/>
                </Dialog>
                <ScanOutcome attempt/>
                {move || met.get().map(|(person, code)| view! {
                    <div class="share-person"><PersonFacts person=person.clone()/></div>
                    <OwnScreen person code on_verified/>
                })}
            </div>
        </Card>
    }
}

/// Doctors belong to teams. On a small screen this is the way to them.
#[component]
fn Teams() -> impl IntoView {
    let is_doctor = use_vault().who().is_some_and(|who| who.role == Role::Doctor);
    is_doctor.then(|| {
        view! {
            <Card title=t!(teams.title).to_owned()>
                <div class="stack-s">
                    <p>{t!(teams.card_text)}</p>
                    <div class="page-actions">
                        <LinkButton href="/teams" kind=ButtonKind::Secondary>{t!(teams.title)}</LinkButton>
                    </div>
                </div>
            </Card>
        }
    })
}

/// Where contacts are more than that.
#[component]
fn Emergency() -> impl IntoView {
    view! {
        <Card title=t!(trusted.card).to_owned()>
            <div class="stack-s">
                <p>{t!(trusted.card_text)}</p>
                <div class="page-actions">
                    <LinkButton href="/trusted" kind=ButtonKind::Secondary>{t!(trusted.title)}</LinkButton>
                    <LinkButton href="/settings/security" kind=ButtonKind::Quiet>{t!(trusted.own)}</LinkButton>
                </div>
            </div>
        </Card>
    }
}

/// The own key as words and QR code, for others to compare.
#[component]
pub fn OwnKey() -> impl IntoView {
    let Some(open) = use_vault().keys() else { return ().into_any() };
    let fingerprint = open.own_fingerprint();
    let copied = fingerprint.words.join(" ");
    view! {
        <Card title=t!(settings.key).to_owned()>
            <p class="field-hint">{t!(settings.key_note)}</p>
            <div class="key-words">
                <ol class="key-list">
                    {fingerprint.words.iter().map(|word| view! { <li>{*word}</li> }).collect_view()}
                </ol>
                <QrCode text=fingerprint.qr label=t!(settings.key)/>
            </div>
            <CopyButton text=copied label=t!(settings.key_copy).to_owned()/>
        </Card>
    }
    .into_any()
}
