//! The front page: what it is, what the server can't see, sign in. Plain HTML, works without the program.

use leptos::prelude::*;
use leptos_meta::{Meta, Title};

use crate::{
    components::{Brand, ButtonKind, Glyph, Icon, LinkButton, Notices},
    t,
};

/// The front page.
#[component]
pub fn Landing() -> impl IntoView {
    super::go_home_when_signed_in(crate::vault::use_vault());
    view! {
        <Title text=t!(landing.page_title)/>
        <Meta name="description" content=t!(landing.description)/>
        <a class="skip" href="#main">{t!(common.skip)}</a>
        <header class="top">
            <Brand/>
            <nav><LinkButton href="/sign-in" kind=ButtonKind::Secondary>{t!(landing.sign_in)}</LinkButton></nav>
        </header>
        <main id="main" tabindex="-1">
            <Notices/>
            <section class="hero">
                <div>
                    <h1>{t!(landing.title)}</h1>
                    <p class="hero-lead">{t!(landing.lead)}</p>
                    <div class="hero-actions">
                        <LinkButton href="/sign-up" class="btn-large">{t!(landing.create)}</LinkButton>
                        <LinkButton href="/sign-in" kind=ButtonKind::Secondary class="btn-large">{t!(landing.sign_in)}</LinkButton>
                    </div>
                </div>
                <Proof/>
            </section>
            <Knows/>
            <Steps/>
        </main>
        <footer class="foot">
            <span>{t!(landing.foot)}</span>
            <a href="/api/docs" rel="external">{t!(landing.foot_api)}</a>
        </footer>
    }
    .into_any()
}

/// A stretch of real ciphertext would look like this; it is decoration and hidden from screen readers.
const SEALED: &str = "rX0v3mZQ8Jt1yqf7WcN4uKz_9dHsB2LgEoPaT6iVxY5wRjMkC-hSnUeDlFbGvQp1\
3OZtA8KcXy0rJm7WdHf2NsLqEgTiBvPuY9xRjMkC5hSnUe4DlFbGaQzVo6pW1tXcK\
8yJr0ZmNdHf3sLqEg7TiBvPuY2xRjMkC9hSnUeDlFb";

/// The same report as people see it, and as the server holds it.
#[component]
fn Proof() -> impl IntoView {
    let line = |name: &'static str, value: &'static str| view! { <dt>{name}</dt><dd>{value}</dd> };
    view! {
        <div class="proof">
            <div class="proof-card proof-open">
                <p class="proof-label"><Icon glyph=Glyph::Eye/>{t!(landing.proof_open)}</p>
                <dl>
                    {line(t!(landing.sample_report), t!(landing.sample_report_value))}
                    {line(t!(landing.sample_patient), t!(landing.sample_patient_value))}
                    {line(t!(landing.sample_diagnosis), t!(landing.sample_diagnosis_value))}
                    {line(t!(landing.sample_plan), t!(landing.sample_plan_value))}
                    {line(t!(landing.sample_file), t!(landing.sample_file_value))}
                </dl>
            </div>
            <div class="proof-card proof-sealed">
                <p class="proof-label"><Icon glyph=Glyph::Lock/>{t!(landing.proof_sealed)}</p>
                <pre aria-hidden="true">{SEALED}</pre>
            </div>
        </div>
    }
}

#[component]
fn Knows() -> impl IntoView {
    let never = [t!(landing.never_1), t!(landing.never_2), t!(landing.never_3), t!(landing.never_4)];
    let does = [t!(landing.does_1), t!(landing.does_2), t!(landing.does_3)];
    let item = |glyph| move |text: &'static str| view! { <li><Icon glyph/><span>{text}</span></li> };
    view! {
        <section class="band">
            <div class="band-in">
                <h2>{t!(landing.knows_title)}</h2>
                <div class="knows">
                    <div class="knows-never">
                        <h3>{t!(landing.never_title)}</h3>
                        <ul>{never.map(item(Glyph::Lock)).collect_view()}</ul>
                    </div>
                    <div class="knows-does">
                        <h3>{t!(landing.does_title)}</h3>
                        <ul>{does.map(item(Glyph::Eye)).collect_view()}</ul>
                    </div>
                </div>
            </div>
        </section>
    }
}

#[component]
fn Steps() -> impl IntoView {
    let steps = [
        (t!(landing.step_1_title), t!(landing.step_1)),
        (t!(landing.step_2_title), t!(landing.step_2)),
        (t!(landing.step_3_title), t!(landing.step_3)),
    ];
    let step = |(title, text): (&'static str, &'static str)| view! { <li><h3>{title}</h3><p>{text}</p></li> };
    view! {
        <section class="band-in">
            <h2>{t!(landing.steps_title)}</h2>
            <ol class="steps">{steps.map(step).collect_view()}</ol>
        </section>
    }
}
