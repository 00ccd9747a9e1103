//! What frames every request: its id, who sent it, from which site, from where, and the headers of the answer.

pub mod address;
pub mod denials;
pub mod device;
pub mod headers;
pub mod identity_cookie;
pub mod origin;
pub mod phone_cookie;
pub mod request_id;
pub mod session;
pub mod timeout;

pub use address::Address;
pub use device::{Caller, DeviceToken};
pub use session::{Holder, Visitor};
