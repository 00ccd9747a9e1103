//! Every record of whoever is sealed to must be in the log, at its own place.

use client::{PatientChoice, Refusal, Share};
use crypto::account::{KeyChain, Keyring};
use serde_json::json;

use super::{clinic, log_record, put};
use crate::{
    fake::rng,
    flows::report,
    lies::{refusal, stranger},
};

#[tokio::test]
async fn a_record_that_is_not_in_the_log_is_refused_and_nothing_is_sealed_to_it() {
    let clinic = clinic().await;
    let id = report(&clinic.dora, PatientChoice::Account(clinic.ann.account_id())).await;
    let (_, chain) = stranger();
    let mallory = put(&clinic.server, "Mallory Doctor", &[chain.current()]);
    let not_logged = Refusal::KeyNotLogged { account: mallory.to_string() };
    assert_eq!(refusal(clinic.ann.person(&mallory).await), not_logged);
    assert_eq!(refusal(clinic.ann.find_doctors("Mallory").await), not_logged);
    assert_eq!(refusal(clinic.ann.share(&id, &Share::with_code(mallory)).await), not_logged);
    assert!(!clinic.asked_to_seal());
    // With a place that is somebody else's, one beyond the tree, and one too many.
    for leaves in [json!([1]), json!([4]), json!([u64::MAX]), json!([1, 3]), json!([])] {
        clinic.server.lie(move |_, value| {
            if value.get("key_records").is_some() {
                value["key_leaves"] = leaves.clone();
            }
        });
        assert_eq!(refusal(clinic.ann.person(&mallory).await), not_logged);
    }
    clinic.server.be_honest();
    log_record(&clinic.server, mallory, 0, chain.current());
    clinic.ann.person(&mallory).await.unwrap();
}

#[tokio::test]
async fn a_logged_record_at_another_place_is_refused() {
    let clinic = clinic().await;
    let dora = clinic.dora.account_id();
    for place in [0, 2, 9] {
        clinic.server.lie(move |_, value| {
            if value.get("key_records").is_some() {
                value["key_leaves"] = json!([place]);
            }
        });
        let refused = refusal(clinic.ann.person(&dora).await);
        assert_eq!(refused, Refusal::KeyNotLogged { account: dora.to_string() });
    }
    clinic.server.be_honest();
    clinic.ann.person(&dora).await.unwrap();
}

#[tokio::test]
async fn every_record_of_a_chain_must_be_in_the_log() {
    let clinic = clinic().await;
    let (mut keyring, record) = Keyring::create(1, &mut rng());
    let chain = KeyChain::verify(vec![record.clone()]).unwrap();
    let next = keyring.rotate(&chain, 2, &mut rng()).unwrap();
    let id = put(&clinic.server, "Rita Rotated", &[&record, &next]);
    let first = log_record(&clinic.server, id, 0, &record);
    // The leaf of the first counts for the first alone.
    clinic.server.lie(move |_, value| {
        if value.get("key_records").is_some() {
            value["key_leaves"] = json!([first, first]);
        }
    });
    assert_eq!(refusal(clinic.ann.person(&id).await), Refusal::KeyNotLogged { account: id.to_string() });
    clinic.server.be_honest();
    log_record(&clinic.server, id, 1, &next);
    clinic.ann.person(&id).await.unwrap();
}
