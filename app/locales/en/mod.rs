//! English, and with it the list of all strings.

pub mod common;
pub mod errors;
pub mod frame;
pub mod landing;
pub mod recover;
pub mod sign_in;
pub mod sign_up;
