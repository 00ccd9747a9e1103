//! The Rust side of end2end/interop: `write DIR` makes DIR/rust.json, `read DIR` opens DIR/python.json.
//!
//! Everything in it is made with a fixed generator for this purpose; none of the keys is anyone's.

use std::{collections::BTreeMap, error::Error, fs, path::Path};

use chacha20::{ChaCha20Rng, rand_core::SeedableRng};
use crypto::{
    account::{AccountKey, KeyChain, KeyRecord, Keyring},
    encoding::sha256,
    format::{PartKey, SEGMENT_PLAINTEXT, open_all, seal_all},
    grant::{AccessCode, make_code_grant, open_code_seed},
    ids::{GrantId, ReportId},
    kem::{RecipientKey, Suite, hpke_seal},
    report::{
        AccessEntry, AccessState, AccountRecipient, AuthorStatement, Change, ContentHasher, Genesis, Grant, Manifest,
        ManifestPart, Patient, Purpose, Recipient, RevisionPlace, Right, Versions, Wrap, WrapKey, open_wrap,
        seal_statement, seal_wrap,
    },
    secret::Secret,
    sign::{PublicSigningKey, Signed},
};
use serde_json::{Value, json};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const TIME: i64 = 1_790_000_000_000;
const CODE: &str = "7KQ2-M9XT";

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn main() -> Outcome {
    let args: Vec<String> = std::env::args().collect();
    let [_, mode, folder] = args.as_slice() else { return Err("usage: interop write|read DIR".into()) };
    match mode.as_str() {
        "write" => write(Path::new(folder)),
        "read" => read(Path::new(folder)),
        other => Err(format!("unknown mode {other}").into()),
    }
}

struct Owner {
    keyring: Keyring,
    chain: KeyChain,
}

fn owner() -> Outcome<Owner> {
    let (keyring, record) = Keyring::create(TIME, &mut rng(2));
    Ok(Owner { keyring, chain: KeyChain::verify(vec![record])? })
}

fn grant(id: u8, recipient: Recipient, right: Right) -> Outcome<Change> {
    Ok(Change::Grant(Grant {
        id: GrantId([id; 16]),
        recipient,
        right,
        purpose: Purpose::new("treatment")?,
        versions: Versions::ALL,
        expires_at: 0,
        parent: None,
    }))
}

fn write(folder: &Path) -> Outcome {
    let author = Keyring::create(TIME, &mut rng(1));
    let (author, author_chain) = (author.0, KeyChain::verify(vec![author.1])?);
    let owner = owner()?;
    let keys = BTreeMap::from([author_chain.clone(), owner.chain.clone()].map(|c| (c.account(), c)));
    let signing = &author.current().signing;
    let genesis = Genesis {
        creator: author_chain.account(),
        epoch: 0,
        patient: Patient::Account(owner.chain.account()),
        time: TIME,
        random: [7; 32],
    };
    let genesis = Signed::sign(genesis, signing);
    let report = ReportId::of(&genesis);

    let code_grant = GrantId([3; 16]);
    let code_keys = AccessCode::parse(CODE)?.stretch(&code_grant)?;
    let code = make_code_grant(&report, &code_grant, &owner.chain, &code_keys, &mut rng(3))?;
    let account = |chain: &KeyChain| Recipient::Account(AccountRecipient::current(chain));
    let steps = [
        (&author, "author", &author_chain, grant(1, account(&owner.chain), Right::Own)?),
        (&author, "author", &author_chain, grant(2, account(&author_chain), Right::Reshare)?),
        (&owner.keyring, "owner", &owner.chain, grant(3, code.recipient.clone(), Right::View)?),
    ];
    let mut entries: Vec<Signed<AccessEntry>> = Vec::new();
    for (seq, (by, _, chain, change)) in (1..).zip(&steps) {
        let previous = entries.last().map_or(genesis.hash(), Signed::hash);
        let change = change.clone();
        let entry = AccessEntry { report, seq, previous, time: TIME, author: chain.account(), epoch: 0, change };
        entries.push(Signed::sign(entry, &by.current().signing));
    }
    let state = AccessState::replay(&genesis, &entries, &keys, TIME)?;

    let place = RevisionPlace { report, version: 1, revision: 0 };
    let content_key = Secret::new([0x5a; 32]);
    let lengths = [0, 1, 16383, 16384, 100_000, SEGMENT_PLAINTEXT, SEGMENT_PLAINTEXT + 1];
    let mut parts = Vec::new();
    for (n, len) in (0u32..).zip(lengths) {
        let plain: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
        let key = PartKey::fresh(&content_key, &place.part(n).context(), &mut rng(100 + u64::from(n)));
        parts.push((plain.clone(), seal_all(key, &plain)?));
    }
    let statement = AuthorStatement {
        report,
        version: 1,
        author: author_chain.account(),
        epoch: 0,
        time: TIME,
        parts: parts.iter().map(|(plain, _)| ContentHasher::of(plain)).collect(),
    };
    let statement = seal_statement(&content_key, &place, &Signed::sign(statement, signing), &mut rng(4));
    let manifest = Manifest {
        place,
        seq: 1,
        previous: genesis.hash(),
        access_head: state.head(),
        author: author_chain.account(),
        signer: author_chain.account(),
        epoch: 0,
        time: TIME,
        statement: sha256(&statement),
        parts: parts.iter().map(|(_, sealed)| ManifestPart::of(sealed)).collect::<Result<_, _>>()?,
    };
    let wrap = |id: u8, seed| -> Outcome<Vec<u8>> {
        let granted = state.grant(&GrantId([id; 16])).ok_or("no such grant")?;
        Ok(seal_wrap(&content_key, place, granted, &state, &keys, &mut rng(seed))?.to_bytes())
    };
    let current = owner.keyring.current();
    let x25519_info = b"healthsecure interop x25519";
    let x25519_sealed = hpke_seal(&current.x25519.public(), None, x25519_info, content_key.expose(), &mut rng(7))?;
    let account_key = AccountKey::generate(&mut rng(8));
    let Recipient::Code { key: code_key, proof, .. } = &code.recipient else { return Err("not a code grant".into()) };
    let case = json!({
        "report": hex::encode(report), "content_key": hex::encode(content_key.expose()),
        "author_record": hex::encode(author_chain.current().as_bytes()),
        "owner_record": hex::encode(owner.chain.current().as_bytes()),
        "owner_id": owner.chain.account().to_string(),
        "owner_xwing_seed": hex::encode(current.xwing.seed().expose()),
        "owner_xwing_public": hex::encode(current.xwing.public().as_bytes()),
        "owner_x25519_seed": hex::encode(current.x25519.seed().expose()),
        "genesis": hex::encode(genesis.as_bytes()),
        "entries": entries.iter().map(|e| hex::encode(e.as_bytes())).collect::<Vec<_>>(),
        "authors": steps.iter().map(|s| s.1).collect::<Vec<_>>(),
        "own_grant": hex::encode([1u8; 16]),
        "wrap": hex::encode(wrap(1, 5)?),
        "x25519_info": hex::encode(x25519_info), "x25519_sealed": hex::encode(x25519_sealed),
        "parts": (0u32..).zip(&parts).map(|(n, (plain, sealed))| json!({
            "version": 1, "revision": 0, "part": n, "listed": true,
            "plaintext": hex::encode(plain), "sealed": hex::encode(sealed),
        })).collect::<Vec<_>>(),
        "statement": hex::encode(&statement),
        "manifest": hex::encode(Signed::sign(manifest, signing).as_bytes()),
        "code": AccessCode::parse(CODE)?.display().replace('-', ""),
        "code_grant": hex::encode(code_grant), "code_key": hex::encode(code_key.as_bytes()),
        "code_proof_key": hex::encode(proof.0), "code_sealed_seed": hex::encode(&code.sealed_seed),
        "code_wrap": hex::encode(wrap(3, 6)?),
        "account_key": hex::encode(account_key.secret().expose()),
        "keyring": hex::encode(owner.keyring.seal(&account_key, &owner.chain.account(), &mut rng(9))),
    });
    fs::create_dir_all(folder)?;
    fs::write(folder.join("rust.json"), serde_json::to_vec(&case)?)?;
    println!("rust wrote {} parts, 2 wraps, a manifest and a grant by code", parts.len());
    Ok(())
}

