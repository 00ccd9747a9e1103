//! `/api/v1/account`, `/api/v1/accounts`, `/api/v1/admin/accounts`: people and their keys.

use crate::{AccountId, B64, UnixMillis, WayInId, body, closing::Closing, sign_up::NewWayIn};

body! {
    /// What an account may do; the administrator's signed approval is what clients trust.
    pub enum Role {
        /// Runs the installation; reads no content.
        Administrator,
        /// Writes and receives reports once approved.
        Doctor,
        /// Owns the reports about them.
        Patient,
    }
}

body! {
    /// Where an account stands.
    pub enum AccountStatus {
        /// A doctor or administrator who waits for approval.
        Pending,
        /// May act.
        Active,
        /// Approval was refused.
        Refused,
        /// Switched off.
        Disabled,
        /// Closed for good: only its public keys are left, and the statement that closed it.
        Deleted,
    }
}

body! {
    /// The kinds of ways in.
    pub enum WayInKind {
        /// OPAQUE password.
        Password,
        /// Recovery kit of 24 words.
        RecoveryKit,
        /// A passkey whose authenticator offers `prf`.
        Passkey,
        /// Words that are sealed to a trusted account.
        EmergencyContact,
        /// What shares that are sealed to trusted accounts give together.
        RecoveryShares,
        /// What is sealed to the organisation's escrow key.
        Escrow,
    }
}

body! {
    /// A way in to an account: opens the account key on its own.
    pub struct WayIn {
        /// Its id.
        pub id: WayInId,
        /// Its kind.
        pub kind: WayInKind,
        /// What the person calls it.
        pub label: String,
        /// `crypto` way-in record: public half, seed sealed under the secret, wrap of the account key, signature.
        pub record: B64,
        /// Recovery kit, emergency contact, recovery shares and escrow: Ed25519 public half that proves the secret to the server.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub proof_key: Option<B64>,
        /// When it was made.
        pub created_at: UnixMillis,
    }
}

body! {
    /// What others may see of an account.
    pub struct PublicAccount {
        /// SHA-256 of the first key record.
        pub id: AccountId,
        /// Full name.
        pub name: String,
        /// Role.
        pub role: Role,
        /// Status.
        pub status: AccountStatus,
        /// Every signed key record, epoch 0 first.
        pub key_records: Vec<B64>,
        /// The leaf of each of them in the keys tree of the log: where to look, which proves nothing.
        #[serde(default)]
        pub key_leaves: Vec<u64>,
        /// The approval statement signed under the organisation key.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub approval: Option<B64>,
        /// Of a deleted account: what closed it, signed.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub closing: Option<Closing>,
    }
}

body! {
    /// What shows that an e-mail address belongs to an account, together with the keys tree of the log.
    pub struct EmailBinding {
        /// The leaf that binds the address to the account: where to look, which proves nothing.
        pub leaf_index: u64,
        /// That the label in that leaf is the address's: 80 bytes (c2sp.org/vrf-r255), over the address in NFC and lower
        /// case, by the instance's `log_vrf_key`.
        pub proof: B64,
    }
}

body! {
    /// An account as its holder gets it after sign-in: all that is needed to unlock.
    pub struct OwnAccount {
        /// What others see too.
        pub public: PublicAccount,
        /// Sign-in e-mail.
        pub email: String,
        /// When its holder followed a link that was mailed to that address.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub email_verified_at: Option<UnixMillis>,
        /// What others are shown of it who look the account up by it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub binding: Option<EmailBinding>,
        /// Whether the role needs a second factor that the account doesn't have: until then nothing else is allowed.
        #[serde(default)]
        pub second_factor_due: bool,
        /// When the account is deleted by the organisation, where an administrator asked for that and it is disabled.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub removal_at: Option<UnixMillis>,
        /// The ways in; to unlock by password take the one of that kind.
        pub ways_in: Vec<WayIn>,
        /// AK-sealed keyring.
        pub keyring: B64,
        /// AK-sealed client state.
        pub client_state: B64,
        /// Its counter.
        pub client_state_counter: u64,
        /// Administrators: the organisation key's seed, HPKE-wrapped to this account.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub organisation_key_wrap: Option<B64>,
        /// When the account was made.
        pub created_at: UnixMillis,
    }
}

body! {
    /// `PUT /account/client-state`; a counter that isn't one above the stored is `counter_stale`.
    pub struct PutClientState {
        /// AK-sealed client state.
        pub sealed: B64,
        /// The stored counter plus one.
        pub counter: u64,
        /// Generation of the account key that it is sealed under: what is sealed under an earlier one would open for nobody,
        /// and is `counter_stale`.
        pub generation: u32,
    }
}

