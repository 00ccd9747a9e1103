//! A file that isn't complete yet: beside its final name, for its owner alone, and of one program at a time.

use std::{
    ffi::OsString,
    fs::{File, Metadata, OpenOptions, TryLockError},
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::native::sink_error;
use crate::error::{ClientError, Result};

/// A file that isn't complete yet.
#[derive(Debug)]
pub struct PartialFile {
    file: Arc<File>,
    partial: PathBuf,
    target: PathBuf,
    earlier: u64,
}

/// How the name of a file ends that isn't complete yet.
const ENDING: &str = ".hs-partial";

/// Where the file for a target stands until it is complete. Nobody else calls a file so, and nothing that came from outside can be
/// called so: a target of such a name is refused. What stands there was begun here.
pub(crate) fn partial_of(target: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(ENDING);
    target.with_file_name(name)
}

/// Whether a file of this name would be taken for one that isn't complete yet.
fn is_partial(target: &Path) -> bool {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.') && name.ends_with(ENDING)
}

fn taken() -> ClientError {
    ClientError::Sink { reason: "a file of this name exists already".to_owned() }
}

impl PartialFile {
    /// The file for a target that must not exist yet: what an earlier try left, else a new one.
    pub(super) fn begin(target: PathBuf) -> Result<Self> {
        if is_partial(&target) {
            return Err(ClientError::Sink { reason: "this name is for files that are not complete yet".to_owned() });
        }
        let partial = partial_of(&target);
        if target.try_exists().map_err(sink_error)? {
            return Err(taken());
        }
        let file = open(&partial)?;
        match file.try_lock() {
            // A file system without locks.
            Ok(()) | Err(TryLockError::Error(_)) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(ClientError::Sink { reason: "another program writes it now".to_owned() });
            }
        }
        // Whoever had the lock before may have given the file its name meanwhile.
        if target.try_exists().map_err(sink_error)? {
            return Err(taken());
        }
        let earlier = file.metadata().map_err(sink_error)?.len();
        Ok(Self { file: Arc::new(file), partial, target, earlier })
    }

    /// To write to, and read from.
    pub(super) fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// How many bytes an earlier try left.
    pub(super) fn earlier(&self) -> u64 {
        self.earlier
    }

    /// Durable, under its name.
    pub(super) fn finish(self) -> Result<PathBuf> {
        self.file.sync_all().map_err(sink_error)?;
        // The lock is held until the file has no other name.
        place(&self.partial, &self.target)?;
        Ok(self.target)
    }

    /// Removes it.
    pub(super) fn discard(self) {
        if std::fs::remove_file(&self.partial).is_err() {
            tracing::warn!("an incomplete file could not be removed");
        }
    }
}

