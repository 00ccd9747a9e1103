//! `hs`, the native HealthSecure client: thin commands over `crates/client`, which does the sealing and the verifying.

mod args;
mod ask;
mod command;
mod context;
mod demo;
mod duration;
mod error;
mod factor;
mod interrupt;
mod keychain;
mod output;
mod profile;
mod progress;
mod seen;
mod size;
mod unattended;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use context::Context;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let context = Context::new(&cli);
    match run(&context, &cli.command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            context.output.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

async fn run(context: &Context, command: &Command) -> error::Result<()> {
    match command {
        Command::Signup(args) => command::account::sign_up(context, args).await,
        Command::Login(args) => command::account::log_in(context, args).await,
        Command::Recover(args) => command::account::recover(context, args).await,
        Command::Logout => command::account::log_out(context).await,
        Command::Whoami => command::account::who_am_i(context).await,
        Command::Sessions(args) => command::account::sessions(context, args).await,
        Command::Password(args) => command::security::password(context, args).await,
        Command::Kit => command::security::kit(context).await,
        Command::NewKeys => command::security::new_keys(context).await,
        Command::Email(args) => command::email::run(context, args).await,
        Command::Account(args) => command::leaving::account(context, args).await,
        Command::Factor(args) => command::security::factor(context, args).await,
        Command::Token(args) => command::token::run(context, args).await,
        Command::Device(args) => command::device::run(context, args).await,
        Command::Send(args) => command::send::run(context, args).await,
        Command::Emergency(args) => command::emergency::run(context, args).await,
        Command::Trusted(args) => command::trusted::run(context, args).await,
        Command::Shares(args) => command::shares::run(context, args).await,
        Command::Escrow(args) => command::escrow::run(context, args).await,
        Command::Team(args) => command::team::run(context, args).await,
        Command::Push(args) => command::push::run(context, args).await,
        Command::List => command::reports::list(context).await,
        Command::Pull(args) => command::pull::run(context, args).await,
        Command::Edit(args) => command::edit::run(context, args).await,
        Command::Versions(args) => command::versions::run(context, args).await,
        Command::Restore(args) => command::versions::restore(context, args).await,
        Command::Share(args) => command::share::share(context, args).await,
        Command::Redeem(args) => command::share::redeem(context, args).await,
        Command::Revoke(args) => command::share::revoke(context, args).await,
        Command::Erase(args) => command::leaving::erase(context, args).await,
        Command::Access(args) => command::access::run(context, args).await,
        Command::Disclosures(args) => command::disclosures::run(context, args).await,
        Command::Export(args) => command::export::run(context, args).await,
        Command::Quota => command::quota::own(context).await,
        Command::Retention => command::retention::own(context).await,
        Command::Alarms(args) => command::alarms::run(context, args).await,
        Command::Audit(args) => command::audit::run(context, args).await,
        Command::Admin(args) => command::admin::run(context, args).await,
        Command::Invite(args) => command::admin::invite(context, args).await,
        Command::Canary(args) => command::canary::run(context, args).await,
        Command::Demo(args) => demo::run(context, args).await,
    }
}
