//! A report's plaintext: the fields, the list of files, and their limits. Sealed as part 0.

mod fields;
mod file_type;
mod part0;
mod part_secret;

pub use fields::{Field, FieldError, FieldProblem, ReportFields};
pub(crate) use fields::{check_email, check_file_name, check_kind, check_password, is_short, normal_name, wrong};
pub use file_type::FileType;
pub(crate) use part_secret::{PartSecret, StatedSecret};
pub use part0::{FileEntry, PartZero, Status};
