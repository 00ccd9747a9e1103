//! What the server verifies of what clients signed. It holds no key; it checks so that a faulty client can't store
//! what every honest client would refuse, and so that its own answers about access follow from signed entries alone.

use std::collections::{BTreeMap, BTreeSet};

use api_types::{AccountId, B64, ErrorCode, ReportId, TeamId, UnixMillis};
use crypto::{
    account::{Device, KeyChain, KeyDirectory, KeyError},
    encoding::DecodeError,
    ids,
    report::{
        AccessEntry, AccessState, ChainError, Change, Genesis, GenesisError, Grant, Manifest, ManifestError, Patient,
        Recipient, WrapError,
    },
    sign::{Signed, SignedObject},
    team::TeamChain,
};
use sea_orm::ConnectionTrait;

use crate::{
    ServiceError, ServiceResult,
    clock::MINUTE,
    services::teams,
    storage::{self, devices::DeviceRow},
};

/// How far the time in a new chain entry may lie from the server's clock, and any signed time ahead of it. Without the
/// first a holder could sign with a past date under a grant that has ended.
pub const CLOCK_LEEWAY: UnixMillis = 10 * MINUTE;

/// Verified key chains of the accounts concerned.
pub type People = BTreeMap<ids::AccountId, KeyChain>;

/// What everybody concerned signs with.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    /// People.
    pub people: People,
    /// The verified rosters of teams.
    pub teams: BTreeMap<ids::TeamId, TeamChain>,
    /// Devices that begin reports.
    pub devices: BTreeMap<ids::AccountId, Device>,
}

impl KeyDirectory for Keys {
    fn chain(&self, account: &ids::AccountId) -> Option<&KeyChain> {
        self.people.get(account)
    }

    fn team(&self, team: &ids::TeamId) -> Option<&TeamChain> {
        self.teams.get(team)
    }

    fn device(&self, id: &ids::AccountId) -> Option<&Device> {
        self.devices.get(id)
    }
}

/// Loads and verifies the key records of accounts; accounts that don't exist are left out.
pub async fn keys(conn: &impl ConnectionTrait, accounts: &BTreeSet<AccountId>) -> ServiceResult<People> {
    let wanted: Vec<AccountId> = accounts.iter().copied().collect();
    let mut keys = People::new();
    for (account, records) in storage::key_records::of(conn, &wanted).await? {
        let id = ids::AccountId(account.0);
        let chain = KeyChain::parse(&id, &records)
            .map_err(|error| ServiceError::Internal(format!("stored key records of {account}: {error}")))?;
        keys.insert(id, chain);
    }
    Ok(keys)
}

/// Loads and verifies a team's rosters, with the key records of whoever signed them. A team that doesn't exist is left out.
pub async fn add_team(conn: &impl ConnectionTrait, keys: &mut Keys, team: TeamId) -> ServiceResult<()> {
    let id = ids::TeamId(team.0);
    if keys.teams.contains_key(&id) {
        return Ok(());
    }
    let mut rosters = Vec::new();
    for (roster, _) in storage::teams::rosters(conn, team).await? {
        rosters.push(teams::stored(team, &roster)?);
    }
    if rosters.is_empty() {
        return Ok(());
    }
    let authors = rosters.iter().map(|roster| AccountId(roster.claimed().author.0)).collect();
    keys.people.extend(self::keys(conn, &authors).await?);
    let chain = TeamChain::verify(&id, rosters, &keys.people)
        .map_err(|error| ServiceError::Internal(format!("stored rosters of {team}: {error}")))?;
    keys.teams.insert(id, chain);
    Ok(())
}

/// Loads and verifies the devices among some ids, with the key records of whose they are.
pub async fn add_devices(
    conn: &impl ConnectionTrait,
    keys: &mut Keys,
    named: &BTreeSet<AccountId>,
    instance: [u8; 16],
) -> ServiceResult<()> {
    for row in storage::devices::by_ids(conn, named).await? {
        let owner = ids::AccountId(row.owner.0);
        if !keys.people.contains_key(&owner) {
            keys.people.extend(self::keys(conn, &BTreeSet::from([row.owner])).await?);
        }
        let owner = keys.people.get(&owner);
        let device = owner.and_then(|owner| stored_device(&row, &ids::InstanceId(instance), owner));
        let device = device.ok_or_else(|| ServiceError::Internal(format!("the stored record of device {}", row.id)))?;
        keys.devices.insert(device.id(), device);
    }
    Ok(())
}

