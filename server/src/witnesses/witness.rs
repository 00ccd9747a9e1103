//! A witness as a log knows it: a key and a URL.

use std::str::FromStr;

use tlog::{
    cosignature::CosignerKey,
    note::{KeyError, KeyName, Verifier},
};
use url::Url;

/// Why a text names no witness.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidWitness {
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The URL.
    #[error("a witness's URL is its submission prefix, as https://witness.example.org, without query and fragment")]
    Url,
    /// Not both.
    #[error("a witness is written as its verifier key, a space and its URL")]
    Form,
}

/// A witness: its name is its key's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    key: CosignerKey,
    add_checkpoint: Url,
}

impl Witness {
    /// A witness with this key, at this submission prefix.
    ///
    /// # Errors
    /// [`InvalidWitness::Url`].
    pub fn new(key: CosignerKey, prefix: &str) -> Result<Self, InvalidWitness> {
        let mut url = Url::parse(prefix).map_err(|_| InvalidWitness::Url)?;
        let bare = url.query().is_none() && url.fragment().is_none();
        if !matches!(url.scheme(), "http" | "https") || !bare {
            return Err(InvalidWitness::Url);
        }
        let path = format!("{}/add-checkpoint", url.path().trim_end_matches('/'));
        url.set_path(&path);
        Ok(Self { key, add_checkpoint: url })
    }

    /// Its name.
    pub fn name(&self) -> &KeyName {
        self.key.name()
    }

    /// Its key, for a [`tlog::cosignature::Quorum`].
    pub fn key(&self) -> &CosignerKey {
        &self.key
    }

    /// Where checkpoints are sent.
    pub fn add_checkpoint(&self) -> &Url {
        &self.add_checkpoint
    }
}

impl FromStr for Witness {
    type Err = InvalidWitness;

    /// Reads `<vkey> <URL>`.
    fn from_str(text: &str) -> Result<Self, InvalidWitness> {
        let (key, url) = text.split_once(' ').ok_or(InvalidWitness::Form)?;
        Self::new(key.parse()?, url)
    }
}

#[cfg(test)]
mod tests {
    use tlog::cosignature::Cosigner;

    use super::*;

    fn key() -> CosignerKey {
        Cosigner::ed25519(KeyName::new("w.example/1").unwrap(), &[1; 32]).key()
    }

    #[test]
    fn a_witness_is_a_key_and_a_prefix() {
        for (prefix, url) in [
            ("https://w.example", "https://w.example/add-checkpoint"),
            ("https://w.example/", "https://w.example/add-checkpoint"),
            ("http://127.0.0.1:8466/a/b", "http://127.0.0.1:8466/a/b/add-checkpoint"),
        ] {
            let witness: Witness = format!("{} {prefix}", key()).parse().unwrap();
            assert_eq!((witness.add_checkpoint().as_str(), witness.name().as_str()), (url, "w.example/1"));
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        for url in ["w.example", "ftp://w.example", "https://w.example?a", "https://w.example#a"] {
            assert_eq!(Witness::new(key(), url), Err(InvalidWitness::Url), "{url}");
        }
        assert_eq!(key().to_string().parse::<Witness>(), Err(InvalidWitness::Form));
        assert!(matches!("a+b https://w.example".parse::<Witness>(), Err(InvalidWitness::Key(_))));
    }
}
