//! A server that lies. Each lie is refused by its own name, and the same steps work once it is honest again.

mod access;
mod account;
mod endless;
mod events;
mod keys;
mod opening;
mod rekey;
mod rows;
mod versions;

use std::sync::Arc;

use api_types::{ReportId, accounts::Role, reports::Report};
use client::{ClientError, PatientChoice, Refusal, Share, Vault};
use crypto::account::{KeyChain, Keyring};

use crate::{
    fake::{Fake, World, rng},
    flows::report,
};

pub struct Scene {
    pub server: Arc<Fake>,
    pub patient: Vault<World>,
    pub doctor: Vault<World>,
    pub id: ReportId,
}

/// A patient's report that a doctor wrote; both have seen it.
pub async fn scene() -> Scene {
    let server = Fake::new();
    let patient = server.person("Ann Example", Role::Patient).await;
    let doctor = server.person("Dora Doctor", Role::Doctor).await;
    let id = report(&doctor, PatientChoice::Account(patient.account_id())).await;
    patient.report(&id).await.unwrap();
    Scene { server, patient, doctor, id }
}

/// Reading without a code and without an end.
pub fn straight(to: &Vault<World>) -> Share {
    Share { with_code: false, expires_in: 0, ..Share::with_code(to.account_id()) }
}

/// Changes the answer to `GET /reports/{id}`.
pub fn change_report(server: &Fake, change: impl Fn(&mut Report) + Send + 'static) {
    server.lie(move |request, value| {
        let parts: Vec<_> = request.path.trim_start_matches("/api/v1/").split('/').collect();
        if let ["reports", id] = parts[..]
            && id.len() == 64
            && !value.is_null()
        {
            let mut body: Report = serde_json::from_value(value.clone()).unwrap();
            change(&mut body);
            *value = serde_json::to_value(body).unwrap();
        }
    });
}

pub fn refusal<T>(result: Result<T, ClientError>) -> Refusal {
    match result {
        Err(ClientError::Refused(refusal)) => refusal,
        Err(other) => panic!("refused otherwise: {other:?}"),
        Ok(_) => panic!("the lie was believed"),
    }
}

/// A stranger's keys.
pub fn stranger() -> (Keyring, KeyChain) {
    let (keyring, record) = Keyring::create(1, &mut rng());
    let chain = KeyChain::verify(vec![record]).unwrap();
    (keyring, chain)
}
