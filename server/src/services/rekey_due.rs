//! Which versions wait for new keys after somebody lost access: those that they were given, and those that share a file with
//! one of these, as they have that file's key. A hint for the owner's client, which derives it from what is signed.

use std::collections::BTreeMap;

use api_types::ReportId;
use crypto::{report::Manifest, sign::Signed};
use sea_orm::ConnectionTrait;

use crate::{
    ServiceResult,
    services::{versions, versions_check::int},
};

/// The versions that are due where those that `held` names were given to whoever lost access.
pub async fn after(
    conn: &impl ConnectionTrait,
    report: ReportId,
    held: impl Fn(i32) -> bool,
) -> ServiceResult<Vec<i32>> {
    let all = versions::manifests(conn, report).await?;
    let mut current: BTreeMap<i32, &Manifest> = BTreeMap::new();
    for manifest in all.iter().map(Signed::claimed) {
        current.insert(int(manifest.place.version)?, manifest);
    }
    let files = Signed::files_of(&all, |manifest| i32::try_from(manifest.place.version).is_ok_and(&held));
    let due = |version: i32, manifest: &Manifest| held(version) || manifest.has_one_of(&files);
    Ok(current.into_iter().filter(|&(version, manifest)| due(version, manifest)).map(|(version, _)| version).collect())
}
