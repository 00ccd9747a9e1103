//! Making a team, and its next rosters: somebody added, removed, made a manager; another name; nobody any more, which ends it.
//!
//! What a roster says counts by its signature; the server refuses what every client would refuse, keeps the keys that were
//! sealed to the members, and cuts off at once whoever is left out.

use std::collections::{BTreeMap, BTreeSet};

use api_types::{
    AccountId, ErrorCode, TeamId, UnixMillis,
    accounts::{AccountStatus, Role},
    audit::Action,
    limits::{TEAM_ROSTERS_MAX, TEAMS_MAX},
    teams::{NewTeamRoster, TeamMemberState},
};
use crypto::{
    ids,
    sign::Signed,
    team::{TeamChain, TeamError, TeamRoster},
};
use sea_orm::ConnectionTrait;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    mail::MailKind,
    policy::Actor,
    services::{
        confirmation, fields, notices, team_keys, teams, teams_access, uploads_access,
        verify::{self, CLOCK_LEEWAY},
        versions_check::int,
    },
    storage::{
        self, accounts,
        db::WriteTx,
        team_members::{self, MemberRow},
        teams::{self as store, TeamRow},
    },
};

/// A roster that follows the stored ones, with what it changes.
struct Checked {
    team: TeamId,
    chain: TeamChain,
    added: Vec<AccountId>,
    removed: Vec<AccountId>,
    new_epoch: bool,
}

impl Checked {
    fn roster(&self) -> &TeamRoster {
        self.chain.current()
    }

    fn new(team: TeamId, chain: TeamChain) -> Self {
        let new = chain.current();
        let before = new.seq.checked_sub(1).and_then(|seq| chain.roster(seq)).map(Signed::claimed);
        let names = |roster: Option<&TeamRoster>| -> BTreeSet<AccountId> {
            roster.into_iter().flat_map(|roster| &roster.members).map(|member| AccountId(member.account.0)).collect()
        };
        let (old, now) = (names(before), names(Some(new)));
        let added = now.difference(&old).copied().collect();
        let removed = old.difference(&now).copied().collect();
        let new_epoch = before.is_none_or(|before| before.key_epoch != new.key_epoch);
        Self { team, added, removed, new_epoch, chain }
    }

    /// Whether it ends the team for everybody.
    fn dissolves(&self) -> bool {
        self.roster().dissolves()
    }

    /// Whether somebody else than who signs is given something: the team's key, or a say in it.
    fn gives(&self, actor: AccountId) -> bool {
        let before = self.roster().seq.checked_sub(1).and_then(|seq| self.chain.roster(seq)).map(Signed::claimed);
        let promoted = self.roster().members.iter().any(|member| {
            let was = before.is_some_and(|before| before.is_manager(&member.account));
            self.roster().is_manager(&member.account) && !was && member.account.0 != actor.0
        });
        promoted || self.added.iter().any(|account| *account != actor)
    }
}

/// Why rosters are refused. Only one that doesn't follow the newest is worth another try.
fn team_error(error: &TeamError) -> ServiceError {
    match error {
        TeamError::BrokenChain { .. } | TeamError::TimeReversed { .. } => ErrorCode::TeamMoved.into(),
        TeamError::Dissolved { .. } => ErrorCode::TeamDissolved.into(),
        TeamError::NotManager { .. } => ServiceError::because(ErrorCode::Forbidden, error.to_string()),
        TeamError::Keys { .. } | TeamError::Verify { .. } => {
            ServiceError::because(ErrorCode::InvalidSignature, error.to_string())
        }
        other => ServiceError::field("/roster", other.to_string()),
    }
}

/// Parses a new roster, and checks that it is the caller's and of now.
fn parse(actor: &Actor, blob: &[u8], now: UnixMillis) -> ServiceResult<Signed<TeamRoster>> {
    let roster: Signed<TeamRoster> = verify::parse("/roster", blob)?;
    let claimed = roster.claimed();
    if claimed.author.0 != actor.account.0 {
        return Err(ServiceError::because(ErrorCode::Forbidden, "the roster names another author"));
    }
    fields::short_text("/roster", &claimed.name, api_types::limits::TEAM_NAME_MAX)?;
    verify::not_ahead("/roster", claimed.time, now)?;
    if claimed.time < now - CLOCK_LEEWAY {
        return Err(ServiceError::field("/roster", "its time lies too far back; is this device's clock right?"));
    }
    Ok(roster)
}

/// Verifies the rosters that were stored when it was asked whether this one is, and this one behind them.
async fn follow(
    conn: &impl ConnectionTrait,
    team: TeamId,
    before: &[(Vec<u8>, u64)],
    roster: Signed<TeamRoster>,
) -> ServiceResult<TeamChain> {
    let mut rosters = Vec::new();
    for (stored, _) in before {
        rosters.push(teams::stored(team, stored)?);
    }
    rosters.push(roster);
    let authors: BTreeSet<AccountId> = rosters.iter().map(|roster| AccountId(roster.claimed().author.0)).collect();
    let keys = verify::keys(conn, &authors).await?;
    TeamChain::verify(&ids::TeamId(team.0), rosters, &keys).map_err(|error| team_error(&error))
}

