//! `hs retention` and `hs admin retention`: how long the organisation has its people keep reports.

use client::{DueReport, DueReports, RetentionPolicy, RetentionRule};
use serde::Serialize;
use serde_json::json;

use super::security::confirmed;
use crate::{
    args::AdminRetention,
    context::Context,
    error::{CliError, Result},
    output::{table, time},
};

#[derive(Serialize)]
struct Shown {
    rules: Vec<Rule>,
    due: Vec<Due>,
    unread: Vec<Unread>,
}

/// A report that could not be looked at.
#[derive(Serialize)]
struct Unread {
    report_id: api_types::ReportId,
    why: String,
}

#[derive(Serialize)]
struct Rule {
    /// Empty for every other kind.
    kind: String,
    years: u16,
}

#[derive(Serialize)]
struct Due {
    report_id: api_types::ReportId,
    title: String,
    kind: String,
    newest: i64,
    kept_until: i64,
}

impl From<RetentionRule> for Rule {
    fn from(rule: RetentionRule) -> Self {
        Self { kind: rule.kind, years: rule.years }
    }
}

impl From<DueReport> for Due {
    fn from(due: DueReport) -> Self {
        let DueReport { report, title, kind, newest, kept_until, .. } = due;
        Self { report_id: report, title, kind, newest, kept_until }
    }
}

/// `hs retention`.
pub async fn own(context: &Context) -> Result<()> {
    let shown = context
        .with_vault(async |vault| {
            let Some(policy) = vault.retention_policy().await? else {
                return Ok(Shown { rules: Vec::new(), due: Vec::new(), unread: Vec::new() });
            };
            let DueReports { due, unread } = vault.all_due(&policy).await?;
            let RetentionPolicy { rules, .. } = policy;
            let unread = unread.into_iter().map(|(report_id, why)| Unread { report_id, why: why.to_string() });
            Ok(Shown {
                rules: rules.into_iter().map(Rule::from).collect(),
                due: due.into_iter().map(Due::from).collect(),
                unread: unread.collect(),
            })
        })
        .await?;
    for Unread { report_id, why } in &shown.unread {
        context.output.note(&format!("{} could not be looked at: {why}", super::short(report_id)));
    }
    context.output.result(&shown, text);
    Ok(())
}

fn rules(rules: &[Rule]) -> String {
    let rows = rules.iter().map(|rule| {
        let kind = if rule.kind.is_empty() { "every other kind" } else { &rule.kind };
        vec![kind.to_owned(), format!("{} years", rule.years)]
    });
    table(&["KIND", "KEPT FOR"], &rows.collect::<Vec<_>>())
}

fn text(shown: &Shown) -> String {
    if shown.rules.is_empty() {
        return "The organisation has no rules on how long reports are kept.".to_owned();
    }
    let mut out = rules(&shown.rules);
    if shown.due.is_empty() {
        out.push_str("\n\nNone of your reports has been kept for as long as that.");
        return out;
    }
    let rows = shown.due.iter().map(|due| {
        vec![super::short(&due.report_id), due.title.clone(), due.kind.clone(), time(due.newest), time(due.kept_until)]
    });
    out.push_str("\n\nKept for as long as the rules say; `hs erase` erases one. Nothing is erased by itself.\n");
    out.push_str(&table(&["REPORT", "TITLE", "KIND", "NEWEST VERSION", "KEPT UNTIL"], &rows.collect::<Vec<_>>()));
    out
}

/// `Laboratory=10`, or `*=10` for every other kind.
fn parse(text: &str) -> Result<RetentionRule> {
    let rule = text.rsplit_once('=').and_then(|(kind, years)| {
        let years = years.trim().parse().ok()?;
        let kind = match kind.trim() {
            "" => return None,
            "*" => String::new(),
            kind => kind.to_owned(),
        };
        Some(RetentionRule { kind, years })
    });
    rule.ok_or_else(|| {
        CliError::Argument(format!("{text:?} is no rule: a kind, = and years, for instance Laboratory=10"))
    })
}

/// `hs admin retention`.
pub async fn administer(context: &Context, args: &AdminRetention) -> Result<()> {
    let new = args.rules.iter().map(|text| parse(text)).collect::<Result<Vec<_>>>()?;
    let set: Vec<Rule> = new.iter().cloned().map(Rule::from).collect();
    context
        .with_vault(async |vault| {
            confirmed(context, vault, async || vault.set_retention_policy(new.clone()).await).await
        })
        .await?;
    context.output.result(&json!({ "rules": set }), |_| match set.is_empty() {
        true => "The organisation has no rules on how long reports are kept any more.".to_owned(),
        false => rules(&set),
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_a_kind_and_years() {
        let read = |text: &str| parse(text).map(|rule| (rule.kind, rule.years)).ok();
        assert_eq!(read("Laboratory=10"), Some(("Laboratory".to_owned(), 10)));
        assert_eq!(read(" a=b = 3 "), Some(("a=b".to_owned(), 3)));
        assert_eq!(read("*=7"), Some((String::new(), 7)));
        for bad in ["", "=7", "Laboratory", "Laboratory=", "Laboratory=ten", "x=-1", "x=99999"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
