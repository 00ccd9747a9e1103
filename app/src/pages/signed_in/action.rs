//! Names of audited actions.

use api_types::audit::Action;

use crate::t;

/// Every action, for filters.
pub const ACTIONS: [Action; 30] = [
    Action::SignUp,
    Action::SignIn,
    Action::SignOut,
    Action::Recover,
    Action::Approve,
    Action::Refuse,
    Action::Invite,
    Action::InvitationChange,
    Action::LookUp,
    Action::AccountChange,
    Action::List,
    Action::Read,
    Action::Open,
    Action::Create,
    Action::Share,
    Action::Redeem,
    Action::Claim,
    Action::Revoke,
    Action::Rekey,
    Action::Erase,
    Action::TeamKey,
    Action::TeamCreate,
    Action::TeamRoster,
    Action::TeamJoin,
    Action::TeamLeave,
    Action::DraftSave,
    Action::DraftDelete,
    Action::Upload,
    Action::AuditRead,
    Action::System,
];

/// An action's name.
pub fn action_name(action: Action) -> &'static str {
    match action {
        Action::SignUp => t!(actions.sign_up),
        Action::SignIn => t!(actions.sign_in),
        Action::SignOut => t!(actions.sign_out),
        Action::Recover => t!(actions.recover),
        Action::Approve => t!(actions.approve),
        Action::Refuse => t!(actions.refuse),
        Action::Invite => t!(actions.invite),
        Action::InvitationChange => t!(actions.invitation_change),
        Action::LookUp => t!(actions.look_up),
        Action::AccountChange => t!(actions.account_change),
        Action::List => t!(actions.list),
        Action::Read => t!(actions.read),
        Action::Open => t!(actions.open),
        Action::Create => t!(actions.create),
        Action::Share => t!(actions.share),
        Action::Redeem => t!(actions.redeem),
        Action::Claim => t!(actions.claim),
        Action::Revoke => t!(actions.revoke),
        Action::Rekey => t!(actions.rekey),
        Action::Erase => t!(actions.erase),
        Action::TeamKey => t!(actions.team_key),
        Action::TeamCreate => t!(actions.team_create),
        Action::TeamRoster => t!(actions.team_roster),
        Action::TeamJoin => t!(actions.team_join),
        Action::TeamLeave => t!(actions.team_leave),
        Action::DraftSave => t!(actions.draft_save),
        Action::DraftDelete => t!(actions.draft_delete),
        Action::Upload => t!(actions.upload),
        Action::AuditRead => t!(actions.audit_read),
        Action::System => t!(actions.system),
    }
}