/// Members are doctors: whoever belongs to a team has its key, and administrators hold none.
async fn may_belong(conn: &impl ConnectionTrait, added: &[AccountId]) -> ServiceResult<()> {
    for account in added {
        let row = accounts::get(conn, *account).await?;
        if !row.is_some_and(|row| row.role == Role::Doctor && row.status == AccountStatus::Active) {
            return Err(ServiceError::field("/roster", "members of a team are doctors whose accounts are active"));
        }
    }
    Ok(())
}

/// `POST /teams`.
pub async fn create(state: &AppState, actor: &Actor, body: NewTeamRoster) -> ServiceResult<()> {
    actor.may_make_teams()?;
    let now = state.clock.now();
    let roster = parse(actor, &body.roster.0, now)?;
    let team = TeamId(ids::TeamId::of(&roster).0);
    if roster.claimed().seq != 0 {
        return Err(ServiceError::field("/roster", "a team begins with roster 0"));
    }
    if store::get(state.db.read(), team).await?.is_some() {
        // The answer to the first request was lost.
        return state
            .audit
            .record(EventDraft::by(actor, Action::TeamCreate).with("team", team).with("repeated", true))
            .await;
    }
    let checked = Checked::new(team, follow(state.db.read(), team, &[], roster).await?);
    commit(state, actor, checked, body, Action::TeamCreate).await
}

/// `POST /teams/{id}/rosters`.
pub async fn change(state: &AppState, actor: &Actor, team: TeamId, body: NewTeamRoster) -> ServiceResult<()> {
    let conn = state.db.read();
    store::get(conn, team).await?.ok_or(ErrorCode::NotFound)?;
    let own = team_members::get(conn, team, actor.account).await?;
    actor.may_manage_team(own.is_some_and(|own| own.manager && own.state == TeamMemberState::Member))?;
    let stored = store::rosters(conn, team).await?;
    if is_among(&stored, &body.roster.0) {
        let event = EventDraft::by(actor, Action::TeamRoster).with("team", team);
        return state.audit.record(event.with("repeated", true)).await;
    }
    let roster = parse(actor, &body.roster.0, state.clock.now())?;
    // What ends it is always taken.
    if stored.len() >= TEAM_ROSTERS_MAX && !roster.claimed().dissolves() {
        return Err(ServiceError::because(
            ErrorCode::Conflict,
            format!("a team has at most {TEAM_ROSTERS_MAX} rosters"),
        ));
    }
    let checked = Checked::new(team, follow(conn, team, &stored, roster).await?);
    commit(state, actor, checked, body, Action::TeamRoster).await
}

/// Whether this very roster is there already: the answer to the first request was lost, or both were on their way.
fn is_among(stored: &[(Vec<u8>, u64)], roster: &[u8]) -> bool {
    stored.iter().any(|(stored, _)| stored == roster)
}

async fn commit(
    state: &AppState,
    actor: &Actor,
    checked: Checked,
    body: NewTeamRoster,
    action: Action,
) -> ServiceResult<()> {
    let now = state.clock.now();
    if checked.gives(actor.account) || checked.dissolves() {
        confirmation::confirmed(state, actor).await?;
    }
    may_belong(state.db.read(), &checked.added).await?;
    let wanted = team_keys::wanted(checked.roster(), &checked.added, checked.new_epoch);
    let keys = team_keys::check(state.db.read(), &checked.chain, &wanted, body.keys).await?;
    let event = EventDraft::by(actor, action).with("team", checked.team);
    let mut tx = state.db.begin_write().await?;
    if is_among(&store::rosters(tx.conn(), checked.team).await?, &body.roster.0) {
        return tx.repeated(event).await;
    }
    unchanged(tx.conn(), &checked).await?;
    let before = members(tx.conn(), checked.team).await?;
    if checked.new_epoch {
        stays(&checked, &before)?;
    }
    store_roster(tx.conn(), actor, &checked, &body.roster.0, now).await?;
    store::add_keys(tx.conn(), keys).await?;
    store_members(tx.conn(), actor, &checked, &before, now).await?;
    goes_on(tx.conn(), &checked).await?;
    let changed = teams_access::changed(tx.conn(), &checked.team, &checked.removed, checked.new_epoch, now).await?;
    if checked.dissolves() {
        store::end_grants(tx.conn(), checked.team, now).await?;
    }
    uploads_access::end_with_team(state, &mut tx, &changed).await?;
    let event = event
        .with("seq", checked.roster().seq)
        .with("epoch", checked.roster().key_epoch)
        .with("added", checked.added.len())
        .with("removed", checked.removed.len());
    let event = if checked.dissolves() { event.with("dissolved", true) } else { event };
    tx.record(event).await?;
    tell(state, &mut tx, actor, &checked, &before).await?;
    changed.iter().for_each(|changed| changed.tell(&mut tx));
    let told: BTreeSet<AccountId> = before.into_keys().chain(checked.added.iter().copied()).collect();
    teams_access::tell(&mut tx, told);
    tx.commit().await
}

