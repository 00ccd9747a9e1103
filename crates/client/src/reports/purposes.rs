//! Under which purpose somebody held a report at a time: from the verified access chain, never from what the server says.

use std::collections::BTreeSet;

use api_types::{
    AccountId, GrantId, ReportId,
    audit::{Action, AuditEvent},
};
use crypto::{
    account::KeyDirectory,
    report::{Change, GrantState, Recipient},
    team::{TeamChain, TeamStay},
};

use super::{Access, ActorName, KnownNames};
use crate::{
    error::Result,
    ids::{ToApi, right_to_api},
    log::CheckedEvent,
    platform::Platform,
    vault::Vault,
};

/// How far the clock of whoever signed an entry may be from the server's, which writes the events; the server takes no
/// entry that is further off.
const CLOCKS: i64 = 10 * 60 * 1000;

/// A grant in somebody's hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The grant.
    pub grant: GrantId,
    /// Whose it is.
    pub holder: AccountId,
    /// Why it was made.
    pub purpose: String,
    /// What it allows, as granted.
    pub right: api_types::grants::Right,
    /// Whether it opens nothing before its access code was entered.
    pub with_code: bool,
    /// Its first version.
    pub first_version: u32,
    /// Its last version; `u32::MAX` for all to come.
    pub last_version: u32,
    /// Since when, by the signed entry.
    pub from: i64,
    /// Until when: revoked, expired, or fallen with the grant it was made under. `None` while nothing ends it.
    pub until: Option<i64>,
}

impl Held {
    fn covers(&self, version: Option<u32>) -> bool {
        version.is_none_or(|version| (self.first_version..=self.last_version).contains(&version))
    }

    fn at(&self, time: i64, leeway: i64) -> bool {
        let ended = self.until.is_some_and(|until| until.saturating_add(leeway) <= time);
        self.from <= time.saturating_add(leeway) && !ended
    }
}

/// Who held a report, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Purposes {
    held: Vec<Held>,
}

/// An event with its actor's name, and the purposes under which they held the report; more than one where they held several
/// grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedEvent {
    /// What happened, and what the public log says of it.
    pub checked: CheckedEvent,
    /// What its actor is called, and whose word that is ([`KnownNames::name`]). `None` for nobody, and for who has no name.
    pub who: Option<ActorName>,
    /// Codes as signed, the newest grant's first; empty for who held none.
    pub purposes: Vec<String>,
}

/// `key=value` of an event's subject.
pub(crate) fn said<'a>(event: &'a AuditEvent, key: &str) -> Option<&'a str> {
    event.subject.split(' ').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='))
}

impl Purposes {
    pub(crate) fn new(mut held: Vec<Held>) -> Self {
        held.sort_by_key(|held| std::cmp::Reverse(held.from));
        Self { held }
    }

    /// Every grant that somebody held, the newest first.
    pub fn held(&self) -> &[Held] {
        &self.held
    }

    /// Whether somebody ever held it.
    pub(crate) fn has_held(&self, account: &AccountId) -> bool {
        self.held.iter().any(|held| held.holder == *account)
    }

    /// Why the actor of an event held the report then: each purpose once. Where two clocks disagree about which came first,
    /// a grant counts a little before and after its time, unless another counts without that.
    pub fn of(&self, event: &AuditEvent) -> Vec<String> {
        let Some(actor) = event.actor else { return Vec::new() };
        let mine = || self.held.iter().filter(move |held| held.holder == actor);
        // Whoever redeems or claims a grant acts under that one.
        if matches!(event.action, Action::Redeem | Action::Claim)
            && let Some(named) = said(event, "grant").and_then(|grant| grant.parse::<GrantId>().ok())
            && let Some(held) = mine().find(|held| held.grant == named)
        {
            return vec![held.purpose.clone()];
        }
        let version = said(event, "version").and_then(|version| version.parse().ok());
        let at = |leeway: i64| {
            let mut purposes: Vec<String> = Vec::new();
            for held in mine().filter(|held| held.at(event.time, leeway) && held.covers(version)) {
                if !purposes.contains(&held.purpose) {
                    purposes.push(held.purpose.clone());
                }
            }
            purposes
        };
        Some(at(0)).filter(|exact| !exact.is_empty()).unwrap_or_else(|| at(CLOCKS))
    }

