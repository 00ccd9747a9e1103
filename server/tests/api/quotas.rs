//! Quotas: counted from what is stored, refused where an upload begins, said before, and nothing is lost by them.

use api_types::{
    B64, ErrorCode, ReportId, UploadId,
    accounts::{AccountStatus, Role},
    drafts::PutDraft,
    grants::Right as SharedRight,
    limits::QUOTA_MIN,
    quotas::{AccountQuota, Quota, QuotaDefault, QuotaRule, SetQuota},
    uploads::{CreateUpload, Upload},
};
use client::{PatientChoice, TeamShare, bulk::Control, content::ReportFields};
use crypto::{
    format::Geometry,
    report::{Change, Grant, Right, SealedFor},
};
use server::{
    clock::{DAY, HOUR},
    services::clean_up,
};

use crate::{
    honest_client::{clinic, write},
    mail_server::{Post, Smtp, until_outbox, with_mail_and},
    sealing::{grant, own},
    teams::Ward,
    world::{Answer, Person, World},
};

const MIB: u64 = 1024 * 1024;

fn limited(bytes: u64) -> SetQuota {
    SetQuota { rule: QuotaRule::Limited, bytes: Some(bytes) }
}

fn only(rule: QuotaRule) -> SetQuota {
    SetQuota { rule, bytes: None }
}

/// The length of a sealed file.
fn sealed(plain: u64) -> u64 {
    Geometry::of_plaintext(plain).unwrap().ciphertext_len()
}

async fn quota(world: &World, who: &Person) -> Quota {
    world.get(who, "/account/quota").await.json()
}

async fn draft(world: &World, who: &Person, n: u8) -> ReportId {
    let id = ReportId([n; 32]);
    world.put(who, &format!("/drafts/{id}"), &PutDraft { sealed: B64(vec![1]), counter: 0, begins: true }).await.ok();
    id
}

async fn begin(world: &World, who: &Person, report_id: ReportId, part: u32, plain: u64) -> Answer {
    let create = CreateUpload { report_id, version: 1, revision: 0, part, ciphertext_len: sealed(plain) };
    world.post(who, "/uploads", &create).await
}

async fn set(world: &World, admin: &Person, of: &Person, quota: &SetQuota) {
    world.put(admin, &format!("/admin/accounts/{}/quota", of.id), quota).await.ok();
}

async fn admin(world: &World) -> Person {
    world.person(Role::Administrator, AccountStatus::Active).await
}

#[tokio::test]
async fn an_upload_that_does_not_fit_is_refused_where_it_begins() {
    let world = World::with(|config| config.quota = Some("20MB".parse().unwrap())).await;
    let doctor = world.doctor().await;
    let report = draft(&world, &doctor, 7).await;
    assert_eq!(quota(&world, &doctor).await, Quota { used: 0, limit: Some(20_000_000) });
    let first: Upload = begin(&world, &doctor, report, 1, 12 * MIB).await.json();
    let used = sealed(12 * MIB);
    assert_eq!(quota(&world, &doctor).await.used, used, "at its full length, before a byte of it came");
    let refused = begin(&world, &doctor, report, 2, 8 * MIB).await;
    assert_eq!(refused.status, 413);
    let problem = refused.problem();
    assert_eq!(problem.code, ErrorCode::QuotaExceeded);
    assert_eq!(problem.quota, Some(Quota { used, limit: Some(20_000_000) }), "why, and by how much");
    begin(&world, &doctor, report, 2, 7 * MIB).await.ok();
    // What goes makes room.
    world.delete(&doctor, &format!("/uploads/{}", first.id)).await.ok();
    begin(&world, &doctor, report, 1, 8 * MIB).await.ok();
    world.delete(&doctor, &format!("/drafts/{report}")).await.ok();
    assert_eq!(quota(&world, &doctor).await.used, 0);
}

#[tokio::test]
async fn two_at_once_do_not_share_the_last_room() {
    let world = World::with(|config| config.quota = Some("20MB".parse().unwrap())).await;
    let doctor = world.doctor().await;
    let report = draft(&world, &doctor, 7).await;
    for round in 0..8u32 {
        let ask = |part| begin(&world, &doctor, report, part, 12 * MIB);
        let answers = tokio::join!(ask(1), ask(2), ask(3));
        let answers = [answers.0, answers.1, answers.2];
        let begun: Vec<UploadId> =
            answers.iter().filter(|a| a.status.is_success()).map(|a| a.json::<Upload>().id).collect();
        assert_eq!(begun.len(), 1, "round {round}");
        for refused in answers.iter().filter(|a| !a.status.is_success()) {
            assert_eq!(refused.code(), ErrorCode::QuotaExceeded);
        }
        world.delete(&doctor, &format!("/uploads/{}", begun[0])).await.ok();
    }
}

