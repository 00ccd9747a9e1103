//! The rows: only those near the window exist in the page, so ten thousand scroll like ten.

use leptos::{html, prelude::*};
use wasm_bindgen::{JsCast, closure::Closure};

use super::row::ReportLine;
use crate::{t, vault::index::Row};

/// Rows kept above and below what is visible.
const AROUND: usize = 10;
/// Assumed until a row has been measured, in CSS pixels.
const GUESS: f64 = 76.0;
/// Up to here every row exists: find-in-page and screen readers have it simplest.
const ALL: usize = 60;

/// Listens to the window until its component goes.
struct Watch {
    handler: Closure<dyn FnMut()>,
}

const EVENTS: [&str; 2] = ["scroll", "resize"];

impl Watch {
    fn new(heard: impl FnMut() + 'static) -> Self {
        let handler = Closure::<dyn FnMut()>::new(heard);
        for event in EVENTS {
            let _ = window().add_event_listener_with_callback(event, handler.as_ref().unchecked_ref());
        }
        Self { handler }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        for event in EVENTS {
            let _ = window().remove_event_listener_with_callback(event, self.handler.as_ref().unchecked_ref());
        }
    }
}

/// First row, and how many, for a list whose top lies `above` pixels over the window's top.
fn visible(above: f64, height: f64, row: f64, count: usize) -> (usize, usize) {
    if count <= ALL || row <= 0.0 {
        return (0, count);
    }
    let first = ((above / row).max(0.0) as usize).min(count - 1);
    let from = first.saturating_sub(AROUND);
    let shown = (height / row).ceil() as usize + 2 * AROUND;
    (from, shown.min(count - from))
}

/// The list.
#[component]
pub(super) fn List(found: Memo<Vec<Row>>) -> impl IntoView {
    let node = NodeRef::<html::Ul>::new();
    let height = RwSignal::new(GUESS);
    let range = RwSignal::new((0, ALL));
    let look = move || {
        let Some(list) = node.get_untracked() else { return };
        let row = list
            .query_selector("[data-line]")
            .ok()
            .flatten()
            .and_then(|row| row.dyn_into::<web_sys::HtmlElement>().ok());
        let measured = row.map(|row| row.get_bounding_client_rect().height()).filter(|height| *height > 0.0);
        if let Some(measured) = measured.filter(|now| (now - height.get_untracked()).abs() > 0.5) {
            height.set(measured);
        }
        let inner = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or(800.0);
        let above = -list.get_bounding_client_rect().top();
        let now = visible(above, inner, height.get_untracked(), found.with_untracked(Vec::len));
        if now != range.get_untracked() {
            range.set(now);
        }
    };
    let watch = StoredValue::new_local(Watch::new(look));
    on_cleanup(move || watch.dispose());
    Effect::new(move |_| {
        found.track();
        node.track();
        request_animation_frame(look);
    });
    let total = move || found.with(Vec::len);
    let shown = move || {
        let (from, count) = range.get();
        found.with(|rows| {
            rows.iter().enumerate().skip(from).take(count.max(1)).map(|(at, row)| (at, row.clone())).collect::<Vec<_>>()
        })
    };
    let before = move || format!("{}px", range.get().0.min(total()) as f64 * height.get());
    let after = move || {
        let (from, count) = range.get();
        format!("{}px", total().saturating_sub(from + count) as f64 * height.get())
    };
    // CSSOM, not a style attribute: the page's policy allows no inline style.
    view! {
        <ul class="rows reports" role="list" aria-label=t!(reports.list) node_ref=node>
            <li class="spacer" role="presentation" aria-hidden="true" style:height=before></li>
            <For
                each=shown
                key=|(at, row)| (row.report.id, row.report.cursor, *at)
                children=move |(at, row)| view! { <ReportLine row at total=Signal::derive(total)/> }
            />
            <li class="spacer" role="presentation" aria-hidden="true" style:height=after></li>
        </ul>
    }
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn few_rows_are_all_there() {
        assert_eq!(visible(500.0, 800.0, 76.0, 60), (0, 60));
    }

    #[test]
    fn many_rows_are_windowed_and_never_left_out() {
        let (from, count) = visible(76.0 * 5_000.0, 800.0, 76.0, 10_000);
        assert!(from <= 5_000 && from + count >= 5_011, "{from} {count}");
        assert!(count < 40);
        assert_eq!(visible(-300.0, 800.0, 76.0, 10_000).0, 0);
        let (from, count) = visible(76.0 * 20_000.0, 800.0, 76.0, 10_000);
        assert_eq!(from + count, 10_000);
    }
}
