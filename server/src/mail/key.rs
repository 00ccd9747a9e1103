//! Tokens of mailed links, and mailed codes. They aren't stored: a token is HMAC-SHA-256(key, purpose ‖ 0 ‖ id ‖ account ‖
//! address), where the key lies outside of the database; a code is made of one. Whoever steals the database alone makes none.

use api_types::{AccountId, InvitationId, email_change::AddressSide};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{
    ServiceError, ServiceResult,
    secrets::{SecretsDir, SecretsError},
    storage::{email_changes::ChangeRow, email_verifications::VerificationRow, sign_up_codes::SignUpCodeRow},
};

/// Name of the secret.
const FILE: &str = "mail-key";

/// The key outside the database.
pub struct MailKey(Zeroizing<Vec<u8>>);

impl MailKey {
    /// Reads it, or makes it: without it only links that wait for their readers are lost.
    pub fn load(secrets: &SecretsDir) -> Result<Self, SecretsError> {
        let key = Zeroizing::new(secrets.creating().key(FILE)?);
        if key.len() == 32 { Ok(Self(key)) } else { Err(secrets.damaged(FILE)) }
    }

    /// Of the link that verifies an address: base64url of id ‖ HMAC.
    pub fn verification(&self, row: &VerificationRow) -> ServiceResult<Zeroizing<String>> {
        let mac = self.verification_mac(row)?.finalize().into_bytes();
        let bytes = Zeroizing::new([&row.id[..], &mac].concat());
        Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(&*bytes)))
    }

    /// Whether a token is that of a row.
    pub fn verifies(&self, token: &VerificationToken, row: &VerificationRow) -> ServiceResult<bool> {
        Ok(self.verification_mac(row)?.verify_slice(&token.mac).is_ok())
    }

    /// Of the link that one side of a change of address confirms or stops it by: base64url of id ‖ HMAC.
    pub fn change(&self, row: &ChangeRow, side: AddressSide) -> ServiceResult<Zeroizing<String>> {
        let mac = self.change_mac(row, side)?.finalize().into_bytes();
        let bytes = Zeroizing::new([&row.id[..], &mac].concat());
        Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(&*bytes)))
    }

    /// Whether a token is that of a side of a change.
    pub fn changes(&self, token: &VerificationToken, row: &ChangeRow, side: AddressSide) -> ServiceResult<bool> {
        Ok(self.change_mac(row, side)?.verify_slice(&token.mac).is_ok())
    }

    /// Of an invitation that is mailed.
    pub fn invitation(&self, id: InvitationId, address_key: &str) -> ServiceResult<Zeroizing<String>> {
        let mac = self.mac("invitation", &id.0, None, address_key)?.finalize().into_bytes();
        Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(mac)))
    }

    /// The eight digits that prove an address at sign-up.
    pub fn sign_up_code(&self, row: &SignUpCodeRow) -> ServiceResult<Zeroizing<String>> {
        let mac = self.mac("sign-up code", &row.id, None, &row.address_key)?;
        let whole = Zeroizing::new(<[u8; 32]>::from(mac.finalize().into_bytes()));
        let mut eight = Zeroizing::new([0_u8; 8]);
        eight.copy_from_slice(&whole[..8]);
        // Of 2^64 numbers each code has as many but for one: no code is likelier than another.
        Ok(Zeroizing::new(format!("{:08}", u64::from_be_bytes(*eight) % 100_000_000)))
    }

    /// Whether what was typed is the code of a row; it takes the same time for every eight digits.
    pub fn is_sign_up_code(&self, row: &SignUpCodeRow, typed: &str) -> ServiceResult<bool> {
        let right = self.sign_up_code(row)?;
        let digits = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').take(9);
        let digits: Zeroizing<String> = Zeroizing::new(digits.collect());
        Ok(right.as_bytes().ct_eq(digits.as_bytes()).into())
    }

    fn verification_mac(&self, row: &VerificationRow) -> ServiceResult<Hmac<Sha256>> {
        self.mac("email verification", &row.id, Some(row.account), &row.address_key)
    }

    fn change_mac(&self, row: &ChangeRow, side: AddressSide) -> ServiceResult<Hmac<Sha256>> {
        let purpose = match side {
            AddressSide::Old => "email change, old address",
            AddressSide::New => "email change, new address",
        };
        self.mac(purpose, &row.id, Some(row.account), row.sent_to(side))
    }

    fn mac(
        &self,
        purpose: &str,
        id: &[u8; 16],
        account: Option<AccountId>,
        address_key: &str,
    ) -> ServiceResult<Hmac<Sha256>> {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0)
            .map_err(|error| ServiceError::Internal(format!("the token of a link: {error}")))?;
        let account = account.map_or([0; 32], |account| account.0);
        // All but the last have a fixed length.
        for bytes in [purpose.as_bytes(), &[0], id, &account, address_key.as_bytes()] {
            mac.update(bytes);
        }
        Ok(mac)
    }
}

/// A token that somebody brought, read but not believed.
pub struct VerificationToken {
    /// The row that it claims.
    pub id: [u8; 16],
    mac: [u8; 32],
}

