//! What `hs` remembers on disk: where the server is and who signs in. Nothing here opens anything.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

/// `~/.config/healthsecure/<profile>.json`, mode 0600.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Server address.
    pub server: String,
    /// Sign-in e-mail.
    pub email: String,
    /// Pins and counters of the server, so that it can't be exchanged or rolled back unnoticed. Not secret.
    #[serde(default)]
    pub memory: client::Memory,
    /// By what the server knows this device again, so that it doesn't tell of a new one with each sign-in. Opens nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

/// Why a profile can't be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// Neither XDG_CONFIG_HOME nor HOME is set.
    #[error("no home folder: set HOME or XDG_CONFIG_HOME")]
    NoHome,
    /// A name that would leave the folder.
    #[error("a profile name has letters, digits, - and _ only")]
    BadName,
    /// The file system said no.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not a profile.
    #[error("{path} is damaged; sign in again with `hs login`")]
    Damaged {
        /// Which file.
        path: PathBuf,
    },
    /// What was kept of a server's log can't be read.
    #[error(
        "{path} is damaged: what this machine knew of the server's public log can't be read. Without it the log can't be held \
         to what it was; remove the file to begin anew"
    )]
    DamagedLog {
        /// Which file.
        path: PathBuf,
    },
}

impl Profile {
    /// The profile, or `None` where nobody has signed in.
    pub fn load(name: &str) -> Result<Option<Self>, ProfileError> {
        let path = path(name)?;
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(ProfileError::Io { path, source }),
        };
        serde_json::from_str(&text).map(Some).map_err(|_| ProfileError::Damaged { path })
    }

    /// Writes beside and renames, so that a crash leaves the old or the new.
    pub fn save(&self, name: &str) -> Result<(), ProfileError> {
        let path = path(name)?;
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        write_private(&path, text.as_bytes()).map_err(|source| ProfileError::Io { path, source })
    }

    /// Forgets it; nothing to forget is fine.
    pub fn remove(name: &str) -> Result<(), ProfileError> {
        let path = path(name)?;
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(ProfileError::Io { path, source }),
            _ => Ok(()),
        }
    }
}

/// Where evidence about a profile's server is kept.
pub fn evidence_path(name: &str) -> Result<PathBuf, ProfileError> {
    Ok(path(name)?.with_file_name(format!("{name}-log-evidence.json")))
}

fn path(name: &str) -> Result<PathBuf, ProfileError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || !name.chars().all(plain) {
        return Err(ProfileError::BadName);
    }
    Ok(folder()?.join(format!("{name}.json")))
}

/// `~/.config/healthsecure`: all that `hs` remembers on disk.
pub fn folder() -> Result<PathBuf, ProfileError> {
    let config = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".config")))
        .ok_or(ProfileError::NoHome)?;
    Ok(config.join("healthsecure"))
}

/// Creates or replaces a file that only its owner reads.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let beside = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_name_cannot_leave_the_folder() {
        for name in ["", "..", "a/b", "a.b", "ä"] {
            assert!(matches!(path(name), Err(ProfileError::BadName)), "{name}");
        }
    }
}
