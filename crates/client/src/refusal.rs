//! What an honest client refuses by name. Each is a server (or someone behind it) that lies, or data that is damaged.

mod code;

/// Why something the server said was not believed. Nothing of it was used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The instance id differs from the pinned one.
    #[error("This server is not the one this account belongs to.")]
    InstanceChanged,
    /// The organisation key differs from the pinned one.
    #[error("The organisation's key is not the one seen before. Ask an administrator in person before you go on.")]
    OrganisationKeyChanged,
    /// A key derivation below the floor.
    #[error("The server asks for a password protection that is too weak.")]
    WeakKdf,
    /// Password protection that would exhaust the device.
    #[error("The server asks for a password protection that is too costly.")]
    ExcessiveKdf,
    /// The server's OPAQUE messages make no sense.
    #[error("The server's part of the sign-in is not valid.")]
    SignInForged,
    /// The key records that came with an account are damaged, foreign or not a chain.
    #[error("The keys of an account are not valid: {0}.")]
    KeyRecord(String),
    /// Another key record than the one pinned for this account.
    #[error(
        "The keys of {account} are not the ones seen before. Do not share with them until you have asked in person."
    )]
    KeyRecordChanged {
        /// The account.
        account: String,
    },
    /// A scanned code was answered with another account, or with other keys than it names.
    #[error("The server gave other keys than the code that was scanned names. Nothing was remembered of them.")]
    KeyCodeContradicted,
    /// A key record that isn't in the public log of keys, or not where the server says.
    #[error(
        "The keys of {account} are not in the public log of keys, where their holder could see them. Nothing was sealed \
         to them and nothing of yours was changed. Do not share with them until you have asked in person."
    )]
    KeyNotLogged {
        /// The account.
        account: String,
    },
    /// Key records that end before one that the log of keys has.
    #[error(
        "The server shows older keys of {account} than the public log of keys has. Nothing was sealed to them and nothing \
         of yours was changed. Do not share with them until you have asked in person."
    )]
    KeyRecordOlder {
        /// The account.
        account: String,
    },
    /// The server doesn't prove which entry of the log of keys an e-mail address has.
    #[error(
        "The server does not prove what this e-mail address is bound to in the public log of keys. Nothing was remembered \
         of its answer. Ask the operator before you go on."
    )]
    AddressUnproved,
    /// An e-mail address that the log of keys doesn't bind to the account that was shown.
    #[error(
        "The public log of keys does not bind this e-mail address to the account {account} that the server shows. Nothing \
         was remembered of it. Ask the person for their QR code instead."
    )]
    AddressNotBound {
        /// The account.
        account: String,
    },
    /// The key that proves what addresses are bound to isn't the one seen before.
    #[error(
        "The key by which the server proves e-mail addresses in its public log is not the one seen before. Nothing of \
         yours was changed. Ask the operator in person before you go on."
    )]
    LabelKeyChanged,
    /// The keyring is older than the account's key records.
    #[error("The server gave back an old keyring.")]
    KeyringBehind,
    /// The keyring doesn't match the account's keys.
    #[error("The keyring does not belong to this account's keys.")]
    KeyringForged,
    /// A way in that the account didn't sign.
    #[error("A way into this account was not made by its holder.")]
    WayInForged,
    /// A way in from before the account key was rotated.
    #[error("The server gave back an old way into this account.")]
    WayInBehind,
    /// An emergency contact that isn't the one that was signed, or not its words.
    #[error(
        "The server shows another emergency contact, or other words, than the account's holder signed. Nothing was done."
    )]
    EmergencyForged,
    /// A split of the recovery that isn't the one that was signed, or not its shares.
    #[error(
        "The server shows another split of the recovery, or another share, than the account's holder signed. Nothing was \
         done."
    )]
    SharesForged,
    /// A device that its owner didn't sign for, whose removal is left out, or that is shown as a person.
    #[error("What the server says of the device {device} is forged: {why}. Nothing of it was used.")]
    DeviceForged {
        /// Its id.
        device: String,
        /// What is wrong.
        why: String,
    },
    /// An escrow key that the organisation didn't sign, or an escrow that isn't the one that was signed.
    #[error(
        "The server shows an escrow key that this organisation did not sign, or another escrow than the account's holder \
         signed. Nothing was done. Ask the operator in person before you go on."
    )]
    EscrowForged,
    /// An escrow key that is older than one seen, or that the organisation ended.
    #[error(
        "The server shows an escrow key as if it were in use that the organisation replaced or ended. Nothing was done. Ask \
         the operator in person before you go on."
    )]
    EscrowKeyOlder,
    /// The client state is older than one seen, or can't be opened.
    #[error("The server gave back an old copy of what this account remembers.")]
    StateBehind,
    /// The client state was damaged or sealed for another place.
    #[error("What this account remembers can't be opened.")]
    StateForged,
    /// The organisation key's wrap doesn't hold the pinned key.
    #[error("The organisation key given to this administrator is not the pinned one.")]
    OrganisationKeyForged,
    /// A role or approval that the organisation key didn't sign.
    #[error("The approval of {account} is not signed by this organisation.")]
    ApprovalForged {
        /// The account.
        account: String,
    },
    /// An account is said to be deleted, and neither its holder nor the organisation signed that.
    #[error(
        "The server says that the account {account} was deleted, and shows nobody's signed word for it. Nothing of yours was \
         changed. Ask the person, or the operator."
    )]
    ClosingForged {
        /// The account.
        account: String,
    },
    /// A report is said to be erased, and its owner didn't sign that.
    #[error(
        "The server says that this report was erased, and its owner did not sign that. It keeps the report back. Ask the \
         operator."
    )]
    ErasureForged,
    /// A genesis that doesn't hash to the report's id or isn't signed by its creator.
    #[error("This report's beginning is forged: {0}.")]
    GenesisForged(String),
    /// An entry that doesn't follow the one before.
    #[error("This report's access list has a gap at entry {seq}.")]
    AccessChainBroken {
        /// Entry number.
        seq: u64,
    },
    /// A grant or revocation that nobody entitled signed.
    #[error("Entry {seq} of this report's access list was not made by anyone who may: {why}.")]
    GrantInjected {
        /// Entry number.
        seq: u64,
        /// What is wrong with it.
        why: String,
    },
    /// A roster that no manager of the team signed, that doesn't follow, or that swaps the team's key.
    #[error(
        "The server shows members or a key of the team {team} that its managers did not sign: {why}. Nothing was sealed to \
         the team and nothing of yours was changed. Ask one of its managers in person."
    )]
    TeamRosterForged {
        /// The team.
        team: String,
        /// What is wrong.
        why: String,
    },
    /// Rosters that end before, or elsewhere than, one that was seen or that the log of keys has.
    #[error(
        "The server shows older or other rosters of the team {team} than were seen before. Nothing was sealed to the team \
         and nothing of yours was changed. Ask one of its managers in person."
    )]
    TeamRosterOlder {
        /// The team.
        team: String,
    },
    /// Rules on how long reports are kept that the organisation did not sign.
    #[error(
        "The rules on how long reports are kept are not the organisation's: {0}. Erase nothing because of them, and tell \
         your administrator."
    )]
    RetentionRulesForged(String),
    /// Older rules than were seen before, other ones with their number, or none any more.
    #[error(
        "The server shows older rules on how long reports are kept than were seen before. Erase nothing because of them, \
         and tell your administrator."
    )]
    RetentionRulesOlder,
    /// A roster that isn't in the public log of keys, or not where the server says.
    #[error(
        "A roster of the team {team} is not in the public log of keys, where its members could see it. Nothing was sealed \
         to the team and nothing of yours was changed."
    )]
    TeamNotLogged {
        /// The team.
        team: String,
    },
    /// A team's key is missing, or another than the signed one.
    #[error("The server gives no key of the team {team}, or another than its managers signed.")]
    TeamKeyForged {
        /// The team.
        team: String,
    },
    /// Somebody is said to have left who didn't sign that.
    #[error("The server says that somebody left the team {team} who did not sign that they do. Nobody was removed.")]
    TeamLeaveForged {
        /// The team.
        team: String,
    },
    /// A grant that was revoked, or fell with its parent, is presented as live.
    #[error("The server presents an access that was withdrawn.")]
    RevokedGrantReplayed,
    /// A grant past its time is presented as live.
    #[error("The server presents an access that has expired.")]
    ExpiredGrantPresented,
    /// A grant that isn't in the signed chain.
    #[error("The server presents an access that is not in this report's signed list.")]
    GrantUnknown,
    /// The access chain ends before an entry seen earlier.
    #[error("The server shows an older access list than the one seen before.")]
    AccessHeadOlder,
    /// The access chain has the length seen, but other content.
    #[error("The server shows another access list than the one seen before.")]
    AccessHeadForked,
    /// An older version or revision than one seen.
    #[error("The server shows an older version of this report than the one seen before.")]
    ManifestOlder,
    /// The manifest of a version differs from the one seen.
    #[error("The server shows another version {version} of this report than the one seen before.")]
    ManifestForked {
        /// The version.
        version: u32,
    },
    /// A version that one's access covers is not among those delivered.
    #[error("The server leaves out version {version} of this report, which your access covers.")]
    VersionLeftOut {
        /// The version.
        version: u32,
    },
    /// A manifest that doesn't follow the one before it.
    #[error("Version {version} of this report does not follow the one before.")]
    ManifestChainBroken {
        /// The version.
        version: u32,
    },
    /// A manifest of another report, by someone not entitled, or with a signature that doesn't match.
    #[error("Version {version} of this report is forged: {why}.")]
    ManifestForged {
        /// The version.
        version: u32,
        /// What is wrong with it.
        why: String,
    },
    /// A file that is said to be carried over from a version that doesn't have it.
    #[error(
        "Version {version} of this report says that it took file {part} over from a version that does not have it."
    )]
    CarriedForged {
        /// The version.
        version: u32,
        /// The part.
        part: u32,
    },
    /// A wrap that doesn't open for the place it was given for.
    #[error("The key to version {version} was not made for this place.")]
    WrapForged {
        /// The version.
        version: u32,
    },
    /// No wrap for a version that one's access covers.
    #[error("The server gives no key to version {version}, which your access covers.")]
    WrapMissing {
        /// The version.
        version: u32,
    },
    /// A part whose bytes aren't those of the manifest.
    #[error("Part {part} of this report was damaged or exchanged: {why}.")]
    PartForged {
        /// Part number.
        part: u32,
        /// What is wrong with it.
        why: String,
    },
    /// The author's statement doesn't open, or isn't the author's.
    #[error("The author's statement of version {version} is forged: {why}.")]
    StatementForged {
        /// The version.
        version: u32,
        /// What is wrong with it.
        why: String,
    },
    /// A part's plaintext isn't the one its author signed.
    #[error("Part {part} is not what its author signed.")]
    ContentChanged {
        /// Part number.
        part: u32,
    },
    /// Fields that are not of a known format.
    #[error("The fields of this report have a format that this program does not know ({0}). Update it.")]
    ContentFormat(String),
    /// A draft older than one seen, or sealed for another place.
    #[error("The server gave back an old or foreign draft.")]
    DraftForged,
    /// A redeemed grant's seed isn't that of the grant.
    #[error("The key behind this share is not the one its maker signed.")]
    GrantSeedForged,
    /// An audit event whose hash or place in the chain doesn't hold.
    #[error(
        "The record of who did what has a gap or a change at event {seq}. Nothing of yours was changed. Ask the operator."
    )]
    EventsBroken {
        /// Position in the report's chain; in a list of all events, in the whole log.
        seq: u64,
    },
    /// A reading that is said to be of somebody who did not sign that they ask for it.
    #[error("Event {seq} says that somebody read this report, and they did not ask for it: {why}.")]
    ReadingForged {
        /// Position in the report's chain.
        seq: u64,
        /// What is wrong with their request.
        why: String,
    },
    /// The log is signed by another key than the pinned one, or has lost its key.
    #[error(
        "The server's public log is not signed by the key that this device knows. Nothing of yours was changed. Save the \
         evidence, and ask the operator in person before you go on."
    )]
    LogSignerUnknown,
    /// The server says that it keeps no log of events, or none of keys, to somebody who has never seen one of it. Every server
    /// has both.
    #[error(
        "This server says that it keeps no public log, where everybody could see whose keys it gives out, and nobody can \
         hide who opened what. Every HealthSecure server keeps one. Nothing of yours was changed, and nothing is sealed to \
         anybody's key. Save the evidence, and ask the operator in person before you go on."
    )]
    LogDenied,
    /// What the server gives as its log's checkpoint is none, or its signature is false.
    #[error(
        "The server's public log has a damaged or forged signature ({why}). Nothing of yours was changed. Save the \
         evidence, and ask the operator before you go on."
    )]
    LogCheckpointForged {
        /// What is wrong with it.
        why: String,
    },
    /// The log is shorter than a checkpoint seen before.
    #[error(
        "The server's public log has {shown} events; this account has seen it with {seen}. Events have been cut off, or \
         an old copy is shown. Nothing of yours was changed here. Save the evidence, and ask the operator."
    )]
    LogRolledBack {
        /// Leaves of the newest checkpoint seen before.
        seen: u64,
        /// Leaves of the one shown now.
        shown: u64,
    },
    /// The log doesn't contain the one seen before: somebody is shown another history.
    #[error(
        "The server's public log is not a continuation of the one seen before (of {seen} events): its history was \
         rewritten, or different people are shown different ones. Nothing of yours was changed here. Save the evidence; \
         anyone can check it."
    )]
    LogForked {
        /// Leaves of the checkpoint seen before.
        seen: u64,
    },
    /// A file of the log isn't what the signed checkpoint says, or isn't given out.
    #[error(
        "A part of the server's public log ({path}) is missing, or is not the one that was signed. Nothing of yours was \
         changed. Save the evidence, and ask the operator to check the log."
    )]
    LogTileForged {
        /// Path of the file below the log's.
        path: String,
    },
    /// An event says something else than the stored event that its leaf stands for.
    #[error(
        "Event {seq} is shown with another content than the one committed to the public log. Nothing of yours was \
         changed. Save the evidence, and ask the operator."
    )]
    LogEventChanged {
        /// Its position in the whole log.
        seq: u64,
    },
    /// An event that the server shows isn't in the log.
    #[error(
        "Event {seq} is not in the public log, where everyone could hold the server to it. Nothing of yours was changed. \
         Save the evidence, and ask the operator."
    )]
    LogEventMissing {
        /// Its position in the whole log.
        seq: u64,
    },
    /// Fewer witnesses cosigned the checkpoint than this device asks for.
    #[error(
        "Only {found} of the {required} independent witnesses that this device asks for vouch for the server's public \
         log. Nothing of yours was changed. Wait for the witnesses, or ask the operator."
    )]
    LogTooFewWitnesses {
        /// Witnesses required.
        required: u64,
        /// Witnesses that cosigned.
        found: u64,
    },
    /// The witnesses' newest cosignatures are old.
    #[error(
        "The server shows a state of its public log that the witnesses vouched for {hours} hours ago: what happened since \
         may be hidden. Nothing of yours was changed. Check this device's clock, then ask the operator."
    )]
    LogStale {
        /// Age of the newest cosignatures that are enough, hours.
        hours: u64,
    },
    /// A line of a known witness that the witness didn't make.
    #[error(
        "The server's public log carries a false signature of a witness ({why}). Nothing of yours was changed. Save the \
         evidence, and ask the witness."
    )]
    LogCosignatureForged {
        /// Whose, and what is wrong with it.
        why: String,
    },
    /// The server confirmed something else than was asked.
    #[error("The server answered about something else than was asked.")]
    OtherThing,
}
