//! `/api/v1/account/recovery-split` and `/api/v1/trusted/shares`: a secret that opens an account, split among contacts so that
//! some of them together give it and fewer know nothing. The server has the shares sealed, and opens none.

use crate::{B64, UnixMillis, WayInId, accounts::PublicAccount, accounts::Rotation, body, sign_up::NewWayIn};

body! {
    /// A contact who holds a share.
    pub struct ShareHolder {
        /// Who.
        pub account: PublicAccount,
        /// When they were first given their share.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub opened_at: Option<UnixMillis>,
    }
}

body! {
    /// How an account split its recovery.
    pub struct RecoverySplit {
        /// The way in that the shares open together; names the split.
        pub way_in: WayInId,
        /// `crypto` recovery-split statement.
        pub statement: B64,
        /// Who holds the shares, in the order of the statement.
        pub holders: Vec<ShareHolder>,
        /// When it was made.
        pub created_at: UnixMillis,
    }
}

body! {
    /// `GET /account/recovery-split`.
    pub struct OwnRecoverySplit {
        /// The split, if there is one.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub split: Option<RecoverySplit>,
    }
}

body! {
    /// `POST /account/recovery-split`. The session must be confirmed. An account has one split: `conflict`.
    pub struct NewRecoverySplit {
        /// `crypto` recovery-split statement.
        pub statement: B64,
        /// The shares, each HPKE-sealed to its contact's newest key, in the order of the statement.
        pub sealed: Vec<B64>,
        /// The way in that they open together, under the account key's present generation, else `counter_stale`.
        pub way_in: NewWayIn,
    }
}

body! {
    /// `POST /account/recovery-split/{way_in_id}/remove`. The session must be confirmed. Every other session ends.
    pub struct RemoveRecoverySplit {
        /// Everything under a new account key, without this way in.
        pub rotation: Rotation,
    }
}

body! {
    /// A share that an account gave to this one.
    pub struct HeldShare {
        /// The way in that the shares open together; names the split.
        pub way_in: WayInId,
        /// Whose account they open.
        pub account: PublicAccount,
        /// `crypto` recovery-split statement, signed by that account.
        pub statement: B64,
        /// When it was made.
        pub created_at: UnixMillis,
        /// When the share was first given out.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub opened_at: Option<UnixMillis>,
    }
}

body! {
    /// `GET /trusted/shares`.
    pub struct HeldShareList {
        /// Oldest first.
        pub items: Vec<HeldShare>,
    }
}

body! {
    /// `POST /trusted/shares/{way_in_id}/open`: to the contact whose share it is, in a confirmed session. Its owner is told.
    pub struct SealedShare {
        /// The share, HPKE-sealed to the contact.
        pub sealed: B64,
    }
}

body! {
    /// What is shown of a split to who names it at the start of a recovery: each share does.
    pub struct NamedSplit {
        /// `crypto` recovery-split statement: tells which share is a wrong one.
        pub statement: B64,
        /// The account's key records, epoch 0 first, under which it verifies.
        pub key_records: Vec<B64>,
    }
}