#[tokio::test]
async fn every_version_counts_for_the_reports_owner_until_it_is_replaced_or_erased() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    assert_eq!(quota(&world, &patient).await, Quota { used: 0, limit: None }, "no limit where nobody said one");
    let file = vec![3; 100_000];
    let mut made = world.report(&doctor, &patient, std::slice::from_ref(&file)).await;
    let first = quota(&world, &patient).await.used;
    assert!(first > sealed(100_000) && first < sealed(100_000) + 4096, "the file, and the sealed fields");
    assert_eq!(quota(&world, &doctor).await.used, 0, "who wrote it doesn't own it");

    let next = world.upload_version(&doctor, &made, 2, 0, &[vec![4; 200_000]]).await;
    assert_eq!(quota(&world, &patient).await.used, first + sealed(200_000), "also while it is under way");
    world.post(&doctor, &format!("/reports/{}/versions", made.id), &next.body).await.ok();
    made.keep(next);
    let second = quota(&world, &patient).await.used;
    assert!(second > first + sealed(200_000));

    // New keys take the place of the old ciphertext, and are never refused.
    let admin = admin(&world).await;
    set(&world, &admin, &patient, &limited(QUOTA_MIN)).await;
    let given_up = world.upload_version(&patient, &made, 1, 1, std::slice::from_ref(&file)).await;
    let rekeyed = world.upload_version(&patient, &made, 1, 1, std::slice::from_ref(&file)).await;
    assert_eq!(quota(&world, &patient).await.used, second);
    let begun = format!("/uploads/{}", given_up.body.uploads[0]);
    assert_eq!(world.get(&patient, &begun).await.code(), ErrorCode::NotFound, "one is open for each part");
    world.post(&patient, &format!("/reports/{}/versions/1/revisions", made.id), &rekeyed.body).await.ok();
    made.keep(rekeyed);
    assert_eq!(quota(&world, &patient).await.used, second, "as much as before");

    let entry = made.append(world.now(), &patient, Change::Erase);
    let erase = api_types::closing::EraseReport { entry: crate::sealing::blob(&entry) };
    world.post(&patient, &format!("/reports/{}/erasure", made.id), &erase).await.ok();
    assert_eq!(quota(&world, &patient).await.used, 0);
}

/// It isn't counted, so it must be as much as it replaces.
#[tokio::test]
async fn new_keys_store_no_more_than_they_replace() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let made = world.report(&doctor, &patient, &[vec![3; 1000]]).await;
    let part =
        |part, plain| CreateUpload { report_id: made.id, version: 1, revision: 1, part, ciphertext_len: sealed(plain) };
    for refused in [part(1, 1001), part(1, 999), part(1, 64 * MIB), part(2, 1000)] {
        let problem = world.post(&patient, "/uploads", &refused).await.problem();
        assert_eq!((problem.code, problem.pointer.as_deref()), (ErrorCode::InvalidField, Some("/ciphertext_len")));
    }
    let begun: Upload = world.post(&patient, "/uploads", &part(1, 1000)).await.json();
    // A manifest with another length, whatever was uploaded.
    let mut longer = made.seal(world.now(), &patient, made.place(1, 1), &[vec![3; 1001]]);
    longer.body.uploads.push(begun.id);
    let path = format!("/reports/{}/versions/1/revisions", made.id);
    let problem = world.post(&patient, &path, &longer.body).await.problem();
    assert_eq!((problem.code, problem.pointer.as_deref()), (ErrorCode::InvalidField, Some("/version/manifest")));
}

