//! Verifying what belongs to a version: signature, entitlement at its time, order, and what was seen before.

use api_types::reports::Report;
use crypto::{
    ids::{Hash32, ReportId},
    report::{Manifest, RevisionPlace},
    sign::Signed,
};

use super::Access;
use crate::{
    error::Result,
    ids::ToCrypto,
    platform::Platform,
    refusal::Refusal,
    state::{Seen, short},
    vault::Vault,
};

/// Parses a manifest that claims to be of a place.
pub(super) fn parse(blob: &[u8], place: RevisionPlace) -> Result<Signed<Manifest>, Refusal> {
    let version = place.version;
    let manifest = Signed::<Manifest>::parse(blob)
        .map_err(|e| Refusal::ManifestForged { version, why: e.to_string() })?;
    if manifest.claimed().place != place {
        let why = "it belongs to another report, version or revision".to_owned();
        return Err(Refusal::ManifestForged { version, why });
    }
    Ok(manifest)
}

/// Compares a newest version with what was seen.
pub(super) fn check_newest(seen: &Seen, manifest: &Signed<Manifest>) -> Result<(), Refusal> {
    let place = manifest.claimed().place;
    match seen.newest {
        Some((version, revision, _)) if (place.version, place.revision) < (version, revision) => {
            Err(Refusal::ManifestOlder)
        }
        Some((version, revision, hash))
            if (place.version, place.revision) == (version, revision) && hash != short(&manifest.hash()) =>
        {
            Err(Refusal::ManifestForked { version })
        }
        _ => Ok(()),
    }
}

/// Manifests in the order of their signing: numbers may have gaps (versions not granted, revisions replaced), but
/// neighbours must name each other and nothing may stand twice.
fn check_order(sorted: &[&Signed<Manifest>]) -> Result<(), Refusal> {
    for pair in sorted.windows(2) {
        let [before, after] = pair else { continue };
        let (a, b) = (before.claimed(), after.claimed());
        let neighbours = a.seq.checked_add(1) == Some(b.seq);
        if a.seq == b.seq || (neighbours && b.previous != before.hash()) || b.time < a.time {
            return Err(Refusal::ManifestChainBroken { version: b.place.version });
        }
    }
    match sorted.first().map(|m| m.claimed()) {
        Some(m) if m.seq == 1 && m.previous != Hash32(m.place.report.0) => {
            Err(Refusal::ManifestChainBroken { version: m.place.version })
        }
        _ => Ok(()),
    }
}

fn check_seen(seen: &Seen, sorted: &[&Signed<Manifest>]) -> Result<(), Refusal> {
    let (Some(last), Some((seq, hash))) = (sorted.last(), seen.manifest) else { return Ok(()) };
    let newest = last.claimed().seq;
    if newest < u64::from(seq) {
        return Err(Refusal::ManifestOlder);
    }
    match sorted.iter().find(|m| m.claimed().seq == u64::from(seq)) {
        Some(same) if short(&same.hash()) != hash => {
            Err(Refusal::ManifestForked { version: same.claimed().place.version })
        }
        _ => Ok(()),
    }
}

impl<P: Platform> Vault<P> {
    /// Verifies the current manifests of a report, ascending by version, and remembers them.
    pub(crate) fn verify_manifests(&self, access: &Access, report: &Report) -> Result<Vec<Signed<Manifest>>> {
        let id: ReportId = report.id.crypto();
        let manifests = report
            .versions
            .iter()
            .map(|v| parse(&v.manifest.0, RevisionPlace { report: id, version: v.version, revision: v.revision }))
            .collect::<Result<Vec<_>, _>>()?;
        self.check_signers(access, &manifests)?;
        let mut sorted: Vec<_> = manifests.iter().collect();
        sorted.sort_by_key(|m| m.claimed().seq);
        check_order(&sorted)?;
        let seen = self.state().reports.get(&id).copied().unwrap_or_default();
        check_seen(&seen, &sorted)?;
        if let Some(newest) = manifests.iter().max_by_key(|m| m.claimed().place) {
            check_newest(&seen, newest)?;
            self.see_manifests(id, newest, sorted.last().copied());
        }
        Ok(manifests)
    }

    fn check_signers(&self, access: &Access, manifests: &[Signed<Manifest>]) -> Result<()> {
        let heads: Vec<_> = manifests.iter().map(|m| m.claimed().access_head).collect();
        let states = access.states_at(&heads)?;
        for manifest in manifests {
            let claimed = manifest.claimed();
            let forged = |why: String| Refusal::ManifestForged { version: claimed.place.version, why };
            let (_, state) = states
                .iter()
                .find(|(head, _)| *head == claimed.access_head)
                .ok_or_else(|| forged("it names an access list that never was".to_owned()))?;
            let state = state.clone().at(claimed.time);
            manifest.verify_manifest(&state, &access.keys).map_err(|e| forged(e.to_string()))?;
        }
        Ok(())
    }

    fn see_manifests(&self, id: ReportId, newest: &Signed<Manifest>, last: Option<&Signed<Manifest>>) {
        let place = newest.claimed().place;
        let newest = (place.version, place.revision, short(&newest.hash()));
        let last = last.and_then(|m| Some((u32::try_from(m.claimed().seq).ok()?, short(&m.hash()))));
        let now = self.now();
        let changed = self.state().see(id, now, |seen| {
            seen.newest = Some(newest);
            seen.manifest = last.or(seen.manifest);
        });
        if changed {
            self.touch();
        }
    }
}
