//! Proving an address before it has an account: by a code that the server mails to it. Nothing of the sealing depends on it.

use api_types::{
    UnixMillis,
    sign_up::{AskSignUpCode, CheckSignUpCode},
};
use zeroize::Zeroizing;

use super::Client;
use crate::{content::check_email, error::Result, platform::Platform};

/// A message with a code, which is on its way to an address, or one that says that the address has an account.
#[derive(Clone)]
pub struct AskedCode {
    email: String,
    secret: Zeroizing<String>,
    /// When the code ends.
    pub expires_at: UnixMillis,
}

/// An address whose mail its holder was shown to read: its account may be made within an hour.
#[derive(Clone)]
pub struct ProvedAddress {
    pub(super) secret: Zeroizing<String>,
    email: String,
}

impl AskedCode {
    /// Where it went.
    pub fn email(&self) -> &str {
        &self.email
    }
}

impl ProvedAddress {
    /// Which it is.
    pub fn email(&self) -> &str {
        &self.email
    }
}

impl<P: Platform> Client<P> {
    /// Whether signing up, with that invitation or without one, needs an address that was proved by a code. Whom an identity provider
    /// verified ([`Client::sign_up_with_identity`]) needs none.
    ///
    /// # Errors
    /// `invitation_invalid`, or no connection.
    pub async fn asks_sign_up_code(&self, token: Option<&str>) -> Result<bool> {
        match token {
            Some(token) => Ok(self.look_up_invitation(token).await?.asks_code),
            None => Ok(self.instance().await?.mail),
        }
    }

    /// Has a code mailed to an address that is to have an account. The answer doesn't tell whether it has one already; the message
    /// does.
    ///
    /// # Errors
    /// `invalid_field`, `throttled`, `invitation_invalid`; `conflict` where none is needed; no connection.
    pub async fn ask_sign_up_code(&self, email: &str, token: Option<&str>) -> Result<AskedCode> {
        let email = email.trim().to_owned();
        check_email(&email)?;
        // Another server must not make an account here.
        self.pinned().await?;
        let body = AskSignUpCode { email: email.clone(), invitation: token.map(str::to_owned) };
        let asked = self.api().ask_sign_up_code(&body).await?;
        Ok(AskedCode { email, secret: Zeroizing::new(asked.secret), expires_at: asked.expires_at })
    }

    /// Proves the address by the code that came there: [`Client::sign_up_with_code`].
    ///
    /// # Errors
    /// `sign_up_code_wrong`, `sign_up_code_expired`, or no connection.
    pub async fn prove_address(&self, asked: &AskedCode, code: &str) -> Result<ProvedAddress> {
        let body = CheckSignUpCode { secret: asked.secret.to_string(), code: code.to_owned() };
        self.api().check_sign_up_code(&body).await?;
        Ok(ProvedAddress { secret: asked.secret.clone(), email: asked.email.clone() })
    }
}
