//! Which database, on the command line and in the environment.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{
    cli::default_database,
    database_url::DatabaseUrl,
    migrate_to::{self, Move},
};

/// Where the database may be named as well: what it was called here before, and what hosts set by custom.
const ELSEWHERE: [&str; 2] = ["HEALTHSECURE_DATABASE_URL", "DATABASE_URL"];

/// What was typed: perhaps with a password, so it isn't shown, not even in an error.
#[derive(Clone)]
struct Typed(String);

impl From<String> for Typed {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// The database to serve from.
#[derive(Debug, Args)]
pub struct DatabaseArgs {
    /// sqlite:PATH or postgres://USER@HOST/DATABASE; DATABASE_URL counts as well [default: SQLite in the data folder]. Other
    /// users of this machine can read arguments: a password belongs in the environment or in --database-password-file.
    #[arg(
        long,
        visible_alias = "database-url",
        env = "HEALTHSECURE_DATABASE",
        hide_env_values = true,
        value_name = "URL"
    )]
    database: Option<Typed>,
    /// File with the password for PostgreSQL.
    #[arg(long, env = "HEALTHSECURE_DATABASE_PASSWORD_FILE", value_name = "FILE")]
    database_password_file: Option<PathBuf>,
}

impl DatabaseArgs {
    /// The database that is named, or SQLite in the data folder.
    pub fn url(&self, data: &Path) -> Result<DatabaseUrl, String> {
        let typed = self.database.as_ref().map(|typed| typed.0.clone());
        let named = typed.or_else(|| ELSEWHERE.iter().find_map(|name| std::env::var(name).ok()));
        match named.filter(|text| !text.is_empty()) {
            Some(text) => checked(&text, self.database_password_file.as_deref()),
            None if self.database_password_file.is_none() => Ok(default_database(data)),
            None => Err(crate::database_url::DatabaseUrlError::Password.to_string()),
        }
    }
}

/// What is moved where to.
#[derive(Debug, Args)]
pub struct MigrateToArgs {
    /// The database to move to, empty: postgres://USER@HOST/DATABASE. Other users of this machine can read arguments: a
    /// password belongs in the environment or in --database-password-file.
    #[arg(env = "HEALTHSECURE_MIGRATE_TO", hide_env_values = true, value_name = "URL")]
    to: Typed,
    /// Folder for database, ciphertext and secrets.
    #[arg(long, env = "HEALTHSECURE_DATA", default_value = "./data")]
    data: PathBuf,
    /// The database to move [default: SQLite in the data folder].
    #[arg(long, value_name = "sqlite:PATH")]
    from: Option<Typed>,
    /// File with the password for PostgreSQL.
    #[arg(long, env = "HEALTHSECURE_DATABASE_PASSWORD_FILE", value_name = "FILE")]
    database_password_file: Option<PathBuf>,
}

impl MigrateToArgs {
    /// Moves it.
    pub fn run(self) -> Result<(), String> {
        let from =
            self.from.as_ref().map(|typed| DatabaseUrl::parse(&typed.0).map_err(|e| e.to_string())).transpose()?;
        let to = checked(&self.to.0, self.database_password_file.as_deref())?;
        let order = Move { from: from.unwrap_or_else(|| default_database(&self.data)), data: self.data, to };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| e.to_string())?;
        let moved = runtime.block_on(migrate_to::run(&order, |said| println!("{said}"))).map_err(|e| e.to_string())?;
        println!(
            "Moved: {} tables with {} rows are the same in both places. Start the server with --database {}",
            moved.tables, moved.rows, order.to
        );
        Ok(())
    }
}

fn checked(text: &str, password_file: Option<&Path>) -> Result<DatabaseUrl, String> {
    let url = DatabaseUrl::parse(text).map_err(|e| e.to_string())?;
    let Some(file) = password_file else { return Ok(url) };
    let password = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    url.with_password(password.trim_end_matches(['\r', '\n'])).map_err(|e| e.to_string())
}
