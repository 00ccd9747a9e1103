//! Nothing: it is depended on for the features that it gives to third-party crates (Cargo.toml).
