//! Where the database is: a URL whose password is shown nowhere.
//!
//! `sqlite:PATH`, or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. What is shown of it, in messages and errors, is the
//! same without the password; what doesn't parse isn't shown at all.

use std::{
    fmt,
    net::IpAddr,
    path::{Path, PathBuf},
};

use percent_encoding::percent_decode_str;
use url::Url;

/// What may stand behind the `?` of a PostgreSQL URL.
const PARAMETERS: [&str; 5] = ["host", "sslmode", "sslrootcert", "sslcert", "sslkey"];

/// The URL of a database.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    whole: String,
    shown: String,
    sqlite: bool,
}

/// Why a text is not the URL of a database. The text itself may hold a password and isn't named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseUrlError {
    /// Neither kind.
    #[error(
        "the database must be named as sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE, with : / ? # @ and % \
         in user and password written as %3A %2F %3F %23 %40 and %25"
    )]
    Malformed,
    /// No host.
    #[error(
        "the database's URL names no host: postgres://USER@HOST/DATABASE, or postgres:///DATABASE?host=/FOLDER for a \
         socket"
    )]
    NoHost,
    /// No database.
    #[error("the database's URL names no database: postgres://USER@HOST/DATABASE")]
    NoDatabase,
    /// Something behind the `?`.
    #[error(
        "the database's URL may have these parameters only: host=/FOLDER (a socket), sslmode, sslrootcert, sslcert, \
         sslkey"
    )]
    Parameter,
    /// A password for what takes none, or a second one.
    #[error("a password file serves a database named as postgres://USER@HOST/DATABASE, without a password in that")]
    Password,
}

impl DatabaseUrl {
    /// Checks a URL. A PostgreSQL server on another machine must show a certificate for its name, unless the URL says
    /// otherwise by `sslmode`.
    pub fn parse(text: &str) -> Result<Self, DatabaseUrlError> {
        if text.starts_with("sqlite:") {
            return Ok(Self { whole: text.to_owned(), shown: text.to_owned(), sqlite: true });
        }
        let mut url = Url::parse(text).map_err(|_| DatabaseUrlError::Malformed)?;
        // An @ after the host means a password that wasn't escaped, of which a part would be shown.
        let beyond = [Some(url.path()), url.query(), url.fragment()];
        let split = beyond.into_iter().flatten().any(|part| part.contains('@'));
        if !matches!(url.scheme(), "postgres" | "postgresql") || url.fragment().is_some() || split {
            return Err(DatabaseUrlError::Malformed);
        }
        let given: Vec<String> = url.query_pairs().map(|(key, _)| key.into_owned()).collect();
        if given.iter().any(|key| !PARAMETERS.contains(&key.as_str())) {
            return Err(DatabaseUrlError::Parameter);
        }
        if url.path().trim_matches('/').is_empty() {
            return Err(DatabaseUrlError::NoDatabase);
        }
        if !is_here(&url)? && !given.iter().any(|key| key == "sslmode") {
            url.query_pairs_mut().append_pair("sslmode", "verify-full");
        }
        Ok(Self::postgres(url))
    }

    /// SQLite in a file. A path in a URL must not be read as a query or fragment.
    pub fn sqlite(path: &Path) -> Self {
        let escaped = path.display().to_string().replace('%', "%25").replace('?', "%3F").replace('#', "%23");
        let whole = format!("sqlite:{escaped}");
        Self { shown: whole.clone(), whole, sqlite: true }
    }

    /// The same with a password that was kept apart.
    pub fn with_password(&self, password: &str) -> Result<Self, DatabaseUrlError> {
        let url = Url::parse(&self.whole).ok().filter(|url| !self.sqlite && url.password().is_none());
        let mut url = url.filter(|url| !url.username().is_empty()).ok_or(DatabaseUrlError::Password)?;
        url.set_password(Some(password)).map_err(|()| DatabaseUrlError::Password)?;
        Ok(Self::postgres(url))
    }

    /// Whether it is SQLite; PostgreSQL otherwise.
    pub fn is_sqlite(&self) -> bool {
        self.sqlite
    }

    /// The file of a database on SQLite; none of one in memory.
    pub fn file(&self) -> Option<PathBuf> {
        let path = self.whole.strip_prefix("sqlite:").filter(|_| self.sqlite)?;
        let path = path.strip_prefix("//").unwrap_or(path).split('?').next()?;
        let decoded = percent_decode_str(path).decode_utf8().ok()?;
        (!decoded.is_empty() && decoded != ":memory:").then(|| PathBuf::from(decoded.as_ref()))
    }

    /// With the password: for the driver alone.
    pub fn expose(&self) -> &str {
        &self.whole
    }

