//! `hs alarms`: what the public log of keys has that it shouldn't.

use client::{Alarm, AlarmKind, KeysRead};
use serde::Serialize;

use crate::{args::Alarms, context::Context, error::Result};

/// What to do about it.
const ADVICE: &str = "Share nothing until this is clear. Ask your administrator in person, with the number of the entry: \
                      anyone can read it in the public log. Compare keys in person again with whom it concerns.";

/// What is known of the log of keys: what was found, and what nobody has looked at.
#[derive(Serialize)]
struct Known {
    alarms: Vec<Alarm>,
    /// Without it, `alarms` is all that there is.
    unread: Option<Unread>,
}

/// What of the log of keys was not read.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// For programs.
    pub code: &'static str,
    /// For people; as it stands in the middle of a sentence.
    pub message: String,
}

/// Runs it.
pub async fn run(context: &Context, args: &Alarms) -> Result<()> {
    let known = context
        .with_vault(async |vault| {
            if args.acknowledge {
                for alarm in vault.alarms().iter().filter(|alarm| !alarm.acknowledged) {
                    vault.acknowledge_alarm(alarm.leaf).await?;
                }
            }
            Ok(Known { alarms: vault.alarms(), unread: unread(vault.keys_read()) })
        })
        .await?;
    context.output.result(&known, text);
    Ok(())
}

fn text(known: &Known) -> String {
    let unread = known.unread.as_ref().map(|unread| format!("Not all is known: {}.", unread.message));
    let found = (!known.alarms.is_empty()).then(|| found(&known.alarms));
    match (found, unread) {
        (None, None) => "No alarm: every entry of the log of keys that concerns you is as it should be.".to_owned(),
        (Some(text), None) | (None, Some(text)) => text,
        (Some(found), Some(unread)) => format!("{found}\n\n{unread}"),
    }
}

fn found(alarms: &[Alarm]) -> String {
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
        AlarmKind::More { count } => format!(
            "{count} more entries of the log of keys, up to entry {entry}, should not be there: these are only counted."
        ),
        _ => format!("Entry {entry} of the log of keys should not be there."),
    }
}

/// What a command has left unread of the log of keys.
pub fn unread(read: KeysRead) -> Option<Unread> {
    let later = "what they say of you or of people you know is not noticed before";
    let (code, message) = match read {
        KeysRead::UpTo { left: 0 } => return None,
        KeysRead::UpTo { left } => (
            "entries_left",
            format!("{left} entries of the log of keys are not read yet: the next command goes on, and {later}"),
        ),
        KeysRead::NotYet => (
            "out_of_time",
            format!("the log of keys was not read to its end in time: the next command reads the rest, and {later}"),
        ),
        KeysRead::Failed { .. } => (
            "not_readable",
            "the log of keys could not be read, so nobody knows whether somebody else's key was entered for you or for \
             people you know; the next command tries again"
                .to_owned(),
        ),
    };
    Some(Unread { code, message })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(read: KeysRead) -> String {
        text(&Known { alarms: Vec::new(), unread: unread(read) })
    }

    #[test]
    fn what_is_left_unread_is_said() {
        assert_eq!(unread(KeysRead::UpTo { left: 0 }), None);
        assert!(unread(KeysRead::UpTo { left: 7 }).unwrap().message.starts_with("7 entries"));
        assert!(unread(KeysRead::NotYet).unwrap().message.contains("not read to its end"));
        assert_eq!(unread(KeysRead::Failed { times: 1 }).unwrap().code, "not_readable");
    }

    #[test]
    fn there_is_no_alarm_only_where_all_was_read() {
        assert!(said(KeysRead::UpTo { left: 0 }).starts_with("No alarm"));
        for read in [KeysRead::UpTo { left: 7 }, KeysRead::NotYet, KeysRead::Failed { times: 1 }] {
            assert!(said(read).starts_with("Not all is known"), "{read:?}");
        }
        let alarm = Alarm { leaf: 3, kind: AlarmKind::OwnKey { epoch: 1 }, acknowledged: false };
        let both = text(&Known { alarms: vec![alarm], unread: unread(KeysRead::Failed { times: 1 }) });
        assert!(both.starts_with("Entry 3") && both.contains("could not be read"), "{both}");
    }
}
