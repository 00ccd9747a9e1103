//! A person: initials in a circle, a name, a line below.

use leptos::prelude::*;

/// At most two initials: of the first and the last word that begins with a letter.
fn initials(name: &str) -> String {
    let mut letters = name.split_whitespace().filter_map(|word| word.chars().next().filter(|c| c.is_alphabetic()));
    let first = letters.next();
    first.into_iter().chain(letters.next_back()).flat_map(char::to_uppercase).collect()
}

/// One of four tones, always the same for a name.
fn tone(name: &str) -> u32 {
    name.chars().fold(7_u32, |sum, c| sum.wrapping_mul(31).wrapping_add(c as u32)) % 4
}

/// Initials in a circle; decoration beside the name.
#[component]
pub fn Avatar(
    /// Full name.
    #[prop(into)]
    name: String,
    /// `avatar-small`.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    view! {
        <span class=format!("avatar {class}") data-tone=tone(&name).to_string() aria-hidden="true">{initials(&name)}</span>
    }
}

/// A person with name and a line about them.
#[component]
pub fn Person(
    /// Full name.
    #[prop(into)]
    name: String,
    /// Role, e-mail, what counts here.
    #[prop(into)]
    note: String,
) -> impl IntoView {
    view! {
        <div class="person">
            <Avatar name=name.clone()/>
            <div class="person-text">
                <span class="person-name">{name}</span>
                <span class="person-note">{note}</span>
            </div>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_of_first_and_last() {
        assert_eq!(initials("Amara Lindqvist"), "AL");
        assert_eq!(initials("Dr. Ana María de la Cruz"), "DC");
        assert_eq!(initials("łucja"), "Ł");
        assert_eq!(initials("  "), "");
    }
}
