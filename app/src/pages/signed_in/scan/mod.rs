//! Scanning the QR code of somebody's key: with the camera, or out of a picture. Says what it read; what follows is its
//! page's.

#[cfg(feature = "hydrate")]
mod camera;
pub mod decode;
#[cfg(feature = "hydrate")]
mod view;

#[cfg(feature = "hydrate")]
pub use view::{ScanOutcome, ScanQr};
