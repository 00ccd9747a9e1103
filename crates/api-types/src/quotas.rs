//! `/api/v1/account/quota`, `/api/v1/admin/quota` and `/api/v1/admin/accounts/{id}/quota`: how much accounts store, and may.

use crate::body;

body! {
    /// `GET /account/quota`: what one's own account stores.
    pub struct Quota {
        /// Bytes of ciphertext: every version of the reports that the account owns, a file that several have once, and uploads
        /// that are under way at their full length.
        pub used: u64,
        /// The most that may be stored; absent where there is no limit.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub limit: Option<u64>,
    }
}

body! {
    /// Where a limit comes from.
    pub enum QuotaRule {
        /// Nothing was said here: an account follows the limit for all, and that one the server's configuration.
        Inherited,
        /// No limit.
        Unlimited,
        /// So many bytes.
        Limited,
    }
}

body! {
    /// `PUT /admin/quota` and `PUT /admin/accounts/{id}/quota`.
    pub struct SetQuota {
        /// What counts from now on. Nothing stored is deleted, whatever it is.
        pub rule: QuotaRule,
        /// With `limited`, and with nothing else: the limit in bytes.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub bytes: Option<u64>,
    }
}

body! {
    /// `GET /admin/quota`: the limit for every account that has none of its own.
    pub struct QuotaDefault {
        /// What was said in Administration.
        pub rule: QuotaRule,
        /// What counts, configuration included; absent where there is no limit.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub limit: Option<u64>,
    }
}

body! {
    /// `GET /admin/accounts/{id}/quota`.
    pub struct AccountQuota {
        /// What was said of this account.
        pub rule: QuotaRule,
        /// What it stores.
        pub used: u64,
        /// What counts for it; absent where there is no limit.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub limit: Option<u64>,
    }
}