impl VerificationToken {
    /// Reads one; `None` for what is none.
    pub fn parse(text: &str) -> Option<Self> {
        // 48 bytes in base64url.
        let bytes =
            Zeroizing::new(Some(text).filter(|text| text.len() == 64).map(|t| URL_SAFE_NO_PAD.decode(t))?.ok()?);
        Some(Self { id: bytes.get(..16)?.try_into().ok()?, mac: bytes.get(16..)?.try_into().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: u8, account: u8, address: &str) -> VerificationRow {
        VerificationRow {
            id: [id; 16],
            account: AccountId([account; 32]),
            address_key: address.to_owned(),
            expires_at: 0,
        }
    }

    #[test]
    fn a_token_needs_the_key_and_every_part() {
        let folder = tempfile::tempdir().unwrap();
        let key = MailKey::load(&SecretsDir::open(folder.path(), true).unwrap()).unwrap();
        let again = MailKey::load(&SecretsDir::open(folder.path(), false).unwrap()).unwrap();
        let ours = row(1, 2, "a@example.org");
        let token = VerificationToken::parse(&key.verification(&ours).unwrap()).unwrap();
        assert_eq!(token.id, ours.id);
        assert!(again.verifies(&token, &ours).unwrap());
        let other = tempfile::tempdir().unwrap();
        let other = MailKey::load(&SecretsDir::open(other.path(), true).unwrap()).unwrap();
        assert!(!other.verifies(&token, &ours).unwrap());
        for row in [row(9, 2, "a@example.org"), row(1, 9, "a@example.org"), row(1, 2, "b@example.org")] {
            assert!(!key.verifies(&token, &row).unwrap(), "{row:?}");
        }
        let invitation = key.invitation(InvitationId([1; 16]), "a@example.org").unwrap();
        assert_eq!(invitation.len(), 43);
        assert!(!key.verification(&ours).unwrap().contains(&invitation[..20]));
    }

    #[test]
    fn each_side_of_a_change_has_a_token_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let key = MailKey::load(&SecretsDir::open(folder.path(), true).unwrap()).unwrap();
        let change = ChangeRow {
            id: [1; 16],
            account: AccountId([2; 32]),
            old_key: "a@example.org".into(),
            address: "b@example.org".into(),
            address_key: "b@example.org".into(),
            expires_at: 0,
            old_confirmed_at: None,
            new_confirmed_at: None,
        };
        // Even where both links went to one address.
        let same = ChangeRow { old_key: change.address_key.clone(), ..change.clone() };
        for change in [&change, &same] {
            for side in [AddressSide::Old, AddressSide::New] {
                let token = VerificationToken::parse(&key.change(change, side).unwrap()).unwrap();
                let fits = [AddressSide::Old, AddressSide::New].map(|it| key.changes(&token, change, it).unwrap());
                assert_eq!(fits, [side == AddressSide::Old, side == AddressSide::New]);
                let other = ChangeRow { id: [3; 16], ..change.clone() };
                assert!(!key.changes(&token, &other, side).unwrap());
                assert!(!key.verifies(&token, &row(1, 2, change.sent_to(side))).unwrap());
            }
        }
    }

    fn code_row(id: u8, address: &str) -> SignUpCodeRow {
        SignUpCodeRow {
            id: [id; 16],
            secret_hash: [0; 32],
            address_key: address.to_owned(),
            mailed: true,
            tries: 0,
            proved: false,
            expires_at: 0,
        }
    }

    #[test]
    fn a_code_needs_the_key_and_every_part() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let key = MailKey::load(&SecretsDir::open(folder.path(), true).unwrap()).unwrap();
        let again = MailKey::load(&SecretsDir::open(folder.path(), false).unwrap()).unwrap();
        let other = MailKey::load(&SecretsDir::open(other.path(), true).unwrap()).unwrap();
        let ours = code_row(1, "a@example.org");
        let code = key.sign_up_code(&ours).unwrap();
        assert!(code.len() == 8 && code.bytes().all(|b| b.is_ascii_digit()), "{}", *code);
        assert!(again.is_sign_up_code(&ours, &code).unwrap());
        let mut same = usize::from(other.is_sign_up_code(&ours, &code).unwrap());
        for row in [code_row(9, "a@example.org"), code_row(1, "b@example.org")] {
            same += usize::from(key.is_sign_up_code(&row, &code).unwrap());
        }
        assert_eq!(same, 0, "one in a hundred million is the same by chance");
    }

    #[test]
    fn what_is_typed_may_have_gaps_and_nothing_more() {
        let folder = tempfile::tempdir().unwrap();
        let key = MailKey::load(&SecretsDir::open(folder.path(), true).unwrap()).unwrap();
        let ours = code_row(1, "a@example.org");
        let code = key.sign_up_code(&ours).unwrap();
        let right = |typed: &str| key.is_sign_up_code(&ours, typed).unwrap();
        assert!(right(&format!(" {}-{} ", &code[..4], &code[4..])));
        for wrong in [String::new(), code[..7].to_owned(), format!("{}0", *code), format!("x{}", *code)] {
            assert!(!right(&wrong), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_token_is_none() {
        for text in ["", "abc", &"A".repeat(63), &"A".repeat(65), &"*".repeat(64), &"é".repeat(32)] {
            assert!(VerificationToken::parse(text).is_none(), "{text}");
        }
        assert!(VerificationToken::parse(&"A".repeat(64)).is_some());
    }
}
