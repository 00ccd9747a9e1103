//! Signed requests to read, for benchmarks: `requests ORIGIN EMAIL`, on standard input the password and then the id of a
//! report a line. Prints as JSON the session's token, what signs a request for the list, and for each report two requests:
//! for the report, and for the fields of its first version. Not part of what is installed.

use std::{error::Error, io::BufRead};

use api_types::{ReportId, audit::Action, sessions::Carrier};
use client::{Client, Device, NoSecondFactor, Vault, native::Native};
use crypto::audit::what;
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [origin, email] = args.as_slice() else { return Err("usage: requests ORIGIN EMAIL".into()) };
    let lines: Vec<String> = std::io::stdin().lock().lines().collect::<Result<_, _>>()?;
    let Some((password, ids)) = lines.split_first() else { return Err("the password is missing".into()) };
    let device = Device { carrier: Carrier::Bearer, name: "requests".to_owned() };
    let vault = Client::new(Native::new(origin)?).sign_in(email, password, device, &NoSecondFactor).await?;
    let mut opens = Vec::new();
    for id in ids {
        opens.extend(open(&vault, id.parse()?));
    }
    let listed = vault.sign_request(Action::List, None, what::REPORTS);
    let token = vault.token().unwrap_or_default();
    println!("{}", json!({ "token": token, "listed": listed.as_str(), "opens": opens }));
    Ok(())
}

/// What opening a report asks for.
fn open(vault: &Vault<Native>, id: ReportId) -> [Value; 2] {
    let read = vault.sign_request(Action::Read, Some(&id), what::REPORT);
    let fields = vault.sign_request(Action::Open, Some(&id), &what::fields(1));
    [
        json!({ "path": format!("/api/v1/reports/{id}"), "signed": read.as_str() }),
        json!({ "path": format!("/api/v1/reports/{id}/versions/1"), "signed": fields.as_str() }),
    ]
}