    fn postgres(url: Url) -> Self {
        let mut shown = url.clone();
        // Fails where there is no host, and so no password.
        let _ = shown.set_password(None);
        Self { whole: url.into(), shown: shown.into(), sqlite: false }
    }
}

/// Whether nothing leaves this machine: a socket or a loopback address.
fn is_here(url: &Url) -> Result<bool, DatabaseUrlError> {
    // What the parameter says replaces the host, and it may name a socket's folder only.
    match url.query_pairs().find(|(key, _)| key == "host") {
        Some((_, folder)) if folder.starts_with('/') => return Ok(true),
        Some(_) => return Err(DatabaseUrlError::Parameter),
        None => {}
    }
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or(DatabaseUrlError::NoHost)?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let socket = host.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("%2f"));
    Ok(socket || host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()))
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({})", self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_reaches_the_driver_and_nothing_else() {
        let url = DatabaseUrl::parse("postgres://clinic:s3cr%40t@localhost:5433/records").unwrap();
        assert_eq!(url.to_string(), "postgres://clinic@localhost:5433/records");
        assert_eq!(format!("{url:?}"), "DatabaseUrl(postgres://clinic@localhost:5433/records)");
        assert!(url.expose().contains("s3cr%40t") && !url.is_sqlite());
        let apart = DatabaseUrl::parse("postgres://clinic@localhost/records").unwrap();
        let joined = apart.with_password("p@ss/w:rd").unwrap();
        assert_eq!((joined.to_string(), joined.expose().contains("rd@localhost")), (apart.to_string(), true));
        assert_eq!(joined.with_password("x"), Err(DatabaseUrlError::Password));
        let socket = DatabaseUrl::parse("postgres:///records?host=/run/postgresql").unwrap();
        assert_eq!(socket.with_password("x"), Err(DatabaseUrlError::Password));
    }

    #[test]
    fn what_does_not_parse_is_refused_without_being_shown() {
        use DatabaseUrlError::{Malformed, NoDatabase, NoHost, Parameter};
        for (text, error) in [
            ("mysql://u:s3cret@h/d", Malformed),
            ("healthsecure.db", Malformed),
            ("postgres://u:s3/cret@h/d", Malformed),
            ("postgres://u:1/s3cret@h/d", Malformed),
            ("postgres://u:1?s3cret@h/d", Malformed),
            ("postgres://u:1#s3cret@h/d", Malformed),
            ("postgres://u@h", NoDatabase),
            ("postgres:///d", NoHost),
            ("postgres://u@h/d?password=s3cret", Parameter),
            ("postgres://localhost/d?host=elsewhere", Parameter),
            ("postgres://u@h/d?options=-c%20fsync=off", Parameter),
        ] {
            let refused = DatabaseUrl::parse(text).unwrap_err();
            assert_eq!(refused, error, "{text}");
            assert!(!refused.to_string().contains("s3cret") && !refused.to_string().contains("cret@"), "{text}");
        }
    }

    #[test]
    fn a_server_elsewhere_must_show_a_certificate_for_its_name() {
        let whole = |text| DatabaseUrl::parse(text).unwrap().expose().to_owned();
        for elsewhere in ["postgres://u@db.example.org/d", "postgresql://u@10.0.0.7/d", "postgres://u@[fd00::1]/d"] {
            assert!(whole(elsewhere).ends_with("?sslmode=verify-full"), "{elsewhere}");
        }
        for here in [
            "postgres://u@localhost/d",
            "postgres://u@127.0.0.1:5433/d",
            "postgres://u@[::1]/d",
            "postgres://u@%2Frun%2Fpostgresql/d",
            "postgres:///d?host=/run/postgresql",
        ] {
            assert_eq!(whole(here), here);
        }
        let said = "postgres://u@db.example.org/d?sslmode=disable";
        assert_eq!(whole(said), said, "the operator's word counts");
    }

    #[test]
    fn a_path_is_not_read_as_a_query() {
        let url = DatabaseUrl::sqlite(Path::new("/a%b?c#d/healthsecure.db"));
        assert_eq!((url.expose(), url.is_sqlite()), ("sqlite:/a%25b%3Fc%23d/healthsecure.db", true));
        assert_eq!(url.file().unwrap(), Path::new("/a%b?c#d/healthsecure.db"));
        assert!(DatabaseUrl::parse("sqlite:/var/lib/h.db").unwrap().is_sqlite());
        let path = |text| DatabaseUrl::parse(text).unwrap().file();
        assert_eq!(path("sqlite://h.db?mode=rwc"), Some(PathBuf::from("h.db")));
        assert_eq!((path("sqlite::memory:"), path("postgres://u@localhost/d")), (None, None));
    }
}
