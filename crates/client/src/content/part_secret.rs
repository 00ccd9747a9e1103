//! What opens one file alone, as part 0 states it where the version's own content key doesn't: a file that was carried over,
//! or that was sealed while its version was still being written.

use api_types::B64;
use crypto::{format::PART_SECRET, secret::Secret};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use zeroize::Zeroize;

/// Key and base nonce of a part. Never printed; only ever written into what is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PartSecret(pub Secret<PART_SECRET>);

impl Serialize for PartSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = B64(self.0.expose().to_vec());
        let written = text.serialize(serializer);
        text.0.zeroize();
        written
    }
}

impl<'de> Deserialize<'de> for PartSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut text = B64::deserialize(deserializer)?;
        let read = Secret::from_slice(&text.0);
        text.0.zeroize();
        read.map(Self).ok_or_else(|| D::Error::custom("a part's secret has another length"))
    }
}

/// A file's part, and what opens it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StatedSecret {
    /// The part.
    pub part: u32,
    /// What opens it.
    pub secret: PartSecret,
}
