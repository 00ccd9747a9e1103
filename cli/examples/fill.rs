//! Fills a server with made-up reports for benchmarks: `fill ORIGIN EMAIL COUNT READS`, the password on standard input.
//!
//! The honest client over the real API, signed in once. Prints the session's token, one report's id, and signed requests
//! for the list and, READS of them, for that report as JSON: the server and everything on it are thrown away afterwards. Not part of what is installed.

use std::{error::Error, io::BufRead};

use api_types::{audit::Action, sessions::Carrier};
use client::{Client, Device, PatientChoice, SignedRequest, Vault, content::ReportFields, native::Native};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [origin, email, count, reads] = args.as_slice() else {
        return Err("usage: fill ORIGIN EMAIL COUNT READS".into());
    };
    let mut password = String::new();
    std::io::stdin().lock().read_line(&mut password)?;
    let device = Device { carrier: Carrier::Bearer, name: "fill".to_owned() };
    let vault =
        Client::new(Native::new(origin)?).sign_in(email, password.trim_end(), device, &client::NoSecondFactor).await?;
    let mut last = String::new();
    for i in 0..count.parse::<usize>()? {
        last = write_report(&vault, i).await?;
    }
    let token = vault.token().unwrap_or_default();
    let listed = vault.sign_request(Action::List, None, "of=reports");
    let report = last.parse()?;
    let reads = 0..reads.parse::<usize>()?;
    let reads: Vec<SignedRequest> = reads.map(|_| vault.sign_request(Action::Read, Some(&report), "")).collect();
    let reads: Vec<&str> = reads.iter().map(SignedRequest::as_str).collect();
    println!("{}", serde_json::json!({ "token": token, "report": last, "listed": listed.as_str(), "reads": reads }));
    Ok(())
}

/// About the size of a real one: a few lines in each long field.
async fn write_report(vault: &Vault<Native>, i: usize) -> Result<String, Box<dyn Error>> {
    let kinds = ["Laboratory", "Radiology", "Cardiology", "Discharge summary"];
    let fields = ReportFields {
        report_number: format!("B-2026-{i:05}"),
        title: format!("Follow-up {i}"),
        patient_name: format!("Patient {}", i % 97),
        patient_id: format!("P-{:05}", i % 97),
        kind: kinds[i % kinds.len()].to_owned(),
        diagnosis: "Essential hypertension, stable under treatment; no sign of organ damage.".to_owned(),
        treatment_plan: "Home measurements twice a week, visit in three months.\nSalt below 5 g a day.".to_owned(),
        prescription: "Ramipril 5 mg, one in the morning. Amlodipine 5 mg, one in the evening.".to_owned(),
    };
    let draft = vault.begin_draft(PatientChoice::New, fields).await?;
    let id = draft.id().to_string();
    draft.complete().await?;
    Ok(id)
}
