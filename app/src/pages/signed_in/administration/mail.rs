//! What administrators see above the people where mail doesn't leave.

use api_types::UnixMillis;
use leptos::prelude::*;

use crate::{
    components::{Banner, Tone, sentence},
    t,
    vault::{Keys, Loaded, use_vault},
};

/// The message, where the mail server fails.
#[component]
pub fn MailNotice() -> impl IntoView {
    let mail = Loaded::new(use_vault(), |open: Keys| async move { open.api().get_mail().await });
    move || {
        let failing = mail.value.get().and_then(|mail| Some((mail.failing_since?, mail.waiting)));
        failing.map(|(since, waiting)| view! { <Failing since waiting/> })
    }
}

#[component]
fn Failing(since: UnixMillis, waiting: u64) -> impl IntoView {
    view! {
        <div class="mb-4">
            <Banner tone=Tone::Danger title=t!(administration.mail_failing)>
                <p>{sentence(t!(administration.mail_failing_since), since)}</p>
                <p>{t!(administration.mail_waiting, count = waiting)}</p>
            </Banner>
        </div>
    }
}
