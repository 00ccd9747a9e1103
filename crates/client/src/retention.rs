//! The organisation's rules on how long reports of each kind are kept, applied where the kind is known: here. The server gives
//! them out and learns nothing. A rule only suggests: an owner erases, nobody else does.

use api_types::{B64, ReportId, UnixMillis, retention::PutRetentionRules};
use crypto::{
    account::{RETENTION_RULES_MAX, RETENTION_YEARS_MAX, RetentionRules},
    defence::Defence,
    sign::Signed,
};
use time::{Date, Month, OffsetDateTime};
use unicode_normalization::UnicodeNormalization;

pub use crypto::account::RetentionRule;

use crate::{
    archive::is_fatal,
    content::{Field, FieldProblem, wrong},
    error::{ClientError, Result},
    memory::SeenRules,
    platform::Platform,
    refusal::Refusal,
    reports::ReportRow,
    vault::Vault,
};

/// The rules, verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// Counts the organisation's statements, from 1.
    pub number: u32,
    /// When they were signed.
    pub time: UnixMillis,
    /// A rule for each kind that has one; one without a kind counts for all others.
    pub rules: Vec<RetentionRule>,
}

/// A report of one's own that has been kept for as long as the rules say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueReport {
    /// The report.
    pub report: ReportId,
    /// Its title, or its number where it has none.
    pub title: String,
    /// Its kind.
    pub kind: String,
    /// Years that such reports are kept.
    pub years: u16,
    /// When its newest version was signed.
    pub newest: UnixMillis,
    /// Until when it was to be kept.
    pub kept_until: UnixMillis,
}

/// What a look through all reports came to.
#[derive(Debug, Default)]
pub struct DueReports {
    /// Kept for as long as the rules say.
    pub due: Vec<DueReport>,
    /// Those that could not be looked at, and why.
    pub unread: Vec<(ReportId, ClientError)>,
}

impl DueReports {
    /// One that doesn't open hides none of the others, unless it isn't about that one alone.
    fn leave_out(&mut self, report: ReportId, error: ClientError) -> Result<()> {
        if is_fatal(&error) {
            return Err(error);
        }
        self.unread.push((report, error));
        Ok(())
    }
}

/// A kind as it is compared: "Laboratory", "laboratory " and "LABORATORY" are one.
fn fold(kind: &str) -> String {
    kind.trim().nfc().flat_map(char::to_lowercase).collect()
}

impl RetentionPolicy {
    /// For how many years reports of a kind are kept.
    pub fn years_for(&self, kind: &str) -> Option<u16> {
        let of = |wanted: &str| self.rules.iter().find(|rule| fold(&rule.kind) == wanted).map(|rule| rule.years);
        of(&fold(kind)).or_else(|| of(""))
    }

    /// Until when a report of a kind is kept whose newest version is of this time.
    pub fn kept_until(&self, kind: &str, newest: UnixMillis) -> Option<UnixMillis> {
        years_after(newest, self.years_for(kind)?)
    }
}

/// The same moment so many years later; the 1st of March where that year has no 29th of February.
fn years_after(time: UnixMillis, years: u16) -> Option<UnixMillis> {
    let at = OffsetDateTime::from_unix_timestamp(time.div_euclid(1_000)).ok()?;
    let year = at.year().checked_add(i32::from(years))?;
    let date = at.date().replace_year(year).or_else(|_| Date::from_calendar_date(year, Month::March, 1)).ok()?;
    Some(at.replace_date(date).unix_timestamp().checked_mul(1_000)?.saturating_add(time.rem_euclid(1_000)))
}

