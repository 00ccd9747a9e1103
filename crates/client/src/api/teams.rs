//! Teams.

use api_types::{
    GrantId, ReportId, TeamId,
    grants::FollowTeam,
    teams::{LeaveTeam, NewTeamRoster, Team, TeamList},
};

use super::{Api, Query, accounts::calls};
use crate::{error::Result, transport::Transport};

impl<T: Transport> Api<'_, T> {
    calls! {
        /// `GET /teams`.
        list_teams() -> TeamList = get "/teams".to_owned();
        /// `GET /teams?name=`.
        find_teams(name: &str) -> TeamList = get format!("/teams{}", Query::default().add("name", Some(name)).0);
        /// `GET /teams/{team_id}`.
        get_team(team: &TeamId) -> Team = get format!("/teams/{team}");
        /// `POST /teams`.
        create_team(body: &NewTeamRoster) -> () = post_unit "/teams".to_owned(), body;
        /// `POST /teams/{team_id}/rosters`.
        change_team(team: &TeamId, body: &NewTeamRoster) -> () = post_unit format!("/teams/{team}/rosters"), body;
        /// `POST /teams/{team_id}/accept`.
        accept_team(team: &TeamId) -> () = post_nothing format!("/teams/{team}/accept");
        /// `POST /teams/{team_id}/leave`.
        leave_team(team: &TeamId, body: &LeaveTeam) -> () = post_unit format!("/teams/{team}/leave"), body;
        /// `POST /reports/{report_id}/grants/{grant_id}/team-key`.
        follow_team(report: &ReportId, grant: &GrantId, body: &FollowTeam) -> ()
            = post_unit format!("/reports/{report}/grants/{grant}/team-key"), body;
    }
}
