//! What honest clients send, made from `crypto` directly.

use std::collections::BTreeMap;

use api_types::{
    B64, GrantId, ReportId, UploadId,
    grants::{CreateGrant, RevokeGrant, Wrap as SentWrap},
    reports::{CreateReport, NewVersion},
    uploads::{CreateUpload, Upload},
};
use axum::{body::Body, http::Method};
use base64::{Engine, engine::general_purpose::STANDARD};
use crypto::{
    account::KeyChain,
    encoding::sha256,
    format::{Geometry, PartKey, seal_all},
    grant::{CodeKeys, make_code_grant},
    ids,
    report::{
        AccessEntry, AccessState, AccountRecipient, AuthorStatement, Change, ContentHasher, ContentKey, Genesis, Grant,
        GrantState, Manifest, ManifestPart, Patient, Purpose, Recipient, RevisionPlace, Right, SealedFor, Versions,
        seal_statement, seal_wrap,
    },
    sign::{Signed, SignedObject},
};

use crate::world::{Answer, Person, World, rng};

/// A report as its maker's client knows it.
pub struct Made {
    pub id: ReportId,
    pub genesis: Signed<Genesis>,
    pub entries: Vec<Signed<AccessEntry>>,
    pub state: AccessState,
    pub keys: BTreeMap<ids::AccountId, KeyChain>,
    /// Content keys by version.
    pub content: BTreeMap<u32, ContentKey>,
    pub manifests: Vec<Signed<Manifest>>,
}

/// A sealed version before it is sent.
pub struct SealedVersion {
    pub body: NewVersion,
    pub parts: Vec<Vec<u8>>,
    pub key: ContentKey,
    pub manifest: Signed<Manifest>,
}

pub fn own(person: &Person) -> Recipient {
    Recipient::Account(AccountRecipient::current(&person.chain))
}

pub fn grant(recipient: Recipient, right: Right) -> Grant {
    Grant {
        id: ids::GrantId::random(&mut rng()),
        recipient,
        right,
        purpose: Purpose::new("care").unwrap(),
        versions: Versions::ALL,
        expires_at: 0,
        parent: None,
    }
}

impl Made {
    /// Genesis and founding entries: the owner's own grant, and the author's reshare grant where they differ.
    pub fn found(now: i64, author: &Person, patient: &Person) -> Self {
        let patient_id = Patient::Account(patient.chain.account());
        let mut made = Self::begin(now, author, patient_id);
        made.knows(patient);
        made.append(now, author, Change::Grant(grant(own(patient), Right::Own)));
        if author.id != patient.id {
            made.append(now, author, Change::Grant(grant(own(author), Right::Reshare)));
        }
        made
    }

    pub fn begin(now: i64, author: &Person, patient: Patient) -> Self {
        let mut random = [0; 32];
        crypto::rand_core::Rng::fill_bytes(&mut rng(), &mut random);
        let genesis = Genesis { creator: author.chain.account(), epoch: 0, patient, time: now, random };
        let genesis = Signed::sign(genesis, &author.keyring.current().signing);
        let keys = BTreeMap::from([(author.chain.account(), author.chain.clone())]);
        // Replaying needs no one but the creator; whether the report is founded shows later.
        let state = AccessState::replay(&genesis, &[], &keys, now).unwrap();
        let id = ReportId(ids::ReportId::of(&genesis).0);
        Self { id, genesis, entries: Vec::new(), state, keys, content: BTreeMap::new(), manifests: Vec::new() }
    }

    pub fn knows(&mut self, person: &Person) {
        self.keys.insert(person.chain.account(), person.chain.clone());
    }

    /// A signed entry that continues the chain; not applied.
    pub fn entry(&self, now: i64, author: &Person, change: Change) -> Signed<AccessEntry> {
        let entry = AccessEntry {
            report: ids::ReportId(self.id.0),
            seq: self.state.next_seq(),
            previous: self.state.head(),
            time: now,
            author: author.chain.account(),
            epoch: 0,
            change,
        };
        Signed::sign(entry, &author.keyring.current().signing)
    }

    pub fn append(&mut self, now: i64, author: &Person, change: Change) -> Signed<AccessEntry> {
        let entry = self.entry(now, author, change);
        self.state.apply(&entry, &self.keys).unwrap();
        self.entries.push(entry.clone());
        entry
    }

