//! Invitations by mail, and what signing up with one shows.

use api_types::{
    PlaceholderId,
    accounts::Role,
    invitations::{CreateInvitation, CreatedInvitation},
};

use crate::{
    harness::Server,
    mail_server::{Mail, MailServer, Post, Smtp, free_port, later, outbox, until_outbox, with_mail},
    person::{Applicant, Person, founder},
};

fn for_dora() -> CreateInvitation {
    CreateInvitation {
        role: Role::Doctor,
        email: Some("Dora.Doctor@example.org".into()),
        placeholder: None,
        expires_in: None,
    }
}

async fn invite(server: &Server, by: &Person, body: &CreateInvitation) -> CreatedInvitation {
    server.post("/invitations", Some(&by.token), body).await.body()
}

async fn invited(mail: &mut MailServer) -> Mail {
    let message = mail.next().await;
    assert_eq!(message.subject(), "you are invited");
    message
}

/// A server, its administrator, and a mail server whose first message is taken.
async fn with_administrator(post: &Post) -> (Server, MailServer, Person) {
    let (server, mut mail) = with_mail(post, Smtp::StartTls).await;
    let ada = founder(&server).await;
    assert_eq!(mail.next().await.to, ["ada.founder@example.org"]);
    (server, mail, ada)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailed_invitation_verifies_the_address_that_it_was_sent_to() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail, ada) = with_administrator(&post).await;
    let created = invite(&server, &ada, &for_dora()).await;
    assert!(created.mailed);
    let message = invited(&mut mail).await;
    assert_eq!(message.to, ["Dora.Doctor@example.org"], "as it was typed");
    assert!(!message.raw.contains("Ada") && !message.raw.contains(&created.token));
    let token = message.token(&format!("{}/sign-up#invite=", server.origin));
    assert_ne!(token, created.token, "only the mail has it");
    let stranger = Applicant::new("Stran Ger", Role::Doctor).prepare(&server, Some(&token)).await.unwrap();
    assert_eq!(server.post("/sign-up", None, &stranger).await.code(), "invitation_invalid");
    let dora = Applicant::new("Dora Doctor", Role::Doctor).sign_up(&server, Some(&token)).await;
    assert!(dora.signed_in.account.email_verified_at.is_some());
    mail.nothing().await;
    let spent = Applicant::new("Dora Doctor", Role::Doctor).prepare(&server, Some(&created.token)).await;
    assert_eq!(spent.err().unwrap().code(), "invitation_invalid", "one invitation, one account");
}

/// Whether a message may go is decided at one moment, and between two readings of a clock there may be a millisecond.
#[tokio::test(flavor = "multi_thread")]
async fn time_that_passes_while_a_message_is_queued_keeps_none_back() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail) = with_mail(&post, Smtp::StartTls).await;
    server.state.clock.set_tick(1);
    let ada = founder(&server).await;
    assert_eq!(mail.next().await.subject(), "confirm your e-mail address");
    assert!(invite(&server, &ada, &for_dora()).await.mailed);
    invited(&mut mail).await;
    Applicant::new("Otto Other", Role::Patient).sign_up(&server, None).await;
    assert_eq!(mail.next().await.subject(), "your code to create an account");
    mail.nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_that_was_shown_verifies_nothing_and_asks_for_a_code() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail, ada) = with_administrator(&post).await;
    let created = invite(&server, &ada, &for_dora()).await;
    invited(&mut mail).await;
    let dora = Applicant::new("Dora Doctor", Role::Doctor);
    let body = dora.prepare_unproved(&server, Some(&created.token)).await.unwrap();
    assert_eq!(server.post("/sign-up", None, &body).await.code(), "sign_up_code_required");
    mail.nothing().await;
    let dora = dora.sign_up(&server, Some(&created.token)).await;
    assert!(dora.signed_in.account.email_verified_at.is_some());
    assert_eq!(mail.next().await.subject(), "your code to create an account");
    mail.nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patients_secret_and_a_doctors_invitation_never_go_by_mail() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail, ada) = with_administrator(&post).await;
    let patient = CreateInvitation { role: Role::Patient, ..for_dora() };
    let placeholder = CreateInvitation { placeholder: Some(PlaceholderId([7; 16])), ..patient.clone() };
    assert!(!invite(&server, &ada, &placeholder).await.mailed);
    assert!(!invite(&server, &ada, &CreateInvitation { email: None, ..for_dora() }).await.mailed);
    let by_link = invite(&server, &ada, &CreateInvitation { email: None, ..for_dora() }).await;
    let dora = Applicant::new("Dana Doctor", Role::Doctor).sign_up(&server, Some(&by_link.token)).await;
    mail.next().await;
    assert!(!invite(&server, &dora, &patient).await.mailed);
    mail.nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_withdrawn_before_it_left_never_leaves() {
    let Some(post) = Post::new() else { return };
    let port = free_port();
    let config = post.config(Smtp::StartTls, port);
    let server = Server::start_with(|it| it.mail = Some(config)).await;
    let ada = founder(&server).await;
    let created = invite(&server, &ada, &for_dora()).await;
    until_outbox(&server, |rows| rows.len() == 2 && rows.iter().all(|row| row.1 == 1)).await;
    let path = format!("/invitations/{}", created.invitation.id);
    assert_eq!(server.delete(&path, Some(&ada.token)).await.status, 204);
    let mut mail = post.serve(Smtp::StartTls, port, &[]);
    later(&server, 2 * 60_000);
    assert_eq!(mail.next().await.to, ["ada.founder@example.org"]);
    mail.nothing().await;
    assert_eq!(outbox(&server).await, []);
}
