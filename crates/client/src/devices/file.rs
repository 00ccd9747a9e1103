//! What a machine keeps of being a device: its key, its token, and whom and what it knows. As text, for one file.

use api_types::B64;
use crypto::{
    account::{DeviceRecord, KeyChain},
    secret::Secret,
    sign::{Signed, SigningKey},
};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::{
    error::{ClientError, Result},
    key_log::KeysSeen,
    memory::Memory,
    state::{ClientState, Compared, Pin},
    tokens::is_api_token,
};

const FORMAT: &str = "healthsecure.device";
const VERSION: u32 = 1;

/// What a device knows of its server and of people's keys. Not secret; kept beside the file and replaced with every run.
#[derive(Clone, Serialize, Deserialize)]
pub struct DeviceMemory {
    pub(super) memory: Memory,
    /// Pins, as an account's client state holds them.
    pub(super) state: B64,
}

impl DeviceMemory {
    /// What its owner has pinned of the server, and the owner's own key.
    pub(super) fn begin(memory: &Memory, state: &ClientState, owner: &KeyChain) -> Self {
        let pin = Pin { epoch: owner.epoch(), record: owner.current().hash(), compared: Compared::These };
        let state = ClientState {
            instance: state.instance,
            organisation: state.organisation,
            pins: [(owner.account(), pin)].into(),
            logs: state.logs.clone(),
            keys: KeysSeen { labels: state.keys.labels, ..KeysSeen::default() },
            ..ClientState::default()
        };
        let memory = Memory {
            instance: memory.instance.clone(),
            organisation_key: memory.organisation_key.clone(),
            logs: memory.logs.clone(),
            witnesses: memory.witnesses.clone(),
            ..Memory::default()
        };
        Self::of(memory, &state)
    }

    pub(super) fn of(memory: Memory, state: &ClientState) -> Self {
        Self { memory, state: B64(state.to_bytes().expose().to_vec()) }
    }
}

/// A device's file. Whoever has it sends in its owner's name until the device is removed, and reads nothing.
#[derive(Clone, Serialize, Deserialize)]
pub struct DeviceFile {
    format: String,
    version: u32,
    /// Where it sends to.
    server: String,
    record: B64,
    signing_key: B64,
    token: String,
    remembered: DeviceMemory,
}

impl std::fmt::Debug for DeviceFile {
    /// Never key or token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DeviceFile({})", self.server)
    }
}

impl Drop for DeviceFile {
    fn drop(&mut self) {
        self.signing_key.0.zeroize();
        self.token.zeroize();
    }
}

impl DeviceFile {
    pub(super) fn new(
        server: &str,
        record: &Signed<DeviceRecord>,
        seed: &Secret<32>,
        token: String,
        remembered: DeviceMemory,
    ) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            server: server.to_owned(),
            record: B64::from(record.as_bytes()),
            signing_key: B64(seed.expose().to_vec()),
            token,
            remembered,
        }
    }

    /// As text: secret.
    ///
    /// # Errors
    /// Never for a file of this crate.
    pub fn to_text(&self) -> Result<Zeroizing<String>> {
        let text = serde_json::to_string_pretty(self);
        Ok(Zeroizing::new(text.map_err(|_| ClientError::Internal("a device's file does not serialise"))?))
    }

    /// Reads what [`DeviceFile::to_text`] wrote.
    ///
    /// # Errors
    /// [`ClientError::DeviceFile`].
    pub fn parse(text: &str) -> Result<Self> {
        let file: Self = serde_json::from_str(text).map_err(|_| ClientError::DeviceFile)?;
        let whole = file.format == FORMAT && file.version == VERSION && is_api_token(Some(&file.token));
        if !whole || file.key()?.public() != file.record()?.claimed().signing {
            return Err(ClientError::DeviceFile);
        }
        Ok(file)
    }

    /// Where the device sends to.
    pub fn server(&self) -> &str {
        &self.server
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    pub(super) fn remembered(&self) -> &DeviceMemory {
        &self.remembered
    }

    pub(super) fn record(&self) -> Result<Signed<DeviceRecord>> {
        Signed::parse(&self.record.0).map_err(|_| ClientError::DeviceFile)
    }

    pub(super) fn key(&self) -> Result<SigningKey> {
        Ok(SigningKey::from_seed(Secret::from_slice(&self.signing_key.0).ok_or(ClientError::DeviceFile)?))
    }
}
