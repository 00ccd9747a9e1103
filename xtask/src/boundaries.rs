//! Which way dependencies point (docs/architecture.md). A wall that nothing checks is a drawing.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{Outcome, cargo};

/// Crates that have no business in a browser. `tokio` may be there for its channels, never with a network.
const SERVER_ONLY: [&str; 10] = [
    "axum",
    "axum-core",
    "entities",
    "healthsecure-entities",
    "hyper",
    "migrations",
    "mio",
    "sea-orm",
    "server",
    "sqlx-core",
];

/// Crates of ours that name no other crate of ours.
const LEAVES: [&str; 5] =
    ["healthsecure-api-types", "healthsecure-crypto", "healthsecure-entities", "healthsecure-tlog", "migrations"];

const OURS: [&str; 15] = [
    "app",
    "cli",
    "frontend",
    "fuzz-checks",
    "healthsecure-api-types",
    "healthsecure-client",
    "healthsecure-crypto",
    "healthsecure-entities",
    "healthsecure-passwords",
    "healthsecure-tlog",
    "malicious-server",
    "migrations",
    "same-features",
    "server",
    "xtask",
];

/// Checks every wall and names each that is broken.
pub fn check() -> Outcome {
    let results = [
        server_cannot_open(),
        browser_has_no_server(),
        nothing_is_weakened(),
        every_read_is_audited(),
        leaves_stand_alone(),
        nothing_needs_the_server(),
        page_has_one_name(),
    ];
    let broken: Vec<String> = results.iter().filter_map(|r| r.as_ref().err().cloned()).collect();
    if !broken.is_empty() {
        return Err(format!("boundaries broken:\n  {}", broken.join("\n  ")));
    }
    Ok(results.into_iter().flatten().map(|r| format!("boundary holds: {r}")).collect::<Vec<_>>().join("\n"))
}

/// A package in a tree, with the features it is built with.
struct Node {
    name: String,
    features: Vec<String>,
}

/// The packages that go into building `package` alone, without its tests.
fn tree(package: &str, target: &[&str]) -> Result<Vec<Node>, String> {
    let mut args = vec!["tree", "--locked", "-p", package, "-e", "normal", "--prefix", "none", "-f", "{p}|{f}"];
    args.extend(target);
    let nodes = parse(&cargo(&args)?);
    if nodes.is_empty() { Err(format!("cargo tree shows nothing for {package}")) } else { Ok(nodes) }
}

fn parse(tree: &str) -> Vec<Node> {
    let node = |line: &str| {
        let (package, features) = line.split_once('|')?;
        let name = package.split_whitespace().next()?.to_owned();
        let features = features.trim_end_matches(" (*)").split(',').filter(|f| !f.is_empty());
        Some(Node { name, features: features.map(str::to_owned).collect() })
    };
    tree.lines().filter_map(node).collect()
}

fn features<'a>(nodes: &'a [Node], name: &str) -> Vec<&'a str> {
    nodes.iter().filter(|n| n.name == name).flat_map(|n| n.features.iter().map(String::as_str)).collect()
}

fn server_cannot_open() -> Outcome {
    let nodes = tree("server", &[])?;
    let names: Vec<&str> = nodes.iter().map(|n| n.name.as_str()).collect();
    if !names.contains(&"healthsecure-crypto") {
        return Err("the server's tree has no crypto crate: this check looks at the wrong thing".to_owned());
    }
    if features(&nodes, "healthsecure-crypto").contains(&"open") {
        return Err(
            "the server is built with the code that decrypts (feature `open` of healthsecure-crypto)".to_owned()
        );
    }
    if names.contains(&"healthsecure-client") {
        return Err("the server depends on the client".to_owned());
    }
    Ok("the server is built without the code that decrypts".to_owned())
}

fn browser_has_no_server() -> Outcome {
    let nodes = tree("frontend", &["--target", "wasm32-unknown-unknown"])?;
    if let Some(node) = nodes.iter().find(|n| SERVER_ONLY.contains(&n.name.as_str())) {
        return Err(format!("{} reaches the browser (cargo tree -p frontend -i {})", node.name, node.name));
    }
    if features(&nodes, "tokio").contains(&"net") {
        return Err("tokio's network reaches the browser".to_owned());
    }
    if features(&nodes, "app").contains(&"ssr") {
        return Err("the browser's page is built with `ssr`".to_owned());
    }
    let names: BTreeSet<&str> = nodes.iter().map(|n| n.name.as_str()).collect();
    Ok(format!("no server crate among the browser's {} packages", names.len()))
}

/// What people run has all of its defences, and no switch for them.
fn nothing_is_weakened() -> Outcome {
    for (program, target) in [("server", &[][..]), ("cli", &[]), ("frontend", &["--target", "wasm32-unknown-unknown"])]
    {
        let nodes = tree(program, target)?;
        if !nodes.iter().any(|n| n.name == "healthsecure-crypto") {
            return Err(format!("{program} has no crypto crate: this check looks at the wrong thing"));
        }
        if nodes.iter().any(|n| n.features.iter().any(|f| f == "weaken")) {
            return Err(format!("{program} is built with feature `weaken`, which switches defences off"));
        }
    }
    Ok("no program is built with a switch for its defences".to_owned())
}

