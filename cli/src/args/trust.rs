//! Whom the account is entrusted to: emergency contacts, holders of recovery shares, the organisation's escrow.

use clap::Subcommand;

/// Emergency contacts.
#[derive(Debug, Subcommand)]
pub enum Emergency {
    /// List them, and whether one asks.
    List,
    /// Trust somebody: after they asked and the delay ran, they can open this account and everything in it.
    Trust {
        /// Exact e-mail, a doctor's name, or an account id.
        person: String,
        /// Between asking and opening, in days: so long you can refuse.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u8).range(1..=30))]
        days: u8,
    },
    /// Refuse what one asked for.
    Refuse {
        /// Its id, as `hs emergency list` prints it, or its first characters.
        id: String,
    },
    /// Remove one. The account gets new keys, and every other session ends.
    Remove {
        /// Its id, as `hs emergency list` prints it, or its first characters.
        id: String,
    },
}

/// Being somebody's emergency contact.
#[derive(Debug, Subcommand)]
pub enum Trusted {
    /// List who trusts this account, and where each stands.
    List,
    /// Accept being an emergency contact.
    Accept {
        /// Its id, as `hs trusted list` prints it, or its first characters.
        id: String,
    },
    /// Be none, or none any more; what was asked for ends.
    Withdraw {
        /// Its id, as `hs trusted list` prints it, or its first characters.
        id: String,
    },
    /// Ask to open the account: its owner is told, and the delay begins.
    Ask {
        /// Its id, as `hs trusted list` prints it, or its first characters.
        id: String,
    },
    /// Print the words that open the account, once the delay has run. `hs recover` takes them, with its owner's e-mail.
    Words {
        /// Its id, as `hs trusted list` prints it, or its first characters.
        id: String,
    },
}

/// Recovery shares.
#[derive(Debug, Subcommand)]
pub enum Shares {
    /// Who holds shares of this account's recovery, how many open it, and whose were opened.
    List,
    /// Split the recovery among people: so many of them open the account together, fewer know nothing.
    Split {
        /// Exact e-mail, a doctor's name, or an account id; 2 to 8 people.
        #[arg(required = true, num_args = 2..=8)]
        people: Vec<String>,
        /// How many of them open the account together.
        #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u8).range(2..=8))]
        threshold: u8,
    },
    /// Remove the split. The account gets new keys, and every other session ends.
    Remove,
    /// Shares that others gave to this account.
    Held,
    /// Print the own share of somebody's recovery, to be read out to them. They are told.
    Show {
        /// Its id, as `hs shares held` prints it, or its first characters.
        id: String,
    },
}

/// Escrow.
#[derive(Debug, Subcommand)]
pub enum Escrow {
    /// Whether it is offered and on, and whether an administrator asks.
    Status,
    /// Turn it on: whoever keeps the organisation's escrow words can open this account then. Two words of the escrow key's
    /// fingerprint are asked for, as the organisation itself gave them out.
    On {
        /// Read the fingerprint's twelve words, as the organisation gave them out, from this file descriptor (first line).
        #[arg(long, value_name = "FD")]
        fingerprint_fd: Option<i32>,
    },
    /// Turn it off. The account gets new keys, and every other session ends.
    Off,
    /// Refuse what an administrator asked for.
    Refuse,
}
