//! Where a session began, in words.

use api_types::sessions::Place;

use crate::t;

/// Beside a device: "Firefox on Linux, on the network you are on now".
pub fn place(place: Place, same_network: bool) -> &'static str {
    match (place, same_network) {
        (Place::ThisMachine, _) => t!(settings.place_machine),
        (_, true) => t!(settings.place_here),
        (Place::LocalNetwork, false) => t!(settings.place_local),
        (Place::Internet, false) => t!(settings.place_internet),
    }
}
