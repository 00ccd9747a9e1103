//! Step 2: the recovery kit, to be printed or saved.

use leptos::prelude::*;

use super::{Form, Step};
use crate::{
    browser,
    components::{Button, ButtonKind, Card, CopyButton, Glyph, use_toasts},
    t,
};

/// The 24 words as a text file: numbered, with what they are for. Also read by people who type them back.
fn file_text((email, server): (&str, &str), words: &[String]) -> String {
    let mut lines = vec![t!(sign_up.kit_file_title).to_owned(), email.to_owned(), server.to_owned(), String::new()];
    lines.extend(words.iter().enumerate().map(|(i, word)| format!("{:>2}. {word}", i + 1)));
    lines.extend([
        String::new(),
        t!(sign_up.kit_file_note).to_owned(),
        t!(sign_up.kit_file_use).to_owned(),
        String::new(),
    ]);
    lines.join("\n")
}

/// The words, and ways to keep them.
#[component]
pub fn KitWords(
    /// Whose account they open.
    email: RwSignal<String>,
    /// The words.
    words: RwSignal<Vec<String>>,
) -> impl IntoView {
    let toasts = use_toasts();
    let word = |(i, word): (usize, String)| view! { <li><span>{i + 1}</span>{word}</li> };
    let download = move |()| {
        let text = file_text((&email.get_untracked(), &browser::origin()), &words.get_untracked());
        if browser::save_bytes("healthsecure-recovery-kit.txt", text.as_bytes()).is_err() {
            toasts.problem(t!(errors.unexpected));
        }
    };
    // Words on paper are worth nothing to who doesn't know any more what they open, and where.
    view! {
        <dl class="facts" translate="no">
            <div><dt>{t!(sign_up.email)}</dt><dd>{move || email.get()}</dd></div>
            <div><dt>{t!(sign_up.kit_server)}</dt><dd>{browser::origin()}</dd></div>
        </dl>
        <ol class="words" translate="no" data-testid="recovery-kit">
            {move || words.get().into_iter().enumerate().map(word).collect_view()}
        </ol>
        <div class="page-actions no-print">
            <Button kind=ButtonKind::Secondary glyph=Glyph::Print on_click=move |()| browser::print()>
                {t!(sign_up.kit_print)}
            </Button>
            <Button kind=ButtonKind::Secondary glyph=Glyph::Download on_click=download>{t!(sign_up.kit_download)}</Button>
            <CopyButton text=Signal::derive(move || words.get().join(" ")) class="" label=t!(sign_up.kit_copy)/>
        </div>
        <p class="field-hint">{t!(sign_up.kit_file_note)}</p>
    }
}

/// The step.
#[component]
pub(super) fn Kit(form: Form) -> impl IntoView {
    view! {
        <Card>
            <div class="stack">
                <KitWords email=form.email words=form.words/>
                <div class="page-actions no-print">
                    <Button on_click=move |()| form.step.set(Step::Check) id="kit-kept">{t!(sign_up.kit_next)}</Button>
                    <Button kind=ButtonKind::Quiet on_click=move |()| form.step.set(Step::Account)>{t!(common.back)}</Button>
                </div>
            </div>
        </Card>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_numbers_every_word() {
        let words: Vec<String> = (1..=24).map(|i| format!("word{i}")).collect();
        let text = file_text(("a@b.example", "https://health.example"), &words);
        assert!(text.contains("\n 1. word1\n") && text.contains("\n24. word24\n"));
        assert!(text.contains("\na@b.example\nhttps://health.example\n"));
    }
}
