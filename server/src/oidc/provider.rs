//! A provider: found when it is first needed, asked with a code, and believed only by a verified token.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use openidconnect::{
    AccessToken, AuthType, AuthorizationCode, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, SubjectIdentifier,
    TokenResponse,
    core::{
        CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreGenderClaim, CoreIdToken, CoreProviderMetadata,
        CoreUserInfoClaims,
    },
};

use super::{
    ProviderConfig, TokenFault, callback,
    http::{Http, HttpError},
    verify,
};
use crate::{
    ServiceResult,
    config::{Origin, is_safe_url},
    random,
};

type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// So long what a provider says of itself, its keys among it, is believed without asking again.
const FRESH: Duration = Duration::from_secs(60 * 60);

/// The providers of the configuration.
#[derive(Debug)]
pub struct Providers(Vec<Provider>);

/// One of them.
#[derive(Debug)]
pub struct Provider {
    config: ProviderConfig,
    redirect: Option<RedirectUrl>,
    http: Http,
    found: Mutex<Option<(Instant, Arc<Client>)>>,
}

/// A sign-in that begins.
#[derive(Debug)]
pub struct Begun {
    /// Where the browser is to go.
    pub url: String,
    /// Comes back with it.
    pub state: String,
    /// Comes back in the token.
    pub nonce: String,
    /// Goes with the code.
    pub verifier: String,
}

/// What a provider says of a person.
#[derive(Debug, Clone)]
pub struct VerifiedIdentity {
    /// Who says it.
    pub issuer: String,
    /// Whom it means.
    pub subject: String,
    /// Their address.
    pub email: Option<String>,
    /// Whether it says that it verified that.
    pub email_verified: bool,
    /// Their name.
    pub name: Option<String>,
}

/// A provider that can't be reached, or isn't set up rightly; for the log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unreachable(String);

/// Why nothing came of a code.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentifyError {
    /// No answer.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    /// The provider doesn't take the code.
    #[error("the provider did not take the code")]
    Code,
    /// Its token is no good.
    #[error("the provider's token is refused: {0}")]
    Token(#[from] TokenFault),
}

impl Providers {
    /// Of a configuration; asks nobody yet.
    pub fn new(configs: &[ProviderConfig], origin: &Origin) -> Result<Self, reqwest::Error> {
        let http = Http::new()?;
        let provider = |config: &ProviderConfig| Provider {
            config: config.clone(),
            redirect: RedirectUrl::new(format!("{origin}{}", callback(&config.id))).ok(),
            http: http.clone(),
            found: Mutex::default(),
        };
        Ok(Self(configs.iter().map(provider).collect()))
    }

    /// All of them, in the order of the file.
    pub fn all(&self) -> impl Iterator<Item = &ProviderConfig> {
        self.0.iter().map(|provider| &provider.config)
    }

    /// By its id.
    pub fn get(&self, id: &str) -> Option<&Provider> {
        self.0.iter().find(|provider| provider.config.id == id)
    }

    /// What people call the one with that issuer; the issuer, where it isn't asked any more.
    pub fn name_of(&self, issuer: &str) -> String {
        let found = self.all().find(|config| config.issuer.as_str() == issuer);
        found.map_or_else(|| issuer.to_owned(), |config| config.name.clone())
    }
}

impl Provider {
    /// As configured.
    pub fn config(&self) -> &ProviderConfig {
        &self.config
    }

