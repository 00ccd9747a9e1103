//! The command line of `healthsecure witness`.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Subcommand};
use tlog::note::{KeyName, VerifierKey};

use super::{WitnessConfig, WitnessError, key, serve};
use crate::config::Tls;

/// Options of `healthsecure witness`.
#[derive(Debug, Args)]
pub struct WitnessArgs {
    #[command(subcommand)]
    command: Option<WitnessCommand>,
    /// Folder for the witness's key and for what it last cosigned.
    #[arg(long, env = "HEALTHSECURE_WITNESS_DATA", default_value = "./data-witness", global = true)]
    data: PathBuf,
    /// Address to listen on.
    #[arg(long, env = "HEALTHSECURE_WITNESS_LISTEN", default_value = "127.0.0.1:8466")]
    listen: SocketAddr,
    /// Name of the witness's key, by custom a URL without its scheme, as witness.example.org/w1. Needed at the first
    /// start, which makes the key.
    #[arg(long, env = "HEALTHSECURE_WITNESS_NAME", value_parser = KeyName::new)]
    name: Option<KeyName>,
    /// Verifier key of a log to follow; its name is the log's origin. May be repeated (in the environment: with spaces
    /// between).
    #[arg(long = "log", env = "HEALTHSECURE_WITNESS_LOGS", value_delimiter = ' ')]
    logs: Vec<VerifierKey>,
    /// Certificate chain for TLS (PEM).
    #[arg(long, env = "HEALTHSECURE_WITNESS_TLS_CERT", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key for TLS (PEM).
    #[arg(long, env = "HEALTHSECURE_WITNESS_TLS_KEY", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum WitnessCommand {
    /// Print the witness's verifier key.
    Key,
}

impl WitnessArgs {
    /// Does what the arguments say.
    pub fn run(self) -> Result<(), WitnessError> {
        match self.command {
            Some(WitnessCommand::Key) => {
                println!("{}", key::load(&self.data)?.key());
                Ok(())
            }
            None => serve::run(self.config()),
        }
    }

    fn config(self) -> WitnessConfig {
        let tls = self.tls_cert.zip(self.tls_key).map(|(cert, key)| Tls { cert, key });
        WitnessConfig { data: self.data, listen: self.listen, name: self.name, logs: self.logs, tls }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: WitnessArgs,
    }

    fn parse(args: &[&str]) -> Result<WitnessArgs, String> {
        let line = ["witness"].iter().chain(args);
        Line::try_parse_from(line).map(|line| line.args).map_err(|e| e.to_string())
    }

    fn vkey(name: &str, seed: u8) -> String {
        tlog::note::SigningKey::from_seed(KeyName::new(name).unwrap(), &[seed; 32]).verifier().to_string()
    }

    #[test]
    fn defaults_are_local_and_away_from_the_servers_folder() {
        let config = parse(&[]).unwrap().config();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8466");
        assert_eq!(config.data, PathBuf::from("./data-witness"));
        assert!(config.logs.is_empty() && config.name.is_none() && config.tls.is_none());
    }

    #[test]
    fn logs_are_named_one_by_one_or_with_spaces() {
        let (a, b) = (vkey("a.example", 1), vkey("b.example", 2));
        let apart = parse(&["--log", &a, "--log", &b]).unwrap().config().logs;
        let together = parse(&["--log", &format!("{a} {b}")]).unwrap().config().logs;
        assert_eq!((apart.len(), &apart), (2, &together));
    }

    #[test]
    fn what_is_no_key_and_no_name_is_refused() {
        let cosigner = tlog::cosignature::Cosigner::ed25519(KeyName::new("w.example").unwrap(), &[3; 32]);
        assert!(parse(&["--log", &cosigner.key().to_string()]).unwrap_err().contains("can't be used here"));
        assert!(parse(&["--log", "a.example"]).is_err());
        assert!(parse(&["--name", "two words"]).unwrap_err().contains("name is not valid"));
    }

    #[test]
    fn the_folder_may_stand_on_either_side_of_key() {
        for line in [["--data", "x", "key"], ["key", "--data", "x"]] {
            let args = parse(&line).unwrap();
            assert!(matches!(args.command, Some(WitnessCommand::Key)) && args.data == *"x");
        }
    }
}