#[tokio::test]
async fn what_versions_share_counts_once_and_what_is_uploaded_for_a_change_counts_for_the_owner() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let file = vec![3; 100_000];
    let mut made = world.report(&doctor, &patient, std::slice::from_ref(&file)).await;
    let first = quota(&world, &patient).await.used;
    let from = SealedFor { version: 1, revision: 0, part: 1 };
    let second = made.seal_carrying(world.now(), &doctor, made.place(2, 0), (from, &file));
    let alone = [&second.body.part0, &second.body.statement, &second.body.manifest];
    let alone = alone.map(|bytes| bytes.0.len() as u64).iter().sum::<u64>();
    world.post(&doctor, &format!("/reports/{}/versions", made.id), &second.body).await.ok();
    made.keep(second);
    let carried = quota(&world, &patient).await.used;
    assert_eq!(carried - first, alone, "the sealed fields and the manifest alone");

    for who in [&doctor, &patient] {
        let drafted = format!("/drafts/{}", made.id);
        world.put(who, &drafted, &PutDraft { sealed: B64(vec![1]), counter: 0, begins: true }).await.ok();
        let create = CreateUpload { report_id: made.id, version: 3, revision: 0, part: 1, ciphertext_len: sealed(MIB) };
        let begun: Upload = world.post(who, "/uploads", &create).await.json();
        assert_eq!(quota(&world, &patient).await.used, carried + sealed(MIB), "once, also where it is drafted");
        assert_eq!(quota(&world, &doctor).await.used, 0);
        world.delete(who, &drafted).await.ok();
        assert_eq!(quota(&world, &patient).await.used, carried);
        assert_eq!(world.get(who, &format!("/uploads/{}", begun.id)).await.code(), ErrorCode::NotFound);
    }
}

#[tokio::test]
async fn a_full_space_loses_nothing_and_keeps_no_finding_from_its_patient() {
    let world = World::new().await;
    let (admin, doctor, patient) = (admin(&world).await, world.doctor().await, world.patient().await);
    let made = world.report(&doctor, &patient, &[vec![3; 11 * MIB as usize]]).await;
    set(&world, &admin, &patient, &limited(QUOTA_MIN)).await;
    let Quota { used, limit } = quota(&world, &patient).await;
    assert!(used > limit.unwrap(), "the limit came later");
    world.get(&patient, &format!("/reports/{}/versions/1", made.id)).await.ok();

    // Nobody adds files to the patient's reports now, and a doctor isn't told how much the patient stores.
    let part = CreateUpload { report_id: made.id, version: 2, revision: 0, part: 1, ciphertext_len: sealed(10) };
    let refused = world.post(&doctor, "/uploads", &part).await.problem();
    assert_eq!((refused.code, refused.quota), (ErrorCode::QuotaExceeded, None));
    let refused = world.post(&patient, "/uploads", &part).await.problem();
    assert_eq!((refused.code, refused.quota.map(|quota| quota.used)), (ErrorCode::QuotaExceeded, Some(used)));
    let bare = made.seal(world.now(), &doctor, made.place(2, 0), &[]);
    let refused = world.post(&doctor, &format!("/reports/{}/versions", made.id), &bare.body).await;
    assert_eq!(refused.code(), ErrorCode::QuotaExceeded, "fields alone neither");
    // A new report about the patient reaches them all the same.
    world.report(&doctor, &patient, &[vec![5; 1000]]).await;
    assert!(quota(&world, &patient).await.used > used);
    // Their own doesn't.
    let own = crate::sealing::Made::found(world.now(), &patient, &patient);
    let sealed = own.seal(world.now(), &patient, own.place(1, 0), &[]);
    assert_eq!(world.post(&patient, "/reports", &own.creation(sealed.body)).await.code(), ErrorCode::QuotaExceeded);
}

