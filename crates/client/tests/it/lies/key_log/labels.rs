//! Under which label an address is bound is proved, by the key that was seen first.

use api_types::{B64, accounts::Role};
use client::{NoSecondFactor, Refusal};
use serde_json::json;

use super::{ALL, clinic, leave_out};
use crate::{
    fake::{
        PASSWORD, device, email,
        keys::{label_key, prove},
    },
    lies::refusal,
};

#[tokio::test]
async fn a_server_that_names_no_key_of_labels_proves_no_address() {
    let clinic = clinic().await;
    leave_out(&clinic.server, &["log_vrf_key"]);
    let nina = clinic.server.person("Nina Newcomer", Role::Patient).await;
    assert_eq!(refusal(nina.find_by_email(&email("Dora Doctor")).await), Refusal::AddressUnproved);
}

#[tokio::test]
async fn false_proofs_of_an_address_are_refused() {
    let clinic = clinic().await;
    let address = email("Dora Doctor");
    let (other, ours) = (label_key(), clinic.server.with_keys(|keys| prove(&keys.labels, "somebody@else.example")));
    let of_other_key = json!({ "leaf_index": 2, "proof": prove(&other, &address) });
    let of_other_address = json!({ "leaf_index": 2, "proof": ours });
    let short = json!({ "leaf_index": 2, "proof": B64(vec![0; 79]) });
    for binding in [of_other_key, of_other_address, short, json!(null)] {
        clinic.server.lie(move |request, value| {
            if request.path.contains("accounts?email=") {
                value["binding"] = binding.clone();
            }
        });
        assert_eq!(refusal(clinic.ann.find_by_email(&address).await), Refusal::AddressUnproved);
    }
    clinic.server.be_honest();
    assert!(clinic.ann.find_by_email(&address).await.unwrap().is_some());
}

#[tokio::test]
async fn another_key_of_labels_is_refused() {
    let clinic = clinic().await;
    clinic.ann.save_state().await.unwrap();
    clinic.server.with_keys(|keys| keys.labels = label_key());
    let next = clinic.server.client().sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await;
    assert_eq!(refusal(next.map(drop)), Refusal::LabelKeyChanged);
}

#[tokio::test]
async fn an_unproved_own_address_is_refused() {
    let clinic = clinic().await;
    clinic.server.lie(|_, value| {
        if value.get("account").is_some() {
            value["account"]["binding"] = json!(null);
        }
    });
    let ann = clinic.again().await;
    assert_eq!(refusal(ann.scan_keys(ALL).await), Refusal::AddressUnproved);
    // Bound where it isn't.
    clinic.server.lie(|_, value| {
        if value.get("account").is_some() {
            value["account"]["binding"]["leaf_index"] = json!(1);
        }
    });
    let ann = clinic.again().await;
    let refused = refusal(ann.scan_keys(ALL).await);
    assert_eq!(refused, Refusal::AddressNotBound { account: ann.account_id().to_string() });
}
