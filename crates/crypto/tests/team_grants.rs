//! Grants to teams in an access chain: who holds them, under which key they go on, and what that makes due.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;

use common::{Chain, Person, T0, Team, content_key, directory, grant_to_team, members, rng};
use crypto::{
    account::KeyChain,
    ids::{AccountId, GrantId, Hash32, TeamId},
    report::{
        AccessState, ChainError, Change, GrantStatus, Recipient, RevisionPlace, Right, TeamKey, TeamRecipient,
        WrapError, WrapKey, open_wrap, recipient_key, seal_wrap,
    },
    team::TeamChain,
};

type Keys = (BTreeMap<AccountId, KeyChain>, BTreeMap<TeamId, TeamChain>);

/// A founded report, and a team of a manager and two members to which its patient gives access as grant 3.
struct World {
    doctor: Person,
    patient: Person,
    head: Person,
    second: Person,
    third: Person,
    team: Team,
    chain: Chain,
}

impl World {
    fn bare() -> Self {
        let [doctor, patient, head, second, third] = [1, 2, 3, 4, 5].map(Person::new);
        let chain = Chain::founded(&doctor, &patient);
        let team = Team::new(&head, &[&second]);
        Self { doctor, patient, head, second, third, team, chain }
    }

    fn new(right: Right) -> Self {
        let mut w = Self::bare();
        let grant = grant_to_team(3, &w.rosters(), right);
        w.chain.push(&w.patient, Change::Grant(grant));
        w
    }

    fn people(&self) -> BTreeMap<AccountId, KeyChain> {
        directory([&self.doctor, &self.patient, &self.head, &self.second, &self.third])
    }

    fn rosters(&self) -> TeamChain {
        self.team.verify(&self.people()).unwrap()
    }

    fn keys(&self) -> Keys {
        (self.people(), BTreeMap::from([(self.team.id(), self.rosters())]))
    }

    fn replay(&self) -> Result<AccessState, ChainError> {
        self.chain.replay(&self.keys())
    }

    /// The second is left out; the third joins.
    fn exchange(&mut self) {
        let next = self.team.next(&self.head, members(&[&self.head, &self.third]), true);
        self.team.push(&self.head, next);
    }

    fn follow(&self) -> Change {
        let recipient = TeamRecipient::current(&self.rosters());
        Change::TeamKey(TeamKey { grant: GrantId([3; 16]), recipient })
    }
}

#[test]
fn members_hold_a_teams_grant() {
    let w = World::new(Right::View);
    let state = w.replay().unwrap();
    for who in [&w.head, &w.second] {
        assert!(state.may_read(who.id(), 1));
        assert_eq!(state.right_of(who.id()), Some(Right::View));
    }
    assert!(!state.may_read(w.third.id(), 1) && !state.may_contribute(w.second.id()));
    assert!(World::new(Right::Contribute).replay().unwrap().may_contribute(w.second.id()));
}

#[test]
fn whoever_joins_under_the_same_key_holds_it_at_once() {
    let mut w = World::new(Right::View);
    let next = w.team.next(&w.head, members(&[&w.head, &w.second, &w.third]), false);
    w.team.push(&w.head, next);
    let state = w.replay().unwrap();
    assert!(state.may_read(w.third.id(), 1) && !state.needs_rekey(1, 0));
    assert_eq!(state.behind_their_teams().count(), 0);
}

#[test]
fn whoever_is_left_out_holds_it_no_more_and_the_grant_goes_on_under_the_next_key() {
    let mut w = World::new(Right::Contribute);
    w.exchange();
    let before = w.replay().unwrap();
    assert!(!before.may_read(w.second.id(), 1), "left out by the roster");
    assert!(before.clone().at(T0 + 21).may_contribute(w.second.id()), "what was signed before counts");
    assert!(!before.may_read(w.third.id(), 1), "not before the grant goes on under their key");
    assert_eq!(before.behind_their_teams().count(), 1);
    let entry = w.follow();
    w.chain.push(&w.head, entry);
    let after = w.replay().unwrap();
    assert!(after.may_contribute(w.third.id()) && !after.clone().at(T0 + 21).may_contribute(w.second.id()));
    assert_eq!(after.behind_their_teams().count(), 0);
    assert!(after.needs_rekey(1, 2) && after.needs_rekey(1, 3) && !after.needs_rekey(1, 4));
}

