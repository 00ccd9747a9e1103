//! A link to hand over: to scan, to copy, to read.

use leptos::prelude::*;

use crate::{
    components::{CopyButton, QrCode},
    t,
};

/// QR code, the link in a read-only field, a copy button.
#[component]
pub fn HandOver(
    /// Unique in the page.
    id: &'static str,
    /// The link.
    link: String,
    /// What the link is.
    label: &'static str,
    /// What the QR code is.
    qr: &'static str,
) -> impl IntoView {
    let shown = link.clone();
    view! {
        <div class="hand-over">
            <QrCode text=link.clone() label=qr/>
            <div class="field">
                <label class="field-label" for=id>{label}</label>
                <input id=id class="input mono" type="text" readonly prop:value=shown on:focus=move |event| {
                    use leptos::wasm_bindgen::JsCast;
                    let target = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok());
                    if let Some(input) = target {
                        input.select();
                    }
                }/>
            </div>
            <CopyButton text=link label=t!(report.copy_link).to_owned()/>
        </div>
    }
}
