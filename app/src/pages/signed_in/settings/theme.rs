//! Light, dark, or as the device says. Kept in this browser; `theme.js` applies it before the first paint.

use leptos::prelude::*;

use crate::{
    components::{Card, Choice, Choices},
    t,
};

const KEY: &str = "theme";

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

fn kept() -> String {
    let kept = storage().and_then(|storage| storage.get_item(KEY).ok().flatten());
    kept.filter(|kept| kept == "light" || kept == "dark").unwrap_or_else(|| "auto".to_owned())
}

/// Applies a theme now and for next time. Where storage is switched off it holds until the page goes.
fn apply(theme: &str) {
    let root = document().document_element();
    if theme == "auto" {
        root.map(|root| root.remove_attribute("data-theme"));
        storage().map(|storage| storage.remove_item(KEY));
    } else {
        root.map(|root| root.set_attribute("data-theme", theme));
        storage().map(|storage| storage.set_item(KEY, theme));
    }
}

/// The choice.
#[component]
pub(super) fn Theme() -> impl IntoView {
    let theme = RwSignal::new(kept());
    Effect::new(move |before: Option<String>| {
        let now = theme.get();
        if before.is_some_and(|before| before != now) {
            apply(&now);
        }
        now
    });
    let choice = |value: &str, title: &str, text: &str| Choice { value: value.into(), title: title.into(), text: text.into() };
    let choices = vec![
        choice("auto", t!(settings.theme_system), t!(settings.theme_system_text)),
        choice("light", t!(settings.theme_light), t!(settings.theme_light_text)),
        choice("dark", t!(settings.theme_dark), t!(settings.theme_dark_text)),
    ];
    view! { <Card><Choices id="theme" label=t!(settings.theme) value=theme choices/></Card> }
}
