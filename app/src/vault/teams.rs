//! What is due in the teams that the reader manages: looked at when the vault opens, and whenever the server says that one
//! changed. Whoever left is removed, and what is shared with the team is brought under its newest key.

use api_types::accounts::Role;
use wasm_bindgen_futures::spawn_local;

use super::{Keys, Vault};

/// Does it, for doctors: nobody else belongs to a team. What isn't done is done the next time.
pub(super) fn tend(vault: Vault, keys: Keys) {
    if keys.who().role != Role::Doctor {
        return;
    }
    spawn_local(async move {
        match keys.tend_teams().await {
            Ok(tended) => tended.iter().filter_map(|(_, one)| one.as_ref().err()).for_each(|error| vault.heed(error)),
            Err(error) => vault.heed(&error),
        }
    });
}
