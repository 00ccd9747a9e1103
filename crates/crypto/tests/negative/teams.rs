//! Rosters, a team's key and leaving: each way to be wrong ends in its own error.

use std::collections::BTreeMap;

use crypto::{
    account::{EPOCH_OVERLAP, KeyError},
    encoding::DecodeError,
    ids::{Hash32, TeamId},
    sign::{Signed, VerifyError},
    team::{
        MAX_TEAM_MEMBERS, TeamChain, TeamError, TeamKeyError, TeamKeyWrap, TeamLeave, TeamLeaveError, TeamMember,
        TeamRole, TeamRoster, open_team_key, seal_team_key,
    },
};

use crate::common::{Person, T0, Team, directory, members, rng, team_key};

struct World {
    head: Person,
    second: Person,
    third: Person,
    team: Team,
}

impl World {
    /// A team of a manager and a member.
    fn new() -> Self {
        let [head, second, third] = [1, 2, 3].map(Person::new);
        let team = Team::new(&head, &[&second]);
        Self { head, second, third, team }
    }

    fn verify(&self) -> Result<TeamChain, TeamError> {
        self.team.verify(&directory([&self.head, &self.second, &self.third]))
    }

    fn error(&self) -> TeamError {
        self.verify().unwrap_err()
    }

    /// The error of one more roster by the manager.
    fn after(&mut self, people: &[&Person], new_key: bool, change: impl FnOnce(&mut TeamRoster)) -> TeamError {
        let mut next = self.team.next(&self.head, members(people), new_key);
        change(&mut next);
        self.team.push(&self.head, next);
        let error = self.error();
        self.team.rosters.pop();
        self.team.keys.truncate(1);
        error
    }
}

fn people(n: u64) -> [Person; 3] {
    [n, n + 1, n + 2].map(Person::new)
}

#[test]
fn pass_added_removed_and_added_again() {
    let mut w = World::new();
    let all = members(&[&w.head, &w.second, &w.third]);
    let added = w.team.next(&w.head, all.clone(), false);
    w.team.push(&w.head, added);
    let removed = w.team.next(&w.head, members(&[&w.head, &w.third]), true);
    let left_at = removed.time;
    w.team.push(&w.head, removed);
    let again = w.team.next(&w.head, all, false);
    w.team.push(&w.head, again);
    let chain = w.verify().unwrap();
    assert_eq!((chain.recipient().1, chain.rosters().len()), (1, 4));
    let then = chain.holders(0);
    assert_eq!((then[&w.second.id()], then[&w.third.id()]), (Some(left_at), None));
    assert!(chain.holders(1).contains_key(&w.second.id()));
    assert_eq!(chain.since_epoch(&w.second.id()), Some(1));
    assert_eq!((chain.since_epoch(&w.third.id()), chain.since_epoch(&w.head.id())), (Some(0), Some(0)));
    let stays: Vec<_> = chain.stays().into_iter().filter(|stay| stay.account == w.second.id()).collect();
    assert_eq!((stays.len(), stays[0].until, stays[1].until), (2, Some(left_at), None));
    assert!(!chain.names_since(&chain.rosters()[1].hash(), &w.second.id()), "before they were left out");
    assert!(chain.names_since(&chain.rosters()[3].hash(), &w.second.id()));
    assert!(!chain.names_since(&Hash32([1; 32]), &w.second.id()));
    assert!(chain.continues(1, &chain.rosters()[1].hash()).is_ok());
    assert_eq!(chain.continues(1, &Hash32([1; 32])), Err(TeamError::OlderThanSeen));
    assert_eq!(chain.continues(9, &Hash32([1; 32])), Err(TeamError::OlderThanSeen));
}

#[test]
fn fail_forged_member() {
    let mut w = World::new();
    let with_third = members(&[&w.head, &w.second, &w.third]);
    // By whoever is added.
    let own = w.team.next(&w.third, with_third.clone(), false);
    w.team.push(&w.third, own);
    assert_eq!(w.error(), TeamError::NotManager { seq: 1 });
    w.team.rosters.pop();
    // By a member who manages nothing.
    let by_member = w.team.next(&w.second, with_third.clone(), false);
    w.team.push(&w.second, by_member);
    assert_eq!(w.error(), TeamError::NotManager { seq: 1 });
    w.team.rosters.pop();
    // In the manager's name, signed by somebody else.
    let in_name = w.team.next(&w.head, with_third, false);
    w.team.push(&w.third, in_name);
    assert_eq!(w.error(), TeamError::Verify { seq: 1, source: VerifyError::BadSignature });
}