    /// Makes what a browser takes to the provider.
    pub async fn begin(&self) -> ServiceResult<Result<Begun, Unreachable>> {
        let (state, _) = random::token()?;
        let (nonce, _) = random::token()?;
        let client = match self.client(false).await {
            Ok(client) => client,
            Err(error) => return Ok(Err(error)),
        };
        let (given_state, given_nonce) = (state.clone(), nonce.clone());
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, ..) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(given_state),
                move || Nonce::new(given_nonce),
            )
            .add_scope(Scope::new("email".to_owned()))
            .add_scope(Scope::new("profile".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        let verifier = verifier.secret().clone();
        Ok(Ok(Begun { url: url.into(), state, nonce, verifier }))
    }

    /// Who a code stands for.
    pub async fn identify(&self, code: &str, nonce: &str, verifier: &str) -> Result<VerifiedIdentity, IdentifyError> {
        let client = self.client(false).await?;
        let exchange = client.exchange_code(AuthorizationCode::new(code.to_owned())).map_err(unreachable)?;
        let exchange = exchange.set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()));
        let answer = exchange.request_async(&self.http).await.map_err(|error| match error {
            RequestTokenError::ServerResponse(_) => IdentifyError::Code,
            RequestTokenError::Request(error) => unreachable(error).into(),
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => TokenFault::Malformed.into(),
        })?;
        let token = answer.id_token().ok_or(TokenFault::Malformed)?;
        let said = match self.said(&client, token, nonce) {
            // It may have new keys since it was asked for them.
            Err(TokenFault::Key) => self.said(self.client(true).await?.as_ref(), token, nonce),
            other => other,
        }?;
        if said.email.is_some() || client.user_info_url().is_none() {
            return Ok(said);
        }
        // Many give the address only to who asks with the token.
        let asked = self.user_info(&client, answer.access_token().clone(), &said.subject).await?;
        Ok(VerifiedIdentity {
            email: asked.email().map(|email| email.to_string()),
            email_verified: asked.email_verified().unwrap_or(false),
            name: said.name.or_else(|| asked.name().and_then(|name| name.get(None)).map(|name| name.to_string())),
            ..said
        })
    }

    fn said(&self, client: &Client, token: &CoreIdToken, nonce: &str) -> Result<VerifiedIdentity, TokenFault> {
        let nonce = Nonce::new(nonce.to_owned());
        let claims = verify::claims(token, client.id_token_verifier(), &self.config.client_id, &nonce)?;
        let subject = claims.subject().to_string();
        // OpenID Connect Core 1.0, section 2: at most 255 ASCII characters.
        if subject.is_empty() || subject.len() > 255 {
            return Err(TokenFault::Malformed);
        }
        Ok(VerifiedIdentity {
            issuer: self.config.issuer.to_string(),
            subject,
            email: claims.email().map(|email| email.to_string()),
            email_verified: claims.email_verified().unwrap_or(false),
            name: claims.name().and_then(|name| name.get(None)).map(|name| name.to_string()),
        })
    }

    async fn user_info(
        &self,
        client: &Client,
        token: AccessToken,
        subject: &str,
    ) -> Result<CoreUserInfoClaims, IdentifyError> {
        let request = client.user_info(token, Some(SubjectIdentifier::new(subject.to_owned()))).map_err(unreachable)?;
        let asked = request.request_async::<openidconnect::EmptyAdditionalClaims, _, CoreGenderClaim>(&self.http).await;
        asked.map_err(|error| match error {
            openidconnect::UserInfoError::ClaimsVerification(_) => TokenFault::Other.into(),
            other => unreachable(other).into(),
        })
    }

    /// The provider as it says that it is; asked again after an hour, or on demand.
    async fn client(&self, anew: bool) -> Result<Arc<Client>, Unreachable> {
        let known = self.found.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, client)) = known.filter(|(at, _)| !anew && at.elapsed() < FRESH) {
            return Ok(client);
        }
        let client = Arc::new(self.discover().await?);
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), Arc::clone(&client)));
        Ok(client)
    }

    async fn discover(&self) -> Result<Client, Unreachable> {
        let metadata = CoreProviderMetadata::discover_async(self.config.issuer.clone(), &self.http).await;
        let metadata = metadata.map_err(unreachable)?;
        let redirect = self.redirect.clone().ok_or_else(|| Unreachable("this server's origin is no address".into()))?;
        if !is_safe_url(metadata.authorization_endpoint().url()) {
            return Err(unreachable(HttpError::Insecure));
        }
        let posts = metadata.token_endpoint_auth_methods_supported().is_some_and(|methods| {
            !methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
                && methods.contains(&CoreClientAuthMethod::ClientSecretPost)
        });
        let (id, secret) = (self.config.client_id.clone(), self.config.client_secret.clone());
        let client = CoreClient::from_provider_metadata(metadata, id, secret).set_redirect_uri(redirect);
        Ok(if posts { client.set_auth_type(AuthType::RequestBody) } else { client })
    }
}

/// With all that lies behind it: what a library says alone is “request failed”.
fn unreachable(error: impl std::error::Error) -> Unreachable {
    let mut text = error.to_string();
    let mut behind = error.source();
    while let Some(error) = behind {
        text = format!("{text}: {error}");
        behind = error.source();
    }
    Unreachable(text)
}
