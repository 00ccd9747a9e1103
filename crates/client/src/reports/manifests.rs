//! Verifying what belongs to a version: signature, entitlement at its time, order, and what was seen before.

use std::collections::BTreeSet;

use api_types::reports::{OwnGrant, Report};
use crypto::{
    defence::Defence,
    ids::{AccountId, Hash32, ReportId},
    report::{GrantState, Manifest, ManifestError, Recipient, RevisionPlace},
    sign::Signed,
};

use super::Access;
use crate::{
    error::Result,
    ids::ToCrypto,
    platform::Platform,
    refusal::Refusal,
    state::{Seen, newer, short},
    vault::Vault,
};

/// Parses a manifest that claims to be of a place.
pub(super) fn parse(blob: &[u8], place: RevisionPlace) -> Result<Signed<Manifest>, Refusal> {
    let version = place.version;
    let manifest =
        Signed::<Manifest>::parse(blob).map_err(|e| Refusal::ManifestForged { version, why: e.to_string() })?;
    if manifest.claimed().place != place {
        let why = "it belongs to another report, version or revision".to_owned();
        return Err(Refusal::ManifestForged { version, why });
    }
    Ok(manifest)
}

/// Compares a newest version with what was seen.
pub(super) fn check_newest(seen: &Seen, manifest: &Signed<Manifest>) -> Result<(), Refusal> {
    let place = manifest.claimed().place;
    match seen.newest.filter(|_| Defence::ManifestSeen.holds()) {
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

/// The report's newest manifest, to go on from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Last {
    pub seq: u64,
    pub hash: Hash32,
    pub time: i64,
}

/// What verified.
pub(super) struct Verified {
    /// Current manifests of the versions that one may see, ascending.
    pub current: Vec<Signed<Manifest>>,
    /// The newest of all.
    pub last: Last,
    /// Versions that the account's access covers and that were not delivered.
    pub left_out: Vec<u32>,
    /// Every manifest, in the order of signing.
    pub all: Vec<Signed<Manifest>>,
    /// How many versions there are, those that one may not see among them.
    pub versions: u32,
}

impl Verified {
    /// Of a report none of whose manifests is believed.
    pub fn nothing(id: ReportId) -> Self {
        let last = Last { seq: 0, hash: Hash32(id.0), time: 0 };
        Self { current: Vec::new(), last, left_out: Vec::new(), all: Vec::new(), versions: 0 }
    }
}

/// All manifests of a report in the order of their signing: 1, 2, … without a gap, each naming the one before, and the
/// delivered versions are the newest revisions among them. Gives the number of versions that there are.
fn check_order(id: &ReportId, all: &[Signed<Manifest>], current: &[Signed<Manifest>]) -> Result<u32, Refusal> {
    let newest = Signed::<Manifest>::verify_order(id, all).map_err(|e| {
        let at = match e {
            ManifestError::CarriedForged { version, part } => return Refusal::CarriedForged { version, part },
            ManifestError::BrokenChain { after, .. } => usize::try_from(after).ok().and_then(|i| all.get(i)),
            _ => all.first(),
        };
        Refusal::ManifestChainBroken { version: at.map_or(0, |m| m.claimed().place.version) }
    })?;
    for manifest in current {
        let version = manifest.claimed().place.version;
        if newest.get(&version).is_none_or(|m| m.hash() != manifest.hash()) {
            return Err(Refusal::ManifestOlder);
        }
    }
    Ok(newest.last_key_value().map_or(0, |(version, _)| *version))
}

/// The versions that an account's access covers by the signed chain and that were not delivered. A grant that may just
/// have ended, or whose code was perhaps never redeemed, counts only while the server itself presents it.
fn left_out(
    access: &Access,
    me: AccountId,
    presented: &[OwnGrant],
    versions: u32,
    current: &[Signed<Manifest>],
) -> Vec<u32> {
    let opens = |g: &GrantState| {
        let for_good = g.grant.expires_at == 0 && !matches!(g.grant.recipient, Recipient::Code { .. });
        for_good || presented.iter().any(|own| own.id.crypto() == g.grant.id)
    };
    let mine: Vec<_> = access.state.grants_of(me).filter(|g| opens(g)).map(|g| g.grant.versions).collect();
    let delivered: BTreeSet<_> = current.iter().map(|m| m.claimed().place.version).collect();
    let covered = |version: &u32| mine.iter().any(|versions| versions.contains(*version));
    let missing = |version: &u32| covered(version) && !delivered.contains(version);
    (1..=versions).filter(|version| missing(version) && Defence::VersionsComplete.holds()).collect()
}

/// The access heads that manifests name, in the order of their signing, never go back: whoever lost their access can't add a
/// version behind one that was sealed after that.
fn check_heads(access: &Access, all: &[Signed<Manifest>]) -> Result<(), Refusal> {
    let Err(e) = Signed::<Manifest>::verify_heads(all, &access.state) else { return Ok(()) };
    let first = (1..=all.len()).find(|end| Signed::<Manifest>::verify_heads(&all[..*end], &access.state).is_err());
    let version = first.map_or(0, |end| all[end - 1].claimed().place.version);
    Err(Refusal::ManifestForged { version, why: e.to_string() })
}

fn check_seen(seen: &Seen, all: &[Signed<Manifest>]) -> Result<(), Refusal> {
    let Some((seq, hash)) = seen.manifest.filter(|_| Defence::ManifestSeen.holds()) else { return Ok(()) };
    match all.iter().find(|m| m.claimed().seq == u64::from(seq)) {
        None => Err(Refusal::ManifestOlder),
        Some(same) if short(&same.hash()) != hash => {
            Err(Refusal::ManifestForked { version: same.claimed().place.version })
        }
        Some(_) => Ok(()),
    }
}

impl<P: Platform> Vault<P> {
    /// Verifies the manifests of a report and remembers them. Superseded ones need no check of their signers: the chain of
    /// hashes from the newest, whose signer was checked, names each of them.
    pub(super) fn verify_manifests(&self, access: &Access, report: &Report) -> Result<Verified> {
        let id: ReportId = report.id.crypto();
        let current = report
            .versions
            .iter()
            .map(|v| parse(&v.manifest.0, RevisionPlace { report: id, version: v.version, revision: v.revision }))
            .collect::<Result<Vec<_>, _>>()?;
        let mut all = current.clone();
        for blob in &report.superseded {
            let why = |e: crypto::encoding::DecodeError| Refusal::ManifestForged { version: 0, why: e.to_string() };
            all.push(Signed::parse(&blob.0).map_err(why)?);
        }
        all.sort_by_key(|m| m.claimed().seq);
        let seen = self.state().reports.get(&id).copied().unwrap_or_default();
        check_seen(&seen, &all)?;
        let versions = check_order(&id, &all, &current)?;
        check_heads(access, &all)?;
        let last = all.last().ok_or(Refusal::ManifestChainBroken { version: 1 })?;
        self.check_signers(access, &current)?;
        // The newest may belong to a version that one may not see; it commits to all the others.
        self.check_signers(access, std::slice::from_ref(last))?;
        if let Some(newest) = current.iter().max_by_key(|m| m.claimed().place) {
            check_newest(&seen, newest)?;
            self.see_manifests(id, newest, last);
        }
        let last = Last { seq: last.claimed().seq, hash: last.hash(), time: last.claimed().time };
        let left_out = left_out(access, self.id(), &report.grants, versions, &current);
        Ok(Verified { current, last, left_out, all, versions })
    }

    fn check_signers(&self, access: &Access, manifests: &[Signed<Manifest>]) -> Result<()> {
        if !Defence::ManifestSignature.holds() {
            return Ok(());
        }
        let heads: Vec<_> = manifests.iter().map(|m| m.claimed().access_head).collect();
        let states = access.states_at(&heads)?;
        for manifest in manifests {
            let claimed = manifest.claimed();
            let forged = |why: String| Refusal::ManifestForged { version: claimed.place.version, why };
            let (_, state) = states
                .iter()
                .find(|(head, _)| *head == claimed.access_head)
                .ok_or_else(|| forged("it names an access list that never was".to_owned()))?;
            // Or whoever's grant has expired could sign as of a day when it had not.
            if claimed.time < state.last_time() {
                return Err(forged("it is dated before the access list that it names".to_owned()).into());
            }
            let state = state.clone().at(claimed.time);
            manifest.verify_manifest(&state, &access.keys).map_err(|e| forged(e.to_string()))?;
        }
        Ok(())
    }

    /// Remembers verified manifests: one of the newest version, and the newest of all.
    pub(crate) fn see_manifests(&self, id: ReportId, newest: &Signed<Manifest>, last: &Signed<Manifest>) {
        let place = newest.claimed().place;
        let newest = (place.version, place.revision, short(&newest.hash()));
        let last = u32::try_from(last.claimed().seq).ok().map(|seq| (seq, short(&last.hash())));
        let now = self.now();
        let changed = self.state().see(id, now, |seen| {
            seen.newest = newer(seen.newest, Some(newest), |n| (n.0, n.1));
            seen.manifest = newer(seen.manifest, last, |m| m.0);
        });
        if changed {
            self.touch();
        }
    }
}
