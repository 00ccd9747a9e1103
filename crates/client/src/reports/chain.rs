//! Verifying who may what: genesis and access chain replayed over verified keys, compared with what was seen before.

use std::collections::BTreeMap;

use api_types::{
    B64, ReportId,
    reports::{OwnGrant, Report},
};
use crypto::{
    account::{Device, KeyDirectory},
    defence::Defence,
    ids::{AccountId, Hash32, TeamId},
    report::{
        AccessEntry, AccessState, ChainError, Change, Genesis, GrantState, GrantStatus, Manifest, Patient, Recipient,
        TeamRecipient,
    },
    sign::Signed,
};

use crate::{
    error::{ClientError, Result},
    ids::{ToApi, ToCrypto, right_to_api},
    people::Directory,
    platform::Platform,
    refusal::Refusal,
    state::newer,
    vault::Vault,
};

/// A verified access chain.
#[derive(Clone)]
pub struct Access {
    pub(crate) genesis: Signed<Genesis>,
    pub(crate) entries: Vec<Signed<AccessEntry>>,
    pub(crate) state: AccessState,
    pub(crate) keys: Directory,
}

/// Names a fault of the chain.
pub(crate) fn refuse_chain(error: &ChainError) -> Refusal {
    let injected = |seq: &u64| Refusal::GrantInjected { seq: *seq, why: error.to_string() };
    match error {
        ChainError::Genesis(e) => Refusal::GenesisForged(e.to_string()),
        ChainError::WrongReport { seq } | ChainError::WrongPrevious { seq } | ChainError::TimeReversed { seq } => {
            Refusal::AccessChainBroken { seq: *seq }
        }
        ChainError::WrongSeq { expected, .. } => Refusal::AccessChainBroken { seq: *expected },
        ChainError::Keys { seq, .. }
        | ChainError::Verify { seq, .. }
        | ChainError::NotEntitled { seq }
        | ChainError::OutranksParent { seq }
        | ChainError::DuplicateGrant { seq }
        | ChainError::UnknownGrant { seq }
        | ChainError::GrantNotLive { seq }
        | ChainError::OwnershipRule { seq }
        | ChainError::BadClaim { seq }
        | ChainError::WrongRecipientKey { seq }
        | ChainError::Erased { seq }
        | ChainError::TeamUnknown { seq }
        | ChainError::WrongTeamKey { seq }
        | ChainError::TeamRight { seq }
        | ChainError::DowngradedSuite { seq } => injected(seq),
        ChainError::OlderThanSeen => Refusal::AccessHeadOlder,
        _ => Refusal::GenesisForged(error.to_string()),
    }
}

/// Accounts and teams, each with the newest epoch that something signed names of it.
#[derive(Default)]
pub(crate) struct Named(BTreeMap<AccountId, u32>, BTreeMap<TeamId, u32>);

impl Named {
    pub fn add(&mut self, account: AccountId, epoch: u32) {
        let newest = self.0.entry(account).or_default();
        *newest = (*newest).max(epoch);
    }

    fn add_team(&mut self, named: &TeamRecipient) {
        let newest = self.1.entry(named.team).or_default();
        *newest = (*newest).max(named.key_epoch);
    }

    /// Everyone whom a chain names.
    fn by_chain(genesis: &Genesis, entries: &[Signed<AccessEntry>]) -> Self {
        let mut out = Self::default();
        out.add(genesis.creator, genesis.epoch);
        if let Patient::Account(patient) = genesis.patient {
            out.add(patient, 0);
        }
        for entry in entries {
            let entry = entry.claimed();
            out.add(entry.author, entry.epoch);
            match &entry.change {
                Change::Grant(grant) => match &grant.recipient {
                    Recipient::Account(to) => out.add(to.account, to.epoch),
                    Recipient::Code { account, epoch, .. } => out.add(*account, *epoch),
                    Recipient::Bearer { .. } => {}
                    Recipient::Team(team) => out.add_team(team),
                },
                Change::TeamKey(key) => out.add_team(&key.recipient),
                Change::Claim(claim) => out.add(claim.recipient.account, claim.recipient.epoch),
                Change::Custody(custody) => out.add(custody.recipient.account, custody.recipient.epoch),
                _ => {}
            }
        }
        out
    }

    /// Whoever signed manifests, and whose versions they are: members of teams aren't named by the chain. What is none is
    /// refused where it is verified.
    fn by_manifests(report: &Report) -> Self {
        let mut out = Self::default();
        let blobs = report.versions.iter().map(|version| &version.manifest).chain(&report.superseded);
        for manifest in blobs.filter_map(|blob| Signed::<Manifest>::parse(&blob.0).ok()) {
            out.add(manifest.claimed().signer, manifest.claimed().epoch);
            out.add(manifest.claimed().author, 0);
        }
        out
    }
}

