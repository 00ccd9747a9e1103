//! Care teams.

use clap::Subcommand;

/// Care teams.
#[derive(Debug, Subcommand)]
pub enum Team {
    /// List the teams that you belong to, or those of a name.
    List {
        /// The beginning of a word of the name; without it, your own.
        name: Option<String>,
    },
    /// Make a team. You are its manager.
    Create {
        /// Its name: everybody here can find it.
        name: String,
    },
    /// Show who belongs to a team, verified.
    Show {
        /// The team: its id, the first characters of it, or its name.
        team: String,
    },
    /// Give a team another name: its managers.
    Rename {
        /// The team: its id, the first characters of it, or its name.
        team: String,
        /// The new name: everybody here can find it.
        name: String,
    },
    /// Dissolve a team for everybody, for good: its managers. What was shared with it opens to nobody by it any more.
    Dissolve {
        /// The team: its id, the first characters of it, or its name.
        team: String,
    },
    /// Invite a doctor.
    Add {
        /// The team: its id, the first characters of it, or its name.
        team: String,
        /// Whom: exact e-mail, a doctor's name, or an account id.
        person: String,
        /// Make them a manager besides, who invites and removes.
        #[arg(long)]
        manager: bool,
    },
    /// Remove a member: they are shut out at once, and the team gets a new key.
    Remove {
        /// The team: its id, the first characters of it, or its name.
        team: String,
        /// Whom: exact e-mail, a doctor's name, or an account id.
        person: String,
    },
    /// Accept the invitation into a team.
    Accept {
        /// The team: its id, the first characters of it, or its name.
        team: String,
    },
    /// Leave a team, or decline the invitation into it.
    Leave {
        /// The team: its id, the first characters of it, or its name.
        team: String,
    },
    /// Finish what is due in the teams that you manage: remove whoever left, bring reports under the newest key.
    Tend,
}
