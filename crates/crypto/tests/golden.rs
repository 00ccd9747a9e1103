//! One snapshot for each serialised type, made with a known generator: a changed byte is seen in review.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Chain, Person, T0, content_key, directory, grant_to, rng};
use crypto::{
    account::{
        OrganisationKey, RecoveryKit, Role, RoleStatement, WayInSecret, fingerprint_groups, fingerprint_words,
        make_way_in, seal_state,
    },
    audit::{Asked, AuditEvent, Outcome, ReadRequest, ReportLink, chain_next, chain_start},
    encoding::sha256,
    format::{PartKey, seal_all},
    grant::{AccessCode, CodeProof, InvitationSecret, make_code_grant},
    ids::{EventId, GrantId, Hash32, InstanceId, PlaceholderId, SessionId},
    report::{
        AccountRecipient, AuthorStatement, Change, ContentHasher, Custody, Grant, Manifest, ManifestPart, Patient,
        RevisionPlace, Right, seal_draft, seal_statement, seal_wrap,
    },
    sign::Signed,
};

/// Short objects whole, long ones as length, both ends and hash.
fn show(bytes: &[u8]) -> String {
    if bytes.len() <= 256 {
        return hex::encode(bytes);
    }
    let (head, tail) = (&bytes[..64], &bytes[bytes.len() - 16..]);
    format!("{} bytes {}…{} sha256 {}", bytes.len(), hex::encode(head), hex::encode(tail), sha256(bytes))
}

fn entry(chain: &mut Chain, author: &Person, change: Change) -> String {
    chain.push(author, change);
    show(chain.entries.last().unwrap().as_bytes())
}

#[test]
fn accounts() {
    let mut alice = Person::new(1);
    let kit = RecoveryKit::generate(&mut rng(2));
    let setup = alice.way_in_setup();
    let way = make_way_in(setup, WayInSecret::RecoveryKit(&kit), &mut rng(3)).unwrap();
    let organisation = OrganisationKey::generate(&mut rng(4));
    let statement = RoleStatement {
        instance: InstanceId([9; 16]),
        account: alice.id(),
        name: "Dr. Ada Example".into(),
        role: Role::Doctor,
        time: T0,
    };
    let instance = InstanceId([9; 16]);
    let lines = [
        ("account id", alice.id().to_string()),
        ("key record 0", show(alice.chain.current().as_bytes())),
        ("fingerprint words", fingerprint_words(&alice.chain).join(" ")),
        ("fingerprint digits", fingerprint_groups(&alice.chain).join(" ")),
        ("keyring", show(&alice.keyring.seal(&alice.ak, &alice.id(), &mut rng(5)))),
        ("client state", show(&seal_state(&alice.ak, &alice.id(), 1, b"{}", &mut rng(6)))),
        ("recovery kit", kit.words().join(" ")),
        ("recovery proof", show(kit.prove(instance, alice.id(), Hash32([1; 32])).as_bytes())),
        ("way in", show(way.as_bytes())),
        ("role statement", show(organisation.sign(statement).as_bytes())),
        ("organisation wrap", show(&organisation.wrap(&instance, &alice.chain, &mut rng(7)).unwrap())),
    ];
    let mut text = lines.map(|(name, value)| format!("{name}: {value}\n")).concat();
    alice.rotate(T0 + 5, 8);
    text += &format!("key record 1: {}\n", show(alice.chain.current().as_bytes()));
    insta::assert_snapshot!(text);
}

