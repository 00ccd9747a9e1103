//! `/api/v1/reports/{id}/grants` and `/api/v1/grants`: who may open what.

use crate::{AccountId, B64, GrantId, ReportId, TeamId, UnixMillis, body};

body! {
    /// What a grant allows, lowest first.
    pub enum Right {
        /// Read.
        View,
        /// Read and add versions.
        Contribute,
        /// Read, add versions, pass on.
        Reshare,
        /// Everything.
        Own,
    }
}

body! {
    /// How a grant reaches its recipient.
    pub enum GrantKind {
        /// Straight to the recipient's account key.
        Account,
        /// To a key pair that the access code opens.
        Code,
        /// To a key pair that an invitation's secret opens.
        Bearer,
        /// To the key of a team.
        Team,
    }
}

body! {
    /// Where a grant stands.
    pub enum GrantState {
        /// Code or bearer: not redeemed yet.
        Pending,
        /// Opens.
        Live,
        /// Past its time.
        Expired,
        /// Too many wrong codes.
        Locked,
        /// Withdrawn.
        Revoked,
    }
}

body! {
    /// A content key wrapped for one grant.
    pub struct Wrap {
        /// Version.
        pub version: u32,
        /// Revision.
        pub revision: u32,
        /// Grant.
        pub grant_id: GrantId,
        /// HPKE encapsulated key and ciphertext, in the versioned form of `crypto`.
        pub wrap: B64,
    }
}

body! {
    /// `POST /reports/{id}/grants`. Refused with `access_head_moved` unless the entry continues the stored head.
    pub struct CreateGrant {
        /// Signed chain entry.
        pub entry: B64,
        /// One wrap for each version that the grant covers.
        pub wraps: Vec<Wrap>,
        /// Code grants: the grant's seed sealed to recipient and code (HPKE PSK mode); its hash is in the entry.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub sealed_seed: Option<B64>,
    }
}

body! {
    /// `POST /reports/{id}/grants/{grant_id}/revoke`.
    pub struct RevokeGrant {
        /// Signed chain entry.
        pub entry: B64,
    }
}

body! {
    /// `POST /reports/{id}/grants/{grant_id}/team-key`: a team's grant goes on under the team's newest key. By a manager of the
    /// team or the report's owner.
    pub struct FollowTeam {
        /// Signed chain entry.
        pub entry: B64,
        /// One wrap for each version that the grant covers, in the place of those there are.
        pub wraps: Vec<Wrap>,
    }
}

body! {
    /// `POST /reports/{id}/grants/{grant_id}/claim`: a bearer grant is taken by the account that arrived with the secret.
    pub struct ClaimGrant {
        /// Signed chain entry with the claim signature.
        pub entry: B64,
        /// The grant seed resealed under the claimant's account key.
        pub seed: B64,
    }
}

body! {
    /// A grant as those entitled to the report see it; the signed entry in the chain is what counts.
    pub struct GrantInfo {
        /// Its id.
        pub id: GrantId,
        /// Report.
        pub report_id: ReportId,
        /// Kind.
        pub kind: GrantKind,
        /// State.
        pub state: GrantState,
        /// Right.
        pub right: Right,
        /// Who made it.
        pub granted_by: AccountId,
        /// That person's name.
        pub granted_by_name: String,
        /// Who it is for; absent for an unclaimed bearer grant and for a team's.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub recipient: Option<AccountId>,
        /// That person's name.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub recipient_name: Option<String>,
        /// The team that it is for.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub team: Option<TeamId>,
        /// When it was made.
        pub created_at: UnixMillis,
        /// End; 0 for none.
        pub expires_at: UnixMillis,
        /// Code grants: tries left.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub tries_left: Option<u32>,
        /// When code or bearer was redeemed.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub redeemed_at: Option<UnixMillis>,
        /// When it was revoked.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub revoked_at: Option<UnixMillis>,
    }
}

body! {
    /// `GET /reports/{id}/grants` (all of a report) and `GET /grants` (those to the caller that wait to be redeemed, have expired or are locked).
    pub struct GrantList {
        /// Newest first.
        pub items: Vec<GrantInfo>,
    }
}

body! {
    /// `POST /grants/{grant_id}/challenge`.
    pub struct RedeemChallenge {
        /// 32 random bytes, good for one try within a minute.
        pub challenge: B64,
        /// Tries left, this one included.
        pub tries_left: u32,
        /// Genesis and access chain, so that the client can verify the grant before it spends a try.
        pub genesis: B64,
        /// Signed entries.
        pub entries: Vec<B64>,
    }
}

body! {
    /// `POST /grants/{grant_id}/redeem`. A wrong signature counts as a wrong code.
    pub struct RedeemGrant {
        /// From the challenge.
        pub challenge: B64,
        /// `crypto` code proof over challenge, grant, account, recipient key and session, signed by the code's proof key.
        pub signature: B64,
    }
}

body! {
    /// Answer: the code is right.
    pub struct Redeemed {
        /// The report it opens.
        pub report_id: ReportId,
        /// The grant's seed, sealed to recipient and code.
        pub sealed_seed: B64,
    }
}

body! {
    /// `PUT /grants/{grant_id}/seed`: makes the grant live; repeating it is harmless.
    pub struct StoreGrantSeed {
        /// The grant seed resealed under the recipient's account key.
        pub seed: B64,
    }
}
