//! Choosing: cards with a radio button, a check box, filter chips.

use leptos::prelude::*;

/// One of the cards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What `value` becomes.
    pub value: String,
    /// Its name.
    pub title: String,
    /// What choosing it means.
    pub text: String,
}

/// One of a few, each with a sentence about it.
#[component]
pub fn Choices(
    /// Unique in the page; groups the radio buttons.
    id: &'static str,
    /// The question.
    #[prop(into)]
    label: String,
    /// The chosen one.
    value: RwSignal<String>,
    /// The cards.
    choices: Vec<Choice>,
) -> impl IntoView {
    let card = move |choice: Choice| {
        let key = StoredValue::new(choice.value);
        let checked = move || key.with_value(|key| value.with(|value| value == key));
        view! {
            <label class="choice">
                <input
                    type="radio"
                    name=id
                    prop:checked=checked
                    checked=checked()
                    on:change=move |_| value.set(key.get_value())
                />
                <span class="choice-title">{choice.title}</span>
                <span class="choice-text">{choice.text}</span>
            </label>
        }
    };
    view! {
        <fieldset class="field">
            <legend class="field-label mb-1.5">{label}</legend>
            <div class="choices">{choices.into_iter().map(card).collect_view()}</div>
        </fieldset>
    }
}

/// Yes or no.
#[component]
pub fn CheckBox(
    /// The answer.
    value: RwSignal<bool>,
    /// The question.
    children: Children,
) -> impl IntoView {
    view! {
        <label class="check">
            <input type="checkbox" prop:checked=value on:change=move |event| value.set(event_target_checked(&event))/>
            <span>{children()}</span>
        </label>
    }
}

/// A filter that is on or off.
#[component]
pub fn Chip(
    /// Whether it is on.
    #[prop(into)]
    pressed: Signal<bool>,
    /// What a click does.
    #[prop(into)]
    on_click: Callback<()>,
    /// Its name.
    children: Children,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class="chip"
            aria-pressed=move || if pressed.get() { "true" } else { "false" }
            on:click=move |_| on_click.run(())
        >
            {children()}
        </button>
    }
}
