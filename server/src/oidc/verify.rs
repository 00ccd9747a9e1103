//! Whether an ID token is one: OpenID Connect Core 1.0, section 3.1.3.7. openidconnect checks signature, issuer, audience,
//! expiry and nonce; which algorithms count, how old a token may be and for whom else it was made is said here.

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::{
    ClaimsVerificationError, ClientId, Nonce, SignatureVerificationError,
    core::{CoreIdToken, CoreIdTokenClaims, CoreIdTokenVerifier, CoreJwsSigningAlgorithm as Alg},
};

/// Signatures of the provider alone: with a shared secret (`HS256`) whoever knows it could sign, and `none` is no signature.
const ALGORITHMS: [Alg; 8] = [
    Alg::RsaSsaPkcs1V15Sha256,
    Alg::RsaSsaPkcs1V15Sha384,
    Alg::RsaSsaPkcs1V15Sha512,
    Alg::RsaSsaPssSha256,
    Alg::RsaSsaPssSha384,
    Alg::EcdsaP256Sha256,
    Alg::EcdsaP384Sha384,
    Alg::EdDsa,
];

/// A token is made for the request that fetches it: so far its time may be from ours.
const AGE: TimeDelta = TimeDelta::minutes(10);

/// What is wrong with an ID token. The names stand in the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenFault {
    /// There is none, or it can't be read.
    #[error("malformed")]
    Malformed,
    /// By another issuer.
    #[error("issuer")]
    Issuer,
    /// For another client, or for others as well.
    #[error("audience")]
    Audience,
    /// Its time is over, or it wasn't made just now.
    #[error("expired")]
    Expired,
    /// For another request.
    #[error("nonce")]
    Nonce,
    /// Not signed (`none`).
    #[error("unsigned")]
    Unsigned,
    /// Signed in a way that doesn't count.
    #[error("algorithm")]
    Algorithm,
    /// By a key that the provider doesn't name.
    #[error("key")]
    Key,
    /// The signature is wrong.
    #[error("signature")]
    Signature,
    /// Anything else.
    #[error("other")]
    Other,
}

/// The claims of a token, if it is one for this client and nonce.
pub(super) fn claims<'t>(
    token: &'t CoreIdToken,
    verifier: CoreIdTokenVerifier<'_>,
    client: &ClientId,
    nonce: &Nonce,
) -> Result<&'t CoreIdTokenClaims, TokenFault> {
    let verifier = verifier.set_allowed_algs(ALGORITHMS).set_issue_time_verifier_fn(made_just_now);
    let claims = token.claims(&verifier, nonce).map_err(|error| fault(&error))?;
    // Who may use it: openidconnect leaves that to its callers.
    if claims.authorized_party().is_some_and(|party| **party != **client) {
        return Err(TokenFault::Audience);
    }
    Ok(claims)
}

fn made_just_now(at: DateTime<Utc>) -> Result<(), String> {
    if (Utc::now() - at).abs() <= AGE { Ok(()) } else { Err("not made just now".to_owned()) }
}

fn fault(error: &ClaimsVerificationError) -> TokenFault {
    use SignatureVerificationError as Bad;
    match error {
        ClaimsVerificationError::Expired(_) => TokenFault::Expired,
        ClaimsVerificationError::InvalidAudience(_) => TokenFault::Audience,
        ClaimsVerificationError::InvalidIssuer(_) => TokenFault::Issuer,
        ClaimsVerificationError::InvalidNonce(_) => TokenFault::Nonce,
        ClaimsVerificationError::SignatureVerification(bad) => match bad {
            Bad::NoSignature => TokenFault::Unsigned,
            Bad::DisallowedAlg(_) | Bad::UnsupportedAlg(_) => TokenFault::Algorithm,
            Bad::NoMatchingKey | Bad::AmbiguousKeyId(_) => TokenFault::Key,
            _ => TokenFault::Signature,
        },
        _ => TokenFault::Other,
    }
}
