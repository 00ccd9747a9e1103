//! Time-based one-time passwords (RFC 6238) as every authenticator app makes them: SHA-1, 6 digits, 30 seconds.
//!
//! A secret isn't stored: it is HMAC-SHA-256(key, account ‖ factor ‖ salt), cut to 160 bits, where the salt lies in the
//! database and the key outside of it. Whoever steals the database alone makes no code.

use api_types::{AccountId, SecondFactorId, UnixMillis};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use totp_rs::{Builder, Totp};
use zeroize::Zeroizing;

use crate::{
    ServiceError, ServiceResult,
    secrets::{SecretsDir, SecretsError},
};

/// Name of the secret.
const FILE: &str = "totp-key";

/// The key outside the database.
pub struct TotpKey(Zeroizing<Vec<u8>>);

impl TotpKey {
    /// Reads it, or makes it where the folder may create.
    pub fn load(secrets: &SecretsDir) -> Result<Self, SecretsError> {
        let key = Zeroizing::new(secrets.key(FILE)?);
        if key.len() == 32 { Ok(Self(key)) } else { Err(secrets.damaged(FILE)) }
    }

    /// What makes and checks the codes of one second factor.
    pub fn codes(&self, account: AccountId, factor: SecondFactorId, salt: &[u8; 32]) -> ServiceResult<Codes> {
        let failed = |error: &dyn std::fmt::Display| ServiceError::Internal(format!("a one-time password: {error}"));
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0).map_err(|error| failed(&error))?;
        for bytes in [&account.0[..], &factor.0, salt] {
            mac.update(bytes);
        }
        let whole = Zeroizing::new(<[u8; 32]>::from(mac.finalize().into_bytes()));
        let mut secret = [0; 20];
        secret.copy_from_slice(&whole[..20]);
        let totp = Builder::new().with_secret(secret).build();
        totp.map(Codes).map_err(|error| failed(&error))
    }
}

/// The codes of one second factor.
pub struct Codes(Totp);

impl Codes {
    /// The step, of 30 seconds since 1970, whose code this is: the one of now, the one before or the next.
    pub fn step(&self, code: &str, now: UnixMillis) -> Option<i64> {
        let digits: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        let step = self.0.check(&digits, u64::try_from(now / 1000).ok()?)?;
        i64::try_from(step).ok()
    }

    /// The secret in base32.
    pub fn secret(&self) -> String {
        self.0.secret().to_base32()
    }

    /// The secret as an app scans it, with the names that it shows.
    pub fn uri(&self, issuer: &str, account: &str) -> ServiceResult<String> {
        // The form separates the two by a colon.
        let plain = |text: &str| text.replace(':', " ");
        let totp = Builder::new()
            .with_secret(self.0.secret().clone())
            .with_issuer(Some(plain(issuer)))
            .with_account_name(plain(account))
            .build();
        let uri = totp.and_then(|totp| totp.to_url());
        uri.map_err(|error| ServiceError::Internal(format!("an address for an app: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, SHA-1: seconds and the last six of the eight digits there.
    const VECTORS: [(u64, &str); 6] = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];

    fn codes(secret: &[u8]) -> Codes {
        Codes(Builder::new().with_secret(secret.to_vec()).build().unwrap())
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        let codes = codes(b"12345678901234567890");
        for (seconds, code) in VECTORS {
            let (time, step) = (seconds as i64 * 1000, (seconds / 30) as i64);
            assert_eq!(codes.0.generate(seconds).to_string(), code);
            assert_eq!(codes.step(code, time), Some(step));
            assert_eq!(codes.step(&format!("{} {}", &code[..3], &code[3..]), time), Some(step), "as apps show it");
            assert_eq!(codes.step(code, time + 30_000), Some(step), "a clock that is half a minute ahead");
            assert_eq!(codes.step(code, time + 60_000), None);
            assert_eq!(codes.step(code, time - 60_000), None);
        }
        for other in ["", "28708", "2870820", "-87082", "28708a", "２８７０８２"] {
            assert_eq!(codes.step(other, 59_000), None, "{other:?}");
        }
    }

    #[test]
    fn a_secret_needs_the_key_and_every_part() {
        let folder = tempfile::tempdir().unwrap();
        let key = TotpKey::load(&SecretsDir::open(folder.path(), true).unwrap()).unwrap();
        let again = TotpKey::load(&SecretsDir::open(folder.path(), false).unwrap()).unwrap();
        let secret = |key: &TotpKey, account, factor, salt| {
            key.codes(AccountId([account; 32]), SecondFactorId([factor; 16]), &[salt; 32]).unwrap().secret()
        };
        assert_eq!(secret(&key, 1, 2, 3), secret(&again, 1, 2, 3));
        let other = tempfile::tempdir().unwrap();
        let other = TotpKey::load(&SecretsDir::open(other.path(), true).unwrap()).unwrap();
        let made = [
            secret(&key, 1, 2, 3),
            secret(&key, 9, 2, 3),
            secret(&key, 1, 9, 3),
            secret(&key, 1, 2, 9),
            secret(&other, 1, 2, 3),
        ];
        assert!(made.iter().all(|secret| secret.len() == 32));
        assert_eq!(made.iter().collect::<std::collections::BTreeSet<_>>().len(), made.len());
    }

    #[test]
    fn an_app_reads_the_address() {
        let uri = codes(b"12345678901234567890").uri("Ward 3: East", "a:b@clinic.example").unwrap();
        assert!(uri.starts_with("otpauth://totp/"), "{uri}");
        assert!(uri.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), "{uri}");
        assert!(uri.contains("issuer=Ward%203") && uri.contains("clinic.example"), "{uri}");
    }
}
