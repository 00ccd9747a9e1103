//! OpenID Connect (code flow with PKCE), this server as the relying party: which providers there are, and what one says
//! of a person. What follows from that is the services' part. No token of a provider outlives the call that got it.

mod http;
mod provider;
mod settings;
mod verify;

pub use provider::{Begun, IdentifyError, Provider, Providers, Unreachable, VerifiedIdentity};
pub use settings::{ProviderConfig, ProvidersFileError, read};
pub use verify::TokenFault;

/// Where providers send browsers back to.
pub const CALLBACK: &str = "/sign-in/identity/callback";