#[test]
fn what_a_dissolved_team_holds_counts_no_more_and_is_the_owners_to_revoke() {
    let mut w = World::new(Right::Contribute);
    let last = w.team.next(&w.head, Vec::new(), true);
    w.team.push(&w.head, last);
    assert!(w.rosters().is_dissolved());
    let mut state = w.replay().unwrap();
    assert!(!state.may_read(w.head.id(), 1) && !state.may_read(w.second.id(), 1), "left out by the roster");
    assert!(state.clone().at(T0 + 21).may_contribute(w.second.id()), "what was signed before counts");
    assert_eq!(state.of_dissolved_teams().count(), 0, "before it is said");
    state.note_dissolved(w.team.id());
    assert_eq!(state.status(state.grant(&GrantId([3; 16])).unwrap()), GrantStatus::HolderClosed);
    assert!(state.live_grants().all(|g| g.team.is_none()) && state.behind_their_teams().count() == 0);
    assert_eq!(state.of_dissolved_teams().map(|g| g.grant.id).collect::<Vec<_>>(), [GrantId([3; 16])]);
    let place = RevisionPlace { report: w.chain.report(), version: 1, revision: 0 };
    let granted = state.grant(&GrantId([3; 16])).unwrap();
    let sealed = seal_wrap(&content_key(1), place, granted, &state, &w.keys(), &mut rng(6));
    assert_eq!(sealed.unwrap_err(), WrapError::NotGranted, "nothing is sealed to it");
    w.chain.push(&w.patient, Change::Revoke(GrantId([3; 16])));
    let mut after = w.replay().unwrap();
    after.note_dissolved(w.team.id());
    assert_eq!(after.of_dissolved_teams().count(), 0);
    assert!(after.needs_rekey(1, 3) && !after.needs_rekey(1, 4));
}

#[test]
fn fail_grant_or_key_of_a_roster_that_dissolved_its_team() {
    let mut w = World::new(Right::View);
    let last = w.team.next(&w.head, Vec::new(), true);
    w.team.push(&w.head, last);
    let (granted, follow) = (grant_to_team(4, &w.rosters(), Right::View), w.follow());
    for change in [Change::Grant(granted), follow] {
        w.chain.push(&w.patient, change);
        assert_eq!(w.replay().unwrap_err(), ChainError::WrongTeamKey { seq: 4 });
        w.chain.entries.pop();
    }
}

#[test]
fn wraps_go_to_the_newest_key_whatever_the_chain_says_so_far() {
    let mut w = World::new(Right::View);
    w.exchange();
    let (state, keys) = (w.replay().unwrap(), w.keys());
    let granted = state.grant(&GrantId([3; 16])).unwrap();
    let place = RevisionPlace { report: w.chain.report(), version: 1, revision: 0 };
    let wrap = seal_wrap(&content_key(1), place, granted, &state, &keys, &mut rng(6)).unwrap();
    assert_eq!(wrap.epoch, 1);
    assert_eq!(open_wrap(&wrap, WrapKey::Grant(&w.team.keys[1])), Ok(content_key(1)));
    assert_eq!(open_wrap(&wrap, WrapKey::Grant(&w.team.keys[0])), Err(WrapError::WrongKey));
    assert_eq!(recipient_key(granted, &w.people()), Err(WrapError::TeamUnknown));
    let mut other = granted.clone();
    let Recipient::Team(named) = &mut other.grant.recipient else { unreachable!() };
    named.key_hash = Hash32([1; 32]);
    assert_eq!(recipient_key(&other, &keys), Err(WrapError::WrongKey));
}

