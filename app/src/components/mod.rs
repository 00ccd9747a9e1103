//! The parts that pages are made of. They fetch nothing and know no account; texts come in from outside or from the
//! common strings. Ids are given by the page so that server and browser render the same.

mod avatar;
mod badge;
mod banner;
mod brand;
mod button;
mod choice;
mod code;
mod dialog;
mod drop_zone;
mod empty;
mod field;
mod frame;
mod gate;
mod icon;
mod page;
mod password;
mod progress;
#[cfg(feature = "hydrate")]
mod qr;
mod rows;
mod skeleton;
mod tabs;
mod time;
mod toast;

pub use avatar::{Avatar, Person};
pub use badge::{Badge, Tone};
pub use banner::Banner;
pub use brand::{Brand, BrandMark};
pub use button::{Button, ButtonKind, CopyButton, IconButton, LinkButton};
pub use choice::{CheckBox, Chip, Choice, Choices};
pub use code::CodeDisplay;
pub use dialog::{Confirm, Dialog};
pub use drop_zone::DropZone;
pub use empty::Empty;
pub use field::{SearchField, SelectField, TextArea, TextField};
pub use frame::{Frame, role_name};
pub use gate::{Gate, Notices};
pub use icon::{Glyph, Icon};
pub use page::{BackLink, Card, FocusMain, Page};
pub use password::PasswordField;
pub use progress::Progress;
#[cfg(feature = "hydrate")]
pub use qr::QrCode;
pub use rows::{Row, Rows};
pub use skeleton::{Skeleton, SkeletonRows};
pub use tabs::{LinkTabs, Tabs};
pub use time::{Clock, Time, TimeStyle, provide_clock, sentence};
pub use toast::{ToastRegion, Toasts, provide_toasts, use_toasts};
