//! Rows of the list, and the sealed cache that shows them before the network answers.

use api_types::{AccountId, B64, GrantId, ReportId, TeamId, grants::Right};
use crypto::account::{open_cache, seal_cache};
use serde::{Deserialize, Serialize};

use crate::{
    content::{FileEntry, ReportFields, Status},
    error::{ClientError, Result},
    platform::{Platform, rng},
    refusal::Refusal,
    vault::Vault,
};

/// One report in the list, opened. Its manifest's signature verified; the access chain behind it is verified when the
/// report is opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportRow {
    /// Report id.
    pub id: ReportId,
    /// Place in the order of changes.
    pub cursor: u64,
    /// Completed; drafts come from [`Vault::drafts`].
    pub status: Status,
    /// Who made it, as the server says.
    pub creator: AccountId,
    /// Who owns it, as the server says.
    pub owner: AccountId,
    /// Who signed the newest version.
    pub author: AccountId,
    /// When the server took it.
    pub created_at: i64,
    /// Last version or revision.
    pub updated_at: i64,
    /// Newest version that one may see.
    pub version: u32,
    /// Its revision.
    pub revision: u32,
    /// The grant by which one sees it.
    pub grant: GrantId,
    /// What one may do.
    pub right: Right,
    /// End of the grant; 0 for none.
    pub expires_at: i64,
    /// A re-key is due and one is the owner, as the server says.
    pub rekey_pending: bool,
    /// Head of its access chain, as the server says.
    #[serde(default)]
    pub access_head: B64,
    /// The access chain has grown since the newest version was sealed, or there are older versions besides.
    #[serde(default)]
    pub access_moved: bool,
    /// The team by which one sees it.
    #[serde(default)]
    pub team: Option<TeamSight>,
    /// The decrypted fields.
    pub fields: ReportFields,
    /// The files.
    pub files: Vec<FileEntry>,
}

/// A team by whose grant a row is seen, and the epoch of the team's key that its wrap goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamSight {
    /// The team.
    pub team: TeamId,
    /// Epoch of its key.
    pub key_epoch: u32,
}

#[derive(Serialize, Deserialize)]
struct Cache {
    version: u32,
    head: u64,
    rows: Vec<ReportRow>,
}

const NAME: &str = "reports";
const VERSION: u32 = 1;

impl<P: Platform> Vault<P> {
    /// Seals rows and the list's head for the caller to keep on the device.
    ///
    /// # Errors
    /// Never for rows of this crate.
    pub fn export_cache(&self, rows: &[ReportRow], head: u64) -> Result<Vec<u8>> {
        let cache = Cache { version: VERSION, head, rows: rows.to_vec() };
        let json = serde_json::to_vec(&cache).map_err(|_| ClientError::Internal("rows do not serialise"))?;
        let json = zeroize::Zeroizing::new(json);
        Ok(seal_cache(&self.account_key(), &self.id(), NAME, &json, &mut rng()))
    }

    /// Opens what [`Vault::export_cache`] sealed: rows, and the head to pass as [`crate::api::ListQuery::since`].
    ///
    /// # Errors
    /// [`Refusal::ContentFormat`] for another account's, an older program's or a damaged cache: throw it away.
    pub fn import_cache(&self, sealed: &[u8]) -> Result<(Vec<ReportRow>, u64)> {
        let damaged = || Refusal::ContentFormat("cache".to_owned());
        let plain = open_cache(&self.account_key(), &self.id(), NAME, sealed).map_err(|_| damaged())?;
        let cache: Cache = serde_json::from_slice(plain.expose()).map_err(|_| damaged())?;
        if cache.version == VERSION { Ok((cache.rows, cache.head)) } else { Err(damaged().into()) }
    }
}
