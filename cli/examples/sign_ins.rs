//! Whole sign-ins a second: `sign_ins ORIGIN PEOPLE SECONDS`. Signs that many people up with the honest client, then each of
//! them signs in over and over, both messages of OPAQUE computed anew each time; of the client's work only Argon2id is done
//! once a person, as its input is the same every time. Everybody comes from an address of their own, which the server takes
//! from a proxy that it trusts. Prints the number and the time as JSON. For benchmarks; not part of what is installed.

use std::{
    collections::HashMap,
    error::Error,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use api_types::{
    B64,
    accounts::Role,
    sessions::Carrier,
    sign_in::{FinishSignIn, SignInStarted, SignedIn, StartSignIn},
};
use argon2::{Algorithm, Argon2, Params, Version};
use client::{Client, Device, SignUp, native::Native};
use opaque_ke::{
    CipherSuite, ClientLogin, ClientLoginFinishParameters, CredentialResponse, Identifiers, Ristretto255, TripleDh,
    errors::InternalError,
    generic_array::{ArrayLength, GenericArray},
    ksf::Ksf,
    rand::{CryptoRng, Error as RngError, RngCore},
};

type Failed = Box<dyn Error + Send + Sync>;

/// As docs/protocol.md has it ("Sign-in: OPAQUE").
struct Suite;

impl CipherSuite for Suite {
    type OprfCs = Ristretto255;
    type KeyExchange = TripleDh<Ristretto255, sha2_010::Sha512>;
    type Ksf = Once;
}

const CONTEXT: &[u8] = b"healthsecure/v1/opaque";

/// Argon2id, once for each input.
#[derive(Default, Clone)]
struct Once(Arc<Mutex<HashMap<Vec<u8>, Vec<u8>>>>);

impl Ksf for Once {
    fn hash<L: ArrayLength<u8>>(&self, input: GenericArray<u8, L>) -> Result<GenericArray<u8, L>, InternalError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(output) = known.get(input.as_slice()) {
            return Ok(GenericArray::clone_from_slice(output));
        }
        let mut output = GenericArray::default();
        let params = Params::new(64 * 1024, 3, 1, Some(output.len())).map_err(|_| InternalError::KsfError)?;
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(&input, &[0; 16], &mut output)
            .map_err(|_| InternalError::KsfError)?;
        known.insert(input.to_vec(), output.to_vec());
        Ok(output)
    }
}

/// The system's generator, for a library of an older generation of traits.
struct System;

impl RngCore for System {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        getrandom::fill(dest).expect("the system has randomness");
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), RngError> {
        self.fill_bytes(dest);
        Ok(())
    }
}

impl CryptoRng for System {}

struct Someone {
    origin: String,
    instance: Vec<u8>,
    email: String,
    password: String,
    address: String,
    http: reqwest::Client,
    stretched: Once,
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [origin, people, seconds] = args.as_slice() else { return Err("usage: sign_ins ORIGIN PEOPLE SECONDS".into()) };
    let time = Duration::from_secs(seconds.parse()?);
    let mut everyone = Vec::new();
    for i in 0..people.parse::<u8>()? {
        let someone = Arc::new(Someone::sign_up(origin, i).await?);
        someone.sign_in().await?;
        everyone.push(someone);
    }
    let started = Instant::now();
    let runs: Vec<_> = everyone
        .into_iter()
        .map(|someone| {
            tokio::spawn(async move {
                let mut times = Vec::new();
                while started.elapsed() < time {
                    let began = Instant::now();
                    someone.sign_in().await?;
                    times.push(began.elapsed().as_secs_f64());
                }
                Ok::<_, Failed>(times)
            })
        })
        .collect();
    let mut times = Vec::new();
    for run in runs {
        times.extend(run.await??);
    }
    let took = started.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    let p99 = times.get(times.len().saturating_sub(1) * 99 / 100).copied().unwrap_or_default();
    println!("{}", serde_json::json!({ "sign_ins": times.len(), "seconds": took, "p99": p99 }));
    Ok(())
}

impl Someone {
    async fn sign_up(origin: &str, i: u8) -> Result<Self, Failed> {
        let client = Client::new(Native::new(origin)?);
        let (name, email) = (format!("Signer Number {i}"), format!("signer{i}@bench.example"));
        let password = format!("signer {i} keeps fourteen green lanterns");
        let kit = client.new_kit();
        let device = Device { carrier: Carrier::Bearer, name: "sign_ins".to_owned() };
        let new = SignUp {
            name: &name,
            email: &email,
            password: &password,
            role: Role::Patient,
            kit: &kit,
            token: None,
            device,
        };
        client.sign_up(new).await?;
        let http = reqwest::Client::new();
        let instance: api_types::instance::Instance =
            http.get(format!("{origin}/api/v1/instance")).send().await?.error_for_status()?.json().await?;
        Ok(Self {
            origin: origin.to_owned(),
            instance: instance.instance_id.0,
            email,
            password,
            address: format!("203.0.113.{i}"),
            http,
            stretched: Once::default(),
        })
    }

    async fn sign_in(&self) -> Result<SignedIn, Failed> {
        let refused = |e: opaque_ke::errors::ProtocolError| format!("OPAQUE: {e:?}");
        let start = ClientLogin::<Suite>::start(&mut System, self.password.as_bytes()).map_err(refused)?;
        let request =
            StartSignIn { email: self.email.clone(), credential_request: B64(start.message.serialize().to_vec()) };
        let started: SignInStarted = self.post("start", &request).await?;
        let response = CredentialResponse::<Suite>::deserialize(&started.credential_response.0).map_err(refused)?;
        let identifiers = Identifiers { client: None, server: Some(&self.instance) };
        let params = ClientLoginFinishParameters::new(Some(CONTEXT), identifiers, Some(&self.stretched));
        let done = start.state.finish(&mut System, self.password.as_bytes(), response, params).map_err(refused)?;
        let finish = FinishSignIn {
            sign_in_id: started.sign_in_id,
            credential_finalization: B64(done.message.serialize().to_vec()),
            second_factor: None,
            carrier: Carrier::Bearer,
            device: "sign_ins".to_owned(),
        };
        self.post("finish", &finish).await
    }

    async fn post<A: serde::de::DeserializeOwned>(
        &self,
        step: &str,
        body: &impl serde::Serialize,
    ) -> Result<A, Failed> {
        let url = format!("{}/api/v1/sign-in/{step}", self.origin);
        let answer = self.http.post(url).header("x-forwarded-for", &self.address).json(body).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }
}
