//! `/api/v1/account/email/change` and `/api/v1/email-change`: another e-mail address for an account, once the old address and
//! the new one have both confirmed it by a mailed link.

use crate::{UnixMillis, body};

body! {
    /// `POST /account/email/change`. The session must be confirmed (`confirmation_required`). One that waits already is
    /// replaced. The answer doesn't tell whether the address is somebody else's: then nothing is mailed to it.
    pub struct StartEmailChange {
        /// The new address.
        pub email: String,
    }
}

body! {
    /// A change that waits for the two addresses.
    pub struct PendingEmailChange {
        /// The new address.
        pub email: String,
        /// Whether the link to the old address was confirmed.
        pub old_confirmed: bool,
        /// Whether the link to the new address was confirmed.
        pub new_confirmed: bool,
        /// When it ends, unless both have confirmed by then.
        pub expires_at: UnixMillis,
    }
}

body! {
    /// `GET /account/email/change`.
    pub struct EmailChange {
        /// What waits.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub pending: Option<PendingEmailChange>,
    }
}

body! {
    /// To which of the two addresses a link was mailed.
    pub enum AddressSide {
        /// The one that the account has.
        Old,
        /// The one that it is to have.
        New,
    }
}

body! {
    /// `POST /email-change`: anonymous, or signed in to the account whose address is to change.
    pub struct AnswerEmailChange {
        /// What the mailed link carries in its fragment.
        pub token: String,
        /// Under which name it stands there.
        pub side: AddressSide,
        /// It was not asked for by whoever reads this address's mail: the change ends.
        #[serde(default)]
        pub stop: bool,
    }
}

body! {
    /// What became of it.
    pub struct EmailChangeAnswered {
        /// Whether the account has the new address from now on. Otherwise the other address has not confirmed yet, or the
        /// change was stopped.
        pub changed: bool,
    }
}
