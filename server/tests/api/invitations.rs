//! Invitations: who may make them, and what they give.

use api_types::{
    PlaceholderId,
    accounts::{AccountStatus, Role},
    invitations::{CreateInvitation, CreatedInvitation, InvitationInfo, InvitationList, InvitationToken},
};
use crypto::account;
use server::clock::{DAY, MINUTE};

use crate::{
    harness::{Answer, Server},
    person::{Applicant, Person, approval, founder},
};

fn invitation(role: Role) -> CreateInvitation {
    CreateInvitation { role, email: None, placeholder: None, expires_in: None }
}

async fn invite(server: &Server, by: &Person, body: &CreateInvitation) -> Answer {
    server.post("/invitations", Some(&by.token), body).await
}

async fn look_up(server: &Server, token: &str) -> Answer {
    server.post("/invitations/look-up", None, &InvitationToken { token: token.to_owned() }).await
}

async fn doctor(server: &Server, ada: &Person) -> Person {
    let created: CreatedInvitation = invite(server, ada, &invitation(Role::Doctor)).await.body();
    Applicant::new("Dora Doctor", Role::Patient).sign_up(server, Some(&created.token)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doctor_by_invitation_is_active_and_confirmed_later() {
    let server = Server::start_with(|config| config.open_sign_up = false).await;
    let ada = founder(&server).await;
    let dora = doctor(&server, &ada).await;
    let public = &dora.signed_in.account.public;
    assert_eq!((public.role, public.status), (Role::Doctor, AccountStatus::Active), "the invitation's role wins");
    assert!(public.approval.is_none(), "no signed statement yet");

    let approve = approval(&server, &ada, &dora.applicant, account::Role::Doctor);
    let path = format!("/admin/accounts/{}/approve", dora.id);
    assert_eq!(server.post(&path, Some(&ada.token), &approve).await.status, 204);
    let seen = server.get(&format!("/accounts/{}", dora.id), Some(&ada.token)).await.json();
    assert_eq!(seen["approval"], approve.approval.encode());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_serves_once_and_only_its_email() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    let bound = CreateInvitation { email: Some("Dora.Doctor@example.org".into()), ..invitation(Role::Doctor) };
    let created: CreatedInvitation = invite(&server, &ada, &bound).await.body();
    let info: InvitationInfo = look_up(&server, &created.token).await.body();
    assert_eq!((info.role, info.set_up, info.invited_by.as_deref()), (Role::Doctor, false, Some("Ada Founder")));

    let stranger = Applicant::new("Stran Ger", Role::Doctor).prepare(&server, Some(&created.token)).await.unwrap();
    assert_eq!(server.post("/sign-up", None, &stranger).await.code(), "invitation_invalid");
    let dora = Applicant::new("Dora Doctor", Role::Doctor).sign_up(&server, Some(&created.token)).await;
    assert_eq!(look_up(&server, &created.token).await.code(), "invitation_invalid");
    let list: InvitationList = server.get("/invitations", Some(&ada.token)).await.body();
    assert_eq!(list.items[0].used_by, Some(dora.id));
}

#[tokio::test(flavor = "multi_thread")]
async fn doctors_invite_patients_and_patients_nobody() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    let dora = doctor(&server, &ada).await;
    let placeholder = PlaceholderId([7; 16]);
    let body = CreateInvitation { placeholder: Some(placeholder), ..invitation(Role::Patient) };
    let created: CreatedInvitation = invite(&server, &dora, &body).await.body();
    assert_eq!(invite(&server, &dora, &invitation(Role::Doctor)).await.code(), "forbidden");
    assert_eq!(invite(&server, &dora, &invitation(Role::Administrator)).await.code(), "forbidden");

    // A patient who has an account already takes it; once.
    let pat = Applicant::new("Pat Patient", Role::Patient).sign_up(&server, None).await;
    assert_eq!(invite(&server, &pat, &invitation(Role::Patient)).await.code(), "forbidden");
    let token = InvitationToken { token: created.token.clone() };
    assert_eq!(server.post("/invitations/accept", Some(&dora.token), &token).await.code(), "forbidden");
    let info: InvitationInfo = server.post("/invitations/accept", Some(&pat.token), &token).await.body();
    assert_eq!(info.placeholder, Some(placeholder));
    assert_eq!(server.post("/invitations/accept", Some(&pat.token), &token).await.code(), "invitation_invalid");

    // Own ones only; administrators see everyone's.
    let own: InvitationList = server.get("/invitations", Some(&dora.token)).await.body();
    let all: InvitationList = server.get("/invitations", Some(&ada.token)).await.body();
    assert_eq!((own.items.len(), all.items.len()), (1, 2));
    assert_eq!(own.items[0].created_by_name, "Dora Doctor");
}

#[tokio::test(flavor = "multi_thread")]
async fn withdrawn_and_expired_invitations_are_as_unknown_ones() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    let dora = doctor(&server, &ada).await;
    let withdrawn: CreatedInvitation = invite(&server, &ada, &invitation(Role::Patient)).await.body();
    let path = format!("/invitations/{}", withdrawn.invitation.id);
    assert_eq!(server.delete(&path, Some(&dora.token)).await.code(), "not_found", "another's");
    assert_eq!(server.delete(&path, Some(&ada.token)).await.status, 204);
    let expired: CreatedInvitation = invite(&server, &ada, &invitation(Role::Patient)).await.body();
    server.state.clock.advance(7 * DAY);
    for token in [&withdrawn.token, &expired.token, &"unknown".to_owned(), &"x".repeat(1000)] {
        assert_eq!(look_up(&server, token).await.code(), "invitation_invalid");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_left_open_invites_nobody_who_is_active_at_once() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    server.state.clock.advance(11 * MINUTE);
    for role in [Role::Doctor, Role::Administrator] {
        assert_eq!(invite(&server, &ada, &invitation(role)).await.code(), "confirmation_required", "{role:?}");
    }
    assert_eq!(invite(&server, &ada, &invitation(Role::Patient)).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_kept() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    let cases = [
        CreateInvitation { expires_in: Some(0), ..invitation(Role::Doctor) },
        CreateInvitation { expires_in: Some(31 * DAY), ..invitation(Role::Doctor) },
        CreateInvitation { placeholder: Some(PlaceholderId([1; 16])), ..invitation(Role::Doctor) },
        CreateInvitation { email: Some("nobody".into()), ..invitation(Role::Doctor) },
    ];
    for body in cases {
        assert_eq!(invite(&server, &ada, &body).await.code(), "invalid_field", "{body:?}");
    }
}
