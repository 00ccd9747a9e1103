//! `/api/v1/reports`: genesis, access chain, versions, parts.

use crate::{
    AccountId, B64, GrantId, ReportId, TeamId, UnixMillis, UploadId,
    accounts::PublicAccount,
    body,
    devices::ReportDevice,
    grants::{Right, Wrap},
    teams::TeamRosters,
};

body! {
    /// `POST /reports`: completes a draft as version 1, atomically. Repeating it with the same genesis and manifest answers the same.
    pub struct CreateReport {
        /// Signed genesis; its hash is the id.
        pub genesis: B64,
        /// First signed entries of the access chain: the owner's grant, the author's if another person.
        pub entries: Vec<B64>,
        /// Version 1, revision 0.
        pub version: NewVersion,
    }
}

body! {
    /// A version, or a revision of one (re-key).
    pub struct NewVersion {
        /// 1 for the first.
        pub version: u32,
        /// 0 until a re-key.
        pub revision: u32,
        /// Signed manifest.
        pub manifest: B64,
        /// Author-signed statement over the plaintext, sealed under the content key.
        pub statement: B64,
        /// Ciphertext of part 0.
        pub part0: B64,
        /// Uploads of parts 1.., in order; complete. None for a part that the manifest says is carried over.
        pub uploads: Vec<UploadId>,
        /// Counter of the author's draft that this was: the draft ends with it, unless it was saved again meanwhile.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub draft: Option<u64>,
        /// The content key, wrapped once for every live grant that covers the version.
        pub wraps: Vec<Wrap>,
    }
}

body! {
    /// One row of the list, enough to show it.
    pub struct ReportItem {
        /// Report id.
        pub id: ReportId,
        /// Where it stands in the caller's change order.
        pub cursor: u64,
        /// Who made it.
        pub creator: AccountId,
        /// Who owns it now.
        pub owner: AccountId,
        /// When.
        pub created_at: UnixMillis,
        /// Last version or revision.
        pub updated_at: UnixMillis,
        /// Newest version that the caller may see.
        pub version: u32,
        /// Its revision.
        pub revision: u32,
        /// Its signed manifest.
        pub manifest: B64,
        /// Its sealed part 0.
        pub part0: B64,
        /// Hash of the newest entry of the access chain.
        pub access_head: B64,
        /// The grant by which the caller sees it.
        pub grant: OwnGrant,
        /// The content key, wrapped for that grant.
        pub wrap: B64,
        /// Whether a re-key is due and the caller is the owner.
        pub rekey_pending: bool,
    }
}

body! {
    /// The caller's own grant on a report.
    pub struct OwnGrant {
        /// Its id.
        pub id: GrantId,
        /// Right.
        pub right: Right,
        /// End; 0 for none.
        pub expires_at: UnixMillis,
        /// Code and bearer grants once redeemed: the grant seed resealed under the caller's account key.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub seed: Option<B64>,
        /// The team by which the caller holds it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub team: Option<TeamId>,
    }
}

body! {
    /// `GET /reports?before=&since=&limit=`, newest change first.
    pub struct ReportList {
        /// Rows.
        pub items: Vec<ReportItem>,
        /// Reports that left the caller's view since `since`.
        pub gone: Vec<ReportId>,
        /// Of those, the caller's own that were erased: who opened them is in their events still.
        #[serde(default)]
        pub erased: Vec<ReportId>,
        /// Pass as `before` for older rows.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub next: Option<u64>,
        /// Pass as `since` next time to get only what changed.
        pub head: u64,
    }
}

body! {
    /// A version in a report.
    pub struct VersionItem {
        /// Version number.
        pub version: u32,
        /// Current revision.
        pub revision: u32,
        /// Its signed manifest.
        pub manifest: B64,
        /// When the server took it.
        pub created_at: UnixMillis,
        /// Wraps for the caller's live grants, normally one.
        pub wraps: Vec<Wrap>,
        /// A re-key to the next revision is due.
        pub rekey_pending: bool,
    }
}

body! {
    /// `GET /reports/{id}`: everything needed to verify and open, except the ciphertext.
    pub struct Report {
        /// Report id.
        pub id: ReportId,
        /// Signed genesis.
        pub genesis: B64,
        /// Signed entries of the access chain, in order.
        pub entries: Vec<B64>,
        /// Versions that the caller may see, ascending.
        pub versions: Vec<VersionItem>,
        /// Signed manifests that `versions` doesn't carry: superseded revisions, and versions that the caller may not
        /// see. Together with those they are manifests 1, 2, … without a gap.
        #[serde(default)]
        pub superseded: Vec<B64>,
        /// The caller's live grants.
        pub grants: Vec<OwnGrant>,
        /// When the server took it.
        pub created_at: UnixMillis,
        /// Last version or revision.
        pub updated_at: UnixMillis,
    }
}

body! {
    /// `GET /reports/{id}/people`: the accounts and teams named in the access chain, with their key records and rosters.
    pub struct ReportPeople {
        /// Accounts: of a team whoever signed a roster, or is named by one.
        pub items: Vec<PublicAccount>,
        /// Teams.
        #[serde(default)]
        pub teams: Vec<TeamRosters>,
        /// The device that began the report, if one did.
        #[serde(default)]
        pub devices: Vec<ReportDevice>,
    }
}

body! {
    /// `GET /reports/{id}/versions/{version}`: the sealed fields; an audited read.
    pub struct VersionContent {
        /// Version.
        pub version: u32,
        /// Current revision.
        pub revision: u32,
        /// Signed manifest.
        pub manifest: B64,
        /// Sealed statement.
        pub statement: B64,
        /// Ciphertext of part 0.
        pub part0: B64,
        /// Wraps for the caller.
        pub wraps: Vec<Wrap>,
    }
}
