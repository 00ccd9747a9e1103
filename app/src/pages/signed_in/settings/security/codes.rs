//! Recovery codes, shown once.

use leptos::prelude::*;

use crate::{
    browser,
    components::{Banner, Button, ButtonKind, Card, CopyButton, Glyph, use_toasts},
    t,
    vault::use_vault,
};

/// The codes as a text file, with what they are for.
fn file_text(email: &str, codes: &[String]) -> String {
    let mut lines = vec![t!(security.codes_file_title).to_owned(), email.to_owned(), String::new()];
    lines.extend_from_slice(codes);
    lines.extend([String::new(), t!(security.codes_file_note).to_owned(), String::new()]);
    lines.join("\n")
}

/// The codes, ways to keep them, and the way on.
#[component]
pub(super) fn Codes(codes: Vec<String>, #[prop(into)] on_kept: Callback<()>) -> impl IntoView {
    let toasts = use_toasts();
    let email = use_vault().who().map(|who| who.email).unwrap_or_default();
    let text = StoredValue::new(file_text(&email, &codes));
    let save = move |()| {
        if browser::save_bytes("healthsecure-recovery-codes.txt", text.get_value().as_bytes()).is_err() {
            toasts.problem(t!(errors.unexpected));
        }
    };
    let copied = codes.join("\n");
    view! {
        <Card>
            <div class="stack">
                <Banner>{t!(security.codes_what)}</Banner>
                <ul class="codes" role="list" translate="no" aria-label=t!(security.codes_list) data-testid="recovery-codes">
                    {codes.into_iter().map(|code| view! { <li>{code}</li> }).collect_view()}
                </ul>
                <div class="page-actions no-print">
                    <Button kind=ButtonKind::Secondary glyph=Glyph::Download on_click=save>{t!(security.codes_save)}</Button>
                    <Button kind=ButtonKind::Secondary glyph=Glyph::Print on_click=move |()| browser::print()>
                        {t!(sign_up.kit_print)}
                    </Button>
                    <CopyButton text=copied class="" label=t!(security.codes_copy)/>
                </div>
                <div class="no-print"><Button on_click=on_kept>{t!(security.codes_kept)}</Button></div>
            </div>
        </Card>
    }
}