/// The server that people run has no switch for its audit. By default, and however else the workspace builds it: the feature is
/// asked for on the command line alone.
fn every_read_is_audited() -> Outcome {
    let nodes = tree("server", &[])?;
    if !nodes.iter().any(|n| n.name == "server" && n.features.iter().any(|f| f == "page")) {
        return Err("the server's tree has no server with its page: this check looks at the wrong thing".to_owned());
    }
    let all = parse(&cargo(&[
        "tree",
        "--locked",
        "--workspace",
        "-e",
        "features,normal,dev",
        "--prefix",
        "none",
        "-f",
        "{p}|{f}",
    ])?);
    if nodes.iter().chain(&all).any(|n| n.features.iter().any(|f| f == "unaudited")) {
        return Err("the server is built with feature `unaudited`, which leaves reads out of the audit".to_owned());
    }
    Ok("no server is built with a switch for its audit".to_owned())
}

fn leaves_stand_alone() -> Outcome {
    for leaf in LEAVES {
        let nodes = tree(leaf, &["--all-features"])?;
        if let Some(sibling) = nodes.iter().find(|n| n.name != leaf && OURS.contains(&n.name.as_str())) {
            return Err(format!("{leaf} depends on {}", sibling.name));
        }
    }
    Ok("crypto, tlog, api-types, entities and migrations name no sibling".to_owned())
}

fn nothing_needs_the_server() -> Outcome {
    for package in OURS.iter().filter(|p| !matches!(**p, "server" | "xtask")) {
        if tree(package, &[])?.iter().any(|n| n.name == "server") {
            return Err(format!("{package} depends on the server"));
        }
    }
    Ok("nothing depends on the server".to_owned())
}

/// Leptos.toml, which the server reads, and Cargo.toml, which cargo-leptos reads.
fn page_has_one_name() -> Outcome {
    let metadata = cargo(&["metadata", "--locked", "--no-deps", "--format-version", "1"])?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|e| format!("cargo metadata: {e}"))?;
    let leptos = std::fs::read_to_string("Leptos.toml").map_err(|e| format!("Leptos.toml: {e}"))?;
    let cargo = &metadata["metadata"]["leptos"][0];
    agree(&leptos, cargo)?;
    can_be_watched(cargo)
}

/// What `make dev` needs: cargo-leptos starts the binary by its executable's name, which it takes from the package unless
/// told, builds the server without its default features, and watches `src` folders only unless told.
fn can_be_watched(cargo: &Value) -> Outcome {
    let has = |list: &str, item: &str| cargo[list].as_array().is_some_and(|l| l.iter().any(|i| i == item));
    if cargo["bin-exe-name"] != cargo["bin-target"] {
        return Err("bin-exe-name must be bin-target: `make dev` would look for another program".to_owned());
    }
    if !has("bin-features", "page") {
        return Err("bin-features lacks page: `make dev` would serve the API alone".to_owned());
    }
    if !has("watch-additional-files", "app/locales") {
        return Err("watch-additional-files lacks app/locales: `make dev` would miss changed texts".to_owned());
    }
    Ok("Leptos.toml and Cargo.toml agree".to_owned())
}

fn agree(leptos: &str, cargo: &Value) -> Outcome {
    let options: Vec<(&str, &str)> =
        leptos.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" = ")).collect();
    for &(name, value) in &options {
        let other = cargo[name].to_string();
        if other != value {
            return Err(format!("{name} is {value} in Leptos.toml and {other} in Cargo.toml"));
        }
    }
    if options.is_empty() {
        return Err("Leptos.toml says nothing: this check looks at the wrong thing".to_owned());
    }
    Ok("Leptos.toml and Cargo.toml agree".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_read_with_its_features() {
        let nodes = parse("server v0.1.0 (/x)|\nhealthsecure-crypto v0.1.0 (/y)|open,opaque-server (*)\n\n");
        assert_eq!(nodes.len(), 2);
        assert_eq!(features(&nodes, "healthsecure-crypto"), ["open", "opaque-server"]);
        assert!(features(&nodes, "server").is_empty());
    }

    #[test]
    fn what_can_not_be_watched_is_noticed() {
        let cargo = |exe: &str, features: &[&str], files: &[&str]| {
            serde_json::json!({
                "bin-target": "healthsecure", "bin-exe-name": exe, "bin-features": features,
                "watch-additional-files": files,
            })
        };
        assert!(can_be_watched(&cargo("healthsecure", &["page"], &["app/locales"])).is_ok());
        assert!(can_be_watched(&cargo("server", &["page"], &["app/locales"])).is_err());
        assert!(can_be_watched(&cargo("healthsecure", &[], &["app/locales"])).is_err());
        assert!(can_be_watched(&cargo("healthsecure", &["page"], &[])).is_err());
        assert!(can_be_watched(&serde_json::json!({ "bin-target": "healthsecure" })).is_err());
    }

    #[test]
    fn two_names_are_noticed() {
        let cargo = serde_json::json!({ "output-name": "page", "reload-port": 1 });
        assert!(agree("# note = \"x\"\noutput-name = \"page\"\nreload-port = 1\n", &cargo).is_ok());
        assert!(agree("output-name = \"other\"\n", &cargo).is_err());
        assert!(agree("site-addr = \"page\"\n", &cargo).is_err());
        assert!(agree("", &cargo).is_err());
    }
}