/// Another manager may have been quicker.
async fn unchanged(conn: &impl ConnectionTrait, checked: &Checked) -> ServiceResult<()> {
    let stored = store::get(conn, checked.team).await?.map(|row| row.seq);
    let expected = checked.roster().seq.checked_sub(1).map(int).transpose()?;
    if stored == expected { Ok(()) } else { Err(ErrorCode::TeamMoved.into()) }
}

async fn members(conn: &impl ConnectionTrait, team: TeamId) -> ServiceResult<BTreeMap<AccountId, MemberRow>> {
    Ok(team_members::of_team(conn, team).await?.into_iter().map(|member| (member.account, member)).collect())
}

/// Nobody who has left is given the next key.
fn stays(checked: &Checked, before: &BTreeMap<AccountId, MemberRow>) -> ServiceResult<()> {
    let left = |account: &AccountId| before.get(account).is_some_and(|member| member.state == TeamMemberState::Left);
    let named = checked.roster().members.iter().any(|member| left(&AccountId(member.account.0)));
    if named { Err(ErrorCode::TeamMoved.into()) } else { Ok(()) }
}

/// Somebody who can act must be left to sign the next roster, where there is to be one.
async fn goes_on(conn: &impl ConnectionTrait, checked: &Checked) -> ServiceResult<()> {
    if checked.dissolves() {
        return Ok(());
    }
    let members = team_members::of_team(conn, checked.team).await?;
    match teams::is_managed(conn, &members, None).await? {
        true => Ok(()),
        false => Err(ErrorCode::TeamManagerNeeded.into()),
    }
}

async fn store_roster(
    conn: &impl ConnectionTrait,
    actor: &Actor,
    checked: &Checked,
    blob: &[u8],
    now: UnixMillis,
) -> ServiceResult<()> {
    let roster = checked.roster();
    let row = TeamRow {
        id: checked.team.0.to_vec(),
        name: roster.name.clone(),
        // Nobody finds what is no more.
        name_key: if roster.dissolves() { String::new() } else { fields::search_key(&roster.name) },
        seq: int(roster.seq)?,
        key_epoch: int(roster.key_epoch)?,
        created_at: now,
    };
    if roster.seq == 0 {
        store::insert(conn, row).await?
    } else {
        store::put(conn, row).await?
    }
    Ok(store::add_roster(conn, (checked.team, roster.seq), actor.account, blob, now).await?)
}

/// Whoever is added is invited; whoever is gone gets no key any more.
async fn store_members(
    conn: &impl ConnectionTrait,
    actor: &Actor,
    checked: &Checked,
    before: &BTreeMap<AccountId, MemberRow>,
    now: UnixMillis,
) -> ServiceResult<()> {
    for account in &checked.removed {
        team_members::delete(conn, checked.team, *account).await?;
        store::delete_keys(conn, checked.team, *account).await?;
    }
    for member in &checked.roster().members {
        let account = AccountId(member.account.0);
        let manager = checked.roster().is_manager(&member.account);
        match before.get(&account) {
            Some(row) if row.manager == manager => {}
            Some(_) => team_members::set_manager(conn, checked.team, account, manager).await?,
            None => {
                if storage::teams::count_of(conn, account).await? >= TEAMS_MAX as u64 {
                    let detail = format!("somebody belongs to at most {TEAMS_MAX} teams");
                    return Err(ServiceError::because(ErrorCode::Conflict, detail));
                }
                let state = if account == actor.account { TeamMemberState::Member } else { TeamMemberState::Invited };
                let since_epoch = int(checked.roster().key_epoch)?;
                let team = checked.team;
                let row =
                    MemberRow { team, account, manager, state, since_epoch, leave_statement: None, created_at: now };
                team_members::put(conn, &row).await?;
            }
        }
    }
    Ok(())
}

/// Whoever is added or removed by somebody else is told by mail, without by whom and of which team.
async fn tell(
    state: &AppState,
    tx: &mut WriteTx,
    actor: &Actor,
    checked: &Checked,
    before: &BTreeMap<AccountId, MemberRow>,
) -> ServiceResult<()> {
    for account in &checked.added {
        if *account != actor.account {
            notices::tell_id(state, tx, *account, MailKind::TeamInvited).await?;
        }
    }
    for account in checked.removed.iter().filter(|account| **account != actor.account) {
        // Whoever left said so themselves.
        if before.get(account).is_none_or(|member| member.state != TeamMemberState::Left) {
            notices::tell_id(state, tx, *account, MailKind::TeamRemoved).await?;
        }
    }
    Ok(())
}