/// What came by the reader's teams: each wrap with its team.
fn wraps_by_team(report: &Report) -> Vec<(api_types::TeamId, &B64)> {
    let wraps = report.versions.iter().flat_map(|version| &version.wraps);
    let by_team = wraps.filter_map(|wrap| {
        let grant = report.grants.iter().find(|grant| grant.id == wrap.grant_id)?;
        Some((grant.team?, &wrap.wrap))
    });
    by_team.collect()
}

fn parse(genesis: &B64, entries: &[B64]) -> Result<(Signed<Genesis>, Vec<Signed<AccessEntry>>)> {
    let genesis = Signed::parse(&genesis.0).map_err(|e| Refusal::GenesisForged(e.to_string()))?;
    let entries = entries
        .iter()
        .zip(1..)
        .map(|(blob, seq)| Signed::parse(&blob.0).map_err(|_| Refusal::AccessChainBroken { seq }))
        .collect::<Result<_, _>>()?;
    Ok((genesis, entries))
}

impl<P: Platform> Vault<P> {
    /// Verifies the access chain that came with a report and its place behind what was seen before. Remembers its head.
    pub(crate) async fn verify_access(&self, id: &ReportId, genesis: &B64, entries: &[B64]) -> Result<Access> {
        let (genesis, entries) = parse(genesis, entries)?;
        if crypto::ids::ReportId::of(&genesis) != id.crypto() {
            return Err(Refusal::GenesisForged("it is the beginning of another report".to_owned()).into());
        }
        self.learn_people(id, &Named::by_chain(genesis.claimed(), &entries)).await?;
        let keys = self.people().clone();
        let mut state = AccessState::replay(&genesis, &entries, &keys, self.now()).map_err(|e| refuse_chain(&e))?;
        self.closed_accounts().iter().for_each(|account| state.note_closed(*account));
        keys.dissolved_teams().for_each(|team| state.note_dissolved(team));
        self.check_head(&state)?;
        self.see_access(&state);
        let actors = std::iter::once(genesis.claimed().creator).chain(entries.iter().map(|e| e.claimed().author));
        for actor in actors {
            // What a device signs rests on its owner's keys.
            let person = keys.device(&actor).map_or(actor, Device::owner);
            if let Some(chain) = keys.chain(&person) {
                self.pin(chain);
            }
        }
        Ok(Access { genesis, entries, state, keys })
    }

    /// The key records of everyone named, asked for together where one is missing, or ends before what is named of it:
    /// somebody made new keys since this session asked for theirs. A session that was stopped opens nothing more.
    pub(super) async fn learn_people(&self, report: &ReportId, named: &Named) -> Result<()> {
        self.refuse_if_stopped()?;
        let missing = {
            let people = self.people();
            named.0.iter().any(|(id, epoch)| !people.knows(id, *epoch))
        };
        if missing || self.lacks_rosters(&named.1) { self.learn_people_anew(report, named).await } else { Ok(()) }
    }

    /// The newest key records of a report's people, and the newest rosters of its teams.
    pub(crate) async fn learn_people_anew(&self, report: &ReportId, named: &Named) -> Result<()> {
        let asked = self.asking();
        match self.report_people(report).await {
            Ok(people) => {
                self.prove_logged(&people.items).await?;
                for account in &people.items {
                    self.learn(account, asked)?;
                }
                self.prove_teams(&people.teams).await?;
                people.teams.iter().try_for_each(|team| self.learn_team(team).map(drop))?;
                self.learn_devices(&people.devices, asked).await
            }
            // Before a code is redeemed the report itself is closed, and so is an erased one; its people may still be looked up
            // one by one.
            Err(ClientError::Problem(p)) if matches!(p.status, 403 | 404 | 410) => {
                self.ensure_known(named.0.keys().copied()).await?;
                for team in named.1.keys() {
                    self.team(&team.api()).await?;
                }
                Ok(())
            }
            Err(e) => Err(e),
        }
    }

    /// Refuses a chain that is older than, or another than, the one seen before.
    fn check_head(&self, state: &AccessState) -> Result<(), Refusal> {
        let seen = self.state().reports.get(&state.report()).and_then(|seen| seen.access);
        let Some((seq, head)) = seen else { return Ok(()) };
        if !Defence::AccessHead.holds() {
            return Ok(());
        }
        if state.seq() < u64::from(seq) {
            return Err(Refusal::AccessHeadOlder);
        }
        state.continues(u64::from(seq), &head).map_err(|_| Refusal::AccessHeadForked)
    }

    /// Remembers whether an own report needs new keys, by its verified chain: no list of the server's can hide it later.
    pub(crate) fn see_rekey(&self, access: &AccessState, due: bool) {
        let (due, now) = (due && access.owner() == self.id(), self.now());
        if self.state().see(access.report(), now, |seen| seen.rekey_due = due) {
            self.touch();
        }
    }