#[test]
fn fail_manager_who_is_none_any_more() {
    let mut w = World::new();
    let turned = vec![
        TeamMember { account: w.head.id(), role: TeamRole::Member },
        TeamMember { account: w.second.id(), role: TeamRole::Manager },
    ];
    let mut turned = w.team.next(&w.head, turned, false);
    turned.members.sort_by_key(|member| member.account);
    w.team.push(&w.head, turned);
    assert!(w.verify().is_ok());
    let next = w.team.next(&w.head, members(&[&w.head, &w.second]), false);
    w.team.push(&w.head, next);
    assert_eq!(w.error(), TeamError::NotManager { seq: 2 });
}

#[test]
fn fail_removal_that_keeps_the_key() {
    let mut w = World::new();
    let [head, second, third] = people(1);
    assert_eq!(w.after(&[&head], false, |_| {}), TeamError::TeamKeyKept { seq: 1 });
    // A new epoch under the old key.
    let kept = team_key(90).public();
    assert_eq!(w.after(&[&head], true, |next| next.key = kept), TeamError::TeamKeyKept { seq: 1 });
    assert_eq!(w.after(&[&head, &third], false, |_| {}), TeamError::TeamKeyKept { seq: 1 }, "one for another");
    let swapped = team_key(80).public();
    let error = w.after(&[&head, &second], false, |next| next.key = swapped);
    assert_eq!(error, TeamError::TeamKeySwapped { seq: 1 });
    let error = w.after(&[&head], true, |next| next.key_epoch = 2);
    assert_eq!(error, TeamError::WrongKeyEpoch { seq: 1 });
    // The key of two epochs ago.
    let next = w.team.next(&w.head, members(&[&head]), true);
    w.team.push(&head, next);
    let mut back = w.team.next(&w.head, members(&[&head]), true);
    back.key = team_key(90).public();
    w.team.push(&head, back);
    assert_eq!(w.error(), TeamError::TeamKeyKept { seq: 2 });
}

#[test]
fn fail_rosters_that_do_not_follow() {
    let mut w = World::new();
    let [head, second, _] = people(1);
    let both = [&head, &second];
    assert_eq!(w.after(&both, false, |next| next.seq = 2), TeamError::BrokenChain { seq: 1 });
    assert_eq!(w.after(&both, false, |next| next.previous = Some(Hash32([1; 32]))), TeamError::BrokenChain { seq: 1 });
    assert_eq!(w.after(&both, false, |next| next.team = Some(TeamId([1; 32]))), TeamError::WrongTeam);
    assert_eq!(w.after(&both, false, |next| next.time = T0), TeamError::TimeReversed { seq: 1 });
    let unknown = TeamError::Keys { seq: 1, source: KeyError::EpochUnknown(1) };
    assert_eq!(w.after(&both, false, |next| next.epoch = 1), unknown);
    let nobody = TeamChain::verify(&w.team.id(), Vec::new(), &directory([&head]));
    assert_eq!(nobody, Err(TeamError::Empty));
    let other = TeamChain::verify(&TeamId([1; 32]), w.team.rosters.clone(), &directory([&head]));
    assert_eq!(other, Err(TeamError::WrongTeam));
    let stranger = w.team.verify(&directory([&second]));
    assert_eq!(stranger, Err(TeamError::Keys { seq: 0, source: KeyError::AccountUnknown }));
}

#[test]
fn pass_dissolved_by_a_roster_that_names_nobody() {
    let mut w = World::new();
    let last = w.team.next(&w.head, Vec::new(), true);
    let ended_at = last.time;
    w.team.push(&w.head, last);
    let chain = w.verify().unwrap();
    assert!(chain.is_dissolved() && chain.current().dissolves() && chain.holders(1).is_empty());
    let left = [&w.head, &w.second].map(|person| (person.id(), Some(ended_at)));
    assert_eq!(chain.holders(0), BTreeMap::from(left));
    assert!(chain.stays().iter().all(|stay| stay.until == Some(ended_at)));
    assert_eq!(chain.since_epoch(&w.head.id()), None);
}

