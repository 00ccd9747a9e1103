//! `/api/v1/instance`: what a client must know before anyone signs in.

use crate::{B64, body, identities::IdentityProvider};

body! {
    /// For how long backups hold what is erased: sealed as it was, and opened by nobody who has a backup alone.
    pub struct ErasedInBackups {
        /// So many days later it is in none of the server's own backups any more, as long as they are made as planned; absent
        /// where old ones are kept for ever, and where they are made by hand or elsewhere: then nobody here knows.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub days: Option<u32>,
    }
}

body! {
    /// `GET /instance`.
    pub struct Instance {
        /// Fixed random id, the OPAQUE server identity; 16 bytes.
        pub instance_id: B64,
        /// The organisation's display name.
        pub name: String,
        /// Ed25519 public half of the organisation key; absent until the first administrator exists. Clients pin it.
        pub organisation_key: Option<B64>,
        /// Whether the first administrator exists.
        pub set_up: bool,
        /// Whether people may create accounts without an invitation.
        pub open_sign_up: bool,
        /// Whether the server sends mail. Where it does, sign-up without an invitation needs a code that is mailed to the address
        /// (`POST /sign-up/code`), unless it is of an identity.
        #[serde(default)]
        pub mail: bool,
        /// The key that signs the log of events (c2sp.org/signed-note, `name+id+base64`); its name is the log's origin.
        /// Clients pin it.
        // Where one of the three is missing it is read as empty, so that a client refuses by name what the server denies.
        #[serde(default)]
        #[cfg_attr(feature = "openapi", schema(required = true))]
        pub log_key: String,
        /// The key that signs the log of keys, in the same form. Clients pin it, and refuse a server that names none.
        #[serde(default)]
        #[cfg_attr(feature = "openapi", schema(required = true))]
        pub log_keys_key: String,
        /// The key that proves which label an e-mail address has in the log of keys (c2sp.org/vrf-r255); 32 bytes. Clients
        /// pin it.
        #[serde(default)]
        #[cfg_attr(feature = "openapi", schema(required = true))]
        pub log_vrf_key: B64,
        /// Days after which audit events are removed (`healthsecure serve --keep-events`), at least six years; absent where
        /// they are kept for ever. Of each report the newest that is older stays.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub keep_events_days: Option<u32>,
        /// Days without a change after which drafts are deleted (`healthsecure serve --keep drafts=TIME`); absent where they are
        /// kept for ever.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub keep_drafts_days: Option<u32>,
        /// What backups hold of what is erased from now on; absent where none is known to be made.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub erased_in_backups: Option<ErasedInBackups>,
        /// Whether passkeys can be used here: not where the origin's host is an address instead of a name (WebAuthn).
        #[serde(default)]
        pub passkeys: bool,
        /// Identity providers by which people can sign in.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        pub identity_providers: Vec<IdentityProvider>,
        /// Whether codes can be sent to phones.
        #[serde(default)]
        pub phone: bool,
        /// The server's version.
        pub version: String,
    }
}
