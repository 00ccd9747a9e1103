//! Re-keying after a revocation: new key, salts and ciphertext for every version that the revoked party held.
//!
//! What is due follows from the signed access chain and the signed manifests alone. The server's queue is a hint where to
//! look: what it hides is done all the same, and what it asks for without need is not.

use std::collections::{BTreeMap, BTreeSet};

use api_types::{B64, ErrorCode, ReportId, UploadId, reports::NewVersion, uploads::CreateUpload};
use crypto::{
    encoding::sha256,
    format::PartKey,
    ids::{AccountId, Hash32},
    report::{ContentKey, Manifest, ManifestPart, PartPlace, RevisionPlace, seal_statement},
    secret::Secret,
    sign::Signed,
};

use crate::{
    bulk::{Bulk, Control, SealJob},
    drafts::{check_size, create_upload, seal_part0, wraps_for},
    error::{ClientError, Result},
    ids::{ToApi, ToCrypto},
    platform::{Environment, Platform, rng},
    refusal::Refusal,
    reports::{Named, OpenReport, OpenVersion, ReportRow, VersionInfo, content_of},
    vault::Vault,
};

/// How long to wait for another device that makes the same keys, in milliseconds, before it is looked and tried again.
const PAUSES: [u32; 4] = [500, 1_000, 2_000, 4_000];

/// Whether another device of the owner's may be at it: of two uploads for one place the later takes the earlier's, which then
/// takes no more segments ([`ErrorCode::NotFound`]) and becomes no version ([`ErrorCode::Gone`]).
fn overtaken(error: &ClientError) -> bool {
    matches!(error.problem(), Some(ErrorCode::NotFound | ErrorCode::Gone | ErrorCode::Conflict))
}

impl<P: Platform> Vault<P> {
    /// Whether a row of the list may be of an own report that needs new keys: the server says so, what was verified of the
    /// report before says so, or its access has changed since. [`Vault::rekey`] then looks, and does only what is due.
    pub fn may_need_rekey(&self, row: &ReportRow) -> bool {
        let seen = self.state().reports.get(&row.id.crypto()).copied().unwrap_or_default();
        let moved = match seen.access {
            Some((_, head)) => row.access_head.0[..] != head.0[..],
            None => row.access_moved,
        };
        // A row of a cache from before heads were kept says nothing.
        let moved = moved && !row.access_head.0.is_empty();
        seen.rekey_due || (row.owner == self.account_id() && (row.rekey_pending || moved))
    }

    /// Own reports whose re-key is due by their verified chains.
    ///
    /// # Errors
    /// No connection.
    pub async fn pending_rekeys(&self) -> Result<Vec<ReportId>> {
        let mut out = Vec::new();
        for id in self.rekey_hints().await? {
            match self.report(&id).await {
                Ok(open) if open.access.state.owner() == self.id() && open.versions.iter().any(|v| v.rekey_pending) => {
                    out.push(id)
                }
                Err(e @ ClientError::Transport(_)) => return Err(e),
                // A report that is refused says so where it is opened; it can't keep the others from their keys.
                Ok(_) | Err(_) => {}
            }
        }
        Ok(out)
    }

    /// Own reports that needed new keys when they were verified last; for them no list of the server's is asked.
    pub fn remembered_rekeys(&self) -> Vec<ReportId> {
        self.state().reports.iter().filter(|(_, seen)| seen.rekey_due).map(|(id, _)| id.api()).collect()
    }

    async fn rekey_hints(&self) -> Result<BTreeSet<ReportId>> {
        let mut out: BTreeSet<_> = self.remembered_rekeys().into_iter().collect();
        let rows = self.list_all().await?.rows;
        out.extend(rows.iter().filter(|row| self.may_need_rekey(row)).map(|row| row.id));
        Ok(out)
    }

    /// Re-keys every version of an own report that needs it. A version is done as a whole; one that fails doesn't keep the
    /// others from it, and its error comes at the end. Returns how many were re-keyed.
    ///
    /// # Errors
    /// [`ClientError::NotAllowed`] if one isn't the owner, [`ClientError::Cancelled`], a refusal, no connection.
    pub async fn rekey(&self, id: &ReportId, control: &Control) -> Result<u32> {
        let (mut done, mut failed, mut pauses) = (0, BTreeMap::new(), PAUSES.into_iter());
        // Each version is wrapped to everybody's newest key.
        self.learn_people_anew(id, &Named::default()).await?;
        self.follow_teams_of(id).await?;
        loop {
            let open = self.report(id).await?;
            if open.access.state.owner() != self.id() {
                return Err(ClientError::NotAllowed);
            }
            // What failed counts as long as it is what the report has: another device of the owner's may have been quicker.
            failed
                .retain(|place, _| open.versions.iter().any(|v| v.rekey_pending && (v.version, v.revision) == *place));
            let due = |v: &&VersionInfo| v.rekey_pending && !failed.contains_key(&(v.version, v.revision));
            let Some((version, revision)) = open.versions.iter().find(due).map(|v| (v.version, v.revision)) else {
                if failed.values().any(overtaken)
                    && let Some(pause) = pauses.next()
                {
                    self.platform().environment().pause(pause).await;
                    failed.retain(|_, error| !overtaken(error));
                    continue;
                }
                return failed.into_values().next().map_or(Ok(done), Err);
            };
            match self.rekey_version(&open, version, control).await {
                Ok(manifest) => {
                    // Taken is taken: a server that goes back behind it is refused.
                    self.see_manifests(id.crypto(), &manifest, &manifest);
                    done += 1;
                }
                // Nothing more gets through.
                Err(e @ (ClientError::Cancelled | ClientError::Transport(_))) => {
                    return Err(failed.into_values().next().unwrap_or(e));
                }
                Err(e) => drop(failed.insert((version, revision), e)),
            }
            // Each is done once; more than there are would be somebody else's doing, for ever.
            if done as usize > open.versions.len() {
                return Err(Refusal::OtherThing.into());
            }
        }
    }