fn stored_device(row: &DeviceRow, instance: &ids::InstanceId, owner: &KeyChain) -> Option<Device> {
    let record = Signed::parse(&row.record).ok()?;
    let mut device = Device::verify(&ids::AccountId(row.id.0), &record, instance, owner).ok()?;
    if let Some(removal) = &row.removal {
        device.remove(&Signed::parse(removal).ok()?, owner).ok()?;
    }
    Some(device)
}

/// Loads and verifies the key records of one account that exists.
pub async fn keys_of(conn: &impl ConnectionTrait, account: AccountId) -> ServiceResult<KeyChain> {
    let chain = keys(conn, &BTreeSet::from([account])).await?.remove(&ids::AccountId(account.0));
    chain.ok_or_else(|| ServiceError::Internal(format!("{account} has no key records")))
}

/// Parses something signed that a client sent.
pub fn parse<T: SignedObject>(pointer: &'static str, blob: &[u8]) -> ServiceResult<Signed<T>> {
    Signed::parse(blob).map_err(|error| decode_error(pointer, &error))
}

/// A chain as stored or sent, parsed and not yet verified.
#[derive(Debug)]
pub struct Chain {
    /// The genesis.
    pub genesis: Signed<Genesis>,
    /// The entries, in order.
    pub entries: Vec<Signed<AccessEntry>>,
}

impl Chain {
    /// Parses what a client sent.
    pub fn parse(genesis: &B64, entries: &[B64]) -> ServiceResult<Self> {
        let genesis = parse("/genesis", &genesis.0)?;
        let entries = entries.iter().map(|entry| parse("/entries", &entry.0)).collect::<ServiceResult<_>>()?;
        Ok(Self { genesis, entries })
    }

    /// Parses what is stored.
    pub fn stored(genesis: &[u8], entries: &[Vec<u8>]) -> ServiceResult<Self> {
        let corrupt = |error: DecodeError| ServiceError::Internal(format!("a stored access chain: {error}"));
        let genesis = Signed::parse(genesis).map_err(corrupt)?;
        let entries = entries.iter().map(|entry| Signed::parse(entry)).collect::<Result<_, _>>().map_err(corrupt)?;
        Ok(Self { genesis, entries })
    }

    /// The report.
    pub fn report(&self) -> ReportId {
        ReportId(ids::ReportId::of(&self.genesis).0)
    }

    /// Everyone whom the chain names.
    pub fn accounts(&self) -> BTreeSet<AccountId> {
        let genesis = self.genesis.claimed();
        let mut accounts = BTreeSet::from([AccountId(genesis.creator.0)]);
        if let Patient::Account(patient) = genesis.patient {
            accounts.insert(AccountId(patient.0));
        }
        for entry in &self.entries {
            accounts.extend(named_in(entry.claimed()));
        }
        accounts
    }

    /// Every team that the chain gives something to.
    pub fn teams(&self) -> BTreeSet<TeamId> {
        self.entries.iter().filter_map(|entry| team_of(entry.claimed())).collect()
    }

    /// Verifies genesis and entries and replays them.
    pub fn replay(&self, keys: &Keys, now: UnixMillis) -> ServiceResult<AccessState> {
        AccessState::replay(&self.genesis, &self.entries, keys, now).map_err(|error| chain_error(&error))
    }
}

/// Everyone whom an entry names.
pub fn named_in(entry: &AccessEntry) -> Vec<AccountId> {
    let mut accounts = vec![AccountId(entry.author.0)];
    accounts.extend(recipient_of(entry));
    accounts
}

/// The account that an entry gives something to.
pub fn recipient_of(entry: &AccessEntry) -> Option<AccountId> {
    let account = match &entry.change {
        Change::Grant(grant) => match &grant.recipient {
            Recipient::Account(to) => to.account,
            Recipient::Code { account, .. } => *account,
            Recipient::Bearer { .. } | Recipient::Team(_) => return None,
        },
        Change::Claim(claim) => claim.recipient.account,
        Change::Custody(custody) => custody.recipient.account,
        _ => return None,
    };
    Some(AccountId(account.0))
}

/// The team that an entry gives something to.
pub fn team_of(entry: &AccessEntry) -> Option<TeamId> {
    let team = match &entry.change {
        Change::Grant(Grant { recipient: Recipient::Team(team), .. }) => team.team,
        Change::TeamKey(key) => key.recipient.team,
        _ => return None,
    };
    Some(TeamId(team.0))
}

