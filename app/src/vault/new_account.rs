//! What a person gives to create an account.

use api_types::accounts::Role;

/// Everything that sign-up needs; held in memory until it is sealed.
#[derive(Clone)]
pub struct NewAccount {
    /// Full name.
    pub name: String,
    /// Sign-in e-mail.
    pub email: String,
    /// Password; leaves this device in no form.
    pub password: String,
    /// Role asked for.
    pub role: Role,
    /// The recovery kit that was shown.
    pub words: Vec<String>,
    /// Set-up or invitation token.
    pub token: Option<String>,
    /// The invitation's secret, base64url.
    pub secret: Option<String>,
    /// Whether it is made of the identity that a provider verified in this browser.
    pub identity: bool,
    /// Whether this is the first administrator.
    pub set_up: bool,
}
