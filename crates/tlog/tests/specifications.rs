//! The examples that the C2SP documents print.
#![allow(clippy::unwrap_used)]

use tlog::{
    checkpoint::Checkpoint,
    note::{Note, VerifierKey, signature_lines},
    proof::ProofFile,
    witness::{AddCheckpoint, parse_conflict},
};

/// signed-note, “Example”.
#[test]
fn signed_note() {
    let key = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    let text = "This is an example message.\n\n\
                — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    let key: VerifierKey = key.parse().unwrap();
    let note = Note::parse(text.as_bytes()).unwrap();
    assert_eq!(note.open(&[key]), Ok(vec![0]));
    assert_eq!(note.to_string(), text);
    assert_eq!(note.text(), "This is an example message.\n");
}

/// signed-note, “Note”: the text has an empty line of its own.
#[test]
fn note_with_an_empty_line() {
    let text = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n\
                — quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";
    let note = Note::parse(text.as_bytes()).unwrap();
    assert!(note.text().ends_with("sole:\n\ned è subito sera.\n"));
    assert_eq!(note.signatures()[0].id.to_string(), "367ba04b");
    assert_eq!(note.to_string(), text);
}

const COSIGNED: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
    — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
    — witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";

/// tlog-checkpoint and tlog-cosignature. The documents don't print the keys.
#[test]
fn checkpoint_and_cosignature() {
    let note = Note::parse(COSIGNED.as_bytes()).unwrap();
    let checkpoint: Checkpoint = note.text().parse().unwrap();
    assert_eq!((checkpoint.origin(), checkpoint.size()), ("example.com/behind-the-sofa", 20_852_163));
    assert_eq!(note.signatures()[1].bytes.len(), 8 + 64);
    assert_eq!(note.signatures()[1].bytes[..8], 1_679_315_147_u64.to_be_bytes());
    assert_eq!(note.to_string(), COSIGNED);
}

/// tlog-witness, `add-checkpoint`.
#[test]
fn witness_request_and_answers() {
    let text = "old 20852014\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\njrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n\
        5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\n\
        example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
        — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
        — example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n";
    let request = AddCheckpoint::parse(text.as_bytes()).unwrap();
    assert_eq!((request.old_size(), request.proof().0.len(), request.note().signatures().len()), (20_852_014, 4, 2));
    assert_eq!(request.to_string(), text);
    let answer = "— witness.example/w1 CMp+6LWBU0anHGH5aNDTJkH/gj79sG+T6+iP2ThYN5krrDJbR1HDnucjL39QsZTSvVjyQLrdk3DXDqI5G2HgLatVs0pWh6Up69HVOw==\n\
        — witness.example/w1 I7rEps0pvK2UqkS2gSpVUDhrhVtQV9lgF6pRrWAvjJHjyWpW7VcE3SiOlVlbQNt64vWhO+DlkL0+UfzuOBMh9ChdMkP1vi/lCAsmlw==\n\
        — witness.example/w2 AWui8Sk55XjYLOijihBjhqEH6nS1ndDymE0a+6idX7pLcnoB+dhnz0854aLZgrrKbYKA7nC3HNJhm/kWl7oJlqU3rXXvpysAdyP3wQ==\n";
    let lines = signature_lines(answer.as_bytes()).unwrap();
    assert_eq!(lines.iter().map(|l| l.bytes.len()).collect::<Vec<_>>(), [72, 72, 72]);
    assert_eq!(parse_conflict(b"20852014\n"), Some(20_852_014));
    for wrong in [&b"20852014"[..], b"\n", b"020\n", b"1\n\n", b"9223372036854775808\n", b"\xff\n"] {
        assert_eq!(parse_conflict(wrong), None);
    }
}

/// tlog-proof prints its example with signatures cut off: its lines are read, its notes can't be.
#[test]
fn proof_file() {
    let head = "c2sp.org/tlog-proof@v1\nindex 73894\ngSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n\
        B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=\n\n";
    let proof = ProofFile::parse([head, COSIGNED].concat().as_bytes()).unwrap();
    assert_eq!(proof.index(), 73_894);
    assert_eq!(proof.to_string(), [head, COSIGNED].concat());
    let extra = head.replace("index", "extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6kYXJ3aW4tYXJ\nindex");
    let proof = ProofFile::parse([&extra, COSIGNED].concat().as_bytes()).unwrap();
    assert!(proof.extra().unwrap().starts_with(b"age-v1.2.1-darwin-arm64.tar.gz"));
}