    /// Remembers a verified head.
    pub(crate) fn see_access(&self, state: &AccessState) {
        let (head, now) = (state.head(), self.now());
        let Ok(seq) = u32::try_from(state.seq()) else { return };
        if self.state().see(state.report(), now, |seen| seen.access = newer(seen.access, Some((seq, head)), |a| a.0)) {
            self.touch();
        }
    }

    /// Checks the grants by which the server says the account sees a report: each must be in the chain, its own, and live.
    pub(crate) fn check_own_grants(&self, access: &Access, grants: &[OwnGrant]) -> Result<()> {
        for own in grants {
            let grant = access.state.grant(&own.id.crypto()).ok_or(Refusal::GrantUnknown)?;
            if !grant.is_held_by(self.id(), self.now()) {
                return Err(Refusal::GrantUnknown.into());
            }
            match access.state.status(grant) {
                GrantStatus::Live => {}
                GrantStatus::Expired => return Err(Refusal::ExpiredGrantPresented.into()),
                GrantStatus::Revoked { .. } | GrantStatus::ParentEnded | GrantStatus::HolderClosed => {
                    return Err(Refusal::RevokedGrantReplayed.into());
                }
            }
        }
        if grants.is_empty() { Err(ClientError::NoAccess) } else { Ok(()) }
    }

    /// The same grants with what the chain says of them: the server's word on right and end is not shown to anybody.
    pub(crate) fn as_signed(access: &Access, grants: Vec<OwnGrant>) -> Vec<OwnGrant> {
        let signed = |own: OwnGrant| {
            let grant = access.state.grant(&own.id.crypto())?;
            let right = right_to_api(access.state.effective_right(grant));
            Some(OwnGrant { right, expires_at: grant.grant.expires_at, ..own })
        };
        grants.into_iter().filter_map(signed).collect()
    }

    /// Verifies everything that `GET /reports/{id}` said about access.
    pub(crate) async fn access_of(&self, report: &Report) -> Result<Access> {
        self.learn_people(&report.id, &Named::by_manifests(report)).await?;
        let access = self.verify_access(&report.id, &report.genesis, &report.entries).await?;
        self.check_own_grants(&access, &report.grants)?;
        self.ensure_team_keys(&wraps_by_team(report)).await?;
        Ok(access)
    }
}

impl Access {
    /// The report.
    pub fn report(&self) -> ReportId {
        self.state.report().api()
    }

    /// Who owns it.
    pub fn owner(&self) -> api_types::AccountId {
        self.state.owner().api()
    }

    /// Whether the patient has no account yet and the creator keeps the report for them.
    pub fn in_custody(&self) -> bool {
        self.state.in_custody()
    }

    /// The highest right of an account now.
    pub fn right_of(&self, account: &api_types::AccountId) -> Option<api_types::grants::Right> {
        self.state.right_of(account.crypto()).map(right_to_api)
    }

    /// Hash of the newest entry.
    pub fn head(&self) -> [u8; 32] {
        self.state.head().0
    }

    /// Those versions, of these manifests, that need new keys: they, or others that have one of their files under the same key,
    /// were given to somebody who has lost access since. `all` are the report's manifests.
    pub(crate) fn rekeys_due(&self, of: &[Signed<Manifest>], all: &[Signed<Manifest>]) -> Vec<bool> {
        let files = Signed::files_of(all, |manifest| self.lost_since(manifest));
        of.iter().map(Signed::claimed).map(|m| self.lost_since(m) || m.has_one_of(&files)).collect()
    }

    fn lost_since(&self, manifest: &Manifest) -> bool {
        let sealed_at = self.state.seq_of_head(&manifest.access_head).unwrap_or(0);
        self.was_lost(manifest.place.version, sealed_at)
    }

    /// Whether, since a version was sealed at an entry, a grant that covered it has ended, or somebody has left a team that it
    /// was granted to, or the team was dissolved.
    pub(crate) fn was_lost(&self, version: u32, sealed_at: u64) -> bool {
        let covers = |g: &GrantState| g.grant.versions.contains(version);
        self.state.needs_rekey(version, sealed_at)
            || self.state.behind_their_teams().any(covers)
            || self.state.of_dissolved_teams().any(covers)
    }

    /// The access states at given heads, each replayed once on the way to the newest.
    pub(crate) fn states_at(&self, heads: &[Hash32]) -> Result<Vec<(Hash32, AccessState)>> {
        let first = AccessState::replay(&self.genesis, &[], &self.keys, 0).map_err(|e| refuse_chain(&e))?;
        let mut out = Vec::new();
        let mut state = first;
        if heads.contains(&state.head()) {
            out.push((state.head(), state.clone()));
        }
        for entry in &self.entries {
            state.apply(entry, &self.keys).map_err(|e| refuse_chain(&e))?;
            if heads.contains(&state.head()) {
                out.push((state.head(), state.clone()));
            }
        }
        Ok(out)
    }
}
