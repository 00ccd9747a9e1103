//! An accounting of disclosures as it is printed (45 CFR 164.528): a clean sheet, what isn't in it, how it was verified.

use client::{
    ActorName, Mark,
    log::LogHead,
    oversight::{Accounting, Disclosure, DisclosureKind},
};
use leptos::prelude::*;

use crate::{
    browser,
    components::Card,
    pages::signed_in::access_line::{actor_text, purpose_word},
    t,
    vault::admin::origin,
};

/// Everything that stands on the sheet.
#[derive(Clone)]
pub(super) struct Sheet {
    /// Whom it is about.
    pub name: String,
    pub account_id: String,
    /// The first moment and the last.
    pub from: i64,
    pub to: i64,
    pub made: i64,
    pub summarised: bool,
    pub account: Accounting,
    /// The tree that its entries were found in.
    pub head: Option<LogHead>,
}

/// The sheet.
#[component]
pub(super) fn Account(sheet: Sheet) -> impl IntoView {
    let Sheet { name, account_id, from, to, made, summarised, account, head } = sheet;
    let days = t!(access.account_days_of, from = browser::format_date(from), to = browser::format_date(to));
    let erased = (account.erased > 0).then(|| t!(access.account_limit_erased, count = account.erased));
    let lines = match account.lines.is_empty() {
        true => view! { <p class="card-note">{t!(access.account_none)}</p> }.into_any(),
        false => view! { <Lines lines=account.lines.clone()/> }.into_any(),
    };
    view! {
        <Card>
            <dl class="facts facts-wide">
                <div>
                    <dt>{t!(access.account_about)}</dt>
                    <dd>{name}<br/><span class="id">{t!(access.account_id, id = account_id)}</span></dd>
                </div>
                <div><dt>{t!(access.account_days)}</dt><dd>{days}</dd></div>
                <div><dt>{t!(access.account_made)}</dt><dd>{browser::format_exact(made)}</dd></div>
                <div><dt>{t!(access.account_kept_by)}</dt><dd>{origin()}</dd></div>
            </dl>
        </Card>
        <Card title=t!(access.account_lines).to_owned() flush=true>{lines}</Card>
        <Card title=t!(access.account_how).to_owned()><Verified account head/></Card>
        <Card title=t!(access.account_limits).to_owned()>
            <ul class="plain-list">
                <li>{t!(access.account_limit_all)}</li>
                <li>{t!(access.account_limit_given)}</li>
                <li>{t!(access.account_limit_listed)}</li>
                {summarised.then(|| view! { <li>{t!(access.account_limit_sum)}</li> })}
                <li>{t!(access.account_limit_own)}</li>
                {erased.map(|erased| view! { <li>{erased}</li> })}
                <li>{t!(access.account_limit_outside)}</li>
                <li>{t!(access.account_limit_address)}</li>
            </ul>
        </Card>
    }
}

#[component]
fn Lines(lines: Vec<Disclosure>) -> impl IntoView {
    let row = |line: Disclosure| view! { <Line line/> };
    view! {
        <div class="table-wrap" role="region" aria-label=t!(access.account_lines) tabindex="0">
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">{t!(access.account_date)}</th>
                        <th scope="col">{t!(access.account_who)}</th>
                        <th scope="col">{t!(access.account_what)}</th>
                        <th scope="col">{t!(access.account_why)}</th>
                        <th scope="col">{t!(access.account_mark)}</th>
                    </tr>
                </thead>
                <tbody>{lines.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}

#[component]
fn Line(line: Disclosure) -> impl IntoView {
    let (first, last) = (browser::format_date_time(line.first), browser::format_date_time(line.last));
    let when = match line.count {
        1 => first,
        count => t!(access.account_span, first = first, last = last, count = count),
    };
    let server_says = || line.server_says.clone().map(|name| actor_text(&ActorName::ServerSays(name)));
    let who = line.name.clone().or_else(server_says).unwrap_or_else(|| line.recipient.to_string());
    let purpose = line.purposes.iter().map(|purpose| purpose_word(purpose)).collect::<Vec<_>>().join(", ");
    let purpose = if purpose.is_empty() { t!(access.account_no_purpose).to_owned() } else { purpose };
    let kind = Some(line.kind.clone()).filter(|kind| !kind.is_empty());
    let how = match line.what {
        DisclosureKind::Opened => None,
        DisclosureKind::Listed => Some(t!(access.account_listed)),
        DisclosureKind::AccessGiven => Some(t!(access.account_given)),
    };
    let details = [kind, versions(&line), how.map(str::to_owned)].into_iter().flatten().collect::<Vec<_>>().join(" · ");
    let mark = match line.mark {
        Mark::Verified => t!(access.account_yes),
        Mark::Pending => t!(access.account_not_yet),
        Mark::Unlogged | Mark::Unchecked => t!(access.account_no),
    };
    view! {
        <tr>
            <td>{when}</td>
            <td>{who}</td>
            <td><strong>{line.title}</strong><br/><span class="row-text">{details}</span></td>
            <td>{purpose}</td>
            <td>{mark}</td>
        </tr>
    }
}

/// "version 2", "versions 1, 2"; nothing where access was given to all of them.
fn versions(line: &Disclosure) -> Option<String> {
    let all = |version: &u32| if *version == u32::MAX { "…".to_owned() } else { version.to_string() };
    let list = line.versions.iter().map(all).collect::<Vec<_>>().join(", ");
    match line.versions.len() {
        0 => None,
        1 => Some(t!(access.account_version, versions = list)),
        _ => Some(t!(access.account_versions, versions = list)),
    }
}

#[component]
fn Verified(account: Accounting, head: Option<LogHead>) -> impl IntoView {
    let Accounting { reports, events, verified, incomplete, .. } = account;
    let log = match head {
        None => view! { <p>{t!(access.account_no_log)}</p> }.into_any(),
        Some(LogHead { origin, size, root, witnesses }) => {
            let cosigned = (!witnesses.is_empty()).then(|| t!(access.account_witnesses, names = witnesses.join(", ")));
            view! {
                <p class="id">{t!(access.account_log, origin = origin, size = size, root = root)}</p>
                {cosigned.map(|cosigned| view! { <p>{cosigned}</p> })}
            }
            .into_any()
        }
    };
    let missing = (!incomplete.is_empty()).then(|| t!(access.account_incomplete, count = incomplete.len()));
    view! {
        <div class="stack-s">
            <p>{t!(access.account_how_text, reports = reports, events = events, verified = verified)}</p>
            {log}
            {missing.map(|missing| view! { <p><strong>{missing}</strong></p> })}
        </div>
    }
}
