//! An accounting of disclosures: who received what of somebody's reports, when and why (45 CFR 164.528(b)).
//!
//! A disclosure is that somebody else opened the report, that its title and fields came to them with their list of reports, and
//! also that they were given access, since that releases it too: such a line stands where they have not received anything. Disclosures to the same person of the same report for the same
//! purpose may be one line with the first and last date and their number, as 164.528(b)(3) allows.

use std::collections::{BTreeMap, BTreeSet};

use api_types::{
    AccountId, ReportId,
    audit::{Action, AuditEvent, Outcome},
};

use super::{
    Overseen,
    visits::{Visit, visits, weakest},
};
use crate::{
    log::Mark,
    reports::{ActorName, ExplainedEvent, Held, said},
};

/// A report that may have been disclosed, and what it is called: that stands in no event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject<'a> {
    /// Its verified access and events.
    pub overseen: &'a Overseen,
    /// Its title.
    pub title: &'a str,
    /// Its kind; empty where none was given.
    pub kind: &'a str,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DisclosureKind {
    /// They opened it.
    Opened,
    /// Its title and fields came to them with their list of reports.
    Listed,
    /// They were given access, and received nothing of it in these days.
    AccessGiven,
}

/// One line of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosure {
    /// What happened.
    pub what: DisclosureKind,
    /// Who received it.
    pub recipient: AccountId,
    /// That person's name, as far as this client knows it.
    pub name: Option<String>,
    /// Where it doesn't: what the server calls them.
    pub server_says: Option<String>,
    /// Which report.
    pub report: ReportId,
    /// Its title.
    pub title: String,
    /// Its kind.
    pub kind: String,
    /// The versions that were opened or listed, or to which access was given; empty for all of them.
    pub versions: Vec<u32>,
    /// Why, as signed in the access chain; empty where no grant was held.
    pub purposes: Vec<String>,
    /// When, or when first.
    pub first: i64,
    /// When last.
    pub last: i64,
    /// How many times in these days.
    pub count: usize,
    /// What the public log says of all of them; access is verified by the signed chain.
    pub mark: Mark,
}

/// The account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Accounting {
    /// The oldest first.
    pub lines: Vec<Disclosure>,
    /// Reports that were looked through.
    pub reports: usize,
    /// Those of them that were erased since.
    pub erased: usize,
    /// Their events in these days.
    pub events: usize,
    /// How many of those were found in the public log.
    pub verified: usize,
    /// Reports whose events could not be followed down to the first.
    pub incomplete: Vec<ReportId>,
}

