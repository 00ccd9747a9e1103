//! What stops an attack, by name: so that the attack suite can switch a defence off and show that the attack would
//! succeed without it.
//!
//! Only builds with feature `weaken` can switch anything off, and only `malicious-server` and tests ask for it; `cargo xtask
//! boundaries` checks that no program does. In every other build [`Defence::holds`] is the constant `true`.

/// A check that stands between an attack and its success. docs/attacks.md says which stops what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Defence {
    /// An account's id is the hash of its first key record.
    AccountId,
    /// New keys are signed by the ones before.
    KeySuccession,
    /// Keys seen once are pinned; later ones must follow from them.
    PinnedKeys,
    /// Key records must not end before the newest that the log of keys has.
    NewestKey,
    /// What a scanned code is answered with is the account, with the keys, that the code names.
    KeyCodeAnswered,
    /// Keys count as compared in person if they are those of the scanned code.
    KeyCodeCompared,
    /// A role is approved by the organisation's signature.
    ApprovalSignature,
    /// The organisation key that was seen first is the only one.
    PinnedOrganisation,
    /// The private organisation key that an administrator is given is the pinned one's.
    OrganisationKeyPair,
    /// Rules on how long reports are kept are signed by the organisation.
    RulesSigned,
    /// Such rules must not be older than the newest ones seen.
    RulesSeen,
    /// The instance that was seen first is the only one.
    PinnedInstance,
    /// A report's beginning is signed by who wrote it.
    GenesisSigned,
    /// Entries of an access list are signed by who makes them.
    EntrySignature,
    /// Entries of an access list are numbered, and each names the one before.
    AccessOrder,
    /// A team's rosters are signed by its managers.
    RosterSigned,
    /// A team's rosters must go on from those seen before.
    RosterSeen,
    /// Who leaves a team says so, signed.
    LeaveSigned,
    /// Who has left a team holds nothing by it any more.
    TeamMembership,
    /// A grant that is presented must be live by the signed list.
    GrantLiveness,
    /// An access list must go on from the one seen before.
    AccessHead,
    /// Manifests are signed by someone entitled.
    ManifestSignature,
    /// Versions and revisions must not be older than the ones seen.
    ManifestSeen,
    /// Manifests are numbered, each names the one before, and versions grow by one.
    ManifestOrder,
    /// Every version that one's access covers must be delivered.
    VersionsComplete,
    /// A wrap opens only where it belongs.
    WrapBinding,
    /// A version's key is the one that its part 0 was sealed under.
    KeyCommitment,
    /// A range of bytes is answered whole.
    RangeLength,
    /// A segment has the hash that the manifest names.
    SegmentHash,
    /// A part, and its author's statement, open only where they belong.
    PartPlace,
    /// Nothing of a segment is given out unless all of it is authentic, up to the part's end.
    PartEnd,
    /// What was opened is what its author signed, for this version of this report.
    AuthorStatement,
    /// A way in is signed by its account.
    WayInSignature,
    /// The ways in that get a new account key are those that hold the one of now.
    WayInGeneration,
    /// An account is not opened by a way in from before the newest one that this device saw.
    WayInSeen,
    /// The ways in by passkey are those that the account's own clients added, without any that went away.
    WayInKnown,
    /// A device that sends is one that its owner signed for.
    DeviceSigned,
    /// An emergency contact is the one whom the account signed.
    EmergencySigned,
    /// Who holds the shares of a split, and how many open it, is what the account signed.
    SplitSigned,
    /// The key that accounts put in escrow under is the one that the organisation signed.
    EscrowKeySigned,
    /// An escrow key must not be older than the newest one seen, nor have ended.
    EscrowKeySeen,
    /// What an account put in escrow, and under which key, is what the account signed.
    EscrowSigned,
    /// An account is closed by its own word, or the organisation's, signed.
    ClosingSigned,
    /// A report is erased by its owner's word.
    ErasureSigned,
    /// A password is never stretched less than the floor.
    KdfFloor,
    /// Nor more than the ceiling.
    KdfCeiling,
    /// The keyring has the keys of the account's newest record.
    KeyringCurrent,
    /// The client state and drafts count up.
    StateCounter,
    /// What counts up is sealed together with its number.
    CounterBound,
    /// Events of a report are numbered, chained, and stay once seen.
    EventChain,
    /// A reading is signed by its reader.
    ReadRequest,
    /// A report's record begins at its first event, or six years ago.
    EventAge,
    /// The key that signs the public log is pinned.
    LogKey,
    /// A checkpoint of the public log is signed by its key.
    CheckpointSigned,
    /// The public log only grows: each tree begins with those seen before.
    LogContinuity,
    /// A file of the public log counts once its hash leads to the signed root.
    LogTiles,
    /// An event that is shown is the one that its opening in the public log says.
    LogOpening,
    /// An event that is shown has its leaf in the public log.
    LogInclusion,
    /// A server names the key of its public log of events.
    LogNamed,
    /// A server names the key of its public log of keys.
    KeyLogNamed,
    /// Every key that is sealed to is in the public log of keys.
    KeyLogged,
    /// Who answers a look-up by e-mail proves which label the address has.
    AddressProved,
    /// An address belongs to the account that the public log binds it to.
    AddressBound,
    /// The key that proves under which label an address is bound is pinned.
    LabelKey,
    /// Everybody reads the public log of keys for entries in their own name.
    OwnNameWatched,
    /// Enough of the witnesses that the device asks for cosigned a checkpoint.
    WitnessQuorum,
    /// A line in a witness's name is its signature of this checkpoint.
    CosignatureSigned,
    /// The witnesses' newest word is not old.
    WitnessFreshness,
}

impl Defence {
    /// Whether it is on: always, except in the attack suite.
    #[cfg(not(feature = "weaken"))]
    #[inline(always)]
    pub const fn holds(self) -> bool {
        true
    }

    /// Whether it is on: always, except on a thread where [`without`] says otherwise.
    #[cfg(feature = "weaken")]
    pub fn holds(self) -> bool {
        !weaken::OFF.with_borrow(|off| off.contains(&self))
    }
}

#[cfg(feature = "weaken")]
mod weaken {
    use std::cell::RefCell;

    use super::Defence;

    thread_local! {
        pub(super) static OFF: RefCell<Vec<Defence>> = const { RefCell::new(Vec::new()) };
    }

    /// Switches defences off on this thread, until the guard is dropped.
    #[must_use]
    pub fn without(defences: &[Defence]) -> Weakened {
        OFF.with_borrow_mut(|off| Weakened(std::mem::replace(off, defences.to_vec())))
    }

    /// Switches back what [`without`] switched off.
    #[derive(Debug)]
    pub struct Weakened(Vec<Defence>);

    impl Drop for Weakened {
        fn drop(&mut self) {
            OFF.set(std::mem::take(&mut self.0));
        }
    }
}
#[cfg(feature = "weaken")]
pub use weaken::{Weakened, without};