#[tokio::test]
async fn what_is_said_of_an_account_counts_before_what_is_said_of_all() {
    let world = World::with(|config| config.quota = Some("50MB".parse().unwrap())).await;
    let (admin, doctor) = (admin(&world).await, world.doctor().await);
    let limit = async || quota(&world, &doctor).await.limit;
    let all = async |rule: &SetQuota| world.put(&admin, "/admin/quota", rule).await.ok();
    assert_eq!(limit().await, Some(50_000_000));
    all(&limited(QUOTA_MIN)).await;
    assert_eq!(limit().await, Some(QUOTA_MIN));
    assert_eq!(
        world.get(&admin, "/admin/quota").await.json::<QuotaDefault>(),
        QuotaDefault { rule: QuotaRule::Limited, limit: Some(QUOTA_MIN) }
    );
    set(&world, &admin, &doctor, &limited(30 * MIB)).await;
    assert_eq!(limit().await, Some(30 * MIB));
    set(&world, &admin, &doctor, &only(QuotaRule::Unlimited)).await;
    assert_eq!(limit().await, None);
    set(&world, &admin, &doctor, &only(QuotaRule::Inherited)).await;
    all(&only(QuotaRule::Unlimited)).await;
    assert_eq!(limit().await, None);
    all(&only(QuotaRule::Inherited)).await;
    assert_eq!(limit().await, Some(50_000_000), "the configuration again");
    let seen: AccountQuota = world.get(&admin, &format!("/admin/accounts/{}/quota", doctor.id)).await.json();
    assert_eq!(seen, AccountQuota { rule: QuotaRule::Inherited, used: 0, limit: Some(50_000_000) });
    for wrong in [
        limited(QUOTA_MIN - 1),
        only(QuotaRule::Limited),
        SetQuota { bytes: Some(QUOTA_MIN), ..only(QuotaRule::Unlimited) },
    ] {
        assert_eq!(world.put(&admin, "/admin/quota", &wrong).await.code(), ErrorCode::InvalidField);
    }
    let nobody = format!("/admin/accounts/{}/quota", api_types::AccountId([9; 32]));
    assert_eq!(world.put(&admin, &nobody, &limited(QUOTA_MIN)).await.code(), ErrorCode::NotFound);
    world.state.clock.advance(11 * 60_000);
    assert_eq!(world.put(&admin, "/admin/quota", &limited(QUOTA_MIN)).await.code(), ErrorCode::ConfirmationRequired);
}

#[tokio::test]
async fn what_expires_makes_room() {
    let world = World::with(|config| config.quota = Some("20MB".parse().unwrap())).await;
    let doctor = world.doctor().await;
    let report = draft(&world, &doctor, 7).await;
    begin(&world, &doctor, report, 1, 12 * MIB).await.ok();
    world.state.clock.advance(8 * DAY);
    clean_up::once(&world.state).await.unwrap();
    assert_eq!(quota(&world, &doctor).await.used, 0);
}

#[tokio::test]
async fn a_contributors_uploads_count_for_the_owner() {
    let world = World::new().await;
    let (admin, doctor, patient) = (admin(&world).await, world.doctor().await, world.patient().await);
    let mut made = world.report(&patient, &patient, &[vec![3; 1000]]).await;
    made.knows(&doctor);
    let share = made.share(world.now(), &patient, grant(own(&doctor), Right::Contribute), None);
    world.post(&patient, &format!("/reports/{}/grants", made.id), &share).await.ok();
    set(&world, &admin, &patient, &limited(20 * MIB)).await;
    let part = |part, who: &'static str| {
        let create =
            CreateUpload { report_id: made.id, version: 2, revision: 0, part, ciphertext_len: sealed(12 * MIB) };
        let who = if who == "doctor" { &doctor } else { &patient };
        let world = &world;
        async move { world.post(who, "/uploads", &create).await }
    };
    let (one, other) = tokio::join!(part(1, "doctor"), part(2, "patient"));
    let begun = [&one, &other].iter().filter(|answer| answer.status.is_success()).count();
    assert_eq!(begun, 1, "not both, whoever uploads");
}