#[test]
fn fail_dissolved_by_somebody_else_or_under_the_old_key() {
    let mut w = World::new();
    let by_member = w.team.next(&w.second, Vec::new(), true);
    w.team.push(&w.second, by_member);
    assert_eq!(w.error(), TeamError::NotManager { seq: 1 });
    w.team.rosters.pop();
    w.team.keys.truncate(1);
    assert_eq!(w.after(&[], false, |_| {}), TeamError::TeamKeyKept { seq: 1 });
    let kept = team_key(90).public();
    assert_eq!(w.after(&[], true, |next| next.key = kept), TeamError::TeamKeyKept { seq: 1 });
}

#[test]
fn fail_roster_after_the_one_that_dissolved_the_team() {
    let mut w = World::new();
    let last = w.team.next(&w.head, Vec::new(), true);
    w.team.push(&w.head, last);
    let both = members(&[&w.head, &w.second]);
    for again in [both, Vec::new()] {
        let next = w.team.next(&w.head, again, true);
        w.team.push(&w.head, next);
        assert_eq!(w.error(), TeamError::Dissolved { seq: 2 });
        w.team.rosters.pop();
        w.team.keys.truncate(2);
    }
}

#[test]
fn fail_signed_by_an_ended_epoch() {
    let mut w = World::new();
    let old = w.head.keyring.current().clone();
    let mut next = w.team.next(&w.head, members(&[&w.head, &w.second]), false);
    w.head.rotate(T0 + 5, 77);
    next.time = T0 + 6 + EPOCH_OVERLAP;
    w.team.rosters.push(Signed::sign(next, &old.signing));
    assert_eq!(w.error(), TeamError::Keys { seq: 1, source: KeyError::EpochEnded(0) });
}

/// The error of a roster whose bytes break a rule.
fn decoded(change: impl FnOnce(&mut TeamRoster)) -> DecodeError {
    let w = World::new();
    let mut roster = w.team.rosters[0].claimed().clone();
    change(&mut roster);
    let signed = Signed::sign(roster, &w.head.keyring.current().signing);
    Signed::<TeamRoster>::parse(signed.as_bytes()).unwrap_err()
}

#[test]
fn fail_rosters_that_are_none() {
    let invalid = |field| DecodeError::Invalid { field };
    assert_eq!(decoded(|r| r.members.reverse()), invalid("members"));
    assert_eq!(decoded(|r| r.members.push(r.members[1])), invalid("members"));
    assert_eq!(decoded(|r| r.members.clear()), invalid("members"), "a team doesn't begin without anybody");
    assert_eq!(decoded(|r| r.members.retain(|m| m.role == TeamRole::Member)), invalid("members"));
    assert_eq!(decoded(|r| r.seq = 1), invalid("seq"));
    assert_eq!(decoded(|r| r.key_epoch = 1), invalid("seq"));
    assert_eq!(decoded(|r| r.team = Some(TeamId([1; 32]))), invalid("seq"));
    assert_eq!(decoded(|r| r.name = " ".into()), invalid("name"));
    assert_eq!(decoded(|r| r.name = "a\nb".into()), invalid("name"));
    assert_eq!(decoded(|r| r.name = "é".repeat(51)), DecodeError::TooLong { field: "name", limit: 100 });
    let many = |r: &mut TeamRoster| {
        r.members = (0..=MAX_TEAM_MEMBERS)
            .map(|n| {
                let mut account = [0; 32];
                account[..8].copy_from_slice(&(n as u64).to_be_bytes());
                TeamMember { account: crypto::ids::AccountId(account), role: TeamRole::Manager }
            })
            .collect();
    };
    assert!(matches!(decoded(many), DecodeError::TooLong { field: "members", .. }));
}

#[test]
fn fail_flipped_bit_anywhere_in_a_roster() {
    let w = World::new();
    let keys = directory([&w.head]);
    let whole = w.team.rosters[0].as_bytes();
    for byte in (0..whole.len()).step_by(7) {
        let mut blob = whole.to_vec();
        blob[byte] ^= 1;
        assert!(TeamChain::parse(&w.team.id(), &[blob], &keys).is_err(), "{byte}");
    }
    assert!(TeamChain::parse(&w.team.id(), &[whole], &keys).is_ok());
}

