//! An access code in large type, in groups of four.

use leptos::prelude::*;

use super::CopyButton;
use crate::t;

/// Shows a code to be read out, with a copy button. A screen reader spells it.
#[component]
pub fn CodeDisplay(
    /// The code; spaces and hyphens are dropped and grouped anew.
    #[prop(into)]
    code: String,
) -> impl IntoView {
    let plain: Vec<char> = code.chars().filter(|c| c.is_alphanumeric()).collect();
    let groups: Vec<String> = plain.chunks(4).map(|group| group.iter().collect()).collect();
    let spelled = plain.iter().map(char::to_string).collect::<Vec<_>>().join(" ");
    let copied = groups.join("-");
    view! {
        <div class="code">
            <span class="code-text" role="img" aria-label=t!(common.code_aria, code = spelled) data-code=copied.clone()>
                {groups.into_iter().map(|group| view! { <span>{group}</span> }).collect_view()}
            </span>
            <CopyButton text=copied/>
        </div>
    }
}