/// A new entry must be of now.
pub fn fresh(entry: &AccessEntry, now: UnixMillis) -> ServiceResult<()> {
    not_ahead("/entry", entry.time, now)?;
    if entry.time < now - CLOCK_LEEWAY {
        return Err(ServiceError::field("/entry", "its time lies too far back; is this device's clock right?"));
    }
    Ok(())
}

/// Nothing signed may come from the future.
pub fn not_ahead(pointer: &'static str, time: UnixMillis, now: UnixMillis) -> ServiceResult<()> {
    if time > now + CLOCK_LEEWAY {
        return Err(ServiceError::field(pointer, "its time lies ahead of the server's; is this device's clock right?"));
    }
    Ok(())
}

/// Verifies a manifest against the access state now, and its place in the order of the report's manifests.
pub fn manifest(
    manifest: &Signed<Manifest>,
    earlier: Vec<Signed<Manifest>>,
    state: &AccessState,
    keys: &Keys,
) -> ServiceResult<()> {
    manifest.verify_manifest(state, keys).map_err(|error| manifest_error(&error))?;
    order(manifest, earlier, state.report())
}

/// Verifies a manifest's place in the order of the report's manifests.
pub fn order(
    manifest: &Signed<Manifest>,
    earlier: Vec<Signed<Manifest>>,
    report: crypto::ids::ReportId,
) -> ServiceResult<()> {
    let mut all = earlier;
    all.sort_by_key(|manifest| manifest.claimed().seq);
    all.push(manifest.clone());
    Signed::<Manifest>::verify_order(&report, &all).map_err(|error| manifest_error(&error))?;
    Ok(())
}

fn decode_error(pointer: &'static str, error: &DecodeError) -> ServiceError {
    match error {
        DecodeError::UnknownVersion(_) => ErrorCode::UnknownVersion.into(),
        other => ServiceError::field(pointer, other.to_string()),
    }
}

fn invalid(error: &impl std::fmt::Display) -> ServiceError {
    ServiceError::because(ErrorCode::InvalidSignature, error.to_string())
}

fn key_error(error: &KeyError) -> ServiceError {
    match error {
        KeyError::Decode(error) => decode_error("/", error),
        other => invalid(other),
    }
}

/// Why a chain is refused. Only an entry that doesn't continue the head is worth another try.
pub fn chain_error(error: &ChainError) -> ServiceError {
    match error {
        ChainError::Genesis(GenesisError::Keys(error)) | ChainError::Keys { source: error, .. } => key_error(error),
        ChainError::WrongSeq { .. } | ChainError::WrongPrevious { .. } | ChainError::TimeReversed { .. } => {
            ErrorCode::AccessHeadMoved.into()
        }
        ChainError::NotEntitled { .. } | ChainError::OutranksParent { .. } | ChainError::OwnershipRule { .. } => {
            ServiceError::because(ErrorCode::Forbidden, error.to_string())
        }
        ChainError::Erased { .. } => ErrorCode::ReportErased.into(),
        ChainError::GrantNotLive { .. } => ServiceError::because(ErrorCode::Gone, error.to_string()),
        ChainError::UnknownGrant { .. } => ErrorCode::NotFound.into(),
        ChainError::DuplicateGrant { .. } => ServiceError::because(ErrorCode::Conflict, error.to_string()),
        ChainError::TeamRight { .. } => ErrorCode::TeamRight.into(),
        ChainError::TeamUnknown { .. } | ChainError::WrongTeamKey { .. } => {
            ServiceError::field("/entry", error.to_string())
        }
        other => invalid(other),
    }
}

fn manifest_error(error: &ManifestError) -> ServiceError {
    match error {
        ManifestError::Keys(error) => key_error(error),
        ManifestError::WrongHead => ErrorCode::AccessHeadMoved.into(),
        ManifestError::NotEntitled => ServiceError::because(ErrorCode::Forbidden, error.to_string()),
        ManifestError::BrokenChain { .. } => ServiceError::because(ErrorCode::Conflict, error.to_string()),
        // New keys of the version that it is carried over from may have come meanwhile.
        ManifestError::CarriedForged { .. } => ServiceError::field("/version/manifest", error.to_string()),
        other => invalid(other),
    }
}

/// Why a wrap is refused.
pub fn wrap_error(error: &WrapError) -> ServiceError {
    match error {
        WrapError::Decode(error) => decode_error("/wraps", error),
        other => ServiceError::field("/wraps", other.to_string()),
    }
}
