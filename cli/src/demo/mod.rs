//! Fills an empty server with a small made-up clinic, by the real client over the real API, and prints the sign-ins.

mod clinic;
mod pdf;

use api_types::{ReportId, accounts::Role, grants::Right, limits::SHARE_MIN_MS};
use client::{
    Client, PatientChoice, Share, SignUp, Vault,
    bulk::{Control, native::FileSource},
    content::ReportFields,
    native::Native,
};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::{
    args::Demo,
    command::account::link_from,
    context::{Context, device},
    error::{CliError, Result},
    output::{table, time},
};
use clinic::{ADMINISTRATOR, CASES, Case, DOCTORS, Member, PATIENTS, WAITING};

/// One sign-in to print.
#[derive(Debug, Serialize)]
struct SignIn {
    name: &'static str,
    role: Role,
    email: &'static str,
    password: String,
}

/// A share that waits for its code.
#[derive(Debug, Serialize)]
struct Waiting {
    to: &'static str,
    code: String,
    expires_at: i64,
}

#[derive(Serialize)]
struct Filled {
    sign_ins: Vec<SignIn>,
    waiting: Vec<Waiting>,
    invitation: String,
}

struct People {
    doctors: Vec<Vault<Native>>,
    patients: Vec<Vault<Native>>,
}

/// Runs it.
pub async fn run(context: &Context, args: &Demo) -> Result<()> {
    let server = context.server()?;
    let link = link_from(args.link_fd)?;
    let mut sign_ins = Vec::new();
    let administrator = join(&server, ADMINISTRATOR, Role::Administrator, Some(&link.token), &mut sign_ins).await?;
    let people = people(&server, &administrator, &mut sign_ins).await?;
    let reports = reports(&people).await?;
    context.output.note("Reports are sealed and uploaded; making the shares.");
    let waiting = shares(&people, &reports).await?;
    let invitation = invite_absent(&people, &reports, &server).await?;
    let all = people.doctors.into_iter().chain(people.patients).chain([administrator]);
    for vault in all {
        vault.sign_out().await?;
    }
    context.output.result(&Filled { sign_ins, waiting, invitation }, text);
    Ok(())
}

/// Creates an account under a password of its own.
async fn join(
    server: &str,
    member: Member,
    role: Role,
    token: Option<&str>,
    sign_ins: &mut Vec<SignIn>,
) -> Result<Vault<Native>> {
    let client = Client::new(Native::new(server).map_err(client::ClientError::from)?);
    // Six words of a throw-away kit: random for each installation, easy to type.
    let password = Zeroizing::new(client.new_kit().words()[..6].join("-"));
    let kit = client.new_kit();
    let input = SignUp {
        name: member.name,
        email: member.email,
        password: &password,
        role,
        kit: &kit,
        token,
        device: device(),
    };
    let vault = client.sign_up(input).await?;
    sign_ins.push(SignIn { name: member.name, role, email: member.email, password: password.to_string() });
    Ok(vault)
}

async fn people(server: &str, administrator: &Vault<Native>, sign_ins: &mut Vec<SignIn>) -> Result<People> {
    let mut doctors = Vec::new();
    for member in DOCTORS {
        let doctor = join(server, member, Role::Doctor, None, sign_ins).await?;
        let page = administrator.accounts(Some(api_types::accounts::AccountStatus::Pending), None).await?;
        let row = page.items.into_iter().find(|row| row.account.account.id == doctor.account_id());
        let row = row.ok_or_else(|| CliError::Argument(format!("{} is not waiting for approval", member.name)))?;
        administrator.approve(&row.person?).await?;
        doctor.refresh().await?;
        doctors.push(doctor);
    }
    join(server, WAITING, Role::Doctor, None, sign_ins).await?.sign_out().await?;
    let mut patients = Vec::new();
    for member in PATIENTS {
        patients.push(join(server, member, Role::Patient, None, sign_ins).await?);
    }
    Ok(People { doctors, patients })
}

async fn reports(people: &People) -> Result<Vec<ReportId>> {
    let mut ids = Vec::new();
    for case in &CASES {
        ids.push(write(people, case).await?);
    }
    // One draft that its author has not finished.
    let draft = ReportFields {
        report_number: "LAB-2026-0533".into(),
        title: "Lipid profile".into(),
        patient_name: PATIENTS[1].name.into(),
        kind: "Laboratory".into(),
        ..ReportFields::default()
    };
    let patient = PatientChoice::Account(people.patients[1].account_id());
    people.doctors[0].begin_draft(patient, draft).await?;
    Ok(ids)
}