/// What a contributor began lies in the owner's space as long as they may contribute, and no longer.
#[tokio::test]
async fn what_a_contributor_began_ends_with_their_access() {
    let world = World::new().await;
    let (doctor, other, patient) = (world.doctor().await, world.doctor().await, world.patient().await);
    let mut made = world.report(&patient, &patient, &[vec![3; 1000]]).await;
    let stored = quota(&world, &patient).await.used;
    made.knows(&doctor);
    made.knows(&other);
    let lasting = grant(own(&doctor), Right::Contribute);
    let id = lasting.id;
    let ending = Grant { expires_at: world.now() + 2 * HOUR, ..grant(own(&other), Right::Contribute) };
    for new in [lasting, ending] {
        let share = made.share(world.now(), &patient, new, None);
        world.post(&patient, &format!("/reports/{}/grants", made.id), &share).await.ok();
    }
    let file = made.seal(world.now(), &doctor, made.place(2, 0), &[vec![4; 1000]]).parts.remove(1);
    let create =
        CreateUpload { report_id: made.id, version: 2, revision: 0, part: 1, ciphertext_len: file.len() as u64 };
    let mut begun = Vec::new();
    for who in [&doctor, &other, &patient] {
        begun.push(world.post(who, "/uploads", &create).await.json::<Upload>().id);
    }
    let len = file.len() as u64;
    assert_eq!(quota(&world, &patient).await.used, stored + 3 * len);
    world.put_segment(&doctor, begun[0], 0, &file).await.ok();

    let revoke = made.revocation(world.now(), &patient, id);
    world.post(&patient, &format!("/reports/{}/grants/{id}/revoke", made.id), &revoke).await.ok();
    assert_eq!(quota(&world, &patient).await.used, stored + 2 * len);
    assert_eq!(world.get(&doctor, &format!("/uploads/{}", begun[0])).await.code(), ErrorCode::NotFound);
    assert_eq!(world.put_segment(&doctor, begun[0], 0, &file).await.code(), ErrorCode::NotFound);
    world.get(&other, &format!("/uploads/{}", begun[1])).await.ok();

    // A segment that came after the end would move the end of the upload.
    world.state.clock.advance(3 * HOUR);
    assert_eq!(world.put_segment(&other, begun[1], 0, &file).await.code(), ErrorCode::NotFound);
    clean_up::once(&world.state).await.unwrap();
    assert_eq!(quota(&world, &patient).await.used, stored + len);
    assert_eq!(world.get(&other, &format!("/uploads/{}", begun[1])).await.code(), ErrorCode::NotFound);
    // What is one's own goes on.
    world.put_segment(&patient, begun[2], 0, &file).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_member_began_ends_with_their_membership() {
    for leaves in [true, false] {
        let w = Ward::new().await;
        let team = w.team().await;
        let id = write(&w.ann, PatientChoice::Account(w.ann.account_id())).await;
        let share = TeamShare { right: SharedRight::Contribute, expires_in: 0, ..TeamShare::reading(team) };
        w.ann.share_with_team(&id, &share).await.unwrap();
        let stored = w.ann.space().await.unwrap().used;
        let draft = w.otto.edit_report(&id).await.unwrap();
        let file = client::bulk::native::FileSource::Bytes(vec![1; 1000].into());
        draft.prepare_file("more.bin", &file).await.unwrap();
        assert_eq!(w.ann.space().await.unwrap().used, stored + sealed(1000));
        if leaves {
            w.otto.leave_team(&team).await.unwrap();
        } else {
            w.dora.remove_from_team(&team, &w.otto.account_id()).await.unwrap();
        }
        assert_eq!(w.ann.space().await.unwrap().used, stored, "leaves: {leaves}");
    }
}

/// Told once at each mark, and again after there was room.
#[tokio::test(flavor = "multi_thread")]
async fn mail_tells_once_when_the_space_runs_out() {
    let Some(post) = Post::new() else { return };
    // What `write` stores is 45 % of it.
    let quota = "21MB".parse().unwrap();
    let (server, mut mail) = with_mail_and(&post, Smtp::StartTls, |it| it.quota = Some(quota)).await;
    let [_, doctor, _] = clinic(&server).await;
    for _ in 0..3 {
        mail.next().await;
    }
    let own = PatientChoice::New;
    let first = write(&doctor, own).await;
    mail.nothing().await;
    write(&doctor, own).await;
    assert_eq!(mail.next().await.subject(), "four fifths of your space are used");
    assert!(doctor.space().await.unwrap().runs_out());
    let fields = ReportFields { title: "More".into(), ..Default::default() };
    let draft = doctor.begin_draft(own, fields).await.unwrap();
    let more = |len: usize| client::bulk::native::FileSource::Bytes(vec![1; len].into());
    let kept = draft.prepare_file("more.bin", &more(1_200_000)).await.unwrap();
    assert_eq!(mail.next().await.subject(), "your space is nearly used up");
    let refused = draft.add_file("large.bin", &more(2_000_000), &Control::none()).await.unwrap_err();
    assert_eq!(refused.problem(), Some(ErrorCode::QuotaExceeded));
    assert_eq!(draft.files().len(), 1, "what was there stays");
    draft.remove_file(kept).await.unwrap();
    doctor.erase_report(&first).await.unwrap();
    write(&doctor, own).await;
    assert_eq!(mail.next().await.subject(), "four fifths of your space are used", "crossed anew");
    until_outbox(&server, |rows| rows.is_empty()).await;
}
