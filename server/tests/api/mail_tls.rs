//! Mail leaves only for the mail server that was meant, and only under TLS.

use server::clock::MINUTE;

use crate::{
    harness::Server,
    mail_outbox::{WAITS, founder_is_told_once, start},
    mail_server::{Post, Smtp, later, until_outbox},
    person::founder,
};

#[tokio::test(flavor = "multi_thread")]
async fn without_tls_nothing_leaves() {
    let Some(post) = Post::new() else { return };
    let mut mail = post.serve(Smtp::Plain, 0, &[]);
    for smtp in [Smtp::StartTls, Smtp::Tls] {
        let server = start(post.config(smtp, mail.port)).await;
        founder(&server).await;
        until_outbox(&server, |rows| rows == [(WAITS.to_owned(), 1, false)]).await;
    }
    mail.nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leaves_for_a_server_with_another_certificate() {
    let Some(post) = Post::new() else { return };
    for smtp in [Smtp::StartTls, Smtp::Tls] {
        let mut mail = post.serve(smtp, 0, &[]);
        let other_authority = post.config_at(smtp, mail.port, "localhost", "other-ca.pem");
        let other_name = post.config_at(smtp, mail.port, "127.0.0.1", "ca.pem");
        let mut system = post.config(smtp, mail.port);
        system.server.ca = None;
        for config in [other_authority, other_name, system] {
            let server = start(config).await;
            founder(&server).await;
            until_outbox(&server, |rows| rows == [(WAITS.to_owned(), 1, false)]).await;
        }
        mail.nothing().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_no_reason_to_give_up() {
    let Some(post) = Post::new() else { return };
    let mut mail = post.serve(Smtp::StartTls, 0, &[]);
    let mut wrong = post.config(Smtp::StartTls, mail.port);
    if let Some(login) = &mut wrong.server.login {
        login.password = "wrong".to_owned().into();
    }
    let server = start(wrong).await;
    founder(&server).await;
    until_outbox(&server, |rows| rows == [(WAITS.to_owned(), 1, false)]).await;
    let folder = server.stop().await;
    let config = post.config(Smtp::StartTls, mail.port);
    let server = Server::start_in(folder, |it| it.mail = Some(config)).await;
    later(&server, 5 * 60 * MINUTE);
    founder_is_told_once(&server, &mut mail).await;
}
