//! What the browser downloads, brotli-compressed: the first load within its budget, and what each further part of the
//! program adds when it is first needed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use crate::Outcome;

/// First load: WASM, JavaScript and CSS that a page needs before it works.
const BUDGET: u64 = 500 * 1024;
const SITE: &str = "target/site";
/// Group of the program → names of its WASM files, without `.wasm` (scripts/split.mjs).
const PARTS: &str = "target/split.json";
/// Not in the first load: fetched when the first worker starts.
const WORKER: &str = "worker.js";

type Parts = BTreeMap<String, Vec<String>>;

/// Adds up the built page.
pub fn check() -> Outcome {
    let parts: Parts = serde_json::from_str(&read(PARTS)?).map_err(|e| format!("{PARTS}: {e}"))?;
    let mut files = Vec::new();
    collect(Path::new(SITE), &mut files)?;
    judge(&files, &parts)
}

fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("{path}: {e}; build the page first (scripts/site)"))
}

struct File {
    name: String,
    raw: u64,
    compressed: u64,
}

fn collect(folder: &Path, files: &mut Vec<File>) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("{}: {e}; build the page first (scripts/site)", folder.display());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "wasm" || e == "js" || e == "css") {
            files.push(file(&path)?);
        }
    }
    Ok(())
}

/// A file that doesn't get smaller has no compressed form.
fn file(path: &Path) -> Result<File, String> {
    let raw = fs::metadata(path).map_err(|e| format!("{}: {e}", path.display()))?.len();
    let compressed = fs::metadata(format!("{}.br", path.display())).map_or(raw, |m| m.len());
    Ok(File { name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(), raw, compressed })
}

fn judge(files: &[File], parts: &Parts) -> Outcome {
    let later: BTreeSet<String> = parts.values().flatten().map(|name| format!("{name}.wasm")).collect();
    if let Some(missing) = later.iter().find(|name| files.iter().all(|file| file.name != **name)) {
        return Err(format!("{PARTS} names {missing}, which is not in {SITE}"));
    }
    let mut first: Vec<&File> =
        files.iter().filter(|file| !later.contains(&file.name) && file.name != WORKER).collect();
    first.sort_by_key(|file| std::cmp::Reverse(file.compressed));
    if !first.iter().any(|file| file.name.ends_with(".wasm")) {
        return Err(format!("{SITE} holds no program: build the page first (scripts/site)"));
    }
    let total: u64 = first.iter().map(|file| file.compressed).sum();
    let mut lines: Vec<String> = first
        .iter()
        .map(|file| format!("  {:>9} raw {:>8} brotli  {}", file.raw, file.compressed, file.name))
        .collect();
    for (group, names) in parts {
        let size: u64 = files
            .iter()
            .filter(|file| names.iter().any(|name| file.name == format!("{name}.wasm")))
            .map(|file| file.compressed)
            .sum();
        lines.push(format!("  later: {group} {size} brotli in {} files, some shared with other groups", names.len()));
    }
    lines.push(format!("first load: {total} bytes with brotli, {} % of {BUDGET}", total * 100 / BUDGET));
    let table = lines.join("\n");
    if total <= BUDGET { Ok(table) } else { Err(format!("the first load is larger than its budget\n{table}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, compressed: u64) -> File {
        File { name: name.to_owned(), raw: 3 * compressed, compressed }
    }

    fn parts() -> Parts {
        BTreeMap::from([("vault".to_owned(), vec!["split_vault".to_owned()])])
    }

    #[test]
    fn the_sum_counts_not_the_largest() {
        let later = || file("split_vault.wasm", 9 * BUDGET);
        assert!(judge(&[file("a.wasm", BUDGET - 1), file("a.js", 1), later()], &parts()).is_ok());
        assert!(judge(&[file("a.wasm", BUDGET - 1), file("a.js", 2), later()], &parts()).is_err());
    }

    #[test]
    fn a_part_that_is_missing_is_no_saving() {
        assert!(judge(&[file("a.wasm", 1)], &parts()).is_err());
    }
}
