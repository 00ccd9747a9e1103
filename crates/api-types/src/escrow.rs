//! `/api/v1/account/escrow` and `/api/v1/admin/escrow`: an account's own way in that whoever keeps the organisation's escrow
//! words can open, after a delay that its holder can refuse in.

use crate::{
    B64, UnixMillis, WayInId,
    accounts::{PublicAccount, Rotation},
    body,
    sign_up::NewWayIn,
};

body! {
    /// Where an account's escrow stands.
    pub enum EscrowState {
        /// An administrator may ask.
        On,
        /// Asked for: the delay runs.
        Asked,
        /// The delay has run: an administrator may have what is sealed.
        Open,
        /// The organisation ended the key: what was sealed to it is stored no more.
        Ended,
    }
}

body! {
    /// What an account put in escrow, as its holder and administrators see it.
    pub struct AccountEscrow {
        /// Its way in, which names it.
        pub way_in: WayInId,
        /// `crypto` account-escrow statement, signed by the account.
        pub statement: B64,
        /// `crypto` escrow-key statement that it was sealed to, signed under the organisation key.
        pub key: B64,
        /// `crypto` escrow-end statement, where the organisation ended that key.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub end: Option<B64>,
        /// Where it stands.
        pub state: EscrowState,
        /// When it was turned on.
        pub created_at: UnixMillis,
        /// Who asked for it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub asked_by: Option<PublicAccount>,
        /// When it was asked for.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub asked_at: Option<UnixMillis>,
        /// When it opens, or opened.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub opens_at: Option<UnixMillis>,
        /// When an administrator was given what is sealed.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub given_at: Option<UnixMillis>,
        /// When it was last refused.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub refused_at: Option<UnixMillis>,
        /// Before then it can't be asked for again.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub ask_again_at: Option<UnixMillis>,
    }
}

body! {
    /// An escrow key that the organisation ended.
    pub struct EndedEscrowKey {
        /// `crypto` escrow-key statement.
        pub key: B64,
        /// `crypto` escrow-end statement about it.
        pub end: B64,
    }
}

body! {
    /// `GET /account/escrow`.
    pub struct OwnEscrow {
        /// The escrow key that the organisation offers: an escrow-key statement. Absent where there is none.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub offered: Option<B64>,
        /// The newest key that has ended, from which on clients refuse it and older ones. Absent where none has.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub ended: Option<EndedEscrowKey>,
        /// What the account put in escrow; absent where it is off.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub own: Option<AccountEscrow>,
    }
}

body! {
    /// `POST /account/escrow`. The session must be confirmed. `conflict` where it is on, or for another key than is offered.
    pub struct NewAccountEscrow {
        /// `crypto` account-escrow statement.
        pub statement: B64,
        /// The secret of the way in, HPKE-sealed to the escrow key.
        pub sealed: B64,
        /// The way in that it opens, under the account key's present generation, else `counter_stale`.
        pub way_in: NewWayIn,
    }
}

body! {
    /// `POST /account/escrow/{way_in_id}/remove`. The session must be confirmed. Every other session ends.
    pub struct RemoveAccountEscrow {
        /// Everything under a new account key, without this way in.
        pub rotation: Rotation,
    }
}

body! {
    /// An account that put something in escrow.
    pub struct EscrowedAccount {
        /// Whose.
        pub account: PublicAccount,
        /// What.
        pub escrow: AccountEscrow,
    }
}

body! {
    /// `GET /admin/escrow`.
    pub struct EscrowOverview {
        /// The key that is offered to people: an escrow-key statement.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub key: Option<B64>,
        /// The newest key that has ended.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub ended: Option<EndedEscrowKey>,
        /// Accounts with something in escrow; those that were turned on last come first.
        pub items: Vec<EscrowedAccount>,
        /// Pass as `before` for the next page.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub next: Option<String>,
    }
}

body! {
    /// `POST /admin/escrow/key`. The session must be confirmed. `conflict` while another key is offered. It must be signed
    /// later than the key before it.
    pub struct NewEscrowKey {
        /// `crypto` escrow-key statement, signed under the organisation key now.
        pub statement: B64,
    }
}

body! {
    /// `POST /admin/escrow/key/end`. The session must be confirmed. What was sealed to the key is deleted.
    pub struct EndEscrowKey {
        /// `crypto` escrow-end statement of the key that is offered, signed under the organisation key now.
        pub statement: B64,
    }
}

body! {
    /// `POST /admin/escrow/accounts/{account_id}/secret`: given after the delay has run, and never before.
    pub struct EscrowedSecret {
        /// Whose, and what the account signed.
        pub of: EscrowedAccount,
        /// The secret of its way in, HPKE-sealed to the escrow key.
        pub sealed: B64,
    }
}