    /// Puts names and purposes beside events.
    pub fn explain(&self, events: Vec<CheckedEvent>, names: &KnownNames) -> Vec<ExplainedEvent> {
        let explain = |checked: CheckedEvent| {
            let event = &checked.event;
            let who = event.actor.and_then(|actor| names.name(&actor, self, event.actor_name.as_deref()));
            ExplainedEvent { who, purposes: self.of(event), checked }
        };
        events.into_iter().map(explain).collect()
    }
}

impl<P: Platform> Vault<P> {
    /// Who held a report, when and why, from its verified chain.
    ///
    /// # Errors
    /// As [`Vault::access`].
    pub async fn purposes(&self, report: &ReportId) -> Result<Purposes> {
        Ok(self.report_access(report).await?.purposes())
    }

    /// Puts beside a report's events what their actors are called, and the purposes under which those held it.
    pub fn explain(&self, purposes: &Purposes, events: Vec<CheckedEvent>) -> Vec<ExplainedEvent> {
        let actors: BTreeSet<AccountId> = events.iter().filter_map(|checked| checked.event.actor).collect();
        purposes.explain(events, &self.known_names(actors))
    }
}

impl Access {
    /// Who held the report, when and why.
    pub fn purposes(&self) -> Purposes {
        Purposes::new(self.state.grants().flat_map(|grant| self.held_by_all(grant)).collect())
    }

    /// Of a team's grant each of its members, for as long as they belonged to it.
    fn held_by_all(&self, grant: &GrantState) -> Vec<Held> {
        let Recipient::Team(team) = &grant.grant.recipient else {
            return grant.holder().map(|holder| self.held(grant, holder.api())).into_iter().collect();
        };
        let stays = self.keys.team(&team.team).map(TeamChain::stays).unwrap_or_default();
        let held = |stay: TeamStay| {
            let held = self.held(grant, stay.account.api());
            let until = [held.until, stay.until].into_iter().flatten().min();
            Held { from: held.from.max(stay.from), until, ..held }
        };
        let over = |held: &Held| held.until.is_some_and(|until| until <= held.from);
        stays.into_iter().map(held).filter(|held| !over(held)).collect()
    }

    fn held(&self, grant: &GrantState, holder: AccountId) -> Held {
        let signed = &grant.grant;
        let expires = Some(signed.expires_at).filter(|end| *end != 0);
        let parent = signed.parent.and_then(|id| self.state.grant(&id));
        let parent_expires = parent.map(|parent| parent.grant.expires_at).filter(|end| *end != 0);
        let revoked = self.state.ended_by(grant).and_then(|seq| self.time_of(seq));
        Held {
            grant: signed.id.api(),
            holder,
            purpose: signed.purpose.as_str().to_owned(),
            right: right_to_api(signed.right),
            with_code: matches!(signed.recipient, Recipient::Code { .. }),
            first_version: signed.versions.from,
            last_version: signed.versions.to,
            from: self.claimed_at(grant).unwrap_or(grant.issued_at),
            until: [expires, parent_expires, revoked].into_iter().flatten().min(),
        }
    }

    /// When a bearer grant came into an account.
    fn claimed_at(&self, grant: &GrantState) -> Option<i64> {
        grant.claimed?;
        let claims = |change: &Change| matches!(change, Change::Claim(claim) if claim.grant == grant.grant.id);
        self.entries.iter().map(|entry| entry.claimed()).find(|entry| claims(&entry.change)).map(|entry| entry.time)
    }