    pub fn place(&self, version: u32, revision: u32) -> RevisionPlace {
        RevisionPlace { report: ids::ReportId(self.id.0), version, revision }
    }

    /// Seals part 0 and files as a version for everyone live now.
    pub fn seal(&self, now: i64, signer: &Person, place: RevisionPlace, files: &[Vec<u8>]) -> SealedVersion {
        let key = ContentKey::random(&mut rng());
        let mut plain = vec![b"{\"title\":\"sealed\"}".to_vec()];
        plain.extend_from_slice(files);
        let seal = |(n, part): (u32, &Vec<u8>)| {
            seal_all(PartKey::fresh(&key, &place.part(n).context(), &mut rng()), part).unwrap()
        };
        let parts: Vec<Vec<u8>> = (0..).zip(&plain).map(seal).collect();
        let author = signer.chain.account();
        let statement = AuthorStatement {
            report: place.report,
            version: place.version,
            author,
            epoch: 0,
            time: now,
            parts: plain.iter().map(|part| ContentHasher::of(part)).collect(),
        };
        let statement = Signed::sign(statement, &signer.keyring.current().signing);
        let statement = seal_statement(&key, &place, &statement, &mut rng());
        let manifest = Manifest {
            place,
            seq: self.manifests.len() as u64 + 1,
            previous: self.manifests.last().map_or(ids::Hash32(self.id.0), Signed::hash),
            access_head: self.state.head(),
            author: self.author_of(place.version).unwrap_or(author),
            signer: author,
            epoch: 0,
            time: now,
            statement: sha256(&statement),
            parts: parts.iter().map(|part| ManifestPart::of(part).unwrap()).collect(),
        };
        let manifest = Signed::sign(manifest, &signer.keyring.current().signing);
        let covering = self.state.live_grants().filter(|g| g.grant.versions.contains(place.version));
        let wraps = covering.map(|g| self.wrap(&key, place, g)).collect();
        let body = NewVersion {
            version: place.version,
            revision: place.revision,
            manifest: manifest.as_bytes().into(),
            statement: statement.into(),
            part0: parts[0].clone().into(),
            uploads: Vec::new(),
            draft: None,
            wraps,
        };
        SealedVersion { body, parts, key, manifest }
    }

    /// Seals a version with one file that stands in an earlier one: its part 1 is carried over.
    pub fn seal_carrying(
        &self,
        now: i64,
        signer: &Person,
        place: RevisionPlace,
        (from, file): (SealedFor, &[u8]),
    ) -> SealedVersion {
        let mut sealed = self.seal(now, signer, place, &[file.to_vec()]);
        let of_version = |m: &&Signed<Manifest>| m.claimed().place == self.place(from.version, from.revision);
        let source = self.manifests.iter().find(of_version).unwrap().claimed().parts[from.part as usize].clone();
        let mut manifest = sealed.manifest.claimed().clone();
        manifest.parts[1] = ManifestPart { carried: Some(from), ..source };
        sealed.manifest = Signed::sign(manifest, &signer.keyring.current().signing);
        sealed.body.manifest = sealed.manifest.as_bytes().into();
        sealed
    }

    fn author_of(&self, version: u32) -> Option<ids::AccountId> {
        let found = self.manifests.iter().find(|m| m.claimed().place.version == version);
        found.map(|m| m.claimed().author)
    }

    pub fn wrap(&self, key: &ContentKey, place: RevisionPlace, grant: &GrantState) -> SentWrap {
        let wrap = seal_wrap(key, place, grant, &self.state, &self.keys, &mut rng()).unwrap();
        SentWrap {
            version: place.version,
            revision: place.revision,
            grant_id: GrantId(grant.grant.id.0),
            wrap: wrap.to_bytes().into(),
        }
    }

    /// Remembers a version that was sent.
    pub fn keep(&mut self, sealed: SealedVersion) {
        self.content.insert(sealed.manifest.claimed().place.version, sealed.key);
        self.manifests.push(sealed.manifest);
    }

    pub fn creation(&self, version: NewVersion) -> CreateReport {
        CreateReport { genesis: blob(&self.genesis), entries: self.entries.iter().map(blob).collect(), version }
    }

