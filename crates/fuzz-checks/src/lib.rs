//! What must hold of any bytes that come from outside: no parser panics, what is read is written again to the byte, and only
//! what was sealed or signed is taken for it. One function for each fuzz target of `fuzz/`; it says whether the bytes were read.
//!
//! The tests run each over its seeds (`fuzz/seeds`, made by `fuzz/make_seeds.py`) and over bytes that chance makes of them. So a
//! broken check shows in `make test`; `make fuzz` looks further.
//!
//! It is a test bench, so it panics where something doesn't hold.
#![allow(clippy::unwrap_used)]

pub mod log;
pub mod sealed;

use std::{fs, io, path::PathBuf};

/// A fuzz target.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, as of its program and of its folder of seeds.
    pub name: &'static str,
    /// Its check: whether the bytes were read as what they should be.
    pub check: fn(&[u8]) -> bool,
}

macro_rules! targets {
    ($($module:ident::$name:ident),+ $(,)?) => {
        /// All of them.
        pub const TARGETS: &[Target] = &[$(Target { name: stringify!($name), check: $module::$name }),+];
    };
}

targets! {
    log::checkpoint,
    log::cosignature,
    log::leaf,
    log::note,
    log::proof,
    log::tile,
    log::witness_request,
    sealed::event,
    sealed::manifest,
    sealed::part,
    sealed::signed,
    sealed::wrap,
}

/// The folder of the fuzz targets.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

impl Target {
    /// What fuzzing begins with, by name and in its order.
    ///
    /// # Errors
    /// What the files say.
    pub fn seeds(&self) -> io::Result<Vec<(String, Vec<u8>)>> {
        let read = |entry: io::Result<fs::DirEntry>| -> io::Result<(String, Vec<u8>)> {
            let entry = entry?;
            Ok((entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?))
        };
        let mut seeds =
            fs::read_dir(folder().join("seeds").join(self.name))?.map(read).collect::<io::Result<Vec<_>>>()?;
        seeds.sort();
        Ok(seeds)
    }
}
