//! `/api/v1/account/deletion`, `/api/v1/admin/accounts/{id}/removal`, `/api/v1/reports/{id}/erasure`: the end of accounts and
//! of reports.

use crate::{B64, UnixMillis, accounts::PublicAccount, body, devices::ReportDevice};

/// Name of every deleted account, in the place of its person's.
pub const DELETED_NAME: &str = "Deleted account";

body! {
    /// Who closed an account.
    pub enum ClosedBy {
        /// Its holder.
        Holder,
        /// The organisation, where its holder can't act any more.
        Organisation,
    }
}

body! {
    /// What closed an account: without it nobody has to believe that it was closed.
    pub struct Closing {
        /// Who says so.
        pub by: ClosedBy,
        /// `account-closing` signed by the account, or `account-removal` signed under the organisation key.
        pub statement: B64,
    }
}

body! {
    /// `POST /account/deletion`; `last_administrator` for the only active one, `sole_team_manager` with the teams' names for who
    /// leaves others behind in a team that nobody could change.
    pub struct DeleteAccount {
        /// The account's own e-mail address, typed anew.
        pub email: String,
        /// `account-closing`, signed by the account's newest keys now.
        pub statement: B64,
    }
}

body! {
    /// `POST /account/deletion/check`: whether the account may be deleted now; refused as that would be, and nothing is done. So
    /// that nothing is signed which isn't used.
    pub struct CheckDeletion {
        /// The account's own e-mail address, typed anew.
        pub email: String,
    }
}

body! {
    /// `POST /account/disable`; `last_administrator` and `sole_team_manager` as for a deletion.
    pub struct PauseAccount {
        /// The account's own e-mail address, typed anew.
        pub email: String,
    }
}

body! {
    /// `POST /admin/accounts/{id}/removal`, for a disabled account; enabling it takes that back until it has taken effect.
    pub struct RemoveAccount {
        /// `account-removal`, signed under the organisation key now; takes effect 30 days later.
        pub statement: B64,
    }
}

body! {
    /// A removal that was asked for.
    pub struct RemovalDue {
        /// When it takes effect.
        pub removal_at: UnixMillis,
    }
}

body! {
    /// `POST /reports/{id}/erasure`.
    pub struct EraseReport {
        /// `access-entry` of kind erase, signed by the owner.
        pub entry: B64,
    }
}

body! {
    /// `GET /reports/{id}/erasure`: what is left of an erased report, for those who had it.
    pub struct ErasedReport {
        /// Its genesis.
        pub genesis: B64,
        /// Its access chain, which ends with its owner's word; where the owner's account was closed, that closing is it.
        pub entries: Vec<B64>,
        /// Everybody whom the chain names.
        pub people: Vec<PublicAccount>,
        /// The device that began it, if one did.
        #[serde(default)]
        pub devices: Vec<ReportDevice>,
    }
}
