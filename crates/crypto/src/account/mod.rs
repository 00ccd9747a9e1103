//! Accounts: key records and their chain, devices that send, the keyring, the account key, ways in, the client state, fingerprints.

#[cfg(feature = "open")]
mod account_key;
mod closing;
mod device;
mod emergency;
mod escrow;
mod fingerprint;
mod key_record;
#[cfg(feature = "open")]
mod keyring;
mod organisation;
#[cfg(feature = "open")]
mod passkey;
#[cfg(feature = "open")]
mod recovery;
mod retention;
mod shares;
#[cfg(feature = "open")]
mod state;
#[cfg(feature = "open")]
mod unlock;
mod way_in;

#[cfg(feature = "open")]
pub use account_key::AccountKey;
pub use closing::{AccountClosing, AccountRemoval, ClosingError, REMOVAL_DELAY_DAYS};
pub use device::{DEVICE_LIFE_MAX, Device, DeviceError, DeviceRecord, DeviceRemoval};
pub use emergency::{EMERGENCY_DELAY_DAYS, EmergencyContact, EmergencyError};
#[cfg(feature = "open")]
pub use emergency::{open_emergency, seal_emergency};
pub use escrow::{AccountEscrow, ESCROW_DELAY_DAYS, EscrowEnd, EscrowError, EscrowKey};
#[cfg(feature = "open")]
pub use escrow::{EscrowWords, open_escrow, seal_escrow};
#[cfg(feature = "open")]
pub use fingerprint::fingerprint_words;
pub use fingerprint::{fingerprint_bits, fingerprint_groups};
pub use key_record::{EPOCH_OVERLAP, KeyChain, KeyDirectory, KeyError, KeyRecord};
#[cfg(feature = "open")]
pub use keyring::{EpochKeys, Keyring, KeyringError};
#[cfg(feature = "open")]
pub use organisation::OrganisationKey;
pub use organisation::{OrganisationError, Role, RoleStatement};
#[cfg(feature = "open")]
pub use passkey::PasskeySecret;
#[cfg(feature = "open")]
pub use recovery::{RecoveryError, RecoveryKit};
pub use retention::{RETENTION_RULES_MAX, RETENTION_YEARS_MAX, RetentionRule, RetentionRules};
#[cfg(feature = "open")]
pub use shares::{
    CombineError, RecoveryShare, SHARE_CHARACTERS, ShareError, check_together, combine_shares, open_share,
    split_recovery,
};
pub use shares::{RecoverySplit, SHARE_HOLDERS, SHARE_THRESHOLD_MIN, SPLIT_ID_LEN, ShareHolder, SplitError, SplitId};
#[cfg(feature = "open")]
pub use state::{StateError, open_cache, open_state, seal_cache, seal_state};
#[cfg(feature = "open")]
pub(crate) use state::{open_counted, seal_counted};
#[cfg(feature = "open")]
pub use unlock::{WayInSecret, WayInSetup, make_way_in, rewrap_way_in, unlock};
pub use way_in::{RecoveryProof, WayIn, WayInError, WayInKind, verify_way_in};
