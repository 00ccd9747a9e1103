//! Who can see what, person by person.

use std::collections::BTreeMap;

use api_types::{AccountId, ReportId};

use super::Overseen;
use crate::sharing::{AccessRow, AccessStatus, AccessWho};

/// A report in somebody's hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldReport {
    /// The report.
    pub report: ReportId,
    /// Their grant.
    pub row: AccessRow,
}

/// Somebody else, and what they can see of one's reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonAccess {
    /// Names them across reports.
    pub key: String,
    /// Who.
    pub who: AccessWho,
    /// What they can see, or could as soon as they enter a code; the newest grant first.
    pub now: Vec<HeldReport>,
    /// What they could see once.
    pub ended: Vec<HeldReport>,
}

/// Names a person across reports.
fn key(who: &AccessWho) -> String {
    match who {
        AccessWho::Person(person) => person.id.to_string(),
        AccessWho::Account(id) => id.to_string(),
        AccessWho::Invitation(short) => format!("invitation {short}"),
        AccessWho::Team(team) => format!("team {}", team.id),
    }
}

/// A name is in every report the same, but one of them may know it and another not.
fn better(old: &AccessWho, new: &AccessWho) -> bool {
    matches!((old, new), (AccessWho::Account(_), AccessWho::Person(_)))
}

impl AccessRow {
    /// Whether nothing can be seen by it any more.
    pub fn is_over(&self) -> bool {
        matches!(self.status, AccessStatus::Revoked | AccessStatus::Expired)
    }
}

/// Everyone but the owner: those first who got access last.
pub fn by_person<'o>(overseen: impl IntoIterator<Item = &'o Overseen>) -> Vec<PersonAccess> {
    let mut people: BTreeMap<String, PersonAccess> = BTreeMap::new();
    for one in overseen {
        for row in one.access.iter().filter(|row| !row.own) {
            let key = key(&row.who);
            let empty = || PersonAccess { key: key.clone(), who: row.who.clone(), now: Vec::new(), ended: Vec::new() };
            let person = people.entry(key.clone()).or_insert_with(empty);
            if better(&person.who, &row.who) {
                person.who = row.who.clone();
            }
            let list = if row.is_over() { &mut person.ended } else { &mut person.now };
            list.push(HeldReport { report: one.report, row: row.clone() });
        }
    }
    let mut people: Vec<PersonAccess> = people.into_values().collect();
    for person in &mut people {
        for list in [&mut person.now, &mut person.ended] {
            list.sort_by_key(|held| std::cmp::Reverse(held.row.granted_at));
        }
    }
    let newest = |person: &PersonAccess| person.now.first().map(|held| held.row.granted_at);
    people.sort_by_key(|person| std::cmp::Reverse(newest(person)));
    people
}

/// Those who can see something; what of theirs ended and `stays` is in its old place among it, so that nothing moves under a
/// finger.
pub fn with_ended(people: &[PersonAccess], stays: impl Fn(&HeldReport) -> bool) -> Vec<PersonAccess> {
    let keeping = |person: &PersonAccess| {
        let mut now = person.now.clone();
        now.extend(person.ended.iter().filter(|held| stays(held)).cloned());
        now.sort_by_key(|held| std::cmp::Reverse(held.row.granted_at));
        (!now.is_empty()).then(|| PersonAccess { now, ..person.clone() })
    };
    let mut kept: Vec<PersonAccess> = people.iter().filter_map(keeping).collect();
    kept.sort_by_key(|person| std::cmp::Reverse(person.now.first().map(|held| held.row.granted_at)));
    kept
}

/// Whether a report still opens, or would with a code, for those whose access to it ended: by a second grant, by a team that
/// they belong to, or, where a team's access ended, by one that a member has besides.
pub fn opens_still(overseen: &Overseen, ended: &AccessRow) -> bool {
    let people = accounts(&ended.who);
    let is_one_of_them = |id: &AccountId| *id != overseen.owner && people.contains(id);
    overseen
        .access
        .iter()
        .filter(|row| row.grant != ended.grant && matches!(row.status, AccessStatus::Live | AccessStatus::Pending))
        .any(|row| key(&row.who) == key(&ended.who) || accounts(&row.who).iter().any(is_one_of_them))
}

/// The accounts that a line lets in.
fn accounts(who: &AccessWho) -> Vec<AccountId> {
    match who {
        AccessWho::Person(person) => vec![person.id],
        AccessWho::Account(id) => vec![*id],
        AccessWho::Invitation(_) => Vec::new(),
        AccessWho::Team(team) => team.members.iter().map(|(id, _, _)| *id).collect(),
    }
}

#[cfg(test)]
mod tests {
    use api_types::{GrantId, TeamId, grants::Right};

    use super::*;
    use crate::sharing::AccessTeam;

