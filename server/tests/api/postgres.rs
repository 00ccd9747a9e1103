//! A PostgreSQL to test on: the one that `scripts/postgres` started around the tests, or, for a test that is run alone, one
//! that it starts and stops with this process.
#![allow(clippy::unwrap_used)]

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use sea_orm::{ConnectionTrait, Database, DatabaseConnection};

/// Its address, without a database's name, and the process that ends when this one does: when nobody writes to it any more.
static SERVER: OnceLock<Option<(String, Option<Child>)>> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// Where it is. Nothing where PostgreSQL is missing, which is said loudly and, in CI, not accepted.
pub fn server() -> Option<&'static str> {
    let found = SERVER.get_or_init(find).as_ref().map(|(address, _)| address.as_str());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "PostgreSQL is missing: install the package postgresql");
        eprintln!("SKIPPED: PostgreSQL is missing. On Debian: sudo apt-get install postgresql");
    }
    found
}

fn find() -> Option<(String, Option<Child>)> {
    let given = |name| std::env::var(name).ok();
    if let Some(address) = given("TEST_POSTGRES_URL").or_else(|| given("TEST_POSTGRES_SERVER")) {
        return Some((address, None));
    }
    let mut above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("scripts/postgres"));
    let script = above.find(|file| file.exists()).unwrap();
    let mut starting = Command::new(script);
    starting.arg("hold").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = starting.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().to_owned();
    if address.is_empty() {
        child.wait().unwrap();
        return None;
    }
    Some((address, Some(child)))
}

/// Connects to a database there as someone who may do everything.
pub async fn connect(database: &str) -> DatabaseConnection {
    Database::connect(format!("{}/{database}", server().unwrap())).await.unwrap()
}

/// An empty database of its own; what stands behind its name in CREATE DATABASE. Gives its URL.
pub async fn database(options: &str) -> Option<String> {
    let address = server()?;
    let number = DATABASES.fetch_add(1, Ordering::Relaxed);
    let name = format!("hs_{}_{number}", std::process::id());
    let admin = connect("postgres").await;
    admin.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await.unwrap();
    admin.execute_unprepared(&format!("CREATE DATABASE {name} TEMPLATE template0 {options}")).await.unwrap();
    admin.close().await.unwrap();
    Some(format!("{address}/{name}"))
}
