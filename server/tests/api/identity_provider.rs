//! An identity provider in the test itself, which signs its own tokens and can be told to lie; and a browser that was there.

use std::sync::{Arc, Mutex};

use api_types::{
    identities::{IdentityPurpose, IdentitySignIn, IdentityStarted, StartIdentity},
    second_factors::SecondFactorProof,
    sessions::Carrier,
};
use axum::{
    Form, Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use openidconnect::{ClientId, ClientSecret, IssuerUrl};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use reqwest::{Method, Url, header};
use serde_json::{Value, json};
use server::{config::Config, oidc::ProviderConfig};
use sha2::{Digest, Sha256};

use crate::{
    harness::{Answer, Server},
    person::rng,
};

pub const CLIENT: &str = "healthsecure";
/// Where what waits is linked.
pub const LINK: &str = "/api/v1/account/identities";
const SECRET: &str = "marked-client-secret";
/// The provider's token, of which nothing may stay.
pub const ACCESS_TOKEN: &str = "marked-access-token";

/// How a token is signed.
#[derive(Debug, Clone, Default)]
pub enum Signing {
    #[default]
    Honestly,
    /// `alg: none`.
    Not,
    /// With the client's secret.
    WithTheSecret,
    /// By another key, under the name of the provider's.
    ByAnother,
    /// By a key of another name.
    Unknown,
    /// One bit of the signature is another.
    Flipped,
}

/// What it says of whoever comes.
#[derive(Debug, Clone)]
pub struct Said {
    /// Over the claims that an honest token has; `null` takes one out.
    pub claims: Value,
    pub signing: Signing,
    /// No ID token at all.
    pub silent: bool,
    nonce: String,
    challenge: String,
}

fn new_key() -> SigningKey {
    SigningKey::from_slice(crypto::secret::Secret::<32>::random(&mut rng()).expose()).unwrap()
}

/// The provider.
#[derive(Clone)]
pub struct Provider(Arc<Inner>);

struct Inner {
    issuer: String,
    key: SigningKey,
    other: SigningKey,
    pub said: Mutex<Said>,
}

impl Provider {
    /// Starts one that knows Ann, and has verified her address.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let claims = json!({
            "sub": "ann-at-work", "email": "ann@clinic.example", "email_verified": true, "name": "Ann Example",
        });
        let said =
            Said { claims, signing: Signing::Honestly, silent: false, nonce: String::new(), challenge: String::new() };
        let (key, other) = (new_key(), new_key());
        let provider = Self(Arc::new(Inner { issuer, key, other, said: Mutex::new(said) }));
        let app = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        provider
    }

    /// As an operator names it.
    pub fn config(&self) -> ProviderConfig {
        ProviderConfig {
            id: "work".into(),
            name: "Work".into(),
            issuer: IssuerUrl::new(self.0.issuer.clone()).unwrap(),
            client_id: ClientId::new(CLIENT.into()),
            client_secret: Some(ClientSecret::new(SECRET.into())),
        }
    }

    /// A server that asks it.
    pub async fn server(&self) -> Server {
        self.server_with(|_| ()).await
    }

    /// With a configuration of the test's making.
    pub async fn server_with(&self, change: impl FnOnce(&mut Config)) -> Server {
        let providers = vec![self.config()];
        Server::start_with(|config| {
            config.identity_providers = providers;
            change(config);
        })
        .await
    }

    /// Says something else from now on.
    pub fn says(&self, change: impl FnOnce(&mut Said)) {
        change(&mut self.0.said.lock().unwrap());
    }

    /// Says another value of a claim.
    pub fn claims(&self, name: &str, value: impl Into<Value>) {
        self.says(|said| said.claims[name] = value.into());
    }

    fn token(&self, said: &Said) -> String {
        let now = server::clock::now_ms() / 1000;
        let mut claims = json!({
            "iss": self.0.issuer, "aud": CLIENT, "nonce": said.nonce, "iat": now, "exp": now + 300,
        });
        for (name, value) in said.claims.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        let (alg, kid) = match said.signing {
            Signing::Not => ("none", "first"),
            Signing::WithTheSecret => ("HS256", "first"),
            Signing::Unknown => ("ES256", "second"),
            _ => ("ES256", "first"),
        };
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&json!({ "alg": alg, "kid": kid, "typ": "JWT" })), part(&claims));
        let by = |key: &SigningKey| {
            let signature: Signature = key.sign(signed.as_bytes());
            signature.to_bytes().to_vec()
        };
        let signature = match said.signing {
            Signing::Not => Vec::new(),
            Signing::WithTheSecret => {
                let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
                mac.update(signed.as_bytes());
                mac.finalize().into_bytes().to_vec()
            }
            Signing::ByAnother => by(&self.0.other),
            Signing::Flipped => {
                let mut signature = by(&self.0.key);
                signature[40] ^= 1;
                signature
            }
            Signing::Honestly | Signing::Unknown => by(&self.0.key),
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

async fn discovery(State(provider): State<Provider>) -> Json<Value> {
    let issuer = &provider.0.issuer;
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        // Says that it would sign in any way: which one counts is for its clients to decide.
        "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
    }))
}

async fn keys(State(provider): State<Provider>) -> Json<Value> {
    let point = provider.0.key.verifying_key().to_sec1_point(false);
    let coordinate = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (x, y) = (coordinate(&point.as_bytes()[1..33]), coordinate(&point.as_bytes()[33..65]));
    Json(json!({ "keys": [{
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "first", "x": x, "y": y,
    }] }))
}

