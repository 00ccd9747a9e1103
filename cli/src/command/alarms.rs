//! `hs alarms`: what the public log of keys has that it shouldn't.

use client::{Alarm, AlarmKind, ClientError, Scanned};

use crate::{args::Alarms, context::Context, error::Result};

/// What to do about it.
const ADVICE: &str = "Share nothing until this is clear. Ask your administrator in person, with the number of the entry: \
                      anyone can read it in the public log. Compare keys in person again with whom it concerns.";

/// Runs it.
pub async fn run(context: &Context, args: &Alarms) -> Result<()> {
    let alarms = context
        .with_vault(async |vault| {
            if args.acknowledge {
                for alarm in vault.alarms().iter().filter(|alarm| !alarm.acknowledged) {
                    vault.acknowledge_alarm(alarm.leaf).await?;
                }
            }
            Ok(vault.alarms())
        })
        .await?;
    context.output.result(&alarms, |alarms| text(alarms));
    Ok(())
}

fn text(alarms: &[Alarm]) -> String {
    if alarms.is_empty() {
        return "No alarm: every entry of the log of keys that concerns you is as it should be.".to_owned();
    }
    let line = |alarm: &Alarm| format!("{}{}", if alarm.acknowledged { "(read) " } else { "" }, says(alarm));
    let lines: Vec<String> = alarms.iter().map(line).collect();
    format!("{}\n\n{ADVICE}", lines.join("\n"))
}

/// An alarm in a sentence.
pub fn says(alarm: &Alarm) -> String {
    let entry = alarm.leaf;
    match alarm.kind {
        AlarmKind::OwnKey { epoch } => format!(
            "Entry {entry} of the log of keys adds keys (number {epoch}) to your account that none of your devices made."
        ),
        AlarmKind::OwnAddress { other: true } => {
            format!("Entry {entry} of the log of keys binds your e-mail address to another account.")
        }
        AlarmKind::OwnAddress { other: false } => {
            format!("Entry {entry} of the log of keys binds your e-mail address once more.")
        }
        AlarmKind::OthersKey { account, epoch } => format!(
            "Entry {entry} of the log of keys has other keys (number {epoch}) of {account} than you were given."
        ),
        _ => format!("Entry {entry} of the log of keys should not be there."),
    }
}

/// What a command has left unread of the log of keys; `None` for a reading that ran out of time.
pub fn unread(scanned: Option<&Result<Scanned, ClientError>>) -> Option<String> {
    let left = match scanned {
        Some(Ok(Scanned { left: 0, .. }) | Err(_)) => return None,
        Some(Ok(scanned)) => format!("{} entries of the log of keys are not read yet", scanned.left),
        None => "the log of keys was not read to its end in time".to_owned(),
    };
    Some(format!(
        "{left}: the next command goes on, and what they say of you or of people you know is not noticed before"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_unread_is_said() {
        assert_eq!(unread(Some(&Ok(Scanned { read: 5, left: 0 }))), None);
        assert!(unread(Some(&Ok(Scanned { read: 16_384, left: 7 }))).unwrap().starts_with("7 entries"));
        assert!(unread(None).unwrap().contains("not read to its end"));
        // What failed is said elsewhere.
        assert_eq!(unread(Some(&Err(ClientError::Internal("no")))), None);
    }
}
