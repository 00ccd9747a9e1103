//! The client against a server double in memory: every flow with an honest one, then each lie refused by name.
#![allow(clippy::unwrap_used, clippy::result_large_err)]

mod administration;
mod archive;
mod drafts;
mod flows;
mod lies;
mod new_keys;
mod parting;
mod passkeys;
mod pins;
mod qr;
mod uploads;
mod versions;

use malicious_server::double as fake;
