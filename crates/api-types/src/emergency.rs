//! `/api/v1/account/emergency-contacts` and `/api/v1/trusted`: who may open an account after a delay that its owner can
//! refuse in.

use crate::{B64, UnixMillis, WayInId, accounts::PublicAccount, accounts::Rotation, body, sign_up::NewWayIn};

body! {
    /// Where an emergency contact stands.
    pub enum EmergencyState {
        /// Waits for the contact's answer.
        Offered,
        /// The contact doesn't want to.
        Declined,
        /// The contact may ask.
        Accepted,
        /// Asked for: the delay runs.
        Asked,
        /// The delay has run: the contact may have the words.
        Open,
    }
}

body! {
    /// An emergency contact, as the account that trusts and the contact see it.
    pub struct EmergencyContact {
        /// Its way in, which names it.
        pub way_in: WayInId,
        /// To the one who trusts: the contact. To the contact: who trusts.
        pub account: PublicAccount,
        /// `crypto` emergency-contact statement, signed by the account that trusts.
        pub statement: B64,
        /// Where it stands.
        pub state: EmergencyState,
        /// When it was made.
        pub created_at: UnixMillis,
        /// When it was asked for.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub asked_at: Option<UnixMillis>,
        /// When it opens, or opened.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub opens_at: Option<UnixMillis>,
        /// When the contact was given the words.
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
    /// `GET /account/emergency-contacts` and `GET /trusted`.
    pub struct EmergencyContactList {
        /// Oldest first.
        pub items: Vec<EmergencyContact>,
    }
}

body! {
    /// `POST /account/emergency-contacts`. The session must be confirmed.
    pub struct NewEmergencyContact {
        /// `crypto` emergency-contact statement.
        pub statement: B64,
        /// The words, HPKE-sealed to the contact's newest key.
        pub sealed: B64,
        /// The way in that they open, under the account key's present generation, else `counter_stale`.
        pub way_in: NewWayIn,
    }
}

body! {
    /// `POST /account/emergency-contacts/{way_in_id}/remove`. The session must be confirmed. Every other session ends.
    pub struct RemoveEmergencyContact {
        /// Everything under a new account key, without this way in.
        pub rotation: Rotation,
    }
}

body! {
    /// `POST /trusted/{way_in_id}/words`: given after the delay has run, and never before.
    pub struct EmergencyWords {
        /// The words, HPKE-sealed to the contact.
        pub sealed: B64,
    }
}
