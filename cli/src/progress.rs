//! Progress bars for people, on standard error; nothing for programs.

use client::bulk::{Cancel, Control};
use indicatif::{ProgressBar, ProgressStyle};

use crate::output::Output;

/// A bar for one file.
pub fn bar(output: Output, name: &str, total: u64) -> (ProgressBar, Control) {
    if output.json {
        return (ProgressBar::hidden(), Control::none());
    }
    let style =
        ProgressStyle::with_template("{msg:24!} {bar:30} {bytes:>10} of {total_bytes:<10} {bytes_per_sec:>12}  {eta}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(total).with_style(style).with_message(name.to_owned());
    let (watched, named, name) = (bar.clone(), bar.clone(), name.to_owned());
    let control = Control::new(Cancel::default(), move |p| watched.set_position(p.done));
    let lost = move |lost| named.set_message(if lost { format!("no connection: {name}") } else { name.clone() });
    (bar, control.telling_lost(lost))
}
