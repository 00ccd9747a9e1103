//! What is due in the teams that the reader manages: looked at when the vault opens, and whenever the server says that one
//! changed. Whoever left is removed, and what is shared with the team is brought under its newest key.

use api_types::accounts::Role;
use wasm_bindgen_futures::spawn_local;

use super::Keys;

/// Does it, for doctors: nobody else belongs to a team. What isn't done is done the next time.
pub(super) fn tend(keys: Keys) {
    if keys.who().role != Role::Doctor {
        return;
    }
    spawn_local(async move {
        let _ = keys.tend_teams().await;
    });
}