    /// When an entry was signed.
    fn time_of(&self, seq: u64) -> Option<i64> {
        let place = usize::try_from(seq.checked_sub(1)?).ok()?;
        self.entries.get(place).map(|entry| entry.claimed().time)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use api_types::grants::Right;

    use super::*;
    use crate::{log::Mark, reports::fixture};

    /// A grant of all versions.
    pub fn held(grant: u8, holder: u8, purpose: &str, from: i64, until: Option<i64>) -> Held {
        Held {
            grant: GrantId([grant; 16]),
            holder: AccountId([holder; 32]),
            purpose: purpose.to_owned(),
            right: Right::View,
            with_code: false,
            first_version: 1,
            last_version: u32::MAX,
            from,
            until,
        }
    }

    /// An event of one report.
    pub fn event(report: u8, actor: u8, time: i64, action: Action, subject: &str) -> CheckedEvent {
        let event = AuditEvent {
            seq: time.unsigned_abs(),
            time,
            actor: Some(AccountId([actor; 32])),
            actor_name: Some(format!("Person {actor}")),
            action,
            report_id: Some(ReportId([report; 32])),
            subject: subject.to_owned(),
            ..fixture::event()
        };
        CheckedEvent { event, mark: Mark::Verified, reader: None }
    }

    fn purposes(of: &Purposes, actor: u8, time: i64, subject: &str) -> Vec<String> {
        of.of(&event(1, actor, time, Action::Open, subject).event)
    }

    const HOUR: i64 = 3_600_000;

    #[test]
    fn a_purpose_is_that_of_the_grant_held_then() {
        let all = Purposes::new(vec![
            held(1, 1, "treatment", HOUR, Some(5 * HOUR)),
            held(2, 1, "billing", 4 * HOUR, None),
            held(3, 2, "referral", 0, None),
        ]);
        assert_eq!(purposes(&all, 1, 2 * HOUR, ""), ["treatment"]);
        assert_eq!(purposes(&all, 1, 4 * HOUR, ""), ["billing", "treatment"], "two grants, the newer first");
        assert_eq!(purposes(&all, 1, 6 * HOUR, ""), ["billing"]);
        assert_eq!(purposes(&all, 2, 6 * HOUR, ""), ["referral"], "each their own");
        assert!(purposes(&all, 3, 6 * HOUR, "").is_empty(), "nobody's grant");
        assert!(purposes(&all, 1, 0, "").is_empty(), "an hour before");
    }

    #[test]
    fn a_grant_counts_for_its_versions() {
        let mut first = held(1, 1, "treatment", 0, None);
        first.last_version = 1;
        let all = Purposes::new(vec![first, held(2, 1, "billing", HOUR, None)]);
        assert_eq!(purposes(&all, 1, 2 * HOUR, "version=2 part=0"), ["billing"]);
        assert_eq!(purposes(&all, 1, 2 * HOUR, "version=1 part=0"), ["billing", "treatment"]);
    }

    #[test]
    fn clocks_may_disagree_a_little() {
        let all = Purposes::new(vec![held(1, 1, "treatment", HOUR, Some(2 * HOUR))]);
        assert_eq!(purposes(&all, 1, HOUR - CLOCKS, ""), ["treatment"], "the signer's clock was ahead");
        assert!(purposes(&all, 1, HOUR - CLOCKS - 1, "").is_empty());
        assert_eq!(purposes(&all, 1, 2 * HOUR + CLOCKS - 1, ""), ["treatment"]);
        assert!(purposes(&all, 1, 2 * HOUR + CLOCKS, "").is_empty());
        let next = Purposes::new(vec![held(1, 1, "a", 0, Some(HOUR)), held(2, 1, "b", HOUR, None)]);
        assert_eq!(purposes(&next, 1, HOUR + 1, ""), ["b"], "what counts without leeway comes alone");
    }

    #[test]
    fn who_redeems_acts_under_what_is_redeemed() {
        let all = Purposes::new(vec![held(1, 1, "treatment", 0, None), held(2, 1, "billing", 0, None)]);
        let redeem = |grant: u8, actor: u8| {
            let subject = format!("grant={} what=seed", GrantId([grant; 16]));
            all.of(&event(1, actor, HOUR, Action::Redeem, &subject).event)
        };
        assert_eq!(redeem(2, 1), ["billing"]);
        assert!(redeem(2, 3).is_empty(), "somebody else's grant");
    }

    #[test]
    fn nobody_has_no_purpose() {
        let mut anonymous = event(1, 1, HOUR, Action::Open, "").event;
        anonymous.actor = None;
        assert!(Purposes::new(vec![held(1, 1, "treatment", 0, None)]).of(&anonymous).is_empty());
    }
}
