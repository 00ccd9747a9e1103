//! Fields: label, control, hint, error. A field never has a `name`: a form that is submitted before the program has
//! started must not carry what stands in it anywhere.

use leptos::{html, prelude::*};

use super::{Glyph, Icon};
use crate::t;

/// The frame that all fields share. The control gets `described_by(id)` as `aria-describedby`.
#[component]
pub(super) fn FieldFrame(
    id: &'static str,
    label: String,
    optional: bool,
    hint: Option<String>,
    error: Signal<Option<String>>,
    children: Children,
) -> impl IntoView {
    view! {
        <div class="field">
            <label class="field-label" for=id>
                {label}
                {optional.then(|| view! { <span class="field-optional">{t!(common.optional)}</span> })}
            </label>
            {children()}
            {hint.map(|hint| view! { <p class="field-hint" id=format!("{id}-hint")>{hint}</p> })}
            <div id=format!("{id}-error") aria-live="polite">
                {move || {
                    error.get().map(|error| view! { <p class="field-error"><Icon glyph=Glyph::Alert/><span>{error}</span></p> })
                }}
            </div>
        </div>
    }
}

/// The ids of a field's hint and error.
pub(super) fn described_by(id: &str) -> String {
    format!("{id}-hint {id}-error")
}

macro_rules! two_way {
    ($node:ident, $value:ident) => {
        // What somebody typed before the program started stays.
        Effect::new(move |first: Option<()>| {
            let wanted = $value.get();
            let Some(control) = $node.get() else { return };
            if first.is_none() && wanted.is_empty() && !control.value().is_empty() {
                $value.set(control.value());
            } else if control.value() != wanted {
                control.set_value(&wanted);
            }
        });
    };
}
pub(super) use two_way;

/// One line of text.
#[component]
pub fn TextField(
    /// Unique in the page.
    id: &'static str,
    /// Its name.
    #[prop(into)]
    label: String,
    /// What stands in it.
    value: RwSignal<String>,
    /// Help below it.
    #[prop(optional, into)]
    hint: Option<String>,
    /// What is wrong with it.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// `text`, `email`, `date`, …
    #[prop(default = "text")]
    kind: &'static str,
    /// What the browser may fill in.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// Says that it may stay empty.
    #[prop(optional)]
    optional: bool,
    /// Most characters.
    #[prop(optional)]
    max: Option<usize>,
    /// Can't be changed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// The keyboard that a phone shows.
    #[prop(optional)]
    inputmode: Option<&'static str>,
    /// Takes the focus when it appears.
    #[prop(optional)]
    focus: bool,
    /// More classes on the control.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    let node = NodeRef::<html::Input>::new();
    two_way!(node, value);
    focus_on_mount(focus, node);
    view! {
        <FieldFrame id label optional hint error>
            <input
                id=id
                node_ref=node
                class=format!("input {class}")
                type=kind
                autocomplete=autocomplete
                inputmode=inputmode
                maxlength=max
                aria-required=(!optional).then_some("true")
                aria-invalid=move || error.get().is_some().then_some("true")
                aria-describedby=described_by(id)
                disabled=disabled
                on:input=move |event| value.set(event_target_value(&event))
            />
        </FieldFrame>
    }
}

/// Several lines of text.
#[component]
pub fn TextArea(
    /// Unique in the page.
    id: &'static str,
    /// Its name.
    #[prop(into)]
    label: String,
    /// What stands in it.
    value: RwSignal<String>,
    /// Help below it.
    #[prop(optional, into)]
    hint: Option<String>,
    /// What is wrong with it.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// Says that it may stay empty.
    #[prop(optional)]
    optional: bool,
    /// Most characters.
    #[prop(optional)]
    max: Option<usize>,
    /// Lines shown.
    #[prop(default = 4)]
    rows: u32,
    /// Whether the browser checks spelling; off for words that are secrets (some browsers send them away).
    #[prop(default = true)]
    spellcheck: bool,
    /// Can't be changed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
) -> impl IntoView {
    let node = NodeRef::<html::Textarea>::new();
    two_way!(node, value);
    view! {
        <FieldFrame id label optional hint error>
            <textarea
                id=id
                node_ref=node
                class="input"
                rows=rows
                autocomplete="off"
                spellcheck=if spellcheck { "true" } else { "false" }
                maxlength=max
                aria-required=(!optional).then_some("true")
                aria-invalid=move || error.get().is_some().then_some("true")
                aria-describedby=described_by(id)
                disabled=disabled
                on:input=move |event| value.set(event_target_value(&event))
            ></textarea>
        </FieldFrame>
    }
}

/// One of several.
#[component]
pub fn SelectField(
    /// Unique in the page.
    id: &'static str,
    /// Its name.
    #[prop(into)]
    label: String,
    /// The chosen option's value.
    value: RwSignal<String>,
    /// Value and text of each option.
    #[prop(into)]
    options: Signal<Vec<(String, String)>>,
    /// Help below it.
    #[prop(optional, into)]
    hint: Option<String>,
    /// What is wrong with it.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// Says that it may stay empty.
    #[prop(optional)]
    optional: bool,
    /// Can't be changed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
) -> impl IntoView {
    let option = move |(key, text): (String, String)| {
        let selected = value.get_untracked() == key;
        view! { <option value=key selected=selected>{text}</option> }
    };
    view! {
        <FieldFrame id label optional hint error>
            <select
                id=id
                class="input"
                prop:value=move || value.get()
                aria-invalid=move || error.get().is_some().then_some("true")
                aria-describedby=described_by(id)
                disabled=disabled
                on:change=move |event| value.set(event_target_value(&event))
            >
                {move || options.get().into_iter().map(option).collect_view()}
            </select>
        </FieldFrame>
    }
}

/// Search as you type: no button, Escape empties it.
#[component]
pub fn SearchField(
    /// Unique in the page.
    id: &'static str,
    /// What is searched, also the placeholder.
    #[prop(into)]
    label: String,
    /// What is looked for.
    value: RwSignal<String>,
) -> impl IntoView {
    let node = NodeRef::<html::Input>::new();
    two_way!(node, value);
    view! {
        <div class="input-search">
            <Icon glyph=Glyph::Search/>
            <input
                id=id
                node_ref=node
                class="input"
                type="search"
                autocomplete="off"
                spellcheck="false"
                aria-label=label.clone()
                placeholder=label
                on:input=move |event| value.set(event_target_value(&event))
                on:keydown=move |event| {
                    if event.key() == "Escape" {
                        value.set(String::new());
                    }
                }
            />
        </div>
    }
}

/// Gives an input the focus once it is in the page.
pub(super) fn focus_on_mount(focus: bool, node: NodeRef<html::Input>) {
    Effect::new(move |done: Option<bool>| {
        if let Some(input) = node.get()
            && focus
            && done != Some(true)
        {
            return input.focus().is_ok();
        }
        done.unwrap_or(false)
    });
}
