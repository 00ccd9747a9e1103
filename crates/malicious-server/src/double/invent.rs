//! A report that nobody wrote: all of it as its pretended author's program would make it, signed with other keys.

use std::collections::BTreeMap;

use api_types::{B64, ReportId, reports::NewVersion};
use client::{Vault, content::PartZero};
use crypto::{
    account::KeyChain,
    defence::{Defence, without},
    encoding::sha256,
    format::{PartKey, seal_all},
    ids::{AccountId, GrantId, Hash32},
    report::{
        AccessEntry, AccessState, AccountRecipient, AuthorStatement, Change, ContentHasher, ContentKey, Genesis, Grant,
        Manifest, ManifestPart, Patient, Purpose, Recipient, RevisionPlace, Right, Versions, seal_statement,
    },
    secret::Secret,
    sign::{Signed, SigningKey},
};

use super::{
    Fake, Report, Revision, World, random, rng,
    seal::{id, wraps},
};
use crate::scene::{fields, stranger};

impl Fake {
    /// A report of this patient that the doctor is said to have written.
    pub fn invent_report(&self, doctor: &Vault<World>, patient: &Vault<World>) -> ReportId {
        let (own, _) = stranger();
        let signing = &own.current().signing;
        let (author, owner, time) = (id(&doctor.account_id()), id(&patient.account_id()), self.now());
        let mut db = self.db();
        let keys = Self::keys(&db);
        let genesis = Genesis { creator: author, epoch: 0, patient: Patient::Account(owner), time, random: random() };
        let genesis = Signed::sign(genesis, signing);
        let (entries, state) = founding(&genesis, signing, &keys);
        let place = RevisionPlace { report: state.report(), version: 1, revision: 0 };
        let key: ContentKey = Secret::random(&mut rng());
        let (version, part0) = first_version(&key, place, &state, signing);
        let body = NewVersion { wraps: wraps(&key, place, &state, &keys), ..version };
        let wraps = body.wraps.clone();
        let genesis = B64::from(genesis.as_bytes());
        let mut report = Report { genesis, entries, wraps, ..Default::default() };
        report.versions.insert(1, vec![Revision { body, parts: vec![part0] }]);
        let id = ReportId(place.report.0);
        db.reports.insert(id, report);
        id
    }
}

/// The owner's grant, and the author's.
fn founding(
    genesis: &Signed<Genesis>,
    signing: &SigningKey,
    keys: &BTreeMap<AccountId, KeyChain>,
) -> (Vec<B64>, AccessState) {
    let _believing = without(&[Defence::GenesisSigned, Defence::EntrySignature]);
    let said = genesis.claimed();
    let mut state = AccessState::replay(genesis, &[], keys, said.time).unwrap();
    let mut entries = Vec::new();
    for (to, right, purpose) in [(said.first_owner(), Right::Own, "own"), (said.creator, Right::Reshare, "author")] {
        let grant = Grant {
            id: GrantId::random(&mut rng()),
            recipient: Recipient::Account(AccountRecipient::current(&keys[&to])),
            right,
            purpose: Purpose::new(purpose).unwrap(),
            versions: Versions::ALL,
            expires_at: 0,
            parent: None,
        };
        let entry = AccessEntry {
            report: state.report(),
            seq: state.next_seq(),
            previous: state.head(),
            time: said.time,
            author: said.creator,
            epoch: said.epoch,
            change: Change::Grant(grant),
        };
        let entry = Signed::sign(entry, signing);
        state.apply(&entry, keys).unwrap();
        entries.push(B64::from(entry.as_bytes()));
    }
    (entries, state)
}

/// The version without wraps, and its part 0.
fn first_version(
    key: &ContentKey,
    place: RevisionPlace,
    state: &AccessState,
    signing: &SigningKey,
) -> (NewVersion, Vec<u8>) {
    let (author, time) = (state.genesis().creator, state.last_time());
    let plain = PartZero::new(fields(), Vec::new()).to_bytes().unwrap();
    let part0 = seal_all(PartKey::fresh(key, &place.part(0).context(), &mut rng()), &plain).unwrap();
    let parts = vec![ContentHasher::of(&plain)];
    let said = AuthorStatement { report: place.report, version: place.version, author, epoch: 0, time, parts };
    let statement = seal_statement(key, &place, &Signed::sign(said, signing), &mut rng());
    let manifest = Manifest {
        place,
        seq: 1,
        previous: Hash32(place.report.0),
        access_head: state.head(),
        author,
        signer: author,
        epoch: 0,
        time,
        statement: sha256(&statement),
        parts: vec![ManifestPart::of(&part0).unwrap()],
    };
    let version = NewVersion {
        version: place.version,
        revision: place.revision,
        manifest: B64::from(Signed::sign(manifest, signing).as_bytes()),
        statement: B64(statement),
        part0: B64(part0.clone()),
        uploads: Vec::new(),
        draft: None,
        wraps: Vec::new(),
    };
    (version, part0)
}
