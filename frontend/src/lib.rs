//! The WASM entry points: [`hydrate`] takes over the page that the server rendered, [`worker_main`] runs the same
//! program in a worker. `public/boot.js` and `public/worker.js` call them; nothing else is in this crate.
//!
//! It also switches on the browser's randomness for every version of getrandom that the tree holds.

use wasm_bindgen::prelude::wasm_bindgen;

/// Room for the splitter, in no file that is downloaded. It orders constants anew by the part of the program that needs
/// them; where padding makes them longer than they were together, it gives up and puts all of them into the first load.
/// Nothing needs these bytes, so it leaves them out, and they are the difference. `cargo xtask size` notices when they are
/// too few.
#[used]
static SPLITTING_ROOM: [u8; 16 * 1024] = [1; 16 * 1024];

/// Takes over the page.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(app::App);
    app::browser::ready();
}

/// Listens for tasks, in a worker.
#[wasm_bindgen]
pub fn worker_main() {
    console_error_panic_hook::set_once();
    app::vault::worker::run();
}
