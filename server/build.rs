//! Makes sure that there is something to embed where the page wasn't built: such a program serves the API, and pages that
//! can't start. It watches nothing: the program names what it embeds (main.rs), and is compiled again when that changes.

use std::{fs, io, path::PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Of this checkout, not of the one that this script was compiled in.
    let target = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../target");
    let made = fs::create_dir_all(target.join("site")).and_then(|()| list(target.join("site.list")));
    if let Err(error) = made {
        println!("cargo::warning=cannot make {}: {error}", target.display());
    }
}

fn list(path: PathBuf) -> io::Result<()> {
    match fs::OpenOptions::new().write(true).create_new(true).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}
