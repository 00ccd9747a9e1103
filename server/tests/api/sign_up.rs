//! Creating accounts: the first administrator, openly, and what is refused.

use api_types::{
    B64,
    accounts::{AccountStatus, OwnAccount, Role},
    sessions::Carrier,
};

use crate::{
    harness::Server,
    person::{Applicant, founder},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_set_up_link_makes_the_first_administrator_once() {
    let server = Server::start().await;
    let before = server.get("/instance", None).await.json();
    assert_eq!((&before["set_up"], &before["organisation_key"]), (&false.into(), &serde_json::Value::Null));

    let early = Applicant::new("Eve Early", Role::Patient).prepare(&server, None).await.unwrap_err();
    assert_eq!(early.code(), "unavailable");

    let ada = founder(&server).await;
    let account = &ada.signed_in.account;
    assert_eq!((account.public.role, account.public.status), (Role::Administrator, AccountStatus::Active));
    assert!(account.public.approval.is_some() && account.organisation_key_wrap.is_some());

    let after = server.get("/instance", None).await.json();
    let key = ada.applicant.organisation.as_ref().unwrap().public();
    assert_eq!(after["set_up"], true);
    assert_eq!(after["organisation_key"], B64(key.0.to_vec()).encode());

    let again = Applicant::founder().prepare(&server, Some(&server.set_up_token)).await.unwrap_err();
    assert_eq!(again.code(), "invitation_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_founders_at_once_make_one() {
    let server = Server::start().await;
    let (a, mut b) = (Applicant::founder(), Applicant::founder());
    b.email = "other@example.org".into();
    let token = Some(server.set_up_token.as_str());
    let (a, b) = (a.prepare(&server, token).await.unwrap(), b.prepare(&server, token).await.unwrap());
    let (a, b) = tokio::join!(server.post("/sign-up", None, &a), server.post("/sign-up", None, &b));
    let mut statuses = [a.status.as_u16(), b.status.as_u16()];
    statuses.sort_unstable();
    assert!(matches!(statuses, [201, 409 | 410]), "{statuses:?} {} {}", a.text, b.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn patients_are_active_and_doctors_wait() {
    let server = Server::start().await;
    founder(&server).await;
    let patient = Applicant::new("Pat Patient", Role::Patient).sign_up(&server, None).await;
    assert_eq!(patient.signed_in.account.public.status, AccountStatus::Active);
    let doctor = Applicant::new("Dora Doctor", Role::Doctor).sign_up(&server, None).await;
    assert_eq!(doctor.signed_in.account.public.status, AccountStatus::Pending);

    // Who waits sees the own account and nothing else.
    let own: OwnAccount = server.get("/account", Some(&doctor.token)).await.body();
    assert_eq!(own, doctor.signed_in.account);
    for path in
        ["/accounts?name=Dora", "/reports", "/drafts", "/grants", "/invitations", "/admin/accounts", "/admin/events"]
    {
        assert_eq!(server.get(path, Some(&doctor.token)).await.code(), "account_pending", "{path}");
    }
    let administrator = Applicant::new("Mal Ory", Role::Administrator);
    let body = administrator.prepare(&server, None).await.unwrap();
    assert_eq!(server.post("/sign-up", None, &body).await.code(), "invalid_field");
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_sign_up_takes_invitations_only() {
    let server = Server::start_with(|config| config.open_sign_up = false).await;
    founder(&server).await;
    let refused = Applicant::new("Pat Patient", Role::Patient).prepare(&server, None).await.unwrap_err();
    assert_eq!(refused.code(), "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_verify_is_refused_and_leaves_nothing() {
    let server = Server::start().await;
    founder(&server).await;
    let pat = Applicant::new("Pat Patient", Role::Patient);
    let stranger = Applicant::new("Stran Ger", Role::Patient);
    let good = pat.prepare(&server, None).await.unwrap();
    let theirs = stranger.prepare(&server, None).await.unwrap();
    let other_keyring = B64(vec![0; 100_000]);
    let mut flipped = good.key_record.clone();
    *flipped.0.last_mut().unwrap() ^= 1;
    let mut newer = good.key_record.clone();
    newer.0[0] = 2;
    let cases = [
        (
            "another's id",
            api_types::sign_up::FinishSignUp { account_id: stranger.id(), ..good.clone() },
            "invalid_field",
        ),
        (
            "a flipped signature",
            api_types::sign_up::FinishSignUp { key_record: flipped, ..good.clone() },
            "invalid_signature",
        ),
        (
            "an unknown version",
            api_types::sign_up::FinishSignUp { key_record: newer, ..good.clone() },
            "unknown_version",
        ),
        (
            "another's way in",
            api_types::sign_up::FinishSignUp { password: theirs.password.clone(), ..good.clone() },
            "invalid_signature",
        ),
        (
            "a kit for a password",
            api_types::sign_up::FinishSignUp { password: good.recovery_kit.clone(), ..good.clone() },
            "invalid_field",
        ),
        (
            "no OPAQUE record",
            api_types::sign_up::FinishSignUp { registration_upload: B64(vec![1; 192]), ..good.clone() },
            "invalid_field",
        ),
        (
            "an organisation",
            api_types::sign_up::FinishSignUp {
                organisation: Applicant::founder().prepare(&server, None).await.unwrap().organisation,
                ..good.clone()
            },
            "invalid_field",
        ),
        (
            "a huge keyring",
            api_types::sign_up::FinishSignUp { keyring: other_keyring, ..good.clone() },
            "invalid_field",
        ),
        ("no e-mail", api_types::sign_up::FinishSignUp { email: "pat".into(), ..good.clone() }, "invalid_field"),
        ("no name", api_types::sign_up::FinishSignUp { name: " ".into(), ..good.clone() }, "invalid_field"),
        (
            "a hidden character",
            api_types::sign_up::FinishSignUp { name: "Pat\u{202e}".into(), ..good.clone() },
            "invalid_field",
        ),
    ];
    for (name, body, code) in cases {
        let answer = server.post("/sign-up", None, &body).await;
        // "no OPAQUE record" may fail on another field first; all must be refused by name.
        assert_eq!(answer.code(), code, "{name}: {}", answer.text);
    }
    assert_eq!(server.post("/sign-up", None, &good).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_has_one_account_however_it_is_written() {
    let server = Server::start().await;
    founder(&server).await;
    Applicant::new("Pat Patient", Role::Patient).sign_up(&server, None).await;
    let mut twin = Applicant::new("Pat Patient", Role::Patient);
    twin.email = " PAT.Patient@EXAMPLE.org ".into();
    let body = twin.prepare(&server, None).await.unwrap();
    assert_eq!(server.post("/sign-up", None, &body).await.code(), "email_taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_exists_gives_no_oprf_answer_to_sign_up() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    assert_eq!(ada.applicant.prepare(&server, None).await.unwrap_err().code(), "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_gets_a_strict_cookie_and_no_token() {
    let server = Server::start().await;
    founder(&server).await;
    let pat = Applicant::new("Pat Patient", Role::Patient);
    let body =
        api_types::sign_up::FinishSignUp { carrier: Carrier::Cookie, ..pat.prepare(&server, None).await.unwrap() };
    let answer = server.post("/sign-up", None, &body).await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("__Host-session="), "{cookie}");
    for attribute in ["; Path=/", "; HttpOnly", "; Secure", "; SameSite=Strict", "; Max-Age=604800"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("Domain"));
    assert!(answer.json()["token"].is_null());
}
