//! Reports: the list, one report verified, its versions and files, its events.

mod as_far;
mod beginning;
mod chain;
mod download;
mod events;
mod fetch;
#[cfg(test)]
pub(crate) mod fixture;
mod list;
mod manifests;
mod names;
mod open;
mod purposes;
mod readers;
mod rows;
mod seen;
mod turn;

pub use as_far::{Reading, RefusedVersion};
pub(crate) use beginning::{LEEWAY, OLD, check_times};
pub use chain::Access;
pub(crate) use chain::{Named, refuse_chain};
pub(crate) use download::{content_of, part_key};
pub use events::{ReportEvents, event_hash};
pub(crate) use events::{canonical, check_log, json_name};
pub use fetch::SignedRequest;
pub use list::{ListPage, SealedRows};
#[cfg(test)]
pub(crate) use names::tests as names_tests;
pub use names::{ActorName, KnownNames};
pub(crate) use names::{Called, NamedBy};
pub use open::{OpenReport, OpenVersion, VersionInfo};
pub(crate) use purposes::said;
#[cfg(test)]
pub(crate) use purposes::tests as purposes_tests;
pub use purposes::{ExplainedEvent, Held, Purposes};
pub use readers::ReaderMark;
pub use rows::{ReportRow, TeamSight};
pub(crate) use turn::Turn;
