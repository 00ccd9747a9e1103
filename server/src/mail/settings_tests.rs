use super::*;

fn options(smtp: &str) -> MailOptions {
    MailOptions { smtp: Some(smtp.to_owned()), from: Some("no-reply@example.org".to_owned()), ..MailOptions::default() }
}

fn server(options: MailOptions) -> SmtpServer {
    options.config().unwrap().unwrap().server
}

fn refused(options: MailOptions) -> String {
    options.config().unwrap_err().to_string()
}

fn password() -> Option<Zeroizing<String>> {
    Some(Zeroizing::new("hush".to_owned()))
}

#[test]
fn without_a_server_there_is_no_mail() {
    let leftover = MailOptions { password: password(), ..MailOptions::default() };
    assert!(leftover.config().unwrap().is_none());
}

#[test]
fn addresses_say_host_port_and_how_it_is_kept_from_others() {
    for (smtp, host, port, security) in [
        ("smtps://mail.example.org", "mail.example.org", 465, Security::Tls),
        ("smtps://mail.example.org:4650/", "mail.example.org", 4650, Security::Tls),
        ("smtp://mail.example.org", "mail.example.org", 587, Security::StartTls),
        ("smtp://mail.example.org:25?tls=required", "mail.example.org", 25, Security::StartTls),
        ("smtp://localhost?tls=none", "localhost", 25, Security::PlainText),
        ("smtp://127.0.0.1:2525?tls=none", "127.0.0.1", 2525, Security::PlainText),
        ("smtp://[::1]:2525?tls=none", "::1", 2525, Security::PlainText),
    ] {
        let server = server(options(smtp));
        assert_eq!((&*server.host, server.port, server.security), (host, port, security), "{smtp}");
        assert!(server.login.is_none());
    }
}

#[test]
fn plain_text_leaves_the_machine_only_where_that_is_said() {
    for smtp in
        ["smtp://mail.example.org?tls=none", "smtp://10.0.0.1?tls=none", "smtp://localhost.example.org?tls=none"]
    {
        assert!(refused(options(smtp)).contains("--smtp-allow-plain-text"), "{smtp}");
        let said = MailOptions { allow_plain_text: true, ..options(smtp) };
        assert_eq!(server(said).security, Security::PlainText);
    }
}

#[test]
fn a_password_comes_from_a_file_or_the_environment_alone() {
    assert!(refused(options("smtps://user:hush@mail.example.org")).starts_with("no password in --smtp"));
    assert!(refused(options("smtps://user@mail.example.org")).contains("--smtp-password-file"));
    let nobody = MailOptions { password: password(), ..options("smtps://mail.example.org") };
    assert!(refused(nobody).contains("names no user"));
    let given = MailOptions { password: password(), ..options("smtps://clinic%40example.org@mail.example.org") };
    let login = server(given).login.unwrap();
    assert_eq!((&*login.user, &**login.password), ("clinic@example.org", "hush"));
    assert_eq!(format!("{login:?}"), "Login(..)");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    fs::write(&file, "from a file\n").unwrap();
    let from_file = || MailOptions { password_file: Some(file.clone()), ..options("smtps://u@mail.example.org") };
    assert_eq!(&**server(from_file()).login.unwrap().password, "from a file");
    assert!(refused(MailOptions { password: password(), ..from_file() }).contains("not both"));
    let missing = MailOptions { password_file: Some(folder.path().join("none")), ..options("smtps://u@m.example") };
    assert!(refused(missing).contains("none"));
}

#[test]
fn a_sender_has_an_address_and_perhaps_a_name() {
    let from = |text: &str| {
        let from = MailOptions { from: Some(text.to_owned()), ..options("smtps://mail.example.org") };
        from.config().unwrap().unwrap().from
    };
    assert_eq!(from(" no-reply@example.org ").email.to_string(), "no-reply@example.org");
    for text in ["Clinic 3, East <no-reply@example.org>", "\"Clinic 3, East\" <no-reply@example.org>"] {
        assert_eq!(from(text).name.as_deref(), Some("Clinic 3, East"));
        assert_eq!(from(text).to_string(), "\"Clinic 3, East\" <no-reply@example.org>");
    }
}

#[test]
fn what_nobody_can_use_is_refused_by_name() {
    for smtp in [
        "mail.example.org",
        "http://mail.example.org",
        "smtp://",
        "smtp://mail.example.org/path",
        "smtp://mail.example.org#x",
        "smtp://mail.example.org?tls=none&tls=required",
        "smtp://mail.example.org?starttls=true",
    ] {
        assert!(refused(options(smtp)).contains("must look like"), "{smtp}");
    }
    for smtp in ["smtp://mail.example.org?tls=opportunistic", "smtps://mail.example.org?tls=none"] {
        assert!(refused(options(smtp)).contains("tls=required"), "{smtp}");
    }
    let nobody = MailOptions { from: None, ..options("smtps://mail.example.org") };
    assert!(refused(nobody).contains("needs --mail-from"));
    for from in
        ["clinic", "a@b.example\r\nBcc: c@d.example", "Clinic <>", "a@b.example, c@d.example", "C <a@b.example> x"]
    {
        let from = MailOptions { from: Some(from.to_owned()), ..options("smtps://mail.example.org") };
        assert!(refused(from).contains("--mail-from must look like"));
    }
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    fs::write(&ca, "nothing").unwrap();
    assert!(refused(MailOptions { ca: Some(ca), ..options("smtps://m.example") }).contains("holds no certificate"));
}
