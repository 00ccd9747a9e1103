//! Light, dark, or as the device says. Kept in this browser; `theme.js` applies it before the first paint.

use leptos::prelude::*;

use crate::{
    browser,
    components::{Card, Choice, Choices},
    t,
};

/// "auto" is the absence of a choice.
fn kept() -> String {
    browser::stored("theme").filter(|kept| kept == "light" || kept == "dark").unwrap_or_else(|| "auto".to_owned())
}

/// The choice.
#[component]
pub(super) fn Theme() -> impl IntoView {
    let theme = RwSignal::new(kept());
    Effect::new(move |before: Option<String>| {
        let now = theme.get();
        if before.is_some_and(|before| before != now) {
            browser::set_theme(Some(now.as_str()).filter(|now| *now != "auto"));
        }
        now
    });
    let choice =
        |value: &str, title: &str, text: &str| Choice { value: value.into(), title: title.into(), text: text.into() };
    let choices = vec![
        choice("auto", t!(settings.theme_system), t!(settings.theme_system_text)),
        choice("light", t!(settings.theme_light), t!(settings.theme_light_text)),
        choice("dark", t!(settings.theme_dark), t!(settings.theme_dark_text)),
    ];
    view! { <Card><Choices id="theme" label=t!(settings.theme) value=theme choices/></Card> }
}
