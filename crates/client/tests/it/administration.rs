//! What Administration gathers page by page.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use api_types::accounts::Role;
use client::Vault;
use serde_json::Value;

use crate::fake::{Fake, World};

/// Whoever asks; the double doesn't look at roles.
async fn scene() -> (Arc<Fake>, Vault<World>) {
    let server = Fake::new();
    let ada = server.person("Ada Admin", Role::Doctor).await;
    (server, ada)
}

/// So many accounts, a hundred a page, as servers give them.
fn with_accounts(server: &Fake, count: u64) {
    server.lie(move |request, value| {
        let Some((_, query)) = request.path.split_once("/admin/accounts") else { return };
        let from: u64 = query.strip_prefix("?before=").map_or(0, |before| before.parse().unwrap());
        let to = count.min(from + 100);
        let one = value["items"][0].clone();
        let named = |n: u64| {
            let mut item = one.clone();
            item["account"]["name"] = format!("Person {n}").into();
            item
        };
        value["items"] = (from..to).map(named).collect();
        value["next"] = if to < count { to.to_string().into() } else { Value::Null };
    });
}

#[tokio::test]
async fn everybody_is_in_the_list_of_names_and_not_the_newest_hundred() {
    let (server, ada) = scene().await;
    with_accounts(&server, 250);
    let names = ada.account_names(1_000).await.unwrap();
    let distinct: BTreeSet<_> = names.items.iter().map(|(_, name)| name.clone()).collect();
    assert_eq!((names.items.len(), distinct.len(), names.whole), (250, 250, true));
    assert!(distinct.contains("Person 249"), "the oldest");
}

#[tokio::test]
async fn a_list_of_names_that_is_cut_says_so() {
    let (server, ada) = scene().await;
    with_accounts(&server, 250);
    let names = ada.account_names(150).await.unwrap();
    assert_eq!((names.items.len(), names.whole), (200, false));
}

#[tokio::test]
async fn a_list_of_names_without_an_end_ends() {
    let (server, ada) = scene().await;
    for items in [0, 1] {
        server.lie(move |request, value| {
            if request.path.contains("/admin/accounts") {
                let one = value["items"][0].clone();
                value["items"] = std::iter::repeat_n(one, items).collect();
                value["next"] = "7".into();
            }
        });
        let names =
            tokio::time::timeout(Duration::from_secs(5), ada.account_names(20)).await.expect("it ends").unwrap();
        assert_eq!((names.items.len(), names.whole), (items * 20, false));
    }
}
