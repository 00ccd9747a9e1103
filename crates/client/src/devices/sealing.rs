//! How a device seals a report: as a person does, but without a draft, and with a grant for its owner in its own place.

use api_types::{
    B64, UploadId,
    limits::FILES_MAX,
    reports::{CreateReport, NewVersion},
    uploads::CreateUpload,
};
use crypto::{
    encoding::sha256,
    format::{Geometry, PartKey},
    ids::{GrantId, Hash32, ReportId},
    rand_core::Rng as _,
    report::{
        AccessEntry, AccessState, AccountRecipient, AuthorStatement, Change, ContentKey, Genesis, Grant, Manifest,
        ManifestPart, Patient, Recipient, RevisionPlace, Right, StatementPart, Versions, seal_statement,
    },
    secret::Secret,
    sign::Signed,
};

use super::{SendFile, Sender, sender::Parties};
use crate::{
    bulk::{Bulk, NoLedger, SealJob},
    content::{Field, FieldProblem, FileEntry, FileType, PartZero, ReportFields, check_file_name, wrong},
    drafts::{Sealed, check_size, create_upload, describe_part0, seal_part0, wraps_for},
    error::{ClientError, Result},
    ids::{ToApi, ToCrypto},
    people::Person,
    platform::{Platform, rng},
    reports::{content_of, refuse_chain},
    sharing::purpose,
};

