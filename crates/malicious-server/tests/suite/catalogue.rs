//! docs/attacks.md tells of exactly the attacks that are run.

use std::collections::BTreeSet;

use malicious_server::attack::ATTACKS;

const PAGE: &str = include_str!("../../../../docs/attacks.md");
const SUITE: [&str; 11] = [
    include_str!("access.rs"),
    include_str!("account.rs"),
    include_str!("escrow.rs"),
    include_str!("key_log.rs"),
    include_str!("keys.rs"),
    include_str!("log.rs"),
    include_str!("organisation.rs"),
    include_str!("parts.rs"),
    include_str!("passkeys.rs"),
    include_str!("teams.rs"),
    include_str!("versions.rs"),
];

/// Where the client names what it refuses.
const REFUSALS: &str = include_str!("../../../client/src/refusal/code.rs");

/// The text of each section, by the name in its heading.
fn sections() -> Vec<(&'static str, &'static str)> {
    let headed = PAGE.split("\n## `").skip(1);
    headed.map(|section| section.split_once('`').expect("a heading ends its name")).collect()
}

#[test]
fn every_attack_has_its_page_and_every_page_its_attack() {
    let told: Vec<_> = sections().into_iter().map(|(name, _)| name).collect();
    let names: Vec<_> = ATTACKS.iter().map(|attack| attack.name).collect();
    assert_eq!(told, names, "the same ones, in the same order");
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
}

#[test]
fn every_page_names_the_walls_and_refusals_in_their_order() {
    for ((name, text), attack) in sections().into_iter().zip(ATTACKS) {
        let mut rest = text;
        for wall in attack.walls {
            for word in [format!("`{:?}`", wall.defence), format!("`{}`", wall.refusal)] {
                let at = rest.find(&word).unwrap_or_else(|| panic!("{name}: {word} is not told, or not in its place"));
                rest = &rest[at..];
            }
        }
    }
}

#[test]
fn every_attack_is_run() {
    for attack in ATTACKS {
        let constant = attack.name.replace('-', "_").to_uppercase();
        let run = format!("run(&{constant}, ");
        assert!(SUITE.iter().any(|file| file.contains(&run)), "{} is never run", attack.name);
    }
}

/// The code of every refusal.
fn codes() -> Vec<&'static str> {
    let coded = REFUSALS.lines().filter_map(|line| line.trim().strip_prefix("Self::")?.split_once("=> \""));
    coded.map(|(_, code)| code.trim_end_matches("\",")).collect()
}

#[test]
fn every_refusal_has_an_attack_or_a_reason() {
    let run: BTreeSet<_> = ATTACKS.iter().flat_map(|attack| attack.walls).map(|wall| wall.refusal).collect();
    let (_, told) = PAGE.split_once("\n## Refusals without an attack").expect("a section of its own");
    let (told, _) = told.split_once("\n## ").expect("a section behind it");
    let codes = codes();
    assert!(run.iter().all(|code| *code == "alarm" || codes.contains(code)), "the codes are read");
    for code in codes {
        let reason = told.contains(&format!("\n| `{code}` | "));
        assert_ne!(run.contains(code), reason, "{code}: an attack, or why there is none");
    }
}
