//! docs/attacks.md tells of exactly the attacks that are run, and each is run with what stops it and without.

use std::collections::BTreeSet;

use malicious_server::attack::{ATTACKS, PAGE_ATTACKS, PageAttack};

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
/// Where the defences are listed.
const DEFENCES: &str = include_str!("../../../crypto/src/defence.rs");

/// The browser tests of attacks, by their path below `end2end`.
const BROWSER: [(&str, &str); 10] = [
    ("tests/alarms.spec.ts", include_str!("../../../../end2end/tests/alarms.spec.ts")),
    ("tests/attacks.spec.ts", include_str!("../../../../end2end/tests/attacks.spec.ts")),
    ("tests/forgeries.spec.ts", include_str!("../../../../end2end/tests/forgeries.spec.ts")),
    ("tests/headers.spec.ts", include_str!("../../../../end2end/tests/headers.spec.ts")),
    ("tests/hostile-files.spec.ts", include_str!("../../../../end2end/tests/hostile-files.spec.ts")),
    ("tests/html.spec.ts", include_str!("../../../../end2end/tests/html.spec.ts")),
    ("tests/log.spec.ts", include_str!("../../../../end2end/tests/log.spec.ts")),
    ("tests/walls.spec.ts", include_str!("../../../../end2end/tests/walls.spec.ts")),
    ("tests/witnesses.spec.ts", include_str!("../../../../end2end/tests/witnesses.spec.ts")),
    ("tools/hostile.spec.ts", include_str!("../../../../end2end/tools/hostile.spec.ts")),
];

/// The text of each section, by the name in its heading.
fn sections() -> Vec<(&'static str, &'static str)> {
    sections_of(PAGE, "\n## `")
}

fn sections_of(text: &'static str, heading: &str) -> Vec<(&'static str, &'static str)> {
    let headed = text.split(heading).skip(1);
    headed.map(|section| section.split_once('`').expect("a heading ends its name")).collect()
}

/// Whether all of this is told, in this order.
fn assert_told(name: &str, text: &str, words: impl IntoIterator<Item = String>) {
    let mut rest = text;
    for word in words {
        let at = rest.find(&word).unwrap_or_else(|| panic!("{name}: {word} is not told, or not in its place"));
        rest = &rest[at..];
    }
}

const TRIES: &str = "**Tries**: ";
const STOPPED: &str = "**Stopped by**: ";

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
        let walls =
            attack.walls.iter().flat_map(|wall| [format!("`{:?}`", wall.defence), format!("`{}`", wall.refusal)]);
        assert_told(name, text, [TRIES.to_owned(), STOPPED.to_owned()].into_iter().chain(walls));
    }
}

/// By `run`, which fails where a wall doesn't stop it by its name, and where it doesn't succeed without them.
#[test]
fn every_attack_is_run() {
    for attack in ATTACKS {
        let constant = attack.name.replace('-', "_").to_uppercase();
        let run = format!("run(&{constant}, ");
        let times: usize = SUITE.iter().map(|file| file.matches(&run).count()).sum();
        assert_eq!(times, 1, "{} is run so often", attack.name);
    }
    assert!(SUITE.iter().all(|file| !file.contains("#[ignore")), "and always");
}

/// A defence that no attack goes without is shown by none to stop anything.
#[test]
fn every_defence_stops_an_attack() {
    let (_, listed) = DEFENCES.split_once("pub enum Defence {").expect("the list");
    let (listed, _) = listed.split_once("\n}").expect("its end");
    let listed = listed.lines().map(str::trim).filter(|line| !line.starts_with("///"));
    let defences: BTreeSet<_> = listed.filter_map(|line| line.strip_suffix(',')).map(str::to_owned).collect();
    let walls = ATTACKS.iter().flat_map(|attack| attack.walls).map(|wall| format!("{:?}", wall.defence));
    assert_eq!(defences, walls.collect::<BTreeSet<_>>());
}

#[test]
fn every_attack_on_the_page_has_its_section() {
    let told = sections_of(PAGE, "\n### `");
    let names: Vec<_> = told.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, PAGE_ATTACKS.iter().map(|attack| attack.name).collect::<Vec<_>>());
    for ((name, text), attack) in told.into_iter().zip(PAGE_ATTACKS) {
        let walls = attack.walls.iter().map(|wall| wall.name.to_owned());
        let end = "**Without ".to_owned();
        assert_told(name, text, [TRIES.to_owned(), STOPPED.to_owned()].into_iter().chain(walls).chain([end]));
        for spec in attack.specs {
            assert!(text.contains(&format!("`{spec}`")), "{name}: {spec} is not told");
        }
    }
}

/// The tests in whose titles an attack is named: `one and two: what is shown`.
fn browser_tests(attack: &PageAttack) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (_, text) in BROWSER.iter().filter(|(path, _)| attack.specs.contains(path)) {
        let mut inside = false;
        for line in text.lines() {
            if let Some(title) = line.trim_start().strip_prefix("test(") {
                let names = title.split_once(": ").map_or("", |(names, _)| names);
                inside = names.trim_start_matches(['\'', '`']).split(" and ").any(|name| name == attack.name);
                if inside {
                    found.push(String::new());
                }
            }
            if let Some(test) = found.last_mut().filter(|_| inside) {
                test.push_str(line);
                test.push('\n');
            }
        }
    }
    found
}

#[test]
fn every_attack_on_the_page_is_run_with_its_walls_and_without() {
    for attack in PAGE_ATTACKS {
        let (name, tests) = (attack.name, browser_tests(attack));
        assert!(!tests.is_empty(), "{name} is never run");
        for wall in attack.walls {
            let without = tests.iter().any(|test| test.contains(wall.without));
            assert!(without, "{name}: no test goes without {}", wall.name);
        }
        let left_out = |test: &&String| ["@long", "@open", ".skip("].iter().any(|tag| test.contains(tag));
        assert_eq!(tests.iter().find(left_out), None, "{name} is run in every test run");
    }
}

#[test]
fn what_is_said_to_be_tried_in_the_page_is_tried() {
    let (_, told) = PAGE.split_once("`alarms.spec.ts`): ").expect("the attacks that a browser is tried with");
    let (told, _) = told.split_once("\n\n").expect("an end");
    let names: Vec<_> = told.split('`').filter(|word| ATTACKS.iter().any(|attack| attack.name == *word)).collect();
    assert!(names.len() > 20, "they are read");
    let without_a_place = ["kdf-downgrade", "kdf-exhaustion"];
    for name in names.into_iter().filter(|name| !without_a_place.contains(name)) {
        assert!(BROWSER.iter().any(|(_, text)| text.contains(name)), "{name} is tried in no browser");
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