fn bytes(v: &Value, name: &str) -> Outcome<Vec<u8>> {
    Ok(hex::decode(v[name].as_str().ok_or_else(|| format!("no {name}"))?)?)
}

fn ensure(condition: bool, what: &str) -> Outcome {
    if condition { Ok(()) } else { Err(format!("mismatch: {what}").into()) }
}

fn read(folder: &Path) -> Outcome {
    let case: Value = serde_json::from_slice(&fs::read(folder.join("python.json"))?)?;
    let owner = owner()?;
    let record = Signed::<KeyRecord>::parse(&bytes(&case, "record")?)?;
    let chain = KeyChain::verify(vec![record])?;
    let genesis = Signed::<Genesis>::parse(&bytes(&case, "genesis")?)?;
    let report = ReportId::of(&genesis);
    genesis.verify_genesis(&report, &chain)?;

    let wrap = Wrap::parse(&bytes(&case, "wrap")?)?;
    let place = RevisionPlace { report, version: 1, revision: 0 };
    ensure(wrap.place == place && wrap.suite == Suite::XWing, "what the wrap is for")?;
    let content_key = open_wrap(&wrap, WrapKey::Keyring(&owner.keyring))?;
    ensure(content_key.expose()[..] == bytes(&case, "content_key")?[..], "content key")?;

    let parts = case["parts"].as_array().ok_or("no parts")?;
    for part in parts {
        let n = u32::try_from(part["part"].as_u64().ok_or("no number")?)?;
        let sealed = bytes(part, "sealed")?;
        let plain = open_all(&content_key, &place.part(n).context(), &sealed)?;
        ensure(sha256(&plain).0[..] == bytes(part, "plaintext_sha256")?[..], "plaintext")?;
        ensure(part["len"].as_u64() == Some(plain.len() as u64), "length")?;
        let moved = open_all(&content_key, &place.part(n + 1).context(), &sealed);
        ensure(moved.is_err(), "a transplanted part was accepted")?;
    }

    let grant = GrantId(bytes(&case, "grant")?.as_slice().try_into()?);
    let sealed_seed = bytes(&case, "code_sealed_seed")?;
    let recipient = Recipient::Code {
        account: owner.chain.account(),
        epoch: 0,
        key: RecipientKey::new(Suite::XWing, &bytes(&case, "code_key")?)?,
        proof: PublicSigningKey(bytes(&case, "code_proof_key")?.as_slice().try_into()?),
        sealed_seed: sha256(&sealed_seed),
    };
    let keys = AccessCode::parse("o123-abcd")?.stretch(&grant)?;
    open_code_seed(&report, &grant, &recipient, &owner.keyring, &keys, &sealed_seed)?;

    let account_key = Secret::from_slice(&bytes(&case, "account_key")?).ok_or("account key")?;
    Keyring::open(&AccountKey::from_secret(account_key), &chain, &bytes(&case, "keyring")?)?;
    println!(
        "rust read what python wrote: {} parts, a wrap, a code seed, a keyring, a key record, a genesis",
        parts.len()
    );
    Ok(())
}
