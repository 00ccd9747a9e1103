//! The keys by which a store that speaks S3 knows this server.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

/// An access key. Never printed, its name neither.
#[derive(Clone)]
pub struct Credentials {
    /// Its name.
    pub key_id: Zeroizing<String>,
    /// Its secret.
    pub secret: Zeroizing<String>,
    /// What comes with a key for a limited time.
    pub token: Option<Zeroizing<String>>,
}

/// Why a file gives no credentials.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// It can't be read.
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    /// It says something else.
    #[error(
        "{0} must hold the lines aws_access_key_id = … and aws_secret_access_key = …, perhaps aws_session_token = …, \
         and nothing else but [default] and comments (line {1})"
    )]
    Malformed(PathBuf, usize),
    /// It says too little.
    #[error("{0} lacks aws_access_key_id or aws_secret_access_key")]
    Missing(PathBuf),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

impl Credentials {
    /// From `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let given = |name| variable(name).filter(|value| !value.is_empty()).map(Zeroizing::new);
        Some(Self {
            key_id: given("AWS_ACCESS_KEY_ID")?,
            secret: given("AWS_SECRET_ACCESS_KEY")?,
            token: given("AWS_SESSION_TOKEN"),
        })
    }

    /// From a file in the form that AWS's own programs read, of one profile.
    pub fn read(path: &Path) -> Result<Self, CredentialsError> {
        let text = fs::read_to_string(path).map_err(|error| CredentialsError::File(path.to_owned(), error))?;
        let text = Zeroizing::new(text);
        let (mut key_id, mut secret, mut token) = (None, None, None);
        for (n, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with(['#', ';']) || line == "[default]" {
                continue;
            }
            let malformed = || CredentialsError::Malformed(path.to_owned(), n + 1);
            let (name, value) = line.split_once('=').ok_or_else(malformed)?;
            let place = match name.trim() {
                "aws_access_key_id" => &mut key_id,
                "aws_secret_access_key" => &mut secret,
                "aws_session_token" => &mut token,
                _ => return Err(malformed()),
            };
            let value = Some(value.trim()).filter(|value| !value.is_empty());
            let before = place.replace(Zeroizing::new(value.ok_or_else(malformed)?.to_owned()));
            if before.is_some() {
                return Err(malformed());
            }
        }
        match (key_id, secret) {
            (Some(key_id), Some(secret)) => Ok(Self { key_id, secret, token }),
            _ => Err(CredentialsError::Missing(path.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Credentials, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        fs::write(&path, text).unwrap();
        Credentials::read(&path).map_err(|e| e.to_string().replace(&path.display().to_string(), "FILE"))
    }

    #[test]
    fn a_file_is_read_as_aws_writes_it() {
        let text = "# the clinic's\n[default]\naws_access_key_id = AKIA\naws_secret_access_key=a/b+c=\n";
        let read_back = read(text).unwrap();
        assert_eq!((&**read_back.key_id, &**read_back.secret), ("AKIA", "a/b+c="));
        assert!(read_back.token.is_none());
        assert_eq!(format!("{read_back:?}"), "Credentials(..)");
        let temporary = read(&format!("{text}aws_session_token = t\r\n")).unwrap();
        assert_eq!(temporary.token.as_deref().map(String::as_str), Some("t"));
    }

    #[test]
    fn what_is_wrong_is_named_by_its_line_and_not_shown() {
        assert_eq!(
            read("aws_access_key_id = AKIA").map(|_| ()),
            Err("FILE lacks aws_access_key_id or aws_secret_access_key".into())
        );
        for (text, line) in [
            ("marked", 1),
            ("\nregion = marked", 2),
            ("aws_access_key_id =", 1),
            ("aws_access_key_id = marked\naws_access_key_id = marked", 2),
            ("[default]\n[other]", 2),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(&format!("(line {line})")) && !error.contains("marked"), "{error}");
        }
    }

    #[test]
    fn the_environment_gives_both_or_nothing() {
        let given = |pairs: &'static [(&'static str, &'static str)]| {
            Credentials::from_environment(|name| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
        };
        assert!(given(&[("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")]).is_some());
        assert!(given(&[("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "")]).is_none());
        assert!(given(&[("AWS_SECRET_ACCESS_KEY", "b")]).is_none());
    }
}
