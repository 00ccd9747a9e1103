//! "Report shared", with the access code in large type.

use leptos::prelude::*;

use crate::{
    components::{Button, CodeDisplay, QrCode, Time, TimeStyle},
    t,
};

/// A share that was made. The code is shown this once.
#[derive(Clone)]
pub(super) struct Made {
    pub name: String,
    /// Members, where it is a team.
    pub members: Option<usize>,
    pub code: Option<String>,
    pub hours: i64,
    pub expires_at: i64,
}

/// The code, how to hand it over, when it dies.
#[component]
pub(super) fn Done(made: Made, open: RwSignal<bool>) -> impl IntoView {
    let (hours, end) = (made.hours, made.expires_at);
    let name = made.name.clone();
    let expires = match hours {
        0 => None,
        1 => Some(view! { {t!(share.code_expires_1)} }.into_any()),
        24 => Some(view! { {t!(share.code_expires_24)} }.into_any()),
        _ => Some(view! { {t!(share.code_expires)}" "<Time at=end style=TimeStyle::DateTime/> }.into_any()),
    };
    let said = match made.members {
        Some(count) => t!(teams.share_done, name = made.name, count = count),
        None if made.code.is_none() => t!(share.done_open, name = made.name),
        None => t!(share.done_with, name = made.name),
    };
    // The form is gone: a screen reader goes on with what was done, then the code.
    request_animation_frame(|| crate::browser::focus("share-done"));
    view! {
        <p id="share-done" tabindex="-1">{said}</p>
        {made.code.map(|code| view! {
            <h3>{t!(share.code_title)}</h3>
            <CodeDisplay code=code.clone()/>
            <p class="field-hint">{t!(share.code_once, name = name)}</p>
            <details class="disclose">
                <summary>{t!(share.qr)}</summary>
                <QrCode text=code label=t!(share.qr)/>
            </details>
        })}
        {expires.map(|expires| view! { <p class="share-expires">{expires}</p> })}
        <div class="dialog-actions"><Button on_click=move |()| open.set(false)>{t!(share.done_close)}</Button></div>
    }
}
