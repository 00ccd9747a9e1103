//! Whether an event is in the server's public log, as a word beside it.

use client::Mark;
use leptos::prelude::*;

use crate::{
    components::{Glyph, Icon, Tone},
    t,
};

/// The mark of one event; where it is as it should be an icon is enough to see.
#[component]
pub fn LogMark(
    /// What the log says.
    mark: Mark,
) -> impl IntoView {
    let (tone, glyph, word, why) = match mark {
        Mark::Verified => (Tone::Good, Glyph::Shield, t!(log.verified), t!(log.verified_why)),
        Mark::Pending => (Tone::Info, Glyph::Clock, t!(log.pending), t!(log.pending_why)),
        Mark::Unlogged => (Tone::Warn, Glyph::Alert, t!(log.unlogged), t!(log.unlogged_why)),
        Mark::Unchecked => (Tone::Warn, Glyph::Offline, t!(log.unchecked), t!(log.unchecked_why)),
    };
    let class = format!("badge badge-{}", tone.suffix());
    let word_class = if mark == Mark::Verified { "sr-only" } else { "" };
    view! { <span class=class title=format!("{word}. {why}")><Icon glyph/><span class=word_class>{word}</span></span> }
}
