//! How good a password is, by a part of the program that only workers fetch.
#![allow(unsafe_code)] // `wasm_split` writes the imports and exports between the files

use leptos::wasm_split::{SplitLoaderError, wasm_split};
use passwords::Verdict;

use super::say;
use crate::vault::message::Message;

/// As messages number them.
const VERDICTS: [Verdict; 6] =
    [Verdict::Long, Verdict::Common, Verdict::Weak, Verdict::Fair, Verdict::Good, Verdict::Strong];

#[wasm_split(passwords, fallible, wasm_split_path = ::leptos::wasm_split)]
fn judge(password: String, min: usize, known: String) -> Result<Verdict, SplitLoaderError> {
    Ok(passwords::judge(&password, min, &known.lines().collect::<Vec<_>>()))
}

/// Answers a page that asks.
pub(super) async fn answer(id: u32, message: Message) {
    let text = |name| message.bytes(name).and_then(|bytes| String::from_utf8(bytes).ok());
    let (Some(password), Some(known), Some(min)) = (text("password"), text("known"), message.number("min")) else {
        return say(&Message::new("failed").with("id", id));
    };
    let answer = match judge(password, min as usize, known).await {
        Ok(Verdict::Short(missing)) => Message::new("done").with("missing", missing as f64),
        Ok(verdict) => match VERDICTS.iter().position(|one| *one == verdict) {
            Some(number) => Message::new("done").with("verdict", number as f64),
            None => Message::new("failed"),
        },
        Err(_) => Message::new("failed"),
    };
    say(&answer.with("id", id));
}

/// Reads the answer.
pub(in crate::vault) fn verdict(answer: &Message) -> Option<Verdict> {
    match answer.number("missing") {
        Some(missing) => Some(Verdict::Short(missing as usize)),
        None => VERDICTS.get(answer.number("verdict")? as usize).copied(),
    }
}