#[derive(serde::Deserialize)]
struct Asked {
    code: String,
    code_verifier: String,
}

/// Takes the one code that there is, with what hashes to the challenge before.
async fn token(State(provider): State<Provider>, Form(asked): Form<Asked>) -> Response {
    let said = provider.0.said.lock().unwrap().clone();
    if asked.code != "right" || URL_SAFE_NO_PAD.encode(Sha256::digest(&asked.code_verifier)) != said.challenge {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    }
    let mut answer = json!({ "access_token": ACCESS_TOKEN, "token_type": "Bearer" });
    if !said.silent {
        answer["id_token"] = provider.token(&said).into();
    }
    Json(answer).into_response()
}

/// A browser: what is kept there of a sign-in with a provider.
#[derive(Debug, Clone, Default)]
pub struct Browser {
    pub cookie: Option<String>,
}

impl Browser {
    /// Any request, with the cookie; takes over the one that comes back.
    pub async fn send(&mut self, server: &Server, request: reqwest::RequestBuilder) -> Answer {
        let request = match &self.cookie {
            Some(cookie) => request.header(header::COOKIE, format!("__Host-identity={cookie}")),
            None => request,
        };
        let answer = server.send(request).await;
        for set in answer.headers.get_all(header::SET_COOKIE) {
            let Some(rest) = set.to_str().unwrap().strip_prefix("__Host-identity=") else { continue };
            for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
                assert!(rest.contains(attribute), "{rest}");
            }
            assert!(!rest.contains("Domain"), "{rest}");
            let value = rest.split(';').next().unwrap();
            self.cookie = Some(value.to_owned()).filter(|value| !value.is_empty());
        }
        answer
    }

    /// Is sent to the provider; gives the address there.
    pub async fn start(&mut self, server: &Server, purpose: IdentityPurpose, token: Option<&str>) -> Url {
        let answer = self.try_start(server, purpose, token).await;
        let started: IdentityStarted = answer.body();
        Url::parse(&started.authorization_url).unwrap()
    }

    pub async fn try_start(&mut self, server: &Server, purpose: IdentityPurpose, token: Option<&str>) -> Answer {
        let request = server.request(Method::POST, "/api/v1/identity-providers/work/start");
        let request = request.json(&StartIdentity { purpose });
        let request = if let Some(token) = token { request.bearer_auth(token) } else { request };
        self.send(server, request).await
    }

    /// Comes back; gives what the page is told.
    pub async fn back(&mut self, server: &Server, query: &[(&str, &str)]) -> String {
        self.back_from(server, "work", query).await
    }

    /// The same, from any provider.
    pub async fn back_from(&mut self, server: &Server, provider: &str, query: &[(&str, &str)]) -> String {
        let mut url = Url::parse(&format!("{}/sign-in/identity/callback/{provider}", server.origin)).unwrap();
        url.query_pairs_mut().extend_pairs(query);
        let path = format!("{}?{}", url.path(), url.query().unwrap_or_default());
        let answer = self.send(server, server.request(Method::GET, &path)).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        assert_eq!(answer.headers["cache-control"], "no-store");
        answer.headers[header::LOCATION].to_str().unwrap().to_owned()
    }

    /// To the provider and back; gives what the page is told.
    pub async fn visit(&mut self, server: &Server, provider: &Provider) -> String {
        self.visit_for(server, provider, IdentityPurpose::SignIn, None).await
    }

    /// To the provider and back and, where the page is told to ask, linked as its reader wants it; gives what came of it.
    pub async fn link(&mut self, server: &Server, provider: &Provider, token: &str) -> String {
        let told = self.visit_to_link(server, provider, token).await;
        if told != "/settings/security#identity=verified" {
            return told;
        }
        let answer = self.send(server, server.request(Method::POST, LINK).bearer_auth(token)).await;
        if answer.status.is_success() { "linked".to_owned() } else { answer.code() }
    }

    /// To the provider and back, to link.
    pub async fn visit_to_link(&mut self, server: &Server, provider: &Provider, token: &str) -> String {
        self.visit_for(server, provider, IdentityPurpose::Link, Some(token)).await
    }

    async fn visit_for(
        &mut self,
        server: &Server,
        provider: &Provider,
        purpose: IdentityPurpose,
        token: Option<&str>,
    ) -> String {
        let url = self.start(server, purpose, token).await;
        let state = provider.arrives(&url);
        self.back(server, &[("code", "right"), ("state", &state)]).await
    }

    /// Signs in as whom the provider verified.
    pub async fn sign_in(&mut self, server: &Server, second_factor: Option<SecondFactorProof>) -> Answer {
        let body = IdentitySignIn { second_factor, carrier: Carrier::Bearer, device: "test".into() };
        let request = server.request(Method::POST, "/api/v1/sign-in/identity").json(&body);
        self.send(server, request).await
    }
}

impl Provider {
    /// Somebody arrives; gives their state.
    pub fn arrives(&self, url: &Url) -> String {
        let value = |name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
        assert_eq!(url.origin().ascii_serialization(), self.0.issuer);
        assert_eq!((value("response_type"), value("client_id")), ("code".into(), CLIENT.into()));
        assert_eq!(value("code_challenge_method"), "S256");
        assert!(value("redirect_uri").ends_with("/sign-in/identity/callback/work"));
        assert!(value("scope").split(' ').eq(["openid", "email", "profile"]));
        self.says(|said| (said.nonce, said.challenge) = (value("nonce"), value("code_challenge")));
        value("state")
    }
}
