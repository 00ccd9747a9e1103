//! Codes. They aren't stored: a code is made of HMAC-SHA-256(key, "phone code" ‖ 0 ‖ id ‖ account ‖ purpose ‖ 0 ‖ number),
//! where the id is random and the key lies outside of the database. Whoever steals the database alone makes no code.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{
    ServiceError, ServiceResult,
    audit::enum_name,
    secrets::{SecretsDir, SecretsError},
    storage::phone_codes::CodeRow,
};

/// Name of the secret.
const FILE: &str = "sms-key";

/// What a code is good for, and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodePurpose {
    /// Making a number the account's.
    Verify,
    /// Signing in with a number.
    SignIn,
    /// A second factor.
    SecondFactor,
}

/// The key outside the database.
pub struct SmsKey(Zeroizing<Vec<u8>>);

impl SmsKey {
    /// Reads it, or makes it: without it only codes that wait for their readers are lost.
    pub fn load(secrets: &SecretsDir) -> Result<Self, SecretsError> {
        let key = Zeroizing::new(secrets.creating().key(FILE)?);
        if key.len() == 32 { Ok(Self(key)) } else { Err(secrets.damaged(FILE)) }
    }

    /// The six digits of a row.
    pub fn code(&self, row: &CodeRow) -> ServiceResult<Zeroizing<String>> {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0)
            .map_err(|error| ServiceError::Internal(format!("a code for a phone: {error}")))?;
        let account = row.account.map_or([0; 32], |account| account.0);
        let purpose = enum_name(&row.purpose);
        for bytes in [&b"phone code\0"[..], &row.id, &account, purpose.as_bytes(), &[0], row.number.as_str().as_bytes()]
        {
            mac.update(bytes);
        }
        let whole = Zeroizing::new(<[u8; 32]>::from(mac.finalize().into_bytes()));
        let mut eight = [0; 8];
        eight.copy_from_slice(&whole[..8]);
        // Of 2^64 numbers each code has as many but for one: no code is likelier than another.
        Ok(Zeroizing::new(format!("{:06}", u64::from_be_bytes(eight) % 1_000_000)))
    }

    /// Whether what was typed is the code of a row; it takes the same time for every six digits.
    pub fn is_code(&self, row: &CodeRow, typed: &str) -> ServiceResult<bool> {
        let right = self.code(row)?;
        let digits: Zeroizing<String> =
            Zeroizing::new(typed.chars().filter(|c| !c.is_whitespace() && *c != '-').take(7).collect());
        Ok(right.as_bytes().ct_eq(digits.as_bytes()).into())
    }
}

#[cfg(test)]
mod tests {
    use api_types::AccountId;

    use super::*;
    use crate::sms::Number;

    fn row(id: u8, account: u8, purpose: CodePurpose, number: &str) -> CodeRow {
        CodeRow {
            id: [id; 16],
            purpose,
            number: Number::parse(number).unwrap(),
            account: Some(AccountId([account; 32])),
            browser: None,
            tries: 0,
            expires_at: 0,
            send_at: None,
            attempts: 0,
        }
    }

    fn key(create: bool, folder: &tempfile::TempDir) -> SmsKey {
        SmsKey::load(&SecretsDir::open(folder.path(), create).unwrap()).unwrap()
    }

    #[test]
    fn a_code_needs_the_key_and_every_part() {
        use CodePurpose::*;
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (key, again, other) = (self::key(true, &folder), self::key(false, &folder), self::key(true, &other));
        let ours = row(1, 2, SignIn, "+4915123456789");
        let code = key.code(&ours).unwrap();
        assert!(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()), "{}", *code);
        assert!(again.is_code(&ours, &code).unwrap());
        let mut same = usize::from(other.is_code(&ours, &code).unwrap());
        for row in [
            row(9, 2, SignIn, "+4915123456789"),
            row(1, 9, SignIn, "+4915123456789"),
            row(1, 2, SecondFactor, "+4915123456789"),
            row(1, 2, SignIn, "+4915123456780"),
        ] {
            same += usize::from(key.is_code(&row, &code).unwrap());
        }
        assert!(same <= 1, "one in a million is the same by chance");
    }

    #[test]
    fn what_is_typed_may_have_gaps_and_nothing_more() {
        let folder = tempfile::tempdir().unwrap();
        let key = key(true, &folder);
        let ours = row(1, 2, CodePurpose::Verify, "+4915123456789");
        let code = key.code(&ours).unwrap();
        let right = |typed: &str| key.is_code(&ours, typed).unwrap();
        assert!(right(&format!(" {}-{} ", &code[..3], &code[3..])));
        for wrong in [String::new(), code[..5].to_owned(), format!("{}0", *code), format!("x{}", *code)] {
            assert!(!right(&wrong), "{wrong}");
        }
    }
}