#[test]
fn fail_grant_to_a_team_that_is_none() {
    let w = World::new(Right::View);
    assert_eq!(w.chain.replay(&w.people()).unwrap_err(), ChainError::TeamUnknown { seq: 3 });
    for change in [
        |named: &mut TeamRecipient| named.roster = Hash32([1; 32]),
        |named: &mut TeamRecipient| named.key_epoch = 1,
        |named: &mut TeamRecipient| named.key_hash = Hash32([1; 32]),
    ] {
        let mut w = World::bare();
        let mut grant = grant_to_team(3, &w.rosters(), Right::View);
        let Recipient::Team(named) = &mut grant.recipient else { unreachable!() };
        change(named);
        w.chain.push(&w.patient, Change::Grant(grant));
        assert_eq!(w.replay().unwrap_err(), ChainError::WrongTeamKey { seq: 3 });
    }
}

#[test]
fn fail_team_granted_more_than_a_team_may_have() {
    for right in [Right::Reshare, Right::Own] {
        let mut w = World::bare();
        let grant = grant_to_team(3, &w.rosters(), right);
        w.chain.push(&w.patient, Change::Grant(grant));
        assert_eq!(w.replay().unwrap_err(), ChainError::TeamRight { seq: 3 });
    }
}

#[test]
fn fail_member_who_revokes_or_passes_on() {
    let mut w = World::new(Right::Contribute);
    w.chain.push(&w.second, Change::Revoke(GrantId([3; 16])));
    assert_eq!(w.replay().unwrap_err(), ChainError::NotEntitled { seq: 4 });
    let mut w = World::new(Right::Contribute);
    let mut grant = common::grant_to(4, &w.third, Right::View);
    grant.parent = Some(GrantId([3; 16]));
    w.chain.push(&w.head, Change::Grant(grant));
    assert_eq!(w.replay().unwrap_err(), ChainError::NotEntitled { seq: 4 });
}

#[test]
fn fail_key_of_the_team_said_by_somebody_else_or_not_the_teams() {
    let with = |change: fn(&World, &mut TeamKey)| {
        let mut w = World::new(Right::View);
        w.exchange();
        let Change::TeamKey(mut key) = w.follow() else { unreachable!() };
        change(&w, &mut key);
        w.chain.push(&w.head, Change::TeamKey(key));
        w.replay().unwrap_err()
    };
    let wrong = ChainError::WrongTeamKey { seq: 4 };
    assert_eq!(with(|_, key| key.recipient.key_hash = Hash32([1; 32])), wrong);
    assert_eq!(with(|_, key| key.recipient.team = TeamId([1; 32])), wrong);
    assert_eq!(with(|w, key| key.recipient.roster = w.team.rosters[0].hash()), wrong);
    assert_eq!(with(|_, key| key.grant = GrantId([2; 16])), wrong, "no team's grant");
    assert_eq!(with(|_, key| key.grant = GrantId([9; 16])), ChainError::UnknownGrant { seq: 4 });
    // The key that it is under already.
    let mut w = World::new(Right::View);
    let same = w.follow();
    w.chain.push(&w.head, same);
    assert_eq!(w.replay().unwrap_err(), wrong);
    for by in ["second", "third", "doctor"] {
        let mut w = World::new(Right::View);
        w.exchange();
        let entry = w.follow();
        let author = match by {
            "second" => &w.second,
            "third" => &w.third,
            _ => &w.doctor,
        };
        w.chain.push(author, entry);
        assert_eq!(w.replay().unwrap_err(), ChainError::NotEntitled { seq: 4 }, "{by}");
    }
    let mut w = World::new(Right::View);
    w.exchange();
    let entry = w.follow();
    w.chain.push(&w.patient, entry.clone());
    assert!(w.replay().is_ok(), "the owner");
    w.chain.push(&w.patient, Change::Revoke(GrantId([3; 16])));
    w.chain.push(&w.patient, entry);
    assert_eq!(w.replay().unwrap_err(), ChainError::GrantNotLive { seq: 6 });
}
