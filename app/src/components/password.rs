//! The password field, and how strong a new one is.

use leptos::{html, prelude::*};

use super::{
    Glyph, IconButton,
    field::{FieldFrame, described_by, focus_on_mount, two_way},
};
use crate::{
    t,
    vault::{Judge, Verdict},
};
use api_types::limits::PASSWORD_MAX_CHARS;

/// A password, hidden until shown; with `meter` it says how strong a new one is. It takes what is pasted as it is: `maxlength`
/// would cut it, in silence and in units of UTF-16.
#[component]
pub fn PasswordField(
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
    /// A new password, with who judges it.
    #[prop(optional)]
    meter: Option<Judge>,
    /// `current-password` or `new-password`.
    #[prop(default = "current-password")]
    autocomplete: &'static str,
    /// Can't be changed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// Takes the focus when it appears.
    #[prop(optional)]
    focus: bool,
) -> impl IntoView {
    let node = NodeRef::<html::Input>::new();
    let shown = RwSignal::new(false);
    two_way!(node, value);
    focus_on_mount(focus, node);
    let toggle = Signal::derive(move || {
        if shown.get() { t!(common.hide_password) } else { t!(common.show_password) }.to_owned()
    });
    view! {
        <FieldFrame id label optional=false hint error>
            <div class="input-group">
                <input
                    id=id
                    node_ref=node
                    class="input"
                    type=move || if shown.get() { "text" } else { "password" }
                    autocomplete=autocomplete
                    autocapitalize="none"
                    spellcheck="false"
                    aria-required="true"
                    aria-invalid=move || error.get().is_some().then_some("true")
                    aria-describedby=described_by(id)
                    disabled=disabled
                    on:input=move |event| value.set(event_target_value(&event))
                />
                <IconButton
                    glyph=Signal::derive(move || if shown.get() { Glyph::EyeOff } else { Glyph::Eye })
                    label=toggle
                    on_click=move |()| shown.update(|shown| *shown = !*shown)
                />
            </div>
            {meter.map(|judge| view! { <Meter judge/> })}
        </FieldFrame>
    }
}

/// From 0 (nothing, too short or too long) to 4.
fn level(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Short(_) | Verdict::Long => 0,
        Verdict::Common | Verdict::Weak => 1,
        Verdict::Fair => 2,
        Verdict::Good => 3,
        Verdict::Strong => 4,
    }
}

#[component]
fn Meter(judge: Judge) -> impl IntoView {
    let level = move || judge.verdict().map_or(0, level);
    let says = move || match judge.verdict() {
        None => String::new(),
        Some(Verdict::Short(left)) => t!(common.strength_short, min = judge.min.get(), left = left),
        Some(Verdict::Long) => t!(common.strength_long, max = PASSWORD_MAX_CHARS),
        Some(Verdict::Common) => t!(common.strength_common).to_owned(),
        Some(Verdict::Weak) => t!(common.strength_1).to_owned(),
        Some(Verdict::Fair) => t!(common.strength_2).to_owned(),
        Some(Verdict::Good) => t!(common.strength_3).to_owned(),
        Some(Verdict::Strong) => t!(common.strength_4).to_owned(),
    };
    view! {
        <div class="strength" data-level=move || level().to_string() aria-hidden="true"><i></i><i></i><i></i><i></i></div>
        <p class="field-hint" aria-live="polite">{says}</p>
    }
}