impl<P: Platform> Sender<P> {
    /// Seals everything and uploads the files. The content key is forgotten with this call.
    pub(super) async fn seal(
        &self,
        parties: &Parties,
        fields: ReportFields,
        files: &[SendFile<'_, P>],
    ) -> Result<CreateReport> {
        if files.len() > FILES_MAX {
            return Err(wrong(Field::Files, FieldProblem::TooMany(FILES_MAX)).into());
        }
        let genesis = self.genesis(&parties.patient);
        let (entries, state) = self.founding(parties, &genesis)?;
        let content_key: ContentKey = Secret::random(&mut rng());
        let place = RevisionPlace { report: ReportId::of(&genesis), version: 1, revision: 0 };
        let (mut uploads, mut entries_of_files, mut sealed) = (Vec::new(), Vec::new(), Vec::new());
        for (part, file) in (1..).zip(files) {
            let (upload, entry, parts) = self.seal_file(place, &content_key, part, file).await?;
            uploads.push(upload);
            entries_of_files.push(entry);
            sealed.push(parts);
        }
        let part0 = zeroize::Zeroizing::new(PartZero::new(fields, entries_of_files).to_bytes()?);
        let sealed0 = seal_part0(&content_key, place, &part0)?;
        sealed.insert(0, describe_part0(&sealed0, &part0)?);
        let statement = self.statement(place, sealed.iter().map(|part| part.statement).collect());
        let statement = seal_statement(&content_key, &place, &statement, &mut rng());
        let parts = sealed.into_iter().map(|part| part.manifest).collect();
        let manifest = self.manifest(place, &state, sha256(&statement), parts);
        let body = CreateReport {
            genesis: B64::from(genesis.as_bytes()),
            entries: crate::api::b64s(entries.iter().map(Signed::as_bytes)),
            version: NewVersion {
                version: place.version,
                revision: place.revision,
                manifest: B64::from(manifest.as_bytes()),
                statement: B64(statement),
                part0: B64(sealed0),
                uploads,
                draft: None,
                wraps: wraps_for(&content_key, place, &state, &parties.keys)?,
            },
        };
        check_size(&body.version)?;
        Ok(body)
    }

    fn genesis(&self, patient: &Person) -> Signed<Genesis> {
        let mut random = [0; 32];
        rng().fill_bytes(&mut random);
        let patient = Patient::Account(patient.id.crypto());
        let genesis = Genesis { creator: self.id(), epoch: 0, patient, time: self.signing_time(), random };
        Signed::sign(genesis, &self.key)
    }

    /// The patient's own grant, and the owner's where that is somebody else.
    fn founding(
        &self,
        parties: &Parties,
        genesis: &Signed<Genesis>,
    ) -> Result<(Vec<Signed<AccessEntry>>, AccessState)> {
        let keys = &parties.keys;
        let mut state = AccessState::replay(genesis, &[], keys, self.vault.now()).map_err(|e| refuse_chain(&e))?;
        let mut grants = vec![grant_to(&parties.patient, Right::Own, "own")?];
        if parties.owner.id != parties.patient.id {
            grants.push(grant_to(&parties.owner, Right::Reshare, "author")?);
        }
        let mut entries = Vec::new();
        for grant in grants {
            let entry = AccessEntry {
                report: state.report(),
                seq: state.next_seq(),
                previous: state.head(),
                time: self.signing_time().max(state.last_time()),
                author: self.id(),
                epoch: 0,
                change: Change::Grant(grant),
            };
            let entry = Signed::sign(entry, &self.key);
            state.apply(&entry, keys).map_err(|e| refuse_chain(&e))?;
            entries.push(entry);
        }
        Ok((entries, state))
    }

    async fn seal_file(
        &self,
        place: RevisionPlace,
        content_key: &ContentKey,
        part: u32,
        file: &SendFile<'_, P>,
    ) -> Result<(UploadId, FileEntry, Sealed)> {
        let name = file.name.trim();
        check_file_name(name)?;
        let platform = self.vault.platform();
        let size = platform.bulk().len(file.source).await?;
        if size > api_types::limits::FILE_MAX {
            return Err(wrong(Field::FileSize, FieldProblem::TooLarge(api_types::limits::FILE_MAX)).into());
        }
        let head = platform.bulk().head(file.source, FileType::SNIFF_LEN).await?;
        let file_type = FileType::sniff(&head, head.len() as u64 == size);
        let geometry = Geometry::of_plaintext(size).map_err(|_| ClientError::Internal("a file has no layout"))?;
        let asked = CreateUpload {
            report_id: place.report.api(),
            version: place.version,
            revision: place.revision,
            part,
            ciphertext_len: geometry.ciphertext_len(),
        };
        let upload = create_upload(&self.vault, &asked, &geometry).await?;
        let key = PartKey::fresh(content_key, &place.part(part).context(), &mut rng());
        let header = key.header();
        let job = SealJob { key, geometry, upload: upload.id, received: Vec::new(), sealed_before: Vec::new() };
        let transport = platform.transport();
        let done = platform.bulk().seal_part(transport, &job, file.source, &NoLedger, file.control).await?;
        let statement = content_of(size, &done.plain);
        let ciphertext_len = job.geometry.ciphertext_len();
        let manifest = ManifestPart { header, ciphertext_len, segments: done.cipher, carried: None };
        let entry = FileEntry { part, name: name.to_owned(), size, file_type };
        Ok((upload.id, entry, Sealed { manifest, statement }))
    }

    fn statement(&self, place: RevisionPlace, parts: Vec<StatementPart>) -> Signed<AuthorStatement> {
        let statement = AuthorStatement {
            report: place.report,
            version: place.version,
            author: self.id(),
            epoch: 0,
            time: self.signing_time(),
            parts,
        };
        Signed::sign(statement, &self.key)
    }

    fn manifest(
        &self,
        place: RevisionPlace,
        state: &AccessState,
        statement: Hash32,
        parts: Vec<ManifestPart>,
    ) -> Signed<Manifest> {
        let manifest = Manifest {
            place,
            seq: 1,
            previous: Hash32(place.report.0),
            access_head: state.head(),
            author: self.id(),
            signer: self.id(),
            epoch: 0,
            time: self.signing_time().max(state.last_time()),
            statement,
            parts,
        };
        Signed::sign(manifest, &self.key)
    }
}

fn grant_to(person: &Person, right: Right, why: &str) -> Result<Grant> {
    Ok(Grant {
        id: GrantId::random(&mut rng()),
        recipient: Recipient::Account(AccountRecipient::current(&person.chain)),
        right,
        purpose: purpose(why)?,
        versions: Versions::ALL,
        expires_at: 0,
        parent: None,
    })
}
