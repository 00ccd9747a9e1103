//! What `hs audit verify` keeps of a server's public log, so that the next run holds the server to it. All of it is public, and
//! none of it belongs to an account.

use std::{collections::BTreeMap, fs, io, path::PathBuf};

use client::KeptLog;
use serde::{Deserialize, Serialize};

use crate::profile::{ProfileError, folder, write_private};

/// `~/.config/healthsecure/logs/<server>.json`, mode 0600.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenLogs {
    /// The server's origin.
    server: String,
    /// Of each tree the log's key, pinned at first sight, and the newest checkpoint that was verified: size, root, signature.
    logs: BTreeMap<String, KeptLog>,
}

impl SeenLogs {
    /// What was kept of the server at an origin; nothing where it wasn't looked at yet.
    pub fn load(server: &str) -> Result<Self, ProfileError> {
        let path = path(server)?;
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { server: server.to_owned(), logs: BTreeMap::new() });
            }
            Err(source) => return Err(ProfileError::Io { path, source }),
        };
        Self::parse(server, &text).ok_or(ProfileError::DamagedLog { path })
    }

    fn parse(server: &str, text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().filter(|seen: &Self| seen.server == server)
    }

    /// Of one tree.
    pub fn tree(&self, name: &str) -> Option<&KeptLog> {
        self.logs.get(name)
    }

    /// Keeps what was verified of a tree; says where.
    pub fn keep(server: &str, tree: &str, kept: KeptLog) -> Result<PathBuf, ProfileError> {
        let path = path(server)?;
        // Another run may have kept something meanwhile.
        let mut seen = Self::load(server)?;
        if seen.take(tree, kept) {
            let text = serde_json::to_string_pretty(&seen).unwrap_or_default();
            write_private(&path, text.as_bytes()).map_err(|source| ProfileError::Io { path: path.clone(), source })?;
        }
        Ok(path)
    }

    /// Goes forward only, under the pinned key; says whether anything changed.
    fn take(&mut self, tree: &str, kept: KeptLog) -> bool {
        let stays = |before: &KeptLog| before.key != kept.key || before.size() > kept.size() || *before == kept;
        if self.logs.get(tree).is_some_and(stays) {
            return false;
        }
        self.logs.insert(tree.to_owned(), kept);
        true
    }
}

fn path(server: &str) -> Result<PathBuf, ProfileError> {
    Ok(folder()?.join("logs").join(file_name(server)))
}

/// Each origin has a name of its own, and none leaves the folder. A scheme has no `_`.
fn file_name(server: &str) -> String {
    let mut name = String::new();
    for c in server.replacen("://", "_", 1).chars() {
        match c {
            c if c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_') => name.push(c),
            c => name.push_str(&format!("%{:02X}", u32::from(c))),
        }
    }
    name + ".json"
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = "https://records.example.org";

    fn kept(key: &str, size: u64) -> KeptLog {
        KeptLog {
            key: key.to_owned(),
            checkpoint: Some(format!("a/log\n{size}\n{}=\n\n— a AAAAAAA=\n", "A".repeat(43))),
        }
    }

    #[test]
    fn each_server_has_a_file_of_its_own() {
        assert_eq!(file_name(SERVER), "https_records.example.org.json");
        assert_eq!(file_name("http://records.example.org"), "http_records.example.org.json");
        assert_eq!(file_name("http://localhost:8080"), "http_localhost%3A8080.json");
        assert_eq!(file_name("http://[::1]:8080"), "http_%5B%3A%3A1%5D%3A8080.json");
        assert!(!file_name("https://../a").contains('/'));
    }

    #[test]
    fn what_is_kept_is_read_again_for_its_own_server_alone() {
        let logs = BTreeMap::from([("events".to_owned(), kept("a", 3))]);
        let seen = SeenLogs { server: SERVER.to_owned(), logs };
        let text = serde_json::to_string_pretty(&seen).unwrap();
        assert_eq!(SeenLogs::parse(SERVER, &text), Some(seen));
        assert_eq!(SeenLogs::parse("https://other.example.org", &text), None);
        assert_eq!(SeenLogs::parse(SERVER, &text[1..]), None, "a damaged file is not an empty one");
    }

    #[test]
    fn what_is_kept_goes_forward_only_and_under_its_key() {
        let mut seen = SeenLogs { server: SERVER.to_owned(), logs: BTreeMap::new() };
        assert!(seen.take("events", kept("a", 3)));
        assert!(!seen.take("events", kept("a", 3)), "nothing new");
        assert!(!seen.take("events", kept("a", 2)));
        assert!(!seen.take("events", kept("b", 9)));
        assert!(seen.take("events", kept("a", 9)));
        assert!(seen.take("keys", kept("b", 1)));
        assert_eq!((seen.tree("events"), seen.tree("keys")), (Some(&kept("a", 9)), Some(&kept("b", 1))));
    }
}
