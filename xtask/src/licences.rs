//! Licences: every dependency's must be one that deny.toml allows, and every crate of ours must carry its folder's.

use std::{collections::BTreeMap, fs};

use serde_json::Value;

use crate::{Outcome, cargo, spdx};

const PRODUCT: &str = "AGPL-3.0-or-later";
const LIBRARY: &str = "Apache-2.0 OR MIT";
/// The crates that anyone may build another client from, and attack it with.
const LIBRARIES: [&str; 5] =
    ["healthsecure-api-types", "healthsecure-client", "healthsecure-crypto", "healthsecure-tlog", "malicious-server"];

/// Checks all packages in Cargo.lock, whatever platform they are for.
pub fn check() -> Outcome {
    let allowed = allowed_in(&fs::read_to_string("deny.toml").map_err(|e| format!("deny.toml: {e}"))?)?;
    let metadata = cargo(&["metadata", "--format-version", "1", "--locked"])?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|e| format!("cargo metadata: {e}"))?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata names no packages")?;
    let mut wrong = Vec::new();
    let mut counts = BTreeMap::new();
    for package in packages {
        let licence = package["license"].as_str().unwrap_or_default();
        *counts.entry(licence).or_insert(0_usize) += 1;
        let verdict = match package["source"].as_str() {
            Some(_) => dependency(licence, &allowed),
            None => ours(package["name"].as_str().unwrap_or_default(), licence),
        };
        if let Err(reason) = verdict {
            wrong.push(format!("  {} {}: {reason}", text(&package["name"]), text(&package["version"])));
        }
    }
    if wrong.is_empty() {
        return Ok(summary(packages.len(), &counts));
    }
    wrong.sort();
    Err(format!("licences that are not allowed:\n{}", wrong.join("\n")))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

fn summary(packages: usize, counts: &BTreeMap<&str, usize>) -> String {
    let rows = counts.iter().map(|(licence, count)| format!("\n  {count:4}  {licence}"));
    format!("licences of {packages} packages, all allowed:{}", rows.collect::<String>())
}

fn dependency(licence: &str, allowed: &[String]) -> Result<(), String> {
    if licence.is_empty() {
        return Err("states no licence".to_owned());
    }
    match spdx::is_met(licence, &|id| allowed.iter().any(|a| a == id)) {
        Ok(true) => Ok(()),
        Ok(false) => Err(licence.to_owned()),
        Err(reason) => Err(reason),
    }
}

fn ours(name: &str, licence: &str) -> Result<(), String> {
    let expected = if LIBRARIES.contains(&name) { LIBRARY } else { PRODUCT };
    if licence == expected { Ok(()) } else { Err(format!("is ours and must be {expected}, not “{licence}”")) }
}

/// The strings of `allow = [ … ]` under `[licenses]`.
fn allowed_in(deny: &str) -> Result<Vec<String>, String> {
    let section = deny.split("[licenses]").nth(1).ok_or("deny.toml has no [licenses]")?;
    let list = section.split_once("allow = [").and_then(|(_, rest)| rest.split_once(']'));
    let (list, _) = list.ok_or("deny.toml allows no licences")?;
    Ok(list.split('"').skip(1).step_by(2).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DENY: &str = "[bans]\nallow = []\n[licenses]\nallow = [\n  \"MIT\",\n  \"ISC\",\n]\n[sources]\n";

    #[test]
    fn the_list_is_read_from_its_own_section() {
        assert_eq!(allowed_in(DENY), Ok(vec!["MIT".to_owned(), "ISC".to_owned()]));
        assert!(allowed_in("[bans]").is_err());
    }

    #[test]
    fn a_dependency_without_an_allowed_licence_is_refused() {
        let allowed = allowed_in(DENY).unwrap();
        assert!(dependency("MIT OR Apache-2.0", &allowed).is_ok());
        assert!(dependency("GPL-3.0-only", &allowed).is_err());
        assert!(dependency("", &allowed).is_err());
    }

    #[test]
    fn our_crates_carry_their_folders_licence() {
        assert!(ours("healthsecure-crypto", LIBRARY).is_ok());
        assert!(ours("healthsecure-crypto", PRODUCT).is_err());
        assert!(ours("server", LIBRARY).is_err());
    }
}
