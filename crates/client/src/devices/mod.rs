//! Devices: machines that only send. Their owner's client makes a device's key and signs for it; the machine keeps the key in a
//! file, and the server never has it.
//!
//! | File | What it does |
//! |---|---|
//! | `own.rs` | an owner lists, adds and removes devices |
//! | `file.rs` | what a machine keeps |
//! | `sender.rs` | what a machine does with it: sends a report, and forgets its key |
//! | `sealing.rs` | how it seals one |
//! | `learn.rs` | a reader believes that a report is a device's once the device's owner has signed so |

mod file;
mod learn;
mod own;
mod sealing;
mod sender;

pub use file::{DeviceFile, DeviceMemory};
pub use learn::SentBy;
pub(crate) use learn::{KnownDevice, is_device};
pub use own::{AddedDevice, OwnDevice};
pub use sender::{SendFile, Sender};
