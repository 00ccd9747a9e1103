//! Whether an event is in the server's public log, as a word beside it.

use client::{Mark, ReaderMark};
use leptos::prelude::*;

use crate::{
    components::{Badge, Glyph, Icon, Tone},
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

/// Whose word a reading is, where it isn't its reader's.
#[component]
pub fn ReaderNote(
    /// What was found.
    reader: Option<ReaderMark>,
) -> impl IntoView {
    let word = match reader {
        None | Some(ReaderMark::Signed) => None,
        Some(ReaderMark::OtherTime) => Some(t!(log.reader_other_time)),
        Some(ReaderMark::Unsigned) => Some(t!(log.reader_unsigned)),
        Some(ReaderMark::Stranger) => Some(t!(log.reader_stranger)),
    };
    word.map(|word| view! { <Badge tone=Tone::Warn>{word}</Badge> })
}
