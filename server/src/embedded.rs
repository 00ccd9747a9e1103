//! The page, as `scripts/site` built it, within the program.

#[derive(rust_embed::RustEmbed)]
#[folder = "../target/site"]
#[allow_missing = true]
pub struct Site;

/// Written anew with every site, which may have other files than the one before.
const _: &[u8] = include_bytes!("../../target/site.list");
