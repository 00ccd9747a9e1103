//! `/recover/lost`: for somebody who has nothing left that opens their account. The truth, and where to begin anew.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    components::{Card, Gate, LinkButton},
    t,
};

/// `/recover/lost`.
#[component]
pub fn Lost() -> impl IntoView {
    let left = list([t!(lost.open_page), t!(lost.passkey), t!(lost.kit), t!(lost.contact), t!(lost.escrow)]);
    let anew = list([t!(lost.kept), t!(lost.again), t!(lost.own), t!(lost.address)]);
    view! {
        <Title text=t!(lost.page_title)/>
        <Gate title=t!(lost.title).to_owned() lead=t!(lost.lead).to_owned()>
            <div class="stack">
                <Card title=t!(lost.left).to_owned()>{left}</Card>
                <Card title=t!(lost.anew).to_owned()>
                    <div class="stack">
                        {anew}
                        <LinkButton href="/sign-up" class="btn-wide">{t!(lost.create)}</LinkButton>
                    </div>
                </Card>
            </div>
            <p class="gate-foot"><a href="/recover">{t!(lost.back)}</a></p>
        </Gate>
    }
}

fn list<const N: usize>(items: [&'static str; N]) -> impl IntoView {
    let items = items.into_iter().map(|text| view! { <li>{text}</li> }).collect_view();
    view! { <ul class="to-do">{items}</ul> }
}
