//! Private keys as text: `PRIVATE+KEY+name+id+base64(type ‖ seed)`, as golang.org/x/mod/sumdb/note writes them.

use zeroize::Zeroizing;

use crate::{
    note::{KeyError, KeyId, KeyName},
    text::{from_base64, to_base64},
};

const PREFIX: &str = "PRIVATE+KEY+";

/// What such a text holds. The id is as written: the key that the seed makes must have it.
pub struct Skey {
    pub name: KeyName,
    pub id: KeyId,
    pub kind: u8,
    pub seed: Zeroizing<[u8; 32]>,
}

impl Skey {
    pub fn write(&self) -> Zeroizing<String> {
        let material = Zeroizing::new([&[self.kind], &self.seed[..]].concat());
        let base64 = Zeroizing::new(to_base64(&material));
        Zeroizing::new(format!("{PREFIX}{}+{}+{}", self.name, self.id, *base64))
    }

    pub fn read(text: &str) -> Result<Self, KeyError> {
        let rest = text.strip_prefix(PREFIX).ok_or(KeyError::Form)?;
        let (name, rest) = rest.split_once('+').ok_or(KeyError::Form)?;
        let (id, material) = rest.split_once('+').ok_or(KeyError::Form)?;
        let (name, id) = (KeyName::new(name)?, id.parse::<KeyId>()?);
        let material = Zeroizing::new(from_base64(material).ok_or(KeyError::Base64)?);
        let (&kind, seed) = material.split_first().ok_or(KeyError::Base64)?;
        let seed = Zeroizing::new(seed.try_into().map_err(|_| KeyError::Base64)?);
        Ok(Self { name, id, kind, seed })
    }
}
