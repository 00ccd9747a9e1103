//! A report whose versions don't all verify, as far as they do: who has access is shown all the same, and what was
//! sealed before the fault stays readable. Nothing that changes a report goes on from here; that takes all of it.

use api_types::{
    ReportId,
    reports::{Report, VersionItem},
};
use crypto::{
    report::{Manifest, RevisionPlace},
    sign::Signed,
};

use super::{Access, OpenReport, OpenVersion, manifests, manifests::Verified, turn::Turn};
use crate::{
    error::{ClientError, Result},
    ids::ToCrypto,
    platform::Platform,
    refusal::Refusal,
    vault::Vault,
};

/// Manifests taken off the end before none is believed.
const STEPS: usize = 8;
/// Versions tried before none is shown: each try is an audited read.
const TRIES: usize = 4;

/// A version that the server shows and that is not believed, or does not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedVersion {
    /// Its number.
    pub version: u32,
    /// Why.
    pub why: Refusal,
}

/// A report as far as it verifies, and the versions that don't.
type AsFar = (OpenReport, Vec<RefusedVersion>);

/// A report for its reader: who has access, verified, and of its versions what opens.
pub struct Reading {
    /// Access, and the versions that verified.
    pub report: OpenReport,
    /// The version that was asked for, else the newest that opens.
    pub version: Option<OpenVersion>,
    /// Versions that were refused.
    pub refused: Vec<RefusedVersion>,
}

impl<P: Platform> Vault<P> {
    /// Fetches a report and opens a version of it: the one named, else the newest. A version that is refused hides neither
    /// who has access nor the others: it is named with its reason, and the newest that opens is there instead.
    ///
    /// # Errors
    /// A [`Refusal`] of the access chain, [`ClientError::NoAccess`], `not_found`, no connection.
    pub async fn read(&self, id: &ReportId, version: Option<u32>) -> Result<Reading> {
        let mut turn = Turn::of(self);
        let (report, mut refused) = loop {
            let report = self.fetch_report(id).await?;
            match self.verify_as_far(id, report, &mut turn).await {
                Err(e) => turn.again(self, e)?,
                Ok(None) => {}
                Ok(Some(verified)) => break verified,
            }
        };
        let mut opened = None;
        for number in in_turn(&report, version).take(TRIES) {
            match self.version(&report, number).await {
                Ok(version) => {
                    opened = Some(version);
                    break;
                }
                Err(ClientError::Refused(why)) => add(&mut refused, number, &why),
                Err(e) => return Err(e),
            }
        }
        Ok(Reading { report, version: opened, refused })
    }

    /// `None` where it is to be asked for again.
    async fn verify_as_far(&self, id: &ReportId, mut report: Report, turn: &mut Turn) -> Result<Option<AsFar>> {
        let access = self.verify_delivered(id, &mut report).await?;
        let (report, verified, refused) = match self.verify_manifests(&access, &report) {
            Ok(verified) => (report, verified, Vec::new()),
            Err(e) => match turn.again(self, e) {
                Ok(()) => return Ok(None),
                Err(ClientError::Refused(why)) => self.without_the_end(&access, report, why),
                Err(e) => return Err(e),
            },
        };
        let refused = with_left_out(refused, &verified);
        let open = self.open_report(access, report, verified, refused.is_empty())?;
        self.save_state_soon().await;
        Ok(Some((open, refused)))
    }

    /// Takes manifests off the end until the others verify. Each that goes takes its whole version with it, so an older
    /// revision never stands in for one that is there but forged; and what was seen before must be among what is left.
    fn without_the_end(
        &self,
        access: &Access,
        report: Report,
        first: Refusal,
    ) -> (Report, Verified, Vec<RefusedVersion>) {
        let mut refused = Vec::new();
        let mut rest = Rest::readable(report, &mut refused);
        let mut why = first.clone();
        for _ in 0..STEPS {
            if !std::mem::take(&mut rest.shortened) {
                rest.drop_newest(&why, &mut refused);
            }
            match self.verify_manifests(access, &rest.report) {
                Ok(verified) => return (rest.report, verified, refused),
                Err(ClientError::Refused(next)) => why = next,
                Err(_) => break,
            }
        }
        let mut numbers: Vec<_> = refused.iter().map(|r| r.version).collect();
        numbers.extend(rest.report.versions.iter().map(|v| v.version));
        if numbers.is_empty() {
            numbers.push(1);
        }
        let refused = numbers.into_iter().map(|version| RefusedVersion { version, why: first.clone() }).collect();
        rest.report.versions.clear();
        (rest.report, Verified::nothing(access.state.report()), refused)
    }
}

/// The version asked for, then all from the newest down.
fn in_turn(report: &OpenReport, wanted: Option<u32>) -> impl Iterator<Item = u32> + use<> {
    let mut numbers: Vec<u32> = report.versions.iter().rev().map(|v| v.version).collect();
    if let Some(at) = wanted.and_then(|wanted| numbers.iter().position(|number| *number == wanted)) {
        let wanted = numbers.remove(at);
        numbers.insert(0, wanted);
    }
    numbers.into_iter()
}

fn add(refused: &mut Vec<RefusedVersion>, version: u32, why: &Refusal) {
    if refused.iter().all(|r| r.version != version) {
        refused.push(RefusedVersion { version, why: why.clone() });
    }
}

fn with_left_out(mut refused: Vec<RefusedVersion>, verified: &Verified) -> Vec<RefusedVersion> {
    for version in &verified.left_out {
        add(&mut refused, *version, &Refusal::VersionLeftOut { version: *version });
    }
    refused
}

/// What is left of an answer.
struct Rest {
    report: Report,
    /// Something went already that could not be read.
    shortened: bool,
}

impl Rest {
    /// Without the manifests that can't be read.
    fn readable(mut report: Report, refused: &mut Vec<RefusedVersion>) -> Self {
        let before = report.versions.len() + report.superseded.len();
        let id = report.id.crypto();
        report.versions.retain(|v| {
            let place = RevisionPlace { report: id, version: v.version, revision: v.revision };
            let parsed = manifests::parse(&v.manifest.0, place);
            parsed.map_err(|why| add(refused, v.version, &why)).is_ok()
        });
        report.superseded.retain(|blob| Signed::<Manifest>::parse(&blob.0).is_ok());
        let shortened = report.versions.len() + report.superseded.len() < before;
        Self { report, shortened }
    }

    /// Without the newest manifest and the version it is of; that version's older revisions stay as links of the chain.
    fn drop_newest(&mut self, why: &Refusal, refused: &mut Vec<RefusedVersion>) {
        let place = |blob: &[u8]| Signed::<Manifest>::parse(blob).ok().map(|m| (m.claimed().seq, m.claimed().place));
        let Report { versions, superseded, .. } = &mut self.report;
        let blobs = versions.iter().map(|v| &v.manifest).chain(superseded.iter());
        let Some(newest) = blobs.filter_map(|blob| place(&blob.0)).max_by_key(|(seq, _)| *seq) else { return };
        add(refused, newest.1.version, why);
        let (gone, kept): (Vec<VersionItem>, _) =
            std::mem::take(versions).into_iter().partition(|v| v.version == newest.1.version);
        *versions = kept;
        superseded.extend(gone.into_iter().map(|v| v.manifest));
        superseded.retain(|blob| place(&blob.0) != Some(newest));
    }
}