/// Rules as they are signed: in order, no kind twice.
fn settle(rules: Vec<RetentionRule>) -> Result<Vec<RetentionRule>> {
    if rules.len() > RETENTION_RULES_MAX {
        return Err(wrong(Field::Retention, FieldProblem::TooMany(RETENTION_RULES_MAX)).into());
    }
    let mut settled = Vec::with_capacity(rules.len());
    let mut folded = std::collections::BTreeSet::new();
    for RetentionRule { kind, years } in rules {
        let kind: String = kind.trim().nfc().collect();
        crate::content::check_kind(&kind)?;
        if !(1..=RETENTION_YEARS_MAX).contains(&years) {
            return Err(wrong(Field::Retention, FieldProblem::Range).into());
        }
        if !folded.insert(fold(&kind)) {
            return Err(wrong(Field::Kind, FieldProblem::Doubled).into());
        }
        settled.push(RetentionRule { kind, years });
    }
    settled.sort();
    Ok(settled)
}

impl<P: Platform> Vault<P> {
    /// The organisation's rules; `None` where it never made any.
    ///
    /// # Errors
    /// [`Refusal::RetentionRulesForged`], [`Refusal::RetentionRulesOlder`]; no connection.
    pub async fn retention_policy(&self) -> Result<Option<RetentionPolicy>> {
        let answer = self.api().get_retention_rules().await?;
        let seen = self.memory().retention_rules.clone().filter(|_| Defence::RulesSeen.holds());
        let Some(statement) = answer.statement else {
            return if seen.is_none() { Ok(None) } else { Err(Refusal::RetentionRulesOlder.into()) };
        };
        let (policy, now) = self.verify_rules(&statement)?;
        match seen {
            Some(seen) if seen.number > now.number => return Err(Refusal::RetentionRulesOlder.into()),
            Some(seen) if seen.number == now.number && seen.hash != now.hash => {
                return Err(Refusal::RetentionRulesOlder.into());
            }
            _ => self.memory().retention_rules = Some(now),
        }
        Ok(Some(policy))
    }

    fn verify_rules(&self, statement: &B64) -> Result<(RetentionPolicy, SeenRules), Refusal> {
        let forged = |why: String| Refusal::RetentionRulesForged(why);
        let pinned = self.pinned();
        let key = pinned.organisation.ok_or_else(|| forged("the organisation has no key".to_owned()))?;
        let signed = Signed::<RetentionRules>::parse(&statement.0).map_err(|error| forged(error.to_string()))?;
        let said = signed.verify_rules(&key, &pinned.instance).map_err(|error| forged(error.to_string()))?;
        let policy = RetentionPolicy { number: said.number, time: said.time, rules: said.rules.clone() };
        Ok((policy, SeenRules { number: said.number, hash: B64(signed.hash().0.to_vec()) }))
    }

    /// Replaces the rules, signed under the organisation key. The session must be confirmed ([`Vault::confirm`]).
    ///
    /// # Errors
    /// A field that breaks a limit; [`ClientError::NotAllowed`] without the organisation key; `confirmation_required`;
    /// `conflict` where somebody else was quicker; no connection.
    pub async fn set_retention_policy(&self, rules: Vec<RetentionRule>) -> Result<()> {
        let rules = settle(rules)?;
        let key = self.organisation()?;
        let number = self.retention_policy().await?.map_or(0, |policy| policy.number).saturating_add(1);
        let said = RetentionRules { instance: self.pinned().instance, number, time: self.now(), rules };
        let signed = key.sign_rules(said);
        let statement = B64::from(signed.as_bytes());
        self.api().put_retention_rules(&PutRetentionRules { statement }).await?;
        let seen = SeenRules { number, hash: B64(signed.hash().0.to_vec()) };
        self.memory().retention_rules = Some(seen);
        Ok(())
    }

    /// Looks through all of one's reports ([`Vault::due`]).
    ///
    /// # Errors
    /// No connection; the refusals of [`Refusal::stops_session`].
    pub async fn all_due(&self, policy: &RetentionPolicy) -> Result<DueReports> {
        let listed = self.list_all().await?;
        let mut all = DueReports::default();
        for (id, error) in listed.refused {
            all.leave_out(id, error)?;
        }
        for row in &listed.rows {
            match self.due(policy, row).await {
                Ok(due) => all.due.extend(due),
                Err(error) => all.leave_out(row.id, error)?,
            }
        }
        Ok(all)
    }

