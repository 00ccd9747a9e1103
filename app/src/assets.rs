//! Where the browser finds the program, and the hashes it must have. The server knows and provides it as context.

use std::collections::BTreeMap;

/// The embedded site, as the page names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assets {
    /// `/assets/<hash of all>`, without a slash at the end.
    pub root: String,
    /// Path below the root → `sha384-…`, for every script and the WASM.
    pub integrity: BTreeMap<String, String>,
}

impl Assets {
    /// The address of a file.
    pub fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.root)
    }

    /// The hash that a file must have; `None` in a build that embeds nothing.
    pub fn integrity(&self, path: &str) -> Option<String> {
        self.integrity.get(path).cloned()
    }

    /// The import map: it carries the hashes of all modules, so that imports are checked as well (HTML, "import maps").
    pub fn import_map(&self) -> String {
        let scripts = self.integrity.iter().filter(|(path, _)| path.ends_with(".js"));
        let entries: Vec<String> = scripts.map(|(path, hash)| format!("\"{}\":\"{hash}\"", self.url(path))).collect();
        format!("{{\"integrity\":{{{}}}}}", entries.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn import_map_names_scripts_only() {
        let integrity =
            [("pkg/a.js", "sha384-x"), ("pkg/a.wasm", "sha384-y")].map(|(p, h)| (p.to_owned(), h.to_owned()));
        let assets = Assets { root: "/assets/1".into(), integrity: integrity.into() };
        assert_eq!(assets.import_map(), r#"{"integrity":{"/assets/1/pkg/a.js":"sha384-x"}}"#);
    }
}
