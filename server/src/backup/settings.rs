//! What the server was started with, for whoever sets it up anew. A server writes it down at its start, in its data folder, where
//! `healthsecure backup` finds it beside the database.
//!
//! Nothing of it is secret: passwords, tokens and keys are left out, and so is whatever may hold one, as a user's name before an
//! `@`, or the path of a webhook. Files are named, not read.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::Path,
};

use api_types::UnixMillis;
use url::Url;

use super::{drill::DrillPlan, schedule::Schedule};
use crate::{
    clock::{DAY, HOUR, MINUTE},
    config::Config,
    mail::{MailConfig, Security, SmtpServer},
    oidc::ProviderConfig,
    private_file,
    scrub::ScrubPlan,
    size::Size,
    sms::{GatewayConfig, SmsConfig},
    witnesses::Witness,
};

/// By option, what it says.
pub type Settings = BTreeMap<String, String>;

/// An option, and what it says where it says something.
type Said = (&'static str, Option<String>);

/// Where they stand in the data folder.
const FILE: &str = "settings.json";

/// Of a configuration.
pub fn of(config: &Config) -> Settings {
    let mail = config.mail.iter().flat_map(mail);
    let backups = config.backup.iter().flat_map(backups);
    let drills = config.backup.iter().filter_map(|plan| plan.drill.as_ref()).flat_map(drills);
    let said = served(config).into_iter().chain(people(config)).chain(mail).chain(backups).chain(drills);
    said.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Where and how it is served, and where things lie.
fn served(config: &Config) -> [Said; 9] {
    let tls = config.tls.as_ref();
    [
        ("origin", Some(config.origin.to_string())),
        ("listen", Some(config.listen.to_string())),
        ("database", Some(config.database_url.to_string())),
        ("blobs", Some(config.blobs.place())),
        ("trusted-proxy", listed(config.trusted_proxies.iter().map(ToString::to_string))),
        ("tls-cert", tls.map(|tls| tls.cert.display().to_string())),
        ("tls-key", tls.map(|tls| tls.key.display().to_string())),
        ("scrub-every", Some(config.scrub.map_or_else(|| "never".to_owned(), |plan| time(plan.every)))),
        ("scrub-rate", config.scrub.map(|ScrubPlan { rate, .. }| (rate / (1024 * 1024)).to_string())),
    ]
}

/// What people may, and whom it asks or tells.
fn people(config: &Config) -> [Said; 10] {
    [
        ("name", Some(config.name.clone())),
        ("open-sign-up", Some(config.open_sign_up.to_string())),
        ("address-factor", Some(config.address_factor.to_string())),
        ("session-idle-hours", Some((config.sessions.cookie_idle / HOUR).to_string())),
        ("keep", Some(config.keep.to_string())),
        ("keep-events", config.keep_events.map(|keep| format!("{}d", keep.days()))),
        ("quota", config.quota.as_ref().map(Size::to_string)),
        ("witness", listed(config.witnesses.iter().map(witness))),
        ("identity-providers", listed(config.identity_providers.iter().map(provider))),
        ("sms-gateway", config.sms.as_ref().map(sms)),
    ]
}

fn mail(config: &MailConfig) -> [Said; 4] {
    let SmtpServer { login, ca, .. } = &config.server;
    [
        ("smtp", Some(smtp(&config.server))),
        ("smtp-login", login.as_ref().map(|_| "a user and a password, which are not in here".to_owned())),
        ("smtp-ca", ca.as_ref().map(|_| "an authority of its own".to_owned())),
        ("mail-from", Some(config.from.to_string())),
    ]
}

fn smtp(server: &SmtpServer) -> String {
    let (scheme, how) = match server.security {
        Security::Tls => ("smtps", ""),
        Security::StartTls => ("smtp", "?tls=required"),
        Security::PlainText => ("smtp", "?tls=none"),
    };
    let host = if server.host.contains(':') { format!("[{}]", server.host) } else { server.host.clone() };
    format!("{scheme}://{host}:{}{how}", server.port)
}

fn backups(plan: &Schedule) -> [Said; 4] {
    [
        ("backup-to", Some(plan.to.to_string())),
        ("backup-recipient", Some(plan.recipient.to_string())),
        ("backup-every", Some(time(plan.every.millis()))),
        ("backup-keep", plan.keep.map(|keep| keep.to_string())),
    ]
}

fn drills(plan: &DrillPlan) -> [Said; 5] {
    let canary = plan.canary.as_ref();
    [
        ("drill-every", Some(time(plan.every.millis()))),
        ("drill-identity", plan.identity.as_ref().map(|file| file.display().to_string())),
        ("drill-scratch", Some(plan.scratch.display().to_string())),
        ("drill-canary", canary.map(|canary| canary.file.display().to_string())),
        ("drill-hs", canary.map(|canary| canary.hs.display().to_string())),
    ]
}

/// As the option has it.
fn witness(witness: &Witness) -> String {
    let mut prefix = plain(witness.add_checkpoint());
    let path = prefix.path().strip_suffix("/add-checkpoint").unwrap_or_default().to_owned();
    prefix.set_path(&path);
    format!("{} {prefix}", witness.key())
}

fn provider(config: &ProviderConfig) -> String {
    let issuer = plain(config.issuer.url());
    format!("{} ({}) at {issuer} as {}", config.id, config.name, config.client_id.as_str())
}

/// Of its address the host alone: the paths of webhooks are often the secret.
fn sms(config: &SmsConfig) -> String {
    let (kind, url) = match &config.gateway {
        GatewayConfig::Twilio(twilio) => ("twilio", &twilio.base_url),
        GatewayConfig::Webhook(webhook) => ("webhook", &webhook.url),
    };
    let to = if config.prefixes.is_empty() { "all numbers".to_owned() } else { config.prefixes.join(" ") };
    let SmsConfig { daily, daily_per_number, .. } = config;
    let at = url.origin().ascii_serialization();
    format!("{kind} at {at} to {to}, {daily} a day, {daily_per_number} to one number")
}

/// Without what credentials may stand in.
fn plain(url: &Url) -> Url {
    let mut url = url.clone();
    // These fail for addresses without a host, which have neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url
}

fn listed(texts: impl Iterator<Item = String>) -> Option<String> {
    let texts: Vec<_> = texts.collect();
    (!texts.is_empty()).then(|| texts.join(","))
}

/// In the largest unit that fits.
fn time(span: UnixMillis) -> String {
    match span {
        days if days % DAY == 0 => format!("{}d", days / DAY),
        hours if hours % HOUR == 0 => format!("{}h", hours / HOUR),
        other => format!("{}m", other / MINUTE),
    }
}

/// Writes them down in the data folder, whole or not at all.
///
/// # Errors
/// The disk's.
pub fn write_down(config: &Config) -> io::Result<()> {
    let text = serde_json::to_vec_pretty(&of(config)).map_err(io::Error::other)?;
    private_file::replace(&config.data.join(FILE), |file| file.write_all(&text))
}

/// Those of the server that was started last with this data folder; nothing where none wrote them down.
///
/// # Errors
/// The disk's, or the file holds something else.
pub fn read(data: &Path) -> io::Result<Option<Settings>> {
    match fs::read(data.join(FILE)) {
        Ok(text) => serde_json::from_slice(&text).map(Some).map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::parse;

    #[test]
    fn what_it_was_started_with_is_told_without_its_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            fs::write(folder.path().join(name), text).unwrap();
            folder.path().join(name).display().to_string()
        };
        let secret = file("secret", "marked-secret-of-24-bytes");
        let credentials = file("credentials", "aws_access_key_id = marked\naws_secret_access_key = marked");
        let client = "issuer = \"https://id.example.org\"\nclient_id = \"us\"\nclient_secret_file = \"secret\"";
        let providers = file("providers.toml", &format!("[[provider]]\nid = \"work\"\nname = \"Work\"\n{client}\n"));
        let hook = "kind = \"webhook\"\nurl = \"https://sms.example.org/marked?key=marked\"\nsecret_file = \"secret\"";
        let sms = file("sms.toml", &format!("{hook}\nprefixes = [\"+49\"]\n"));
        let name = tlog::note::KeyName::new("w.example").unwrap();
        let key = tlog::cosignature::Cosigner::ed25519(name, &[1; 32]).key().to_string();
        let witness = format!("{key} https://marked:marked@w.example/log");
        let recipient = age::x25519::Identity::generate().to_public().to_string();
        let bucket = ["--blobs", "s3://clinic/records", "--blobs-endpoint", "https://s3.example.org"];
        let mail = ["--smtp", "smtps://marked%40example.org@mail.example.org", "--mail-from", "no-reply@example.org"];
        let others = [
            ["--origin", "https://records.example.org"],
            ["--database", "postgres://clinic:marked@localhost/records"],
            ["--blobs-credentials-file", &credentials],
            ["--smtp-password-file", &secret],
            ["--identity-providers", &providers],
            ["--sms-gateway", &sms],
            ["--witness", &witness],
            ["--trusted-proxy", "192.0.2.1,192.0.2.2"],
            ["--session-idle-hours", "8"],
            ["--quota", "20GB"],
            ["--backup-to", "/backups"],
            ["--backup-recipient", &recipient],
            ["--drill-identity", "/media/key"],
            ["--scrub-every", "14d"],
        ];
        let config = parse(&[&bucket[..], &mail, others.as_flattened()].concat()).unwrap();
        let told = of(&config);
        for (option, says) in [
            ("origin", "https://records.example.org"),
            ("database", "postgres://clinic@localhost/records"),
            ("blobs", "s3://clinic/records at https://s3.example.org"),
            ("smtp", "smtps://mail.example.org:465"),
            ("mail-from", "no-reply@example.org"),
            ("identity-providers", "work (Work) at https://id.example.org/ as us"),
            ("sms-gateway", "webhook at https://sms.example.org to +49, 500 a day, 10 to one number"),
            ("witness", &format!("{key} https://w.example/log")),
            ("trusted-proxy", "192.0.2.1,192.0.2.2"),
            ("session-idle-hours", "8"),
            ("quota", "20000MB"),
            ("backup-to", "/backups"),
            ("backup-recipient", &recipient),
            ("backup-every", "1h"),
            ("backup-keep", "24h,7d,5w"),
            ("drill-every", "7d"),
            ("drill-identity", "/media/key"),
            ("scrub-every", "14d"),
            ("scrub-rate", "16"),
        ] {
            assert_eq!(told.get(option).map(String::as_str), Some(says), "{option}");
        }
        assert!(!format!("{told:?}").contains("marked"), "{told:?}");
    }

    #[test]
    fn what_no_server_wrote_is_told_from_what_none_wrote() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap(), None);
        fs::write(folder.path().join(FILE), "{\"origin\": ").unwrap();
        assert!(read(folder.path()).is_err());
        fs::write(folder.path().join(FILE), "{\"origin\": \"https://a.example\"}").unwrap();
        assert_eq!(read(folder.path()).unwrap().unwrap()["origin"], "https://a.example");
    }

    #[test]
    fn times_are_said_as_options_say_them() {
        assert_eq!([time(7 * DAY), time(36 * HOUR), time(90 * MINUTE)], ["7d", "36h", "90m"]);
    }
}
