//! Which restful interaction an action is, and which profile of IHE BALP an event is said to be of.

use api_types::{
    B64,
    audit::{Action, AuditEvent, Outcome},
};

const PROFILE: &str = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.";

/// A restful interaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interaction {
    Create,
    Read,
    Update,
    Delete,
    Search,
    Operation,
}

impl Interaction {
    pub fn of(action: Action) -> Self {
        match action {
            Action::Open | Action::Read | Action::AuditRead => Self::Read,
            Action::Create | Action::Share | Action::Invite => Self::Create,
            Action::Redeem
            | Action::Claim
            | Action::Revoke
            | Action::Rekey
            | Action::TeamKey
            | Action::DraftSave
            | Action::AccountChange => Self::Update,
            Action::DraftDelete | Action::Erase => Self::Delete,
            Action::List | Action::LookUp => Self::Search,
            _ => Self::Operation,
        }
    }

    /// Its code, which is its display as well.
    pub fn code(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Search => "search",
            Self::Operation => "operation",
        }
    }

    /// What it is as `AuditEvent.action`.
    pub fn letter(self) -> &'static str {
        match self {
            Self::Create => "C",
            Self::Read => "R",
            Self::Update => "U",
            Self::Delete => "D",
            Self::Search | Self::Operation => "E",
        }
    }

    /// How BALP names its profile. Operations have none.
    fn profile(self) -> Option<&'static str> {
        match self {
            Self::Create => Some("Create"),
            Self::Read => Some("Read"),
            Self::Update => Some("Update"),
            Self::Delete => Some("Delete"),
            Self::Search => Some("Query"),
            Self::Operation => None,
        }
    }
}

/// What its reader asked for in a search: the signed request, byte for byte.
pub fn asked(event: &AuditEvent) -> Option<&B64> {
    let request = event.request.as_ref().filter(|request| !request.0.is_empty());
    request.filter(|_| Interaction::of(event.action) == Interaction::Search)
}

/// The profile that an event is of: only what succeeded has one, on a report, or in a search with what was asked. It is the one
/// with a patient where the `patient` is known.
pub fn profile(event: &AuditEvent, patient: bool) -> Option<String> {
    let interaction = Interaction::of(event.action);
    let whole = match interaction {
        Interaction::Search => asked(event).is_some(),
        _ => event.report_id.is_some(),
    };
    let name = interaction.profile().filter(|_| whole && event.outcome == Outcome::Success)?;
    Some(format!("{PROFILE}{}{name}", if patient { "Patient" } else { "" }))
}
