//! Rebuilds the binary when the site that it embeds changes, and makes sure that there is a folder to embed: a build
//! without the page (tests of the API) embeds nothing and still works.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn main() {
    // Of this checkout, not of the one that this script was compiled in.
    let here = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let site = here.join("../target/site");
    println!("cargo::rerun-if-changed=build.rs");
    if let Err(error) = fs::create_dir_all(&site) {
        println!("cargo::warning=cannot make {}: {error}", site.display());
    }
    watch(&site);
    let page = std::env::var_os("CARGO_FEATURE_PAGE").is_some();
    let release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if page && release && !site.join("pkg/healthsecure.wasm").exists() {
        println!(
            "cargo::warning=target/site has no program yet: this binary serves pages that can't start. Build the page first."
        );
    }
}

/// Cargo follows a folder's own time only, so every folder below is named.
fn watch(folder: &Path) {
    println!("cargo::rerun-if-changed={}", folder.display());
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            watch(&path);
        } else {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
}
