//! The rules: what each operation checks, who may, what it writes in one transaction, and what it records. No axum.

pub mod fields;
pub mod instance;
pub mod pending;
pub mod sessions;
pub mod set_up;
pub mod throttle;
