//! OpenID Connect (code flow with PKCE), this server as the relying party: which providers there are, and what one says
//! of a person. What follows from that is the services' part. No token of a provider outlives the call that got it.

mod http;
mod provider;
mod settings;
mod verify;

pub use provider::{Begun, IdentifyError, Provider, Providers, Unreachable, VerifiedIdentity};
pub use settings::{ProviderConfig, ProvidersFileError, read};
pub use verify::TokenFault;

/// Where providers send browsers back to, each to its own: an answer that another gave never passes for its (RFC 9700, section
/// 4.4.2).
pub fn callback(provider: &str) -> String {
    format!("/sign-in/identity/callback/{provider}")
}
