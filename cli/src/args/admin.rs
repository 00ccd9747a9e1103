//! Administration.

use clap::{Args, Subcommand};

use super::RoleArg;

#[derive(Debug, Subcommand)]
pub enum Admin {
    /// List people.
    People,
    /// Approve a doctor or administrator by e-mail.
    Approve {
        /// E-mail.
        email: String,
    },
    /// Refuse a doctor or administrator by e-mail.
    Refuse {
        /// E-mail.
        email: String,
    },
    /// Switch an account off by e-mail; its sessions end at once.
    Disable {
        /// E-mail.
        email: String,
    },
    /// Switch it on again. Takes back a removal that was asked for.
    Enable {
        /// E-mail.
        email: String,
    },
    /// Have a switched-off account deleted in 30 days, with every report that it owns; signed with the organisation's key.
    Remove {
        /// E-mail.
        email: String,
    },
    /// The escrow key, and accounts in escrow: list, make, end, ask, open.
    #[command(subcommand)]
    Escrow(AdminEscrow),
    /// Say whether mail leaves, what waits, and since when the mail server fails.
    Mail,
    /// How much an account may store, or all of them: shows it, or sets it. Nothing stored is deleted.
    Quota(AdminQuota),
    /// How long people keep reports of each kind; signed with the organisation's key. Their programs suggest what is due;
    /// nothing is erased by it.
    Retention(AdminRetention),
}

/// The organisation's escrow.
#[derive(Debug, Subcommand)]
pub enum AdminEscrow {
    /// The key's fingerprint, and who is in escrow.
    List,
    /// Make an escrow key and print its 24 words, once; without one nobody is offered escrow.
    Make,
    /// End it: what was put in escrow under it is deleted.
    End,
    /// Ask for an account by e-mail: its holder is told, and three days begin in which they can refuse.
    Ask {
        /// E-mail.
        email: String,
    },
    /// Print the words that open an account, once the three days are over. The escrow words are asked for.
    Open {
        /// E-mail.
        email: String,
        /// Read the escrow words from this file descriptor (first line) instead of asking.
        #[arg(long, value_name = "FD")]
        words_fd: Option<i32>,
    },
}

#[derive(Debug, Args)]
pub struct AdminQuota {
    /// E-mail of the account; without it, every account that has no limit of its own.
    pub email: Option<String>,
    /// The most that may be stored, for instance 500MB or 20GB.
    #[arg(long, value_name = "SIZE", conflicts_with_all = ["unlimited", "inherit"])]
    pub limit: Option<String>,
    /// No limit.
    #[arg(long, conflicts_with = "inherit")]
    pub unlimited: bool,
    /// The limit of all accounts; for these, the one of the server's configuration.
    #[arg(long)]
    pub inherit: bool,
}

#[derive(Debug, Args)]
pub struct AdminRetention {
    /// A kind and years, for instance Laboratory=10; *=10 is for every kind that no other rule names. Several times for several
    /// rules. They replace those before.
    #[arg(long = "rule", value_name = "KIND=YEARS", required_unless_present = "none")]
    pub rules: Vec<String>,
    /// No rules any more.
    #[arg(long, conflicts_with = "rules")]
    pub none: bool,
}

#[derive(Debug, Args)]
pub struct Invite {
    /// Role of the new account.
    #[arg(long, value_enum)]
    pub role: RoleArg,
    /// Only this e-mail may use it.
    #[arg(long)]
    pub email: Option<String>,
}
