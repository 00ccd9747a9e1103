//! A database copied into another: every table of the entities, row for row.
//!
//! A table is brought level page by page, in the order of its primary key: what is missing or different in the copy is
//! written, what is too much is removed. Doing it again only reads, so a copy goes on wherever it ended, and a second one
//! takes over what changed since the first. While it lasts the copy has neither foreign keys nor secondary indexes: rows
//! may come in any order. They come back in the transaction that ends it, which so checks them all.

pub mod dump;
mod levelling;
pub mod marks;
mod rows;
mod table;
pub mod target;

pub use levelling::{Different, Digest, Levelled, compare, digest, level};
pub use table::{Table, lasting, tables};