    /// A grant with wraps for every version, ready to send. Applied to this side's chain.
    pub fn share(&mut self, now: i64, author: &Person, new: Grant, sealed_seed: Option<Vec<u8>>) -> CreateGrant {
        let id = new.id;
        let entry = self.append(now, author, Change::Grant(new));
        let state = self.state.grant(&id).unwrap();
        let current = self.current();
        let covered = current.iter().filter(|place| state.grant.versions.contains(place.version));
        let wraps = covered.map(|place| self.wrap(&self.content[&place.version], *place, state)).collect();
        CreateGrant { entry: blob(&entry), wraps, sealed_seed: sealed_seed.map(B64) }
    }

    /// The newest revision of each version.
    pub fn current(&self) -> Vec<RevisionPlace> {
        let places = self.manifests.iter().map(|m| m.claimed().place);
        let current: BTreeMap<u32, RevisionPlace> = places.map(|place| (place.version, place)).collect();
        current.into_values().collect()
    }

    pub fn revocation(&mut self, now: i64, author: &Person, id: ids::GrantId) -> RevokeGrant {
        RevokeGrant { entry: blob(&self.append(now, author, Change::Revoke(id))) }
    }
}

pub fn blob<T: SignedObject>(signed: &Signed<T>) -> B64 {
    signed.as_bytes().into()
}

/// A code grant for someone: 24 hours from now, and the keys that its code would stretch to.
pub fn code_grant(now: i64, made: &Made, to: &Person) -> (Grant, Vec<u8>, CodeKeys) {
    let mut seeds = [0; 64];
    crypto::rand_core::Rng::fill_bytes(&mut rng(), &mut seeds);
    let keys = CodeKeys::from_bytes(&seeds).unwrap();
    let mut new = grant(own(to), Right::View);
    let code = make_code_grant(&ids::ReportId(made.id.0), &new.id, &to.chain, &keys, &mut rng()).unwrap();
    new.recipient = code.recipient;
    new.expires_at = now + api_types::limits::SHARE_DEFAULT_MS;
    (new, code.sealed_seed, keys)
}

impl World {
    pub fn now(&self) -> i64 {
        self.state.clock.now()
    }

    /// A report by a doctor about a patient, with files, stored.
    pub async fn report(&self, author: &Person, patient: &Person, files: &[Vec<u8>]) -> Made {
        let mut made = Made::found(self.now(), author, patient);
        let sealed = self.upload_version(author, &made, 1, 0, files).await;
        let body = made.creation(sealed.body.clone());
        self.post(author, "/reports", &body).await.ok();
        made.keep(sealed);
        made
    }

    /// Seals a version and uploads its files.
    pub async fn upload_version(
        &self,
        author: &Person,
        made: &Made,
        version: u32,
        revision: u32,
        files: &[Vec<u8>],
    ) -> SealedVersion {
        if version == 1 && revision == 0 && !files.is_empty() {
            let draft = api_types::drafts::PutDraft { sealed: B64(vec![1]), counter: 0, begins: true };
            self.put(author, &format!("/drafts/{}", made.id), &draft).await.ok();
        }
        let mut sealed = made.seal(self.now(), author, made.place(version, revision), files);
        for (n, part) in (1..).zip(sealed.parts.iter().skip(1)) {
            let create =
                CreateUpload { report_id: made.id, version, revision, part: n, ciphertext_len: part.len() as u64 };
            let upload: Upload = self.post(author, "/uploads", &create).await.json();
            for i in 0..upload.segments {
                self.put_segment(author, upload.id, i, segment(part, i)).await.ok();
            }
            sealed.body.uploads.push(upload.id);
        }
        sealed
    }

    pub async fn put_segment(&self, who: &Person, upload: UploadId, n: u32, bytes: &[u8]) -> Answer {
        self.put_segment_as(who, upload, n, bytes, &digest(bytes)).await
    }

    pub async fn put_segment_as(&self, who: &Person, upload: UploadId, n: u32, bytes: &[u8], digest: &str) -> Answer {
        let headers = [("content-digest", digest), ("content-type", "application/octet-stream")];
        let path = format!("/uploads/{upload}/segments/{n}");
        self.send(Some(who), Method::PUT, &path, &headers, Body::from(bytes.to_vec())).await
    }
}

/// The ciphertext of segment `n` of a part.
pub fn segment(part: &[u8], n: u32) -> &[u8] {
    let range = Geometry::of_ciphertext(part.len() as u64).unwrap().segment_ciphertext(n.into()).unwrap();
    &part[range.start as usize..range.end as usize]
}

pub fn digest(bytes: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(sha256(bytes).0))
}
