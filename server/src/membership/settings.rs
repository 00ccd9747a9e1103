//! What the servers of one database have to be told alike: with another origin, another bucket or another rule on sessions
//! one would refuse, lose or remove what the others don't. Only hashes are compared, and stored.
//!
//! What may differ: where each listens and lies, TLS, how the database and the bucket are reached, passwords and keys of
//! others' services.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::{
    backup::{Place, schedule::Schedule},
    config::Config,
    mail::MailConfig,
    oidc::ProviderConfig,
    size::Size,
    sms::SmsConfig,
    storage::blobs::BlobsConfig,
};

/// By option, the beginning of a hash of what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings(BTreeMap<String, String>);

impl Settings {
    /// Of a configuration.
    pub fn of(config: &Config) -> Self {
        let witnesses = sorted(config.witnesses.iter().map(|it| format!("{} {}", it.key(), it.add_checkpoint())));
        let sessions = config.sessions;
        let lives = [sessions.cookie_idle, sessions.cookie_absolute, sessions.bearer_idle, sessions.bearer_absolute];
        let said = [
            ("--origin", config.origin.to_string()),
            ("--blobs", blobs(&config.blobs)),
            ("--open-sign-up", config.open_sign_up.to_string()),
            ("--address-factor", config.address_factor.to_string()),
            ("--session-idle-hours", format!("{lives:?}")),
            ("--keep-events", format!("{:?}", config.keep_events.map(crate::keep_events::KeepEvents::days))),
            ("--keep", config.keep.to_string()),
            ("--quota", format!("{:?}", config.quota.map(Size::bytes))),
            ("--witness", witnesses),
            ("--smtp and --mail-from", config.mail.as_ref().map_or_else(String::new, mail)),
            ("--identity-providers", sorted(config.identity_providers.iter().map(provider))),
            ("--sms-gateway", config.sms.as_ref().map_or_else(String::new, sms)),
        ];
        // Who leaves backups or scrubs to the others says nothing about them.
        let of_scrubs = config.scrub.map(|plan| ("--scrub-every", plan.every.to_string()));
        let said = said.into_iter().chain(config.backup.iter().flat_map(backups)).chain(of_scrubs);
        Self(said.map(|(name, value)| (name.to_owned(), hash(name, &value))).collect())
    }

    /// Reads what [`Settings`] wrote. Names of other versions are among it.
    pub fn parse(text: &str) -> Self {
        let pair = |line: &str| line.rsplit_once('=').map(|(name, hash)| (name.to_owned(), hash.to_owned()));
        Self(text.lines().filter_map(pair).collect())
    }

    /// The first option that the two say differently; one that only one of them knows isn't compared.
    pub fn differs_in(&self, other: &Self) -> Option<&str> {
        let differs = |(name, hash): &(&String, &String)| other.0.get(*name).is_some_and(|theirs| theirs != *hash);
        self.0.iter().find(differs).map(|(name, _)| name.as_str())
    }
}

impl std::fmt::Display for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|(name, hash)| writeln!(f, "{name}={hash}"))
    }
}

fn hash(name: &str, value: &str) -> String {
    let hash = Sha256::new_with_prefix("healthsecure/v1/setting\0").chain_update(name).chain_update([0_u8]);
    hex::encode(&hash.chain_update(value).finalize()[..16])
}

fn sorted(texts: impl Iterator<Item = String>) -> String {
    let mut texts: Vec<_> = texts.collect();
    texts.sort();
    texts.join("\n")
}

/// The bucket, by whatever name or address each of them reaches its store.
fn blobs(config: &BlobsConfig) -> String {
    match config {
        BlobsConfig::Folder => String::new(),
        BlobsConfig::S3(s3) => format!("s3://{}/{}", s3.bucket, s3.prefix),
    }
}

/// Whichever of them makes the next backup drops old ones, and tries whether it restores: by the same rules.
fn backups(plan: &Schedule) -> [(&'static str, String); 5] {
    let drill = plan.drill.as_ref();
    let drill = drill.map(|it| (it.every.millis(), it.identity.is_some(), it.canary.is_some()));
    let place = match &plan.to {
        Place::Folder(_) => String::new(),
        Place::Bucket(config) => blobs(config),
    };
    [
        ("--backup-to", place),
        ("--backup-recipient", plan.recipient.to_string()),
        ("--backup-every", plan.every.millis().to_string()),
        ("--backup-keep", format!("{:?}", plan.keep)),
        ("--drill-every, --drill-identity and --drill-canary", format!("{drill:?}")),
    ]
}

/// Each may send through a mail server of its own.
fn mail(config: &MailConfig) -> String {
    config.from.to_string()
}

fn provider(config: &ProviderConfig) -> String {
    format!("{} {} {}", config.id, config.issuer.as_str(), config.client_id.as_str())
}

fn sms(config: &SmsConfig) -> String {
    format!("{:?} {} {}", config.prefixes, config.daily, config.daily_per_number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::Recipient;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        Settings(pairs.iter().map(|(name, value)| ((*name).to_owned(), hash(name, value))).collect())
    }

    fn recipient() -> Recipient {
        age::x25519::Identity::generate().to_public().to_string().parse().unwrap()
    }

    fn of_backups(plans: &[&Schedule]) -> Settings {
        let said = plans.iter().flat_map(|plan| backups(plan));
        Settings(said.map(|(name, value)| (name.to_owned(), hash(name, &value))).collect())
    }

    #[test]
    fn who_makes_backups_makes_them_by_the_same_rules() {
        let (to, every) = (Place::Folder("here".into()), "1h".parse().unwrap());
        let plan = Schedule { to, recipient: recipient(), every, keep: None, drill: None };
        let ours = of_backups(&[&plan]);
        let elsewhere = Schedule { to: Place::Folder("there".into()), ..plan.clone() };
        assert_eq!(ours.differs_in(&of_backups(&[&elsewhere])), None, "where each finds the same folder");
        assert_eq!(ours.differs_in(&of_backups(&[])), None, "another makes none");
        let to_others = Schedule { recipient: recipient(), ..plan.clone() };
        assert_eq!(ours.differs_in(&of_backups(&[&to_others])), Some("--backup-recipient"));
        let fewer = Schedule { keep: "1h".parse().ok(), ..plan };
        assert_eq!(ours.differs_in(&of_backups(&[&fewer])), Some("--backup-keep"));
    }

    #[test]
    fn what_differs_is_named_and_what_only_one_knows_is_not() {
        let ours = settings(&[("--origin", "https://a.example"), ("--keep-events", "None"), ("--new", "1")]);
        assert_eq!(ours.differs_in(&Settings::parse(&ours.to_string())), None);
        let theirs = settings(&[("--origin", "https://a.example"), ("--keep-events", "Some(2557)"), ("--old", "1")]);
        assert_eq!(ours.differs_in(&Settings::parse(&theirs.to_string())), Some("--keep-events"));
        assert_eq!(ours.differs_in(&Settings::parse("")), None);
        assert!(!ours.to_string().contains("example"), "hashes only");
    }
}