fn sealed(w: &World) -> TeamKeyWrap {
    seal_team_key(w.team.id(), 0, &w.team.keys[0], &w.second.chain, &mut rng(9)).unwrap()
}

#[test]
fn pass_a_member_opens_the_teams_key_also_after_new_keys_of_their_own() {
    let mut w = World::new();
    let wrap = TeamKeyWrap::parse(&sealed(&w).to_bytes()).unwrap();
    let chain = w.verify().unwrap();
    assert_eq!(open_team_key(&wrap, &chain, &w.second.id(), &w.second.keyring), Ok(team_key(90)));
    w.second.rotate(T0 + 50, 78);
    assert_eq!(open_team_key(&wrap, &chain, &w.second.id(), &w.second.keyring), Ok(team_key(90)));
}

#[test]
fn fail_team_key_of_another_place() {
    let w = World::new();
    let chain = w.verify().unwrap();
    let open = |wrap: &TeamKeyWrap| open_team_key(wrap, &chain, &w.second.id(), &w.second.keyring);
    let wrap = sealed(&w);
    let other = TeamKeyWrap { team: TeamId([1; 32]), ..wrap.clone() };
    assert_eq!(open(&other), Err(TeamKeyError::WrongPlace));
    let theirs = open_team_key(&wrap, &chain, &w.head.id(), &w.head.keyring);
    assert_eq!(theirs, Err(TeamKeyError::WrongPlace));
    let later = TeamKeyWrap { key_epoch: 1, ..wrap.clone() };
    assert_eq!(open(&later), Err(TeamKeyError::WrongKey(1)));
    let named = TeamKeyWrap { team_key: Hash32([1; 32]), ..wrap.clone() };
    assert_eq!(open(&named), Err(TeamKeyError::WrongKey(0)));
    let to = TeamKeyWrap { key_hash: Hash32([1; 32]), ..wrap.clone() };
    assert_eq!(open(&to), Err(TeamKeyError::WrongRecipientKey));
    let mut changed = wrap.clone();
    *changed.sealed.last_mut().unwrap() ^= 1;
    assert!(matches!(open(&changed), Err(TeamKeyError::Hpke(_))));
    let bytes = wrap.to_bytes();
    assert_eq!(TeamKeyWrap::parse(&[&bytes[..], &[0]].concat()), Err(DecodeError::Trailing));
    assert!(TeamKeyWrap::parse(&bytes[..bytes.len() - 1]).is_err());
}

/// Everything that is bound says the team's key, and the seed inside is another's.
#[test]
fn fail_team_key_that_is_not_the_signed_one() {
    let w = World::new();
    let chain = w.verify().unwrap();
    let mut wrap = sealed(&w);
    let secret = team_key(1);
    wrap.sealed =
        crypto::kem::hpke_seal(w.second.chain.recipient(), None, &wrap.info(), secret.seed().expose(), &mut rng(4))
            .unwrap();
    let opened = open_team_key(&wrap, &chain, &w.second.id(), &w.second.keyring);
    assert_eq!(opened, Err(TeamKeyError::WrongKey(0)));
}

#[test]
fn fail_leaving_by_somebody_else() {
    let w = World::new();
    let said = TeamLeave {
        team: w.team.id(),
        roster: w.team.rosters[0].hash(),
        account: w.second.id(),
        epoch: 0,
        time: T0 + 60,
    };
    let signed = Signed::sign(said.clone(), &w.second.keyring.current().signing);
    let signed = Signed::<TeamLeave>::parse(signed.as_bytes()).unwrap();
    assert!(signed.verify_leave(&w.team.id(), &w.second.chain).is_ok());
    assert_eq!(signed.verify_leave(&w.team.id(), &w.head.chain), Err(TeamLeaveError::WrongTeam));
    assert_eq!(signed.verify_leave(&TeamId([1; 32]), &w.second.chain), Err(TeamLeaveError::WrongTeam));
    let forged = Signed::sign(said, &w.head.keyring.current().signing);
    let bad = Err(TeamLeaveError::Verify(VerifyError::BadSignature));
    assert_eq!(forged.verify_leave(&w.team.id(), &w.second.chain), bad);
}
