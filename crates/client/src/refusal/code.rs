//! The stable names of refusals, and what follows from a name.

use super::Refusal;

impl Refusal {
    /// A stable name, for translations and tests.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InstanceChanged => "instance_changed",
            Self::OrganisationKeyChanged => "organisation_key_changed",
            Self::WeakKdf => "weak_kdf",
            Self::ExcessiveKdf => "excessive_kdf",
            Self::SignInForged => "sign_in_forged",
            Self::KeyRecord(_) => "key_record",
            Self::KeyRecordChanged { .. } => "key_record_changed",
            Self::KeyCodeContradicted => "key_code_contradicted",
            Self::KeyNotLogged { .. } => "key_not_logged",
            Self::KeyRecordOlder { .. } => "key_record_older",
            Self::AddressUnproved => "address_unproved",
            Self::AddressNotBound { .. } => "address_not_bound",
            Self::LabelKeyChanged => "label_key_changed",
            Self::KeyringBehind => "keyring_behind",
            Self::KeyringForged => "keyring_forged",
            Self::WayInForged => "way_in_forged",
            Self::WayInBehind => "way_in_behind",
            Self::DeviceForged { .. } => "device_forged",
            Self::EmergencyForged => "emergency_forged",
            Self::SharesForged => "shares_forged",
            Self::EscrowForged => "escrow_forged",
            Self::EscrowKeyOlder => "escrow_key_older",
            Self::StateBehind => "state_behind",
            Self::StateForged => "state_forged",
            Self::OrganisationKeyForged => "organisation_key_forged",
            Self::ApprovalForged { .. } => "approval_forged",
            Self::ClosingForged { .. } => "closing_forged",
            Self::ErasureForged => "erasure_forged",
            Self::GenesisForged(_) => "genesis_forged",
            Self::AccessChainBroken { .. } => "access_chain_broken",
            Self::GrantInjected { .. } => "grant_injected",
            Self::TeamRosterForged { .. } => "team_roster_forged",
            Self::TeamRosterOlder { .. } => "team_roster_older",
            Self::RetentionRulesForged(_) => "retention_rules_forged",
            Self::RetentionRulesOlder => "retention_rules_older",
            Self::TeamNotLogged { .. } => "team_not_logged",
            Self::TeamKeyForged { .. } => "team_key_forged",
            Self::TeamLeaveForged { .. } => "team_leave_forged",
            Self::RevokedGrantReplayed => "revoked_grant_replayed",
            Self::ExpiredGrantPresented => "expired_grant_presented",
            Self::GrantUnknown => "grant_unknown",
            Self::AccessHeadOlder => "access_head_older",
            Self::AccessHeadForked => "access_head_forked",
            Self::ManifestOlder => "manifest_older",
            Self::ManifestForked { .. } => "manifest_forked",
            Self::VersionLeftOut { .. } => "version_left_out",
            Self::ManifestChainBroken { .. } => "manifest_chain_broken",
            Self::ManifestForged { .. } => "manifest_forged",
            Self::CarriedForged { .. } => "carried_forged",
            Self::WrapForged { .. } => "wrap_forged",
            Self::WrapMissing { .. } => "wrap_missing",
            Self::PartForged { .. } => "part_forged",
            Self::StatementForged { .. } => "statement_forged",
            Self::ContentChanged { .. } => "content_changed",
            Self::ContentFormat(_) => "content_format",
            Self::DraftForged => "draft_forged",
            Self::GrantSeedForged => "grant_seed_forged",
            Self::EventsBroken { .. } => "events_broken",
            Self::ReadingForged { .. } => "reading_forged",
            Self::LogSignerUnknown => "log_signer_unknown",
            Self::LogDenied => "log_denied",
            Self::LogCheckpointForged { .. } => "log_checkpoint_forged",
            Self::LogRolledBack { .. } => "log_rolled_back",
            Self::LogForked { .. } => "log_forked",
            Self::LogTileForged { .. } => "log_tile_forged",
            Self::LogEventChanged { .. } => "log_event_changed",
            Self::LogEventMissing { .. } => "log_event_missing",
            Self::LogTooFewWitnesses { .. } => "log_too_few_witnesses",
            Self::LogStale { .. } => "log_stale",
            Self::LogCosignatureForged { .. } => "log_cosignature_forged",
            Self::OtherThing => "other_thing",
        }
    }

    /// Whether the public log itself can't be relied on any more, or the record of who did what lacks something: nothing that the
    /// server shows is to be opened in this session. An administrator's list of all events that is broken, and a beginning of a
    /// record about which clocks may differ, are refused by the same name and end none: [`crate::Vault::stopped`] says whether it
    /// has ended.
    pub fn stops_session(&self) -> bool {
        matches!(self, Self::EventsBroken { .. }) || self.code().starts_with("log_")
    }
}