async fn write(people: &People, case: &Case) -> Result<ReportId> {
    let doctor = &people.doctors[case.doctor];
    let patient = match case.patient {
        Some(index) => {
            // Looking the person up teaches the doctor's client their key.
            let found = doctor.find_by_email(PATIENTS[index].email).await?;
            let person = found.ok_or_else(|| CliError::Argument(format!("{} is missing", PATIENTS[index].email)))?;
            PatientChoice::Account(person.id)
        }
        None => PatientChoice::New,
    };
    let fields = ReportFields {
        report_number: case.number.into(),
        title: case.title.into(),
        patient_name: case.patient_name.into(),
        patient_id: case.patient_id.into(),
        kind: case.kind.into(),
        diagnosis: case.diagnosis.into(),
        treatment_plan: case.treatment_plan.into(),
        prescription: case.prescription.into(),
    };
    let draft = doctor.begin_draft(patient, fields).await?;
    let mut lines =
        vec![case.title.to_owned(), format!("{}   {}   {}", case.number, case.patient_name, case.patient_id)];
    lines.push(String::new());
    lines.extend(case.sheet.iter().map(|line| (*line).to_owned()));
    lines.extend([String::new(), format!("Signed: {}", DOCTORS[case.doctor].name)]);
    let source = FileSource::Bytes(pdf::page(&lines).into());
    draft.add_file(&format!("{}.pdf", case.number), &source, &Control::none()).await?;
    Ok(draft.complete().await?.id)
}

/// A share in every state: redeemed, waiting for its code, without code, locked by wrong codes, revoked.
async fn shares(people: &People, reports: &[ReportId]) -> Result<Vec<Waiting>> {
    let [okafor, lindqvist, tan] = [0, 1, 2].map(|i| &people.doctors[i]);
    let [sofia, tomasz, ruth] = [0, 1, 2].map(|i| &people.patients[i]);
    let mut waiting = Vec::new();

    let redeemed = sofia.share(&reports[0], &Share::with_code(lindqvist.account_id())).await?;
    if let Some(code) = &redeemed.code {
        let report = lindqvist.redeem(&redeemed.grant, code).await?;
        let open = lindqvist.report(&report).await?;
        lindqvist.version(&open, 1).await?;
    }

    let open = tomasz.share(&reports[1], &Share::with_code(tan.account_id())).await?;
    waiting.extend(open.code.map(|code| Waiting {
        to: DOCTORS[2].name,
        code: code.to_string(),
        expires_at: open.expires_at,
    }));

    let short = Share { expires_in: SHARE_MIN_MS, ..Share::with_code(okafor.account_id()) };
    let short = ruth.share(&reports[3], &short).await?;
    waiting.extend(short.code.map(|code| Waiting {
        to: DOCTORS[0].name,
        code: code.to_string(),
        expires_at: short.expires_at,
    }));

    let straight = Share {
        with_code: false,
        right: Right::Contribute,
        purpose: "second-opinion".into(),
        ..Share::with_code(okafor.account_id())
    };
    sofia.share(&reports[2], &straight).await?;

    let locked = tomasz.share(&reports[4], &Share::with_code(tan.account_id())).await?;
    for _ in 0..api_types::limits::CODE_TRIES {
        // Refused each time: that is the point.
        if tan.redeem(&locked.grant, "0000-0000-0000").await.is_ok() {
            return Err(CliError::Argument("a wrong code was taken".to_owned()));
        }
    }

    let revoked = Share { with_code: false, ..Share::with_code(lindqvist.account_id()) };
    let revoked = ruth.share(&reports[5], &revoked).await?;
    let seen = lindqvist.report(&reports[5]).await?;
    lindqvist.version(&seen, 1).await?;
    ruth.revoke(&reports[5], &revoked.grant).await?;
    ruth.rekey(&reports[5], &Control::none()).await?;
    Ok(waiting)
}

/// The link for the patient who has no account yet.
async fn invite_absent(people: &People, reports: &[ReportId], server: &str) -> Result<String> {
    let (case, id) = CASES
        .iter()
        .zip(reports)
        .find(|(case, _)| case.patient.is_none())
        .ok_or_else(|| CliError::Argument("no case without an account".to_owned()))?;
    let doctor = &people.doctors[case.doctor];
    let report = doctor.report(id).await?;
    let placeholder = doctor.placeholder_of(&report);
    let placeholder = placeholder.ok_or_else(|| CliError::Argument("the report has an owner already".to_owned()))?;
    let invited = doctor.invite_patient(&placeholder, None, None, server).await?;
    Ok(invited.link.to_string())
}

fn text(filled: &Filled) -> String {
    let rows = filled
        .sign_ins
        .iter()
        .map(|s| vec![s.name.to_owned(), format!("{:?}", s.role), s.email.to_owned(), s.password.clone()]);
    let mut out = String::from("A small clinic is ready. Nobody in it exists. Sign in as:\n\n");
    out.push_str(&table(&["NAME", "ROLE", "E-MAIL", "PASSWORD"], &rows.collect::<Vec<_>>()));
    let rows = filled.waiting.iter().map(|w| vec![w.to.to_owned(), w.code.clone(), time(w.expires_at)]);
    out.push_str("\n\nAccess codes that wait to be redeemed (under \"Shared with me\"):\n\n");
    out.push_str(&table(&["FOR", "CODE", "EXPIRES"], &rows.collect::<Vec<_>>()));
    out.push_str("\n\nHenrik Solberg has no account yet; this link hands his report over:\n");
    out.push_str(&filled.invitation);
    out
}
