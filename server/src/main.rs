//! `healthsecure`, the HealthSecure server. Everything happens in the library, but that the site is in the program.

use std::process::ExitCode;

#[cfg(feature = "page")]
mod site {
    /// What `scripts/site` built.
    #[derive(rust_embed::RustEmbed)]
    #[folder = "../target/site"]
    #[allow_missing = true]
    pub struct Site;

    /// Written anew with every site, which may have other files than the one before.
    const _: &[u8] = include_bytes!("../../target/site.list");
}

fn main() -> ExitCode {
    #[cfg(feature = "page")]
    server::page::embed::<site::Site>();
    server::cli::run()
}
