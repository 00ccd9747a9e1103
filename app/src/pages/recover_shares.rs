//! Recovery without anything of one's own: shares that contacts read out open the account and set a new password.

use leptos::prelude::*;
use leptos_meta::Title;

use super::{new_password::NewPassword, second_step::SecondStepForm};
use crate::{
    components::{Button, ButtonKind, Card, Gate, Glyph, TextArea, TextField},
    t,
    vault::use_vault,
};

/// A field for each share that there can be.
const FIELDS: [&str; 8] = ["share-1", "share-2", "share-3", "share-4", "share-5", "share-6", "share-7", "share-8"];

/// `/recover/shares`.
#[component]
pub fn RecoverShares() -> impl IntoView {
    let vault = use_vault();
    let email = RwSignal::new(String::new());
    let shares = FIELDS.map(|_| RwSignal::new(String::new()));
    let password = NewPassword::new(email);
    super::go_home_when_signed_in(vault);
    let submit = move |event: leptos::ev::SubmitEvent| {
        password.submit(event, move |new| {
            let email = email.get_untracked().trim().to_owned();
            let typed = shares.map(|share| share.get_untracked()).into_iter();
            let typed = typed.filter(|share| !share.trim().is_empty()).collect();
            vault.recover_with_shares(email, typed, new, password.attempt);
        });
    };
    let second = vault.second_step.open();
    let title = move || if second.get() { t!(second_step.title) } else { t!(recovery_shares.recover_title) }.to_owned();
    let lead = move || if second.get() { t!(second_step.lead) } else { t!(recovery_shares.recover_lead) }.to_owned();
    let (title, lead) = (Signal::derive(title), Signal::derive(lead));
    let form = move || {
        view! {
            <div class="stack">
                {password.refusal()}
                <form class="form" method="dialog" on:submit=submit>
                    <TextField id="email" label=t!(recovery_shares.email) value=email kind="email" autocomplete="username"/>
                    <Shares shares/>
                    {password.fields()}
                </form>
            </div>
        }
        .into_any()
    };
    view! {
        <Title text=t!(recovery_shares.page_title)/>
        <Gate title lead>
            <Card>{move || if second.get() { view! { <SecondStepForm/> }.into_any() } else { form() }}</Card>
            {move || (!second.get()).then(|| view! {
                <p class="gate-foot"><a href="/recover">{t!(recovery_shares.back)}</a></p>
                <p class="gate-foot"><a href="/recover/lost">{t!(recover.lost)}</a></p>
            })}
        </Gate>
    }
    .into_any()
}

/// Two fields, and one more at a time.
#[component]
fn Shares(shares: [RwSignal<String>; 8]) -> impl IntoView {
    let count = RwSignal::new(2usize);
    let field = move |(at, id): (usize, &'static str)| {
        view! {
            <TextArea
                id
                label=t!(recovery_shares.number, number = at + 1)
                value=shares[at]
                hint=t!(recovery_shares.number_hint)
                rows=3
                spellcheck=false
            />
        }
    };
    let fields = move || FIELDS.into_iter().enumerate().take(count.get()).map(field).collect_view();
    let more = move || count.get() < FIELDS.len();
    view! {
        {fields}
        {move || more().then(|| view! {
            <div>
                <Button kind=ButtonKind::Quiet glyph=Glyph::Plus on_click=move |()| count.update(|count| *count += 1)>
                    {t!(recovery_shares.another)}
                </Button>
            </div>
        })}
    }
}