#[test]
fn reports() {
    let (doctor, patient) = (Person::new(1), Person::new(2));
    let keys = directory([&doctor, &patient]);
    let chain = Chain::founded(&doctor, &patient);
    let state = chain.replay(&keys).unwrap();
    let place = RevisionPlace { report: chain.report(), version: 1, revision: 0 };
    let part_key = PartKey::fresh(&content_key(3), &place.part(0).context(), &mut rng(4));
    let part = seal_all(part_key, b"plaintext of part 0").unwrap();
    let statement = AuthorStatement {
        report: chain.report(),
        version: 1,
        author: doctor.id(),
        epoch: 0,
        time: T0 + 200,
        parts: vec![ContentHasher::of(b"plaintext of part 0")],
    };
    let signing = &doctor.keyring.current().signing;
    let statement = Signed::sign(statement, signing);
    let sealed = seal_statement(&content_key(3), &place, &statement, &mut rng(5));
    let manifest = Manifest {
        place,
        seq: 1,
        previous: chain.genesis.hash(),
        access_head: chain.head(),
        author: doctor.id(),
        signer: doctor.id(),
        epoch: 0,
        time: T0 + 300,
        statement: sha256(&sealed),
        parts: vec![ManifestPart::of(&part).unwrap()],
    };
    let granted = state.grant(&GrantId([1; 16])).unwrap();
    let wrap = seal_wrap(&content_key(3), place, granted, &state, &keys, &mut rng(6)).unwrap();
    let lines = [
        ("genesis", show(chain.genesis.as_bytes())),
        ("entry 1, own", show(chain.entries[0].as_bytes())),
        ("entry 2, reshare", show(chain.entries[1].as_bytes())),
        ("part context", show(&place.part(0).context())),
        ("part", show(&part)),
        ("author statement", show(statement.as_bytes())),
        ("sealed author statement", show(&sealed)),
        ("manifest", show(Signed::sign(manifest, signing).as_bytes())),
        ("wrap", show(&wrap.to_bytes())),
        ("draft", show(&seal_draft(&doctor.ak, &chain.report(), 1, b"{}", &mut rng(7)))),
    ];
    insta::assert_snapshot!(lines.map(|(name, value)| format!("{name}: {value}\n")).concat());
}

#[test]
fn sharing() {
    let (doctor, patient) = (Person::new(1), Person::new(2));
    let placeholder = PlaceholderId([5; 16]);
    let mut chain = Chain::new(&doctor, Patient::Placeholder(placeholder), 8);
    let report = chain.report();
    let grant = GrantId([3; 16]);
    let code = AccessCode::parse("0123-ABCD").unwrap();
    let stretched = code.stretch(&grant).unwrap();
    let made = make_code_grant(&report, &grant, &patient.chain, &stretched, &mut rng(4)).unwrap();
    let by_code = Grant { recipient: made.recipient.clone(), ..grant_to(3, &patient, Right::View) };
    let bearer = InvitationSecret::from_slice(&[7; 32]).unwrap().keys(&report);
    let by_bearer = Grant { recipient: bearer.recipient(placeholder), ..grant_to(4, &patient, Right::Own) };
    let custody = Custody { grant: GrantId([5; 16]), recipient: AccountRecipient::current(&patient.chain) };
    let proof = CodeProof::for_grant(Hash32([6; 32]), grant, &made.recipient, &patient.chain, SessionId([2; 16]));
    let event = AuditEvent {
        id: EventId([1; 16]),
        time: T0,
        actor: Some(doctor.id()),
        session: Some(SessionId([2; 16])),
        kind: "report.read".into(),
        outcome: Outcome::Allowed,
        report: Some(ReportLink { report, seq: 1, previous: Hash32(report.0) }),
        subjects: vec![vec![3; 16], vec![4; 32]],
        count: 1,
        detail: "version 1".into(),
        request: None,
    };
    let asked = Asked {
        instance: InstanceId([9; 16]),
        account: doctor.id(),
        session: SessionId([2; 16]),
        kind: "report.read".into(),
        report: Some(report),
        what: "version 1".into(),
    };
    let request = ReadRequest { asked, epoch: 0, nonce: [8; 16], time: T0 };
    let request = Signed::sign(request, &doctor.keyring.current().signing);
    let requested = AuditEvent { request: Some(request.as_bytes().to_vec()), ..event.clone() };
    let lines = [
        ("own to the custodian", entry(&mut chain, &doctor, Change::Grant(grant_to(1, &doctor, Right::Own)))),
        ("grant by code", entry(&mut chain, &doctor, Change::Grant(by_code))),
        ("sealed seed", show(&made.sealed_seed)),
        ("code proof", show(stretched.prove(proof.unwrap()).as_bytes())),
        ("grant to a bearer", entry(&mut chain, &doctor, Change::Grant(by_bearer))),
        ("claim", entry(&mut chain, &patient, Change::Claim(bearer.claim(&report, GrantId([4; 16]), &patient.chain)))),
        ("custody", entry(&mut chain, &doctor, Change::Custody(custody))),
        ("revoke", entry(&mut chain, &doctor, Change::Revoke(grant))),
        ("audit event", show(&event.to_bytes())),
        ("audit event hash", event.hash().to_string()),
        ("read request", show(request.as_bytes())),
        ("audit event with it", show(&requested.to_bytes())),
        ("audit event with it, hash", requested.hash().to_string()),
        ("audit chain 1", chain_next(&chain_start(&InstanceId([9; 16])), &event.hash()).to_string()),
    ];
    insta::assert_snapshot!(lines.map(|(name, value)| format!("{name}: {value}\n")).concat());
}
