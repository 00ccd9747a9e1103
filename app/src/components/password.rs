//! The password field, and how strong a password is.

use leptos::{html, prelude::*};

use super::{
    Glyph, IconButton,
    field::{FieldFrame, described_by, focus_on_mount, two_way},
};
use crate::t;
use api_types::limits::{PASSWORD_MAX_CHARS, PASSWORD_MIN_CHARS};

/// How a password would stand against guessing, from 0 (too short) to 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Strength(pub u8);

impl Strength {
    /// Whether it may be used.
    pub fn enough(self) -> bool {
        self.0 >= 2
    }
}

/// Texts that guessers try first; a password is worth only what it holds beside them.
const USUAL: &[&str] = &[
    "password",
    "passwort",
    "qwertyuiop",
    "qwerty",
    "asdfgh",
    "zxcvbn",
    "letmein",
    "welcome",
    "iloveyou",
    "admin",
    "healthsecure",
    "health",
    "secure",
    "hospital",
    "doctor",
    "patient",
    "clinic",
    "secret",
    "monkey",
    "dragon",
    "football",
    "baseball",
    "sunshine",
    "princess",
    "master",
    "summer",
    "winter",
    "spring",
    "autumn",
    "correct",
    "horse",
    "battery",
    "staple",
    "trustno1",
    "abc123",
    "changeme",
];

/// Guesses, roughly, by what repeats, runs on, is usual, or is known about the person (`known`: name, e-mail).
/// A guide for people, not a promise: Argon2id makes each guess dear, this keeps the first million from hitting.
pub fn strength(password: &str, known: &[&str]) -> Strength {
    if password.chars().count() < PASSWORD_MIN_CHARS {
        return Strength(0);
    }
    match bits(password, known) {
        b if b < 45.0 => Strength(1),
        b if b < 60.0 => Strength(2),
        b if b < 78.0 => Strength(3),
        _ => Strength(4),
    }
}

/// Bits that are left once repeats, runs, usual texts and known words count as one character each.
fn bits(password: &str, known: &[&str]) -> f64 {
    let mut rest = password.to_lowercase();
    let known = known.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    for word in USUAL.iter().copied().map(str::to_owned).chain(known.map(str::to_lowercase)) {
        if word.chars().count() >= 3 {
            rest = rest.replace(&word, "\u{1}");
        }
    }
    let chars: Vec<char> = rest.chars().collect();
    let surprising = (0..chars.len()).filter(|&i| !follows(&chars, i)).count();
    let distinct = chars.iter().collect::<std::collections::BTreeSet<_>>().len();
    // A letter of running text carries about 2.6 bits, one of a random mixture up to twice that; few distinct ones less.
    let kinds: Vec<u8> = password.chars().map(kind).collect();
    let changes = kinds.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let mixture = changes as f64 / kinds.len().max(1) as f64;
    let each = (2.6 * (1.0 + mixture)).min((distinct as f64 + 1.0).log2());
    surprising as f64 * each
}

fn kind(c: char) -> u8 {
    match c {
        c if c.is_lowercase() => 0,
        c if c.is_uppercase() => 1,
        c if c.is_numeric() => 2,
        _ => 3,
    }
}

/// Whether a character repeats one of the two before, or goes on counting (`abc`, `321`).
fn follows(chars: &[char], i: usize) -> bool {
    let c = chars[i] as i64;
    let back = |n: usize| i.checked_sub(n).map(|at| chars[at] as i64);
    back(1).is_some_and(|before| (c - before).abs() <= 1) || back(2) == Some(c) || repeats_earlier(chars, i)
}

/// Whether the three characters that end here stood earlier as well.
fn repeats_earlier(chars: &[char], i: usize) -> bool {
    i >= 3 && chars[..i].windows(3).any(|window| window == &chars[i - 2..=i])
}

/// A password, hidden until shown; with `meter` it says how strong a new one is.
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
    /// A new password: what is known about the person counts against it.
    #[prop(optional, into)]
    meter: Option<Signal<Vec<String>>>,
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
                    maxlength=PASSWORD_MAX_CHARS
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
            {meter.map(|known| view! { <Meter value known/> })}
        </FieldFrame>
    }
}

#[component]
fn Meter(value: RwSignal<String>, known: Signal<Vec<String>>) -> impl IntoView {
    let level = Memo::new(move |_| {
        let known = known.get();
        strength(&value.get(), &known.iter().map(String::as_str).collect::<Vec<_>>())
    });
    let says = move || {
        let typed = value.get().chars().count();
        match level.get().0 {
            _ if typed == 0 => String::new(),
            0 => t!(common.strength_short, min = PASSWORD_MIN_CHARS, left = PASSWORD_MIN_CHARS.saturating_sub(typed)),
            1 => t!(common.strength_1).to_owned(),
            2 => t!(common.strength_2).to_owned(),
            3 => t!(common.strength_3).to_owned(),
            _ => t!(common.strength_4).to_owned(),
        }
    };
    view! {
        <div class="strength" data-level=move || level.get().0.to_string() aria-hidden="true"><i></i><i></i><i></i><i></i></div>
        <p class="field-hint" aria-live="polite">{says}</p>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_counts_for_nothing() {
        assert_eq!(strength("k9#Qz!4", &[]), Strength(0));
    }

    #[test]
    fn length_alone_is_not_strength() {
        assert_eq!(strength("aaaaaaaaaaaaaaaaaaaa", &[]), Strength(1));
        assert_eq!(strength("abcdefghijklmnopqrst", &[]), Strength(1));
        assert_eq!(strength("passwordpassword12", &[]), Strength(1));
        assert_eq!(strength("hahahahahahahahaha", &[]), Strength(1));
    }

    #[test]
    fn what_is_known_counts_little() {
        let with = strength("amara.lindqvist2024", &["Amara Lindqvist", "amara@example.org"]);
        assert!(!with.enough(), "{with:?}");
    }

    #[test]
    fn unrelated_words_are_strong() {
        assert!(strength("lantern mosaic tuba forty glacier", &[]) >= Strength(3));
        assert!(strength("gZ7!qpV2#mLx9@tR4w", &[]) >= Strength(3));
    }
}