    async fn rekey_version(&self, open: &OpenReport, number: u32, control: &Control) -> Result<Signed<Manifest>> {
        let version = self.version(open, number).await?;
        let old = version.manifest.claimed();
        let revision = old.place.revision.checked_add(1).ok_or(ClientError::Internal("too many revisions"))?;
        let place = RevisionPlace { revision, ..old.place };
        let key: ContentKey = Secret::random(&mut rng());
        // Byte for byte what the author signed, whichever program wrote it.
        let sealed0 = seal_part0(&key, place, &version.part0)?;
        let mut parts = vec![ManifestPart::of(&sealed0).map_err(|_| ClientError::Internal("part 0 has no layout"))?];
        let mut uploads = Vec::new();
        for part in 1..u32::try_from(old.parts.len()).unwrap_or(u32::MAX) {
            let (upload, manifest) = self.reseal(&version, part, place.part(part), &key, control).await?;
            uploads.push(upload);
            parts.push(manifest);
        }
        let statement = seal_statement(&key, &place, &version.statement, &mut rng());
        let manifest = self.next_manifest(open, old.author, place, sha256(&statement), parts)?;
        let state = &open.access.state;
        let body = NewVersion {
            version: place.version,
            revision: place.revision,
            manifest: B64::from(manifest.as_bytes()),
            statement: B64(statement),
            part0: B64(sealed0),
            uploads,
            draft: None,
            wraps: wraps_for(&key, place, state, &open.access.keys)?,
        };
        check_size(&body)?;
        self.api().rekey_version(&open.id, number, &body).await?;
        Ok(manifest)
    }

    /// Opens a file of a version and seals it for another place, under a content key that it was never under.
    pub(crate) async fn reseal(
        &self,
        version: &OpenVersion,
        part: u32,
        to: PartPlace,
        key: &ContentKey,
        control: &Control,
    ) -> Result<(UploadId, ManifestPart)> {
        let from = self.job(version, part)?;
        let asked = CreateUpload {
            report_id: to.revision.report.api(),
            version: to.revision.version,
            revision: to.revision.revision,
            part: to.part,
            ciphertext_len: from.geometry.ciphertext_len(),
        };
        let upload = create_upload(self, &asked, &from.geometry).await?;
        let part_key = PartKey::fresh(key, &to.context(), &mut rng());
        let header = part_key.header();
        let into = SealJob {
            key: part_key,
            geometry: from.geometry,
            upload: upload.id,
            received: Vec::new(),
            sealed_before: Vec::new(),
        };
        let platform = self.platform();
        let sealed = platform.bulk().reseal_part(platform.transport(), &from, &into, control).await;
        let sealed = sealed.and_then(|sealed| {
            let found = content_of(from.geometry.plaintext_len(), &sealed.plain);
            let same = version.statement.claimed().check(part, &found).is_ok();
            if same { Ok(sealed) } else { Err(Refusal::ContentChanged { part }.into()) }
        });
        let sealed = match sealed {
            Ok(sealed) => sealed,
            Err(error) => {
                self.give_up(&[upload.id]).await;
                return Err(error);
            }
        };
        let ciphertext_len = from.geometry.ciphertext_len();
        Ok((upload.id, ManifestPart { header, ciphertext_len, segments: sealed.cipher, carried: None }))
    }

    /// The manifest after the newest one: the author's of a new version, or signed by the owner beside the author's surviving
    /// statement.
    pub(crate) fn next_manifest(
        &self,
        open: &OpenReport,
        author: AccountId,
        place: RevisionPlace,
        statement: Hash32,
        parts: Vec<ManifestPart>,
    ) -> Result<Signed<Manifest>> {
        let keyring = self.keyring();
        let own = keyring.current();
        let state = &open.access.state;
        let manifest = Manifest {
            place,
            seq: open.last.seq.checked_add(1).ok_or(ClientError::Internal("too many manifests"))?,
            previous: open.last.hash,
            access_head: state.head(),
            author,
            signer: self.id(),
            epoch: own.epoch,
            time: self.signing_time().max(state.last_time()).max(open.last.time),
            statement,
            parts,
        };
        Ok(Signed::sign(manifest, &own.signing))
    }
}
