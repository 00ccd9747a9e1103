//! Buttons, links that look like them, icon buttons, copy.

use leptos::prelude::*;

use super::{Glyph, Icon, toast::use_toasts};
use crate::{browser, t};

/// What a button means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ButtonKind {
    /// The one thing to do here.
    #[default]
    Primary,
    /// Another thing to do.
    Secondary,
    /// Something on the side.
    Quiet,
    /// Takes something away.
    Danger,
    /// Takes something away, not the main thing here.
    DangerQuiet,
}

impl ButtonKind {
    fn class(self) -> &'static str {
        match self {
            Self::Primary => "btn btn-primary",
            Self::Secondary => "btn btn-secondary",
            Self::Quiet => "btn btn-quiet",
            Self::Danger => "btn btn-danger",
            Self::DangerQuiet => "btn btn-danger-quiet",
        }
    }
}

/// A button. While `busy` it says so, keeps its width and ignores clicks.
#[component]
pub fn Button(
    /// What it means.
    #[prop(optional)]
    kind: ButtonKind,
    /// More classes: `btn-small`, `btn-large`, `btn-wide`.
    #[prop(optional)]
    class: &'static str,
    /// An icon before the text.
    #[prop(optional)]
    glyph: Option<Glyph>,
    /// Can't be used now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// Is working.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// Submits its form.
    #[prop(optional)]
    submit: bool,
    /// Name for tests and labels.
    #[prop(optional)]
    id: Option<&'static str>,
    /// What a click does.
    #[prop(optional, into)]
    on_click: Option<Callback<()>>,
    /// The text.
    children: Children,
) -> impl IntoView {
    let click = move |_| {
        if let Some(on_click) = on_click
            && !busy.get_untracked()
            && !disabled.get_untracked()
        {
            on_click.run(());
        }
    };
    view! {
        <button
            id=id
            type=if submit { "submit" } else { "button" }
            class=format!("{} {class}", kind.class())
            disabled=disabled
            aria-busy=move || busy.get().then_some("true")
            on:click=click
        >
            {glyph.map(|glyph| view! { <Icon glyph/> })}
            <span>{children()}</span>
            {move || busy.get().then(|| view! { <span class="dots" aria-hidden="true"><i></i><i></i><i></i></span> })}
        </button>
    }
}

/// A link that looks like a button.
#[component]
pub fn LinkButton(
    /// Where to.
    #[prop(into)]
    href: String,
    /// What it means.
    #[prop(optional)]
    kind: ButtonKind,
    /// More classes: `btn-small`, `btn-large`, `btn-wide`.
    #[prop(optional)]
    class: &'static str,
    /// An icon before the text.
    #[prop(optional)]
    glyph: Option<Glyph>,
    /// The text.
    children: Children,
) -> impl IntoView {
    view! {
        <a class=format!("{} {class}", kind.class()) href=href>
            {glyph.map(|glyph| view! { <Icon glyph/> })}
            <span>{children()}</span>
        </a>
    }
}

/// A button that is only an icon; `label` is its name for everybody who can't see it, and its tooltip.
#[component]
pub fn IconButton(
    /// The icon.
    #[prop(into)]
    glyph: Signal<Glyph>,
    /// Its name.
    #[prop(into)]
    label: Signal<String>,
    /// What a click does.
    #[prop(into)]
    on_click: Callback<()>,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class="icon-btn"
            aria-label=move || label.get()
            title=move || label.get()
            on:click=move |_| on_click.run(())
        >
            {move || view! { <Icon glyph=glyph.get()/> }}
        </button>
    }
}

/// Copies a text, says so for two seconds, and says as well when the browser refuses.
#[component]
pub fn CopyButton(
    /// What is copied.
    #[prop(into)]
    text: Signal<String>,
    /// What it means.
    #[prop(default = ButtonKind::Secondary)]
    kind: ButtonKind,
    /// More classes.
    #[prop(default = "btn-small")]
    class: &'static str,
    /// What the button says; "Copy" where nothing else is said.
    #[prop(optional, into)]
    label: Option<String>,
) -> impl IntoView {
    let copied = RwSignal::new(false);
    let toasts = use_toasts();
    let label = label.unwrap_or_else(|| t!(common.copy).to_owned());
    let on_click = move |()| {
        browser::copy_text(text.get_untracked(), move |done| {
            copied.set(done);
            if done {
                set_timeout(move || copied.set(false), std::time::Duration::from_secs(2));
            } else {
                toasts.problem(t!(common.copy_failed));
            }
        });
    };
    view! {
        <Button kind class glyph=Glyph::Copy on_click>
            <span aria-live="polite">{move || if copied.get() { t!(common.copied).to_owned() } else { label.clone() }}</span>
        </Button>
    }
}