/// Gives a finished file its name. A link refuses a name that appeared meanwhile; where the file system has no links, the
/// name is looked at once more before the rename.
pub(crate) fn place(partial: &Path, target: &Path) -> Result<()> {
    match std::fs::hard_link(partial, target) {
        Ok(()) => std::fs::remove_file(partial).map_err(sink_error),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Err(sink_error(e)),
        Err(_) if target.try_exists().map_err(sink_error)? => Err(taken()),
        Err(_) => std::fs::rename(partial, target).map_err(sink_error),
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn in_the_way(path: &Path) -> ClientError {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    ClientError::Sink { reason: format!("{name} is there already; if it was left behind, remove it first") }
}

/// A new file that nobody else may read. What stands there is left as it is, a link too: it may be somebody else's, or lead to
/// a file of theirs.
///
/// # Errors
/// [`ClientError::Sink`].
pub(crate) fn create_private(path: &Path) -> Result<File> {
    options().create_new(true).open(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => in_the_way(path),
        _ => sink_error(error),
    })
}

/// What an earlier try left, where nobody else can read it under this or another name; else a new file. Anything else that stands
/// there is left as it is: it may be somebody else's, or lead to a file of theirs.
fn open(path: &Path) -> Result<File> {
    match options().create_new(true).open(path) {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
        made => return made.map_err(sink_error),
    }
    let named = std::fs::symlink_metadata(path).map_err(sink_error)?;
    // A link is not followed, not even to see where it leads.
    if named.is_file()
        && let Ok(file) = options().open(path)
        && is_private(&file.metadata().map_err(sink_error)?, &named)
    {
        return Ok(file);
    }
    Err(in_the_way(path))
}

/// Whether what was opened is a file of one name, not a link to one (`named` is what stands under the name), and closed to others.
#[cfg(unix)]
fn is_private(opened: &Metadata, named: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let same = (opened.dev(), opened.ino()) == (named.dev(), named.ino());
    same && opened.is_file() && opened.nlink() == 1 && opened.mode() & 0o077 == 0
}

#[cfg(not(unix))]
fn is_private(opened: &Metadata, named: &Metadata) -> bool {
    opened.is_file() && named.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_program_at_a_time_writes_it() -> Result<()> {
        let dir = tempfile::tempdir().map_err(sink_error)?;
        let target = dir.path().join("scan.pdf");
        let first = PartialFile::begin(target.clone())?;
        assert!(
            matches!(PartialFile::begin(target.clone()), Err(ClientError::Sink { reason }) if reason.contains("another"))
        );
        assert_eq!(first.finish()?, target);
        assert!(matches!(PartialFile::begin(target), Err(ClientError::Sink { reason }) if reason.contains("exists")));
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn a_file_of_ones_own_is_no_earlier_try() -> Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().map_err(sink_error)?;
        let (target, own) = (dir.path().join("x"), dir.path().join("x.partial"));
        std::fs::write(&own, b"precious").map_err(sink_error)?;
        std::fs::set_permissions(&own, PermissionsExt::from_mode(0o600)).map_err(sink_error)?;
        let partial = PartialFile::begin(target)?;
        assert_eq!(partial.earlier(), 0);
        partial.file().set_len(3).map_err(sink_error)?;
        partial.finish()?;
        assert_eq!(std::fs::read(&own).map_err(sink_error)?, b"precious");
        // Nothing that is complete ever stands where an earlier try does.
        let refused = PartialFile::begin(partial_of(&dir.path().join("y")));
        assert!(
            matches!(&refused, Err(ClientError::Sink { reason }) if reason.contains("not complete")),
            "{refused:?}"
        );
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn what_others_could_read_or_lies_elsewhere_is_not_gone_on_with() -> Result<()> {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let dir = tempfile::tempdir().map_err(sink_error)?;
        let (target, partial) = (dir.path().join("x"), dir.path().join(".x.hs-partial"));
        let own = dir.path().join("own");
        std::fs::write(&own, b"precious").map_err(sink_error)?;
        std::fs::set_permissions(&own, PermissionsExt::from_mode(0o600)).map_err(sink_error)?;
        let refused = || match PartialFile::begin(target.clone()) {
            Err(ClientError::Sink { reason }) => reason.contains(".x.hs-partial"),
            _ => false,
        };
        for leads_to in [&own, &dir.path().join("nowhere")] {
            symlink(leads_to, &partial).map_err(sink_error)?;
            assert!(refused(), "{leads_to:?}");
            std::fs::remove_file(&partial).map_err(sink_error)?;
        }
        assert!(!dir.path().join("nowhere").exists());
        std::fs::hard_link(&own, &partial).map_err(sink_error)?;
        assert!(refused());
        assert_eq!(std::fs::read(&own).map_err(sink_error)?, b"precious");
        std::fs::remove_file(&partial).map_err(sink_error)?;
        std::fs::write(&partial, b"open to all").map_err(sink_error)?;
        std::fs::set_permissions(&partial, PermissionsExt::from_mode(0o644)).map_err(sink_error)?;
        assert!(refused());
        assert_eq!(std::fs::read(&partial).map_err(sink_error)?, b"open to all");
        Ok(())
    }
}
