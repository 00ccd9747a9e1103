//! The account: creating it, ways in, its address, its end.

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Args)]
pub struct Signup {
    /// Full name.
    #[arg(long)]
    pub name: String,
    /// E-mail to sign in with.
    #[arg(long)]
    pub email: String,
    /// Role asked for; an invitation's role wins.
    #[arg(long, value_enum, default_value = "patient")]
    pub role: RoleArg,
    /// Read a set-up or invitation link from this file descriptor (it carries a secret).
    #[arg(long, value_name = "FD")]
    pub link_fd: Option<i32>,
    /// Where the server mails a code to the address first: read it from this file descriptor instead of asking.
    #[arg(long, value_name = "FD")]
    pub code_fd: Option<i32>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum RoleArg {
    Administrator,
    Doctor,
    Patient,
}

#[derive(Debug, Args)]
pub struct Login {
    /// E-mail to sign in with.
    #[arg(long)]
    pub email: String,
}

#[derive(Debug, Args)]
pub struct Recover {
    /// E-mail to sign in with.
    #[arg(long)]
    pub email: String,
    /// Read the 24 words from this file descriptor instead of asking.
    #[arg(long, value_name = "FD")]
    pub kit_fd: Option<i32>,
    /// Ask for recovery shares of contacts instead of the 24 words.
    #[arg(long, conflicts_with = "kit_fd")]
    pub shares: bool,
    /// Read the shares from this file descriptor instead of asking: one line, separated by commas.
    #[arg(long, value_name = "FD", conflicts_with = "kit_fd")]
    pub shares_fd: Option<i32>,
}

#[derive(Debug, Args)]
pub struct Sessions {
    /// End this session.
    #[arg(long, value_name = "SESSION")]
    pub end: Option<String>,
}

#[derive(Debug, Args)]
pub struct NewPassword {
    /// Read the new password from this file descriptor (first line) instead of asking twice.
    #[arg(long, value_name = "FD")]
    pub new_password_fd: Option<i32>,
}

/// The e-mail address.
#[derive(Debug, Subcommand)]
pub enum Email {
    /// The address, and the change that waits for links to be confirmed.
    Status,
    /// Ask for another address: a link goes to it and one to the address now. It changes once both were confirmed in a browser.
    Change {
        /// The new address.
        address: String,
    },
    /// Cancel the change that waits.
    Cancel,
}

/// The end of the account.
#[derive(Debug, Subcommand)]
pub enum Account {
    /// Delete it at once, and every report that is yours with it, for everybody. Nobody can undo that.
    Delete {
        /// The account's e-mail address, so that nothing is deleted by mistake.
        #[arg(long)]
        email: String,
    },
    /// Pause it: every session ends, nothing can be shared with it, and an administrator enables it again.
    Pause {
        /// The account's e-mail address, so that nothing is paused by mistake.
        #[arg(long)]
        email: String,
    },
}

/// Second factors.
#[derive(Debug, Subcommand)]
pub enum Factor {
    /// List them.
    List,
    /// Add an authenticator app: its secret is printed, its first code asked for.
    Add {
        /// What to call it.
        #[arg(long, default_value = "Authenticator app")]
        label: String,
        /// Read the first code from this file descriptor instead of asking.
        #[arg(long, value_name = "FD")]
        code_fd: Option<i32>,
    },
    /// Remove one.
    Remove {
        /// Its id, as `hs factor list` prints it.
        id: String,
    },
    /// New recovery codes; the old ones count no more.
    Codes,
}
