//! What is mailed where people sign in with an identity provider, and which mail that saves them.

use api_types::{accounts::Role, sign_in::SignedIn, sign_up::FinishSignUp};
use reqwest::Method;

use crate::{
    harness::Server,
    identities::{SIGN_IN, ann, identities, sign_up},
    identity_provider::{Browser, Provider},
    mail_server::{MailServer, Post, Smtp, with_mail_and},
    person::{Applicant, Person, founder},
};

/// A server that asks a provider and mails, with an administrator.
async fn opened(post: &Post) -> (Provider, Server, MailServer) {
    let provider = Provider::start().await;
    let providers = vec![provider.config()];
    let (server, mut mail) = with_mail_and(post, Smtp::StartTls, |it| it.identity_providers = providers).await;
    founder(&server).await;
    mail.next().await;
    (provider, server, mail)
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_tells_of_links_and_new_devices() {
    let Some(post) = Post::new() else { return };
    let (provider, server, mut mail) = opened(&post).await;
    let person: Person = ann().sign_up(&server, None).await;
    mail.next().await;
    let mut browser = Browser::default();
    assert_eq!(browser.link(&server, &provider, &person.token).await, "linked");
    assert_eq!(mail.next().await.subject(), "an identity provider was linked");
    browser.visit(&server, &provider).await;
    let body = api_types::identities::IdentitySignIn {
        second_factor: None,
        carrier: api_types::sessions::Carrier::Bearer,
        device: "Another browser".into(),
    };
    let request = server.request(Method::POST, "/api/v1/sign-in/identity").json(&body);
    assert_eq!(browser.send(&server, request).await.status, 200);
    assert_eq!(mail.next().await.subject(), "signed in on a new device");
    let id = identities(&server, &person.token).await.items[0].id;
    assert_eq!(server.delete(&format!("/account/identities/{id}"), Some(&person.token)).await.status, 204);
    assert_eq!(mail.next().await.subject(), "an identity provider was removed");

    // Nobody asked for this link: the address that both sides verified made it, with the sign-in.
    let bea = "bea@clinic.example";
    Applicant { email: bea.into(), ..Applicant::new("Bea Example", Role::Patient) }.sign_up(&server, None).await;
    mail.next().await;
    provider.claims("sub", "bea-at-work");
    provider.claims("email", bea);
    let mut browser = Browser::default();
    assert_eq!(browser.visit(&server, &provider).await, SIGN_IN);
    assert_eq!(browser.sign_in(&server, None).await.status, 200);
    let told = [mail.next().await, mail.next().await];
    assert!(told.iter().all(|message| message.to == [bea]), "{told:?}");
    let mut subjects = told.each_ref().map(|message| message.subject());
    subjects.sort_unstable();
    assert_eq!(subjects, ["an identity provider was linked", "signed in on a new device"]);
    mail.nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_a_provider_verified_needs_no_code_by_mail() {
    let Some(post) = Post::new() else { return };
    let (provider, server, mut mail) = opened(&post).await;
    let mut browser = Browser::default();
    browser.visit(&server, &provider).await;
    let body = ann().prepare_unproved(&server, None).await.unwrap();
    assert_eq!(sign_up(&server, &mut browser.clone(), &body).await.code(), "sign_up_code_required");
    let body = FinishSignUp { identity: true, ..body };
    let made: SignedIn = sign_up(&server, &mut browser, &body).await.body();
    assert!(made.account.email_verified_at.is_some());
    mail.nothing().await;
}