    fn row(who: AccessWho, status: AccessStatus, granted_at: i64, own: bool) -> AccessRow {
        AccessRow {
            grant: GrantId([0; 16]),
            who,
            right: Right::View,
            status,
            purpose: "treatment".to_owned(),
            granted_by: AccountId([9; 32]),
            granted_by_name: None,
            granted_at,
            expires_at: 0,
            tries_left: None,
            own,
            may_revoke: true,
        }
    }

    fn overseen(report: u8, access: Vec<AccessRow>) -> Overseen {
        Overseen {
            report: ReportId([report; 32]),
            owner: AccountId([9; 32]),
            access,
            purposes: Default::default(),
            names: Default::default(),
            events: Vec::new(),
            complete: true,
            removed_before: None,
            erased: None,
        }
    }

    fn somebody(n: u8) -> AccessWho {
        AccessWho::Account(AccountId([n; 32]))
    }

    #[test]
    fn each_person_comes_once_with_all_of_their_reports() {
        let all = [
            overseen(
                1,
                vec![
                    row(somebody(9), AccessStatus::Live, 0, true),
                    row(somebody(1), AccessStatus::Live, 10, false),
                    row(somebody(1), AccessStatus::Revoked, 5, false),
                ],
            ),
            overseen(2, vec![row(somebody(2), AccessStatus::Pending, 20, false)]),
            overseen(3, vec![row(somebody(1), AccessStatus::Locked, 30, false)]),
        ];
        let people = by_person(&all);
        assert_eq!(people.len(), 2, "the owner is not among them");
        assert_eq!(people[0].who, somebody(1), "whose newest grant is the newest");
        let reports = |list: &[HeldReport]| list.iter().map(|held| held.report.0[0]).collect::<Vec<_>>();
        assert_eq!((reports(&people[0].now), reports(&people[0].ended)), (vec![3, 1], vec![1]));
        assert_eq!(reports(&people[1].now), [2]);
    }

    #[test]
    fn who_has_nothing_any_more_comes_last() {
        let all = [overseen(
            1,
            vec![
                row(somebody(1), AccessStatus::Expired, 50, false),
                row(somebody(2), AccessStatus::Live, 1, false),
                row(AccessWho::Invitation("ab".into()), AccessStatus::Pending, 2, false),
            ],
        )];
        let people = by_person(&all);
        assert_eq!(people.last().map(|person| &person.who), Some(&somebody(1)));
        assert!(people[2].now.is_empty());
    }

    #[test]
    fn what_was_just_ended_stays_in_its_place() {
        let ended = AccessRow { grant: GrantId([7; 16]), ..row(somebody(1), AccessStatus::Revoked, 20, false) };
        let all = [
            overseen(1, vec![ended, row(somebody(1), AccessStatus::Revoked, 5, false)]),
            overseen(2, vec![row(somebody(2), AccessStatus::Live, 10, false)]),
            overseen(3, vec![row(somebody(3), AccessStatus::Live, 30, false)]),
        ];
        let people = by_person(&all);
        let keys = |people: &[PersonAccess]| people.iter().map(|person| person.key.clone()).collect::<Vec<_>>();
        let of = |n: u8| AccountId([n; 32]).to_string();
        assert_eq!(keys(&with_ended(&people, |_| false)), [of(3), of(2)], "who has nothing is not among them");
        let kept = with_ended(&people, |held| held.row.grant == GrantId([7; 16]));
        assert_eq!(keys(&kept), [of(3), of(1), of(2)]);
        assert_eq!((kept[1].now.len(), kept[1].ended.len()), (1, 2), "what ended before does not come back");
    }

    #[test]
    fn an_ended_access_may_not_be_the_last_one() {
        let ended = |who: AccessWho| AccessRow { grant: GrantId([7; 16]), ..row(who, AccessStatus::Revoked, 1, false) };
        let team = |members: &[u8]| {
            let members = members.iter().map(|n| (AccountId([*n; 32]), None, false)).collect();
            AccessWho::Team(Box::new(AccessTeam { id: TeamId([4; 32]), name: "Ward".to_owned(), members }))
        };
        let with = |who: AccessWho, status: AccessStatus, of: &AccessRow| {
            opens_still(&overseen(1, vec![of.clone(), row(who, status, 2, false)]), of)
        };
        let person = ended(somebody(1));
        assert!(with(somebody(1), AccessStatus::Live, &person) && with(somebody(1), AccessStatus::Pending, &person));
        assert!(
            !with(somebody(1), AccessStatus::Expired, &person) && !with(somebody(1), AccessStatus::Locked, &person)
        );
        assert!(!with(somebody(2), AccessStatus::Live, &person), "somebody else's");
        assert!(with(team(&[1, 2]), AccessStatus::Live, &person) && !with(team(&[2]), AccessStatus::Live, &person));
        let of_team = ended(team(&[1, 9]));
        assert!(with(somebody(1), AccessStatus::Live, &of_team), "a member's own");
        assert!(!with(somebody(9), AccessStatus::Live, &of_team), "the owner's own is no news");
    }
}