/// Accounts for what was disclosed from `from` on and before `until`, in Unix milliseconds.
pub fn account_for(subjects: &[Subject<'_>], from: i64, until: i64, summarise: bool) -> Accounting {
    let mut account = Accounting { reports: subjects.len(), ..Accounting::default() };
    for subject in subjects {
        let overseen = subject.overseen;
        account.erased += usize::from(overseen.erased.is_some());
        let within = |time: i64| (from..until).contains(&time);
        let events = || overseen.events.iter().filter(|explained| within(explained.checked.event.time));
        account.events += events().count();
        account.verified += events().filter(|explained| explained.checked.mark == Mark::Verified).count();
        if !overseen.complete && overseen.removed_before.is_none() {
            account.incomplete.push(overseen.report);
        }
        let received = visits(events().filter(|explained| is_disclosure(overseen, &explained.checked.event)));
        let mut lines: Vec<Disclosure> = received.iter().filter_map(|visit| receiving(subject, visit)).collect();
        if summarise {
            lines = summary(lines);
        }
        let given = overseen.purposes.held().iter().filter_map(|held| giving(subject, held));
        let given: Vec<Disclosure> = given.filter(|line| within(line.first) && !is_among(line, &lines)).collect();
        account.lines.extend(if summarise { summary(given) } else { given });
        account.lines.extend(lines);
    }
    account.lines.sort_by_key(|line| (line.first, line.last));
    account
}

/// Whether something of the report went to somebody else.
fn is_disclosure(overseen: &Overseen, event: &AuditEvent) -> bool {
    matches!(event.action, Action::Open | Action::List)
        && event.outcome == Outcome::Success
        && event.actor.is_some_and(|actor| actor != overseen.owner)
}

/// The known name, or the server's.
fn either(who: Option<&ActorName>) -> (Option<String>, Option<String>) {
    let owned = |name: Option<&str>| name.map(str::to_owned);
    (owned(who.and_then(ActorName::known)), owned(who.and_then(ActorName::server_says)))
}

fn receiving(subject: &Subject<'_>, visit: &Visit) -> Option<Disclosure> {
    let (name, server_says) = either(visit.who.as_ref());
    let listed = visit.event.action == Action::List;
    Some(Disclosure {
        what: if listed { DisclosureKind::Listed } else { DisclosureKind::Opened },
        recipient: visit.event.actor?,
        name,
        server_says,
        report: subject.overseen.report,
        title: subject.title.to_owned(),
        kind: subject.kind.to_owned(),
        versions: visit.versions.iter().copied().collect(),
        purposes: visit.purposes.clone(),
        first: visit.since,
        last: visit.event.time,
        count: 1,
        mark: visit.mark,
    })
}

/// A grant as a disclosure, dated when it began to open the report: with an access code, when that was entered.
fn giving(subject: &Subject<'_>, held: &Held) -> Option<Disclosure> {
    let overseen = subject.overseen;
    if held.holder == overseen.owner {
        return None;
    }
    let (time, mark) = if held.with_code { redeemed(overseen, held)? } else { (held.from, Mark::Verified) };
    let all = held.first_version == 1 && held.last_version == u32::MAX;
    let versions = if all { Vec::new() } else { vec![held.first_version, held.last_version] };
    let (name, server_says) = either(holder_name(overseen, &held.holder).as_ref());
    Some(Disclosure {
        what: DisclosureKind::AccessGiven,
        recipient: held.holder,
        name,
        server_says,
        report: overseen.report,
        title: subject.title.to_owned(),
        kind: subject.kind.to_owned(),
        versions,
        purposes: vec![held.purpose.clone()],
        first: time,
        last: time,
        count: 1,
        mark,
    })
}

/// What a holder is called: where it isn't known, as the server says beside something that they did.
fn holder_name(overseen: &Overseen, holder: &AccountId) -> Option<ActorName> {
    let known = overseen.names.name(holder, &overseen.purposes, None);
    let did = |explained: &&ExplainedEvent| explained.checked.event.actor == Some(*holder) && explained.who.is_some();
    known.or_else(|| overseen.events.iter().find(did)?.who.clone())
}

/// When a grant's access code was entered, for the first time.
fn redeemed(overseen: &Overseen, held: &Held) -> Option<(i64, Mark)> {
    let grant = held.grant.to_string();
    let redeems = |explained: &&ExplainedEvent| {
        let event = &explained.checked.event;
        event.action == Action::Redeem
            && event.outcome == Outcome::Success
            && said(event, "what") == Some("seed")
            && said(event, "grant") == Some(grant.as_str())
    };
    let oldest = overseen.events.iter().rev().find(redeems)?;
    Some((oldest.checked.event.time, oldest.checked.mark))
}

/// Whether what was opened says what a giving of access would. A list comes by itself, and says less.
fn is_among(given: &Disclosure, lines: &[Disclosure]) -> bool {
    let same = |line: &Disclosure| line.recipient == given.recipient && line.purposes.contains(&given.purposes[0]);
    lines.iter().filter(|line| line.what == DisclosureKind::Opened).any(same)
}

/// One line for each recipient, purpose and kind. All lines are of one report.
fn summary(lines: Vec<Disclosure>) -> Vec<Disclosure> {
    let mut sums: BTreeMap<(AccountId, Vec<String>, DisclosureKind), Disclosure> = BTreeMap::new();
    for line in lines {
        match sums.entry((line.recipient, line.purposes.clone(), line.what)) {
            std::collections::btree_map::Entry::Vacant(empty) => {
                empty.insert(line);
            }
            std::collections::btree_map::Entry::Occupied(sum) => add(sum.into_mut(), &line),
        }
    }
    sums.into_values().collect()
}

fn add(sum: &mut Disclosure, line: &Disclosure) {
    sum.first = sum.first.min(line.first);
    sum.last = sum.last.max(line.last);
    sum.count += line.count;
    sum.mark = weakest(sum.mark, line.mark);
    // No versions are all of them.
    sum.versions = match sum.versions.is_empty() || line.versions.is_empty() {
        true if sum.what == DisclosureKind::AccessGiven => Vec::new(),
        _ => sum.versions.iter().chain(&line.versions).copied().collect::<BTreeSet<_>>().into_iter().collect(),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        log::CheckedEvent,
        reports::{
            Purposes, names_tests,
            purposes_tests::{event, held},
        },
    };

    const HOUR: i64 = 3_600_000;
    const OWNER: u8 = 9;

    fn overseen(held: Vec<Held>, mut events: Vec<CheckedEvent>) -> Overseen {
        events.sort_by_key(|checked| std::cmp::Reverse(checked.event.time));
        let purposes = Purposes::new(held);
        let names = names_tests::called([(1, "Person 1", false), (2, "Person 2", false), (OWNER, "Owner", true)]);
        Overseen {
            report: ReportId([1; 32]),
            owner: AccountId([OWNER; 32]),
            access: Vec::new(),
            events: purposes.explain(events, &names),
            names,
            purposes,
            complete: true,
            removed_before: None,
            erased: None,
        }
    }

    fn open(actor: u8, hours: i64, version: u32) -> CheckedEvent {
        event(1, actor, hours * HOUR, Action::Open, &format!("version={version} part=0"))
    }

    fn account(overseen: &Overseen, from: i64, until: i64, summarise: bool) -> Accounting {
        let subject = Subject { overseen, title: "Blood count", kind: "Laboratory" };
        account_for(&[subject], from * HOUR, until * HOUR, summarise)
    }

    #[test]
    fn repeated_disclosures_for_one_purpose_are_one_line() {
        let grants = vec![held(1, 1, "treatment", 0, Some(50 * HOUR)), held(2, 1, "billing", 60 * HOUR, None)];
        let one = overseen(grants, vec![open(1, 1, 1), open(1, 5, 2), open(1, 9, 2), open(1, 70, 2)]);
        let lines = account(&one, 0, 100, true).lines;
        assert_eq!(lines.len(), 2, "two purposes");
        let first = &lines[0];
        assert_eq!((first.first, first.last, first.count), (HOUR, 9 * HOUR, 3));
        assert_eq!(
            (first.purposes.as_slice(), first.versions.as_slice()),
            (&["treatment".to_owned()][..], &[1, 2][..])
        );
        assert_eq!((first.title.as_str(), first.kind.as_str()), ("Blood count", "Laboratory"));
        assert_eq!(first.name.as_deref(), Some("Person 1"));
        assert_eq!(lines[1].purposes, ["billing"]);
        assert_eq!(account(&one, 0, 100, false).lines.len(), 4, "or each of them");
    }

    #[test]
    fn the_server_names_a_stranger_as_somebody_known() {
        let named = |actor: u8, name: &str| {
            let mut opened = open(actor, 1, 1);
            opened.event.actor_name = Some(name.to_owned());
            let one = overseen(vec![held(1, 1, "treatment", 0, None)], vec![opened]);
            let line = account(&one, 0, 100, true).lines.into_iter().find(|line| line.what == DisclosureKind::Opened);
            line.map(|line| (line.name, line.server_says))
        };
        let known = Some("Person 1".to_owned());
        assert_eq!(named(1, "Person 2"), Some((known.clone(), None)), "who is known keeps their name");
        for stranger in [2, 3] {
            assert_eq!(named(stranger, "Person 1"), Some((None, known.clone())), "{stranger}");
        }
    }

    #[test]
    fn what_lies_outside_the_days_is_not_in_it() {
        let one = overseen(vec![held(1, 1, "treatment", 0, None)], vec![open(1, 1, 1), open(1, 5, 1), open(1, 9, 1)]);
        let some = account(&one, 5, 9, true);
        assert_eq!(
            (some.lines.len(), some.lines[0].count),
            (1, 1),
            "the first day is in it, the day after the last isn't"
        );
        assert_eq!((some.events, some.verified, some.reports), (1, 1, 1));
        assert!(account(&one, 20, 30, true).lines.is_empty());
    }

    #[test]
    fn own_looks_and_refusals_are_no_disclosures() {
        let mut denied = open(1, 2, 1);
        denied.event.outcome = Outcome::Denied;
        let read = event(1, 1, 3 * HOUR, Action::Read, "");
        let one = overseen(vec![held(1, OWNER, "own", 0, None)], vec![open(OWNER, 1, 1), denied, read]);
        assert!(account(&one, 0, 100, true).lines.is_empty());
    }

    #[test]
    fn access_that_nobody_used_is_a_line_of_its_own() {
        let grants = vec![held(1, 1, "treatment", 2 * HOUR, None), held(2, 2, "referral", 3 * HOUR, None)];
        let one = overseen(grants, vec![open(1, 5, 1)]);
        let lines = account(&one, 0, 100, true).lines;
        assert_eq!(
            lines.iter().map(|line| line.what).collect::<Vec<_>>(),
            [DisclosureKind::AccessGiven, DisclosureKind::Opened]
        );
        assert_eq!((lines[0].recipient, lines[0].first), (AccountId([2; 32]), 3 * HOUR));
        assert!(lines[0].versions.is_empty(), "all of them");
    }

    fn list(actor: u8, hours: i64, version: u32) -> CheckedEvent {
        event(1, actor, hours * HOUR, Action::List, &format!("of=reports version={version} revision=0"))
    }

    #[test]
    fn what_came_with_a_list_is_a_disclosure_to_whoever_listed() {
        let grants = || vec![held(1, 1, "treatment", 0, None)];
        let one = overseen(grants(), vec![list(1, 3, 1), list(OWNER, 4, 1)]);
        let lines = account(&one, 0, 100, true).lines;
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[0].what, lines[0].first), (DisclosureKind::AccessGiven, 0), "which was more");
        assert!(lines[0].versions.is_empty(), "all of them");
        assert_eq!((lines[1].what, lines[1].name.as_deref()), (DisclosureKind::Listed, Some("Person 1")));
        assert_eq!((lines[1].first, lines[1].versions.as_slice()), (3 * HOUR, &[1][..]));
        assert_eq!(lines[1].purposes, ["treatment"]);
        let one = overseen(grants(), vec![list(1, 3, 1), open(1, 5, 1), list(1, 7, 2)]);
        let lines = account(&one, 0, 100, true).lines;
        assert_eq!(lines.len(), 2, "and access given says no more");
        assert_eq!((lines[0].what, lines[0].count), (DisclosureKind::Listed, 2));
        assert_eq!((lines[0].first, lines[0].last), (3 * HOUR, 7 * HOUR));
        assert_eq!(lines[0].versions, [1, 2]);
        assert_eq!(
            (lines[1].what, lines[1].versions.as_slice()),
            (DisclosureKind::Opened, &[1][..]),
            "version 2 was not"
        );
        let each: Vec<_> = account(&one, 0, 100, false).lines.iter().map(|line| line.what).collect();
        assert_eq!(each, [DisclosureKind::Listed, DisclosureKind::Opened, DisclosureKind::Listed]);
    }

    #[test]
    fn an_access_code_discloses_when_it_is_entered() {
        let mut grant = held(1, 1, "treatment", 2 * HOUR, None);
        grant.with_code = true;
        let unused = overseen(vec![grant.clone()], Vec::new());
        assert!(account(&unused, 0, 100, true).lines.is_empty(), "nobody entered it");
        let subject = format!("grant={} what=seed", grant.grant);
        let used = overseen(vec![grant], vec![event(1, 1, 7 * HOUR, Action::Redeem, &subject)]);
        let lines = account(&used, 0, 100, true).lines;
        assert_eq!((lines[0].what, lines[0].first), (DisclosureKind::AccessGiven, 7 * HOUR));
    }

    #[test]
    fn a_line_is_as_verified_as_its_weakest_event() {
        let mut unchecked = open(1, 5, 1);
        unchecked.mark = Mark::Unchecked;
        let one = overseen(vec![held(1, 1, "treatment", 0, None)], vec![open(1, 1, 1), unchecked]);
        let all = account(&one, 0, 100, true);
        assert_eq!((all.lines[0].mark, all.events, all.verified), (Mark::Unchecked, 2, 1));
    }

    #[test]
    fn an_erased_report_is_accounted_for_as_any() {
        let mut one = overseen(vec![held(1, 1, "treatment", 0, None)], vec![open(1, 1, 1)]);
        one.erased = Some(2 * HOUR);
        let all = account(&one, 0, 100, true);
        assert_eq!((all.lines.len(), all.reports, all.erased), (1, 1, 1));
    }

    #[test]
    fn what_could_not_be_followed_is_named() {
        let mut one = overseen(Vec::new(), Vec::new());
        one.complete = false;
        assert_eq!(account(&one, 0, 1, true).incomplete, [one.report]);
    }
}
