//! English, and with it the list of all strings.

pub mod access;
pub mod actions;
pub mod administration;
pub mod alarms;
pub mod common;
pub mod contacts;
pub mod draft;
pub mod errors;
pub mod frame;
pub mod identities;
pub mod landing;
pub mod log;
pub mod notices;
pub mod recover;
pub mod report;
pub mod reports;
pub mod scan;
pub mod second_step;
pub mod security;
pub mod settings;
pub mod share;
pub mod shared;
pub mod sign_in;
pub mod sign_up;
pub mod verify_email;
pub mod witnesses;