    /// Whether a report of one's own has been kept for as long as the rules say. A row is the server's word: where it says so, the
    /// report is opened (an audited read), and only what its signed versions say counts.
    ///
    /// # Errors
    /// As [`Vault::report`] and [`Vault::version`].
    pub async fn due(&self, policy: &RetentionPolicy, row: &ReportRow) -> Result<Option<DueReport>> {
        let over = |kind: &str, time| policy.kept_until(kind, time).filter(|until| *until <= self.now());
        if row.owner != self.account_id() || over(&row.fields.kind, row.updated_at).is_none() {
            return Ok(None);
        }
        let report = self.report(&row.id).await?;
        let newest = report.newest().ok_or(ClientError::Missing { what: "That version" })?.clone();
        if report.access.owner() != self.account_id() || over(&row.fields.kind, newest.time).is_none() {
            return Ok(None);
        }
        let fields = self.version(&report, newest.version).await?.content.fields;
        let Some(kept_until) = over(&fields.kind, newest.time) else { return Ok(None) };
        let years = policy.years_for(&fields.kind).unwrap_or_default();
        let named = [&fields.title, &fields.report_number].into_iter().find(|text| !text.trim().is_empty());
        let title = named.cloned().unwrap_or_default();
        let kind = fields.kind.clone();
        Ok(Some(DueReport { report: row.id, title, kind, years, newest: newest.time, kept_until }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(kind: &str, years: u16) -> RetentionRule {
        RetentionRule { kind: kind.to_owned(), years }
    }

    fn policy(rules: &[(&str, u16)]) -> RetentionPolicy {
        let rules = rules.iter().map(|(kind, years)| rule(kind, *years)).collect();
        RetentionPolicy { number: 1, time: 0, rules }
    }

    fn at(text: &str) -> UnixMillis {
        let day = crate::oversight::day(text).expect("a day");
        day.midnight().assume_utc().unix_timestamp() * 1_000
    }

    #[test]
    fn a_kind_is_one_however_it_is_written() {
        let rules = policy(&[("", 10), ("Labor\u{e9}", 3)]);
        for kind in ["Labor\u{e9}", " labore\u{301} ", "LABOR\u{c9}"] {
            assert_eq!(rules.years_for(kind), Some(3), "{kind}");
        }
        assert_eq!((rules.years_for("Letter"), rules.years_for("")), (Some(10), Some(10)));
        assert_eq!(policy(&[("Letter", 1)]).years_for("Imaging"), None, "no rule says anything");
    }

    #[test]
    fn years_are_those_of_the_calendar() {
        let rules = policy(&[("", 1), ("ten", 10)]);
        assert_eq!(rules.kept_until("", at("2023-03-01") + 7), Some(at("2024-03-01") + 7));
        assert_eq!(rules.kept_until("", at("2024-02-29")), Some(at("2025-03-01")), "never a day too few");
        assert_eq!(rules.kept_until("ten", at("2020-02-29")), Some(at("2030-03-01")));
        assert_eq!(rules.kept_until("", i64::MAX), None, "no day of the calendar");
    }

    #[test]
    fn rules_are_settled_before_they_are_signed() {
        let settled = settle(vec![rule(" Letter ", 5), rule("", 1), rule("Imaging", 30)]).expect("rules");
        assert_eq!(settled, [rule("", 1), rule("Imaging", 30), rule("Letter", 5)]);
        let code = |rules| settle(rules).map(drop).map_err(|error| error.to_string());
        assert_eq!(code(vec![rule("Letter", 5), rule("LETTER ", 6)]), Err("kind stands there twice".to_owned()));
        assert_eq!(code(vec![rule("a", 0)]), Err("retention is outside of what is allowed".to_owned()));
        assert!(code(vec![rule("a\nb", 1)]).is_err() && code(vec![rule(&"x".repeat(201), 1)]).is_err());
        assert!(code((0..65).map(|n| rule(&n.to_string(), 1)).collect()).is_err());
    }
}