body! {
    /// `POST /account/password/start`.
    pub struct StartPasswordChange {
        /// OPAQUE RegistrationRequest for the new password.
        pub registration_request: B64,
    }
}

body! {
    /// `PUT /account/password`: new password, rotated account key, in one transaction. Every other session ends. The
    /// session must be confirmed (`confirmation_required`).
    pub struct ChangePassword {
        /// OPAQUE RegistrationUpload.
        pub registration_upload: B64,
        /// Everything under the new account key; the password's way in is new, the recovery kit's is the stored one.
        pub rotation: Rotation,
    }
}

body! {
    /// `PUT /account/recovery-kit`: new recovery kit, rotated account key, in one transaction. Every other session ends.
    /// The session must be confirmed (`confirmation_required`).
    pub struct ChangeRecoveryKit {
        /// Everything under the new account key; the recovery kit's way in is new, the password's is the stored one.
        pub rotation: Rotation,
    }
}

body! {
    /// `POST /account/key`: rotated account key and nothing else, in one transaction. Every other session ends. The session must
    /// be confirmed (`confirmation_required`).
    pub struct RotateAccountKey {
        /// Everything under the new account key; the ways in are the stored ones.
        pub rotation: Rotation,
    }
}

body! {
    /// `POST /account/keys`: new keys, in a new epoch, and rotated account key, in one transaction. Every other session ends.
    /// The session must be confirmed (`confirmation_required`).
    pub struct RotateKeys {
        /// Signed object `key-record` of the next epoch, signed by its key and by the one before.
        pub key_record: B64,
        /// Everything under the new account key; the ways in are the stored ones, signed by the new keys.
        pub rotation: Rotation,
    }
}

body! {
    /// What an account key seals, under the next one.
    pub struct Rotation {
        /// The way in by password.
        pub password: NewWayIn,
        /// The way in by recovery kit.
        pub recovery_kit: NewWayIn,
        /// Those by passkey: each that is stored, else `counter_stale`.
        #[serde(default)]
        pub passkeys: Vec<NewWayIn>,
        /// Those by emergency contact: each that is stored, else `counter_stale`.
        #[serde(default)]
        pub emergency_contacts: Vec<NewWayIn>,
        /// That by recovery shares: if it is stored, else `counter_stale`.
        #[serde(default)]
        pub recovery_shares: Vec<NewWayIn>,
        /// That by escrow: if it is stored, else `counter_stale`.
        #[serde(default)]
        pub escrow: Vec<NewWayIn>,
        /// The keyring.
        pub keyring: B64,
        /// The client state.
        pub client_state: B64,
        /// Its counter, the stored plus one, else `counter_stale`.
        pub client_state_counter: u64,
    }
}

body! {
    /// `GET /accounts?name=…` (approved doctors), `?email=…` (exact) or `?key=…` (account id and newest key record).
    pub struct AccountList {
        /// At most 20.
        pub items: Vec<PublicAccount>,
        /// Where one was found by its e-mail: that it is bound to that account.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub binding: Option<EmailBinding>,
        /// Where one was found by its e-mail, and the server sends mail: whether its holder has shown that they read that
        /// address's mail.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub email_verified: Option<bool>,
    }
}

body! {
    /// `POST /email-verification`: anonymous, or signed in to the account that the link was made for.
    pub struct VerifyEmail {
        /// What the mailed link carries in its fragment.
        pub token: String,
    }
}

body! {
    /// An account in Administration.
    pub struct AdminAccount {
        /// The public part.
        pub account: PublicAccount,
        /// Sign-in e-mail.
        pub email: String,
        /// When its holder followed a link that was mailed to that address.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub email_verified_at: Option<UnixMillis>,
        /// When it was made.
        pub created_at: UnixMillis,
        /// Last time any of its sessions was used.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub last_seen_at: Option<UnixMillis>,
        /// Whether it has a second factor.
        #[serde(default)]
        pub second_factor: bool,
        /// Who invited it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub invited_by: Option<AccountId>,
        /// When its removal takes effect, where an administrator asked for that.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub removal_at: Option<UnixMillis>,
    }
}

body! {
    /// `GET /admin/accounts`.
    pub struct AdminAccountList {
        /// Newest first.
        pub items: Vec<AdminAccount>,
        /// Pass as `before` for the next page.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub next: Option<String>,
    }
}

body! {
    /// `POST /admin/accounts/{id}/approve`.
    pub struct ApproveAccount {
        /// Statement over account id, name and role, signed under the organisation key.
        pub approval: B64,
        /// For a new administrator: the organisation key's seed wrapped to them.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub organisation_key_wrap: Option<B64>,
    }
}
