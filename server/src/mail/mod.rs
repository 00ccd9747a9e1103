//! Mail: what is sent, how it is written and how it leaves.
//!
//! A service queues a message with the change that it tells of (`services::notices`); `outbox` sends it after the commit
//! and tries again for days where the mail server doesn't take it. Nothing here delays or fails what it tells of. A
//! message holds no content, no name of a person or report, and no secret but the token of a link, in its fragment.

mod compose;
mod key;
mod kind;
mod mailer;
pub mod outbox;
mod settings;
mod texts;

pub use key::{MailKey, VerificationToken};
pub use kind::MailKind;
pub use mailer::{Mailer, NotSent};
pub use settings::{Login, MailConfig, MailConfigError, MailOptions, Security, SmtpServer};
