//! Dialogs: the browser's own, so focus, Escape and the backdrop behave.

use leptos::{html, prelude::*};

use super::{Button, ButtonKind, Glyph, IconButton};
use crate::t;

/// A dialog that is open while `open` is true. Its content exists only then.
#[component]
pub fn Dialog(
    /// Unique in the page.
    id: &'static str,
    /// Whether it shows.
    open: RwSignal<bool>,
    /// Its heading.
    #[prop(into)]
    title: Signal<String>,
    /// The content.
    children: ChildrenFn,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = node.get() else { return };
        if open.get() && !dialog.open() {
            // Fails only where the dialog has left the page.
            let _ = dialog.show_modal();
        } else if !open.get() && dialog.open() {
            dialog.close();
        }
    });
    let heading = format!("{id}-title");
    let labelled_by = heading.clone();
    let children = StoredValue::new(children);
    view! {
        <dialog id=id node_ref=node class="dialog" aria-labelledby=labelled_by on:close=move |_| open.set(false)>
            <div class="dialog-head">
                <h2 id=heading>{move || title.get()}</h2>
                <IconButton glyph=Glyph::Close label=t!(common.close).to_owned() on_click=move |()| open.set(false)/>
            </div>
            <div class="dialog-body">{move || open.get().then(|| children.with_value(|children| children()))}</div>
        </dialog>
    }
}

/// Asks before something is taken away; `children` say exactly what goes.
#[component]
pub fn Confirm(
    /// Unique in the page.
    id: &'static str,
    /// Whether it shows.
    open: RwSignal<bool>,
    /// The question.
    #[prop(into)]
    title: Signal<String>,
    /// What the button says that does it.
    #[prop(into)]
    action: Signal<String>,
    /// Is working on it.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// Does it; closes the dialog itself when done.
    #[prop(into)]
    on_confirm: Callback<()>,
    /// What goes.
    children: ChildrenFn,
) -> impl IntoView {
    let children = StoredValue::new(children);
    view! {
        <Dialog id open title>
            {children.with_value(|children| children())}
            <div class="dialog-actions">
                <Button kind=ButtonKind::Secondary on_click=move |()| open.set(false)>{t!(common.cancel)}</Button>
                <Button kind=ButtonKind::Danger busy on_click=on_confirm>{move || action.get()}</Button>
            </div>
        </Dialog>
    }
}
