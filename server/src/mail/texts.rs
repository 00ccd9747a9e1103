//! Every word that is mailed, in one place, so that it can be translated.
//!
//! `{organisation}`, `{origin}`, `{link}`, `{code}`, `{when}` and `{backups}` are filled in. Nothing else is: no name, no report, no
//! device's own words.

use super::MailKind;

/// What is filled in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'a> {
    /// The organisation's display name.
    pub organisation: &'a str,
    /// The server's origin.
    pub origin: &'a str,
    /// The link of a message that has one.
    pub link: &'a str,
    /// The code of a message that has one.
    pub code: &'a str,
    /// When it happened.
    pub when: &'a str,
    /// For how long backups hold what was deleted, where the message tells of that.
    pub backups: &'a str,
}

/// For how long backups hold it: until a day, or with no end that is known.
pub(super) fn in_backups(until: Option<&str>) -> String {
    match until {
        Some(day) => format!(
            "Backups of the server hold it, encrypted, until {day} at the latest, as\n\
             long as they are made as planned.\n\n"
        ),
        None => "Backups may hold it, encrypted, for longer: whoever runs the server knows\n\
                 when they end.\n\n"
            .to_owned(),
    }
}

/// Subject and body of a message.
pub(super) fn text(kind: MailKind, facts: Facts<'_>) -> (String, String) {
    let (subject, body) = words(kind);
    let body = [body, if tells_of_security(kind) { NOT_YOU } else { "" }, FOOT].concat();
    (fill(subject, facts), fill(&body, facts))
}

/// The organisation's name comes last: what it says isn't filled in again.
fn fill(text: &str, facts: Facts<'_>) -> String {
    let places = [
        ("{origin}", facts.origin),
        ("{link}", facts.link),
        ("{code}", facts.code),
        ("{when}", facts.when),
        ("{backups}", facts.backups),
    ];
    let filled = places.iter().fold(text.to_owned(), |text, (place, fact)| text.replace(place, fact));
    filled.replace("{organisation}", facts.organisation)
}

fn tells_of_security(kind: MailKind) -> bool {
    use MailKind::*;
    match kind {
        EmailVerification | EmailChangeNew | EmailChangeOld | EmailLeft | Invitation | SignUpCode | SignUpTaken
        | ReportShared | AccountDisabled | AccountEnabled | AccountPaused | AccountRemovalAsked | AccountDeleted
        | EmergencyOffered | EmergencyRefused | EmergencyOpen | EmergencyAsked | EmergencyReminder
        | RecoveryShareGiven | TeamInvited | TeamRemoved | EscrowAsked | EscrowReminder | EscrowRefused
        | EscrowOpen | EscrowKeyEnded | BackupFailed | BackupOverdue | DrillFailed | BlobDamaged | SpaceRunsOut
        | SpaceNearlyUsed => false,
        NewDevice
        | PasswordChanged
        | RecoveryKitChanged
        | EmailChanged
        | KeysRotated
        | AccountRecovered
        | SecondFactorAdded
        | SecondFactorRemoved
        | RecoveryCodesRenewed
        | IdentityLinked
        | IdentityRemoved
        | ApiTokenMade
        | ApiTokenRemoved
        | SendingDeviceAdded
        | SendingDeviceRemoved
        | PhoneAdded
        | PhoneSignInChanged
        | PhoneRemoved
        | SecondFactorsReset
        | EmergencyContactAdded
        | EmergencyContactRemoved
        | EmergencyWordsGiven
        | EmergencyUsed
        | RecoverySplitMade
        | RecoverySplitRemoved
        | RecoveryShareOpened
        | RecoverySharesUsed
        | EscrowOn
        | EscrowOff
        | EscrowGiven
        | EscrowUsed => true,
    }
}

const NOT_YOU: &str = "\
If this was you, there is nothing to do.

If it wasn't: sign in, change your password and your recovery kit under
Settings, sign out all other sessions there, and tell your administrator. If
you can't sign in any more, use your recovery kit:
{origin}/recover

";

const FOOT: &str = "\
-- 
{organisation}, {origin}
Sent automatically; answers aren't read. We never ask for your password, your
recovery kit or an access code by e-mail.
";

fn words(kind: MailKind) -> (&'static str, &'static str) {
    match kind {
        MailKind::EmailVerification => (
            "{organisation}: confirm your e-mail address",
            "Somebody created an account at {organisation} with this e-mail address.\n\n\
             If that was you, open this link within 24 hours and confirm that the address\n\
             is yours:\n\n{link}\n\n\
             If it wasn't, do nothing: without the link the address stays unconfirmed.\n\n",
        ),
        MailKind::EmailChangeNew => (
            "{organisation}: confirm your new e-mail address",
            "Somebody wants their account at {organisation} to have this e-mail address.\n\n\
             If that was you, open this link within 24 hours and confirm that the address\n\
             is yours:\n\n{link}\n\n\
             The account has it once the address that it has now was confirmed as well.\n\
             If it wasn't you, do nothing: without the link nothing changes.\n\n",
        ),
        MailKind::EmailChangeOld => (
            "{organisation}: another e-mail address for your account?",
            "On {when} somebody who knows the password of your account asked\n\
             for another e-mail address in the place of this one.\n\n\
             If that was you, open this link within 24 hours and confirm it. If it wasn't,\n\
             open it and stop the change; then sign in and change your password:\n\n{link}\n\n\
             Nothing changes before both addresses have confirmed.\n\n",
        ),
        MailKind::EmailChanged => (
            "{organisation}: this is the e-mail address of your account now",
            "Since {when} your account has this e-mail address. You sign in\n\
             with it, and people find you by it. The address before finds nobody any more.\n\n",
        ),
        MailKind::EmailLeft => (
            "{organisation}: your account has another e-mail address now",
            "Since {when} your account has another e-mail address, which\n\
             both addresses confirmed. This one no longer signs in, and finds nobody.\n\n\
             If it wasn't you, tell your administrator at once: this is the last message\n\
             about the account to this address.\n\n",
        ),
        MailKind::Invitation => (
            "{organisation}: you are invited",
            "You are invited to {organisation}, where health reports are shared end-to-end\n\
             encrypted. Create your account with this link, which works once and only with\n\
             this e-mail address:\n\n{link}\n\n\
             If you don't know what this is about, do nothing: the link ends by itself.\n\n",
        ),
        MailKind::SignUpCode => (
            "{organisation}: your code to create an account",
            "Somebody wants to create an account at {organisation} with this e-mail address.\n\n\
             If that was you, type this code on the page where you began:\n\n    {code}\n\n\
             It works once, for ten minutes. Tell it to nobody.\n\n\
             If it wasn't you, do nothing: without the code there is no account.\n\n",
        ),
        MailKind::SignUpTaken => (
            "{organisation}: this address has an account, or had one",
            "On {when} somebody wanted to create an account with this e-mail\n\
             address. It has one already, or had one, so no code was sent and nothing was made.\n\n\
             If that was you, sign in:\n{origin}/sign-in\n\n\
             or use your recovery kit, if you forgot the password:\n{origin}/recover\n\n\
             Where your account has another address now, or was deleted, a new account\n\
             needs another address. If it wasn't you, there is nothing to do.\n\n",
        ),
        MailKind::NewDevice => (
            "{organisation}: signed in on a new device",
            "Your account was signed in to on {when}, from a browser or program that\n\
             wasn't seen before.\n\n",
        ),
        MailKind::PasswordChanged => (
            "{organisation}: your password was changed",
            "The password of your account was changed on {when}. All other sessions\n\
             have ended.\n\n",
        ),
        MailKind::KeysRotated => (
            "{organisation}: your keys were made anew",
            "New keys were made for your account on {when}. All other sessions ended,\n\
             and all API tokens. What is shared with you stays readable.\n\n",
        ),
        MailKind::RecoveryKitChanged => (
            "{organisation}: your recovery kit was changed",
            "Your account got a new recovery kit on {when}; the one before opens nothing\n\
             any more. All other sessions have ended.\n\n",
        ),
        MailKind::AccountRecovered => (
            "{organisation}: your account was recovered",
            "Your account was opened with its recovery kit on {when}, and got a new\n\
             password. All other sessions have ended.\n\n",
        ),
        MailKind::SecondFactorAdded => (
            "{organisation}: a second factor was added",
            "A second factor was added to your account on {when}.\n\
             If it is a passkey, it signs in without your password.\n\n",
        ),
        MailKind::SecondFactorRemoved => (
            "{organisation}: a second factor was removed",
            "A second factor of your account was removed on {when}.\n\n",
        ),
        MailKind::RecoveryCodesRenewed => (
            "{organisation}: new recovery codes",
            "Your account got new recovery codes on {when}; those before no longer work.\n\n",
        ),
        MailKind::IdentityLinked => (
            "{organisation}: an identity provider was linked",
            "Since {when} your account can be signed in to with an\n\
             identity provider. What is shared with you still opens with your password\n\
             only. You can remove it under Settings, Security.\n\n",
        ),
        MailKind::IdentityRemoved => (
            "{organisation}: an identity provider was removed",
            "An identity provider was removed from your account on {when};\n\
             it can't sign in to it any more.\n\n",
        ),
        MailKind::ApiTokenMade => (
            "{organisation}: an API token was made",
            "An API token for your account was made on {when}. A program that has it gets\n\
             in without your password, and only to what you chose for it. You can remove\n\
             it under Settings, API tokens.\n\n",
        ),
        MailKind::ApiTokenRemoved => (
            "{organisation}: an API token was removed",
            "An API token of your account was removed on {when}; it gets in no more.\n\n",
        ),
        MailKind::SendingDeviceAdded => (
            "{organisation}: a device that sends was added",
            "A device was added to your account on {when}. It sends\n\
             reports in your name, and reads nothing. You see your devices under\n\
             Settings, Devices that send.\n\n",
        ),
        MailKind::SendingDeviceRemoved => (
            "{organisation}: a device that sends was removed",
            "A device of your account was removed on {when}; it sends no more.\n\n",
        ),
        MailKind::PhoneAdded => (
            "{organisation}: a phone number was added",
            "A phone number was added to your account on {when};\n\
             if there was one before, it took its place. You see it under Settings, Security.\n\n",
        ),
        MailKind::PhoneSignInChanged => (
            "{organisation}: signing in with your phone was changed",
            "Signing in to your account with its phone number was switched on or off on\n\
             {when}. You see which under Settings, Security. What is\n\
             shared with you still opens with your password only.\n\n",
        ),
        MailKind::PhoneRemoved => (
            "{organisation}: a phone number was removed",
            "The phone number of your account was removed on {when}. It gets\n\
             no codes for it any more.\n\n",
        ),
        MailKind::SecondFactorsReset => (
            "{organisation}: your second factor was taken off",
            "An administrator took the second factors off your account on {when}. All\n\
             sessions have ended. Add a new one when you sign in again.\n\n",
        ),
        MailKind::AccountDisabled => (
            "{organisation}: your account was disabled",
            "An administrator disabled your account on {when}. All sessions have ended.\n\
             Nothing stored is lost. Your administrator can tell you why.\n\n",
        ),
        MailKind::AccountEnabled => (
            "{organisation}: your account is enabled again",
            "An administrator enabled your account again on {when}. You can sign in:\n\
             {origin}/sign-in\n\n",
        ),
        MailKind::AccountPaused => (
            "{organisation}: your account is paused",
            "You paused your account on {when}. All sessions have ended, and\n\
             nothing can be shared with it. Nothing stored is lost. An administrator can\n\
             enable it again; tell yours if it wasn't you.\n\n",
        ),
        MailKind::AccountRemovalAsked => (
            "{organisation}: your account will be deleted in 30 days",
            "On {when} an administrator asked for your account to be\n\
             deleted in 30 days. Every report that you own is erased with it, for everybody.\n\
             If you want to keep it, ask your administrator to enable it before that.\n\n",
        ),
        MailKind::AccountDeleted => (
            "{organisation}: your account was deleted",
            "Your account was deleted on {when}, with every report that it owned.\n\
             It can't be brought back. This is the last message to this address.\n\n{backups}",
        ),
        MailKind::ReportShared => (
            "{organisation}: something was shared with you",
            "There is something new for you. What it is and from whom shows only after\n\
             you have signed in:\n{origin}/reports\n\n\
             Where it is protected by an access code, whoever shared it tells you the code.\n\n",
        ),
        MailKind::TeamInvited => (
            "{organisation}: you are invited into a care team",
            "A manager of a care team would like you to belong to it. Which team it is shows\n\
             after you have signed in; there you accept or decline:\n{origin}/teams\n\n",
        ),
        MailKind::TeamRemoved => (
            "{organisation}: you are no longer in a care team",
            "Since {when} you don't belong to one of your care teams any more.\n\
             What was shared with you yourself stays open to you.\n\n",
        ),
        MailKind::EmergencyContactAdded => (
            "{organisation}: an emergency contact was added",
            "Since {when} somebody is an emergency contact of your account: they\n\
             may ask to open it, and can after the delay that was set, unless you refuse.\n\n",
        ),
        MailKind::EmergencyContactRemoved => (
            "{organisation}: an emergency contact was removed",
            "An emergency contact of your account was removed on {when}, and can't open\n\
             it any more. All other sessions have ended.\n\n",
        ),
        MailKind::EmergencyOffered => (
            "{organisation}: somebody trusts you as an emergency contact",
            "Somebody would like you to be able to open their account in an emergency.\n\
             Who it is shows after you have signed in:\n{origin}/trusted\n\n",
        ),
        MailKind::EmergencyAsked => (
            "{organisation}: an emergency contact asks to open your account",
            "On {when} one of your emergency contacts asked to open your\n\
             account. If you do nothing, they can once the delay that you set has run: they\n\
             set a new password then and see everything that you see.\n\n\
             If you are well and don't want that, sign in and refuse:\n{origin}/settings/security\n\n",
        ),
        MailKind::EmergencyReminder => (
            "{organisation}: an emergency contact waits to open your account",
            "One of your emergency contacts asked to open your account. The delay that you\n\
             set is running out, or has run out.\n\n\
             If you don't want it, sign in and refuse now:\n{origin}/settings/security\n\n",
        ),
        MailKind::EmergencyRefused => (
            "{organisation}: your emergency access was refused",
            "The account that you asked to open as an emergency contact stays closed: its\n\
             owner refused on {when}.\n\n",
        ),
        MailKind::EmergencyOpen => (
            "{organisation}: your emergency access is open",
            "The delay has run, and nobody refused. What you can do now shows after you\n\
             have signed in:\n{origin}/trusted\n\n",
        ),
        MailKind::EmergencyWordsGiven => (
            "{organisation}: an emergency contact has the words for your account",
            "On {when} one of your emergency contacts was given the words that\n\
             open your account. Until they use them you can refuse, and should remove them as\n\
             a contact then:\n{origin}/settings/security\n\n",
        ),
        MailKind::EmergencyUsed => (
            "{organisation}: an emergency contact opened your account",
            "One of your emergency contacts opened your account on {when} and\n\
             set a new password. All other sessions have ended. Your recovery kit is still\n\
             good: with it you set a password of your own again.\n\n",
        ),
        MailKind::RecoverySplitMade => (
            "{organisation}: your recovery was split among contacts",
            "On {when} the recovery of your account was split among people\n\
             whom you chose. As many of them as you set can open your account together; fewer\n\
             can't. You are told of each share that is opened.\n\n",
        ),
        MailKind::RecoverySplitRemoved => (
            "{organisation}: your recovery shares were removed",
            "On {when} the recovery shares of your account were removed. They\n\
             open nothing any more. All other sessions have ended.\n\n",
        ),
        MailKind::RecoveryShareGiven => (
            "{organisation}: somebody gave you a recovery share",
            "Somebody would like you to help them back into their account, should they lose\n\
             everything: together with others whom they chose. Who it is shows after you have\n\
             signed in:\n{origin}/trusted\n\n\
             Tell your share to nobody but them, and only when you hear or see that it is them.\n\n",
        ),
        MailKind::RecoveryShareOpened => (
            "{organisation}: a recovery share of your account was opened",
            "On {when} one of the people who hold your recovery shares opened\n\
             theirs. Enough shares together open your account. If nobody should, sign in,\n\
             remove the shares, and make new ones: one that was opened is no secret any more.\n\
             {origin}/settings/security\n\n",
        ),
        MailKind::RecoverySharesUsed => (
            "{organisation}: your account was opened with recovery shares",
            "On {when} your account was opened with the shares of people whom\n\
             you chose, and a new password was set. All other sessions have ended, and the\n\
             shares are used up. Your recovery kit is still good.\n\n",
        ),
        MailKind::EscrowOn => (
            "{organisation}: escrow is on: not strictly end-to-end",
            "Since {when} whoever keeps your organisation's escrow words can open your\n\
             account: any one administrator asks, three days run in which the server tells you\n\
             and you can refuse, then it opens. You can turn it off under Settings, Security.\n\n",
        ),
        MailKind::EscrowOff => (
            "{organisation}: escrow was turned off",
            "Escrow was turned off for your account on {when}. What was in escrow opens\n\
             nothing that is stored from now on. All other sessions have ended.\n\n",
        ),
        MailKind::EscrowAsked => (
            "{organisation}: an administrator asks to open your account",
            "On {when} an administrator asked for your account out of escrow.\n\
             If you do nothing, they get what opens it in three days: with it a new password\n\
             is set, and whoever has it sees everything that you see.\n\n\
             If you did not ask your organisation for that, sign in and refuse:\n\
             {origin}/settings/security\n\n",
        ),
        MailKind::EscrowReminder => (
            "{organisation}: an administrator waits to open your account",
            "An administrator asked for your account out of escrow. The delay of three days\n\
             is running out, or has run out.\n\n\
             If you don't want it, sign in and refuse now:\n{origin}/settings/security\n\n",
        ),
        MailKind::EscrowRefused => (
            "{organisation}: what you asked for out of escrow was refused",
            "The account that you asked for out of escrow stays closed: its holder refused\n\
             on {when}.\n\n",
        ),
        MailKind::EscrowOpen => (
            "{organisation}: what you asked for out of escrow is open",
            "The delay has run, and nobody refused. What you can do now shows after you\n\
             have signed in:\n{origin}/administration/escrow\n\n",
        ),
        MailKind::EscrowGiven => (
            "{organisation}: an administrator has what opens your account",
            "On {when} an administrator was given what your account has in\n\
             escrow. With your organisation's escrow words it opens your account. Until it is\n\
             used you can refuse. They may keep it all the same: turn escrow off then, so that\n\
             it opens nothing that is stored afterwards:\n{origin}/settings/security\n\n",
        ),
        MailKind::EscrowUsed => (
            "{organisation}: your account was opened out of escrow",
            "On {when} your account was opened with what was in escrow, and\n\
             a new password was set. All other sessions have ended, and escrow is off now.\n\
             Your recovery kit is still good.\n\n",
        ),
        MailKind::EscrowKeyEnded => (
            "{organisation}: your organisation ended its escrow",
            "On {when} your organisation ended the escrow key that your account uses.\n\
             What was sealed to it is deleted on this server, and is given to nobody any more.\n\
             Whoever was given it before, or copied it, may still open your account with the\n\
             old escrow words, if the server helps them. Turn escrow off, so that your account\n\
             gets a new key and what they have opens nothing that is stored afterwards:\n\
             {origin}/settings/security\n\n",
        ),
        MailKind::BackupFailed => (
            "{organisation}: a backup failed",
            "On {when} a backup of {origin}\n\
             was found to have failed. Those from before are still there. What went wrong stands\n\
             under Administration, Backups, and in the server's log. It is tried again\n\
             where the server makes backups by itself.\n\n",
        ),
        MailKind::BlobDamaged => (
            "{organisation}: a stored file is damaged",
            "On {when} a stored piece of a file on\n\
             {origin}\n\
             was found missing or changed. It is not given out any more. Where the server may open\n\
             its backups it takes the piece from there. Administration, Backups, names it.\n\
             Look at the disk or the bucket: more may follow.\n\n",
        ),
        MailKind::DrillFailed => (
            "{organisation}: a backup could not be restored",
            "On {when} it was tried whether a backup of\n\
             {origin}\n\
             can be restored, into a place of its own, and it failed. Nothing in use was changed.\n\
             What went wrong stands under Administration, Backups, and in the server's log.\n\
             Whatever it is, find it before a backup is needed.\n\n",
        ),
        MailKind::BackupOverdue => (
            "{organisation}: a backup is overdue",
            "There has been no good backup of\n\
             {origin}\n\
             for more than twice the time that was set, as of {when}. Whatever was\n\
             written since the last one would be lost with the server's disks.\n\n",
        ),
        MailKind::SpaceRunsOut => (
            "{organisation}: four fifths of your space are used",
            "Since {when} more than 80 % of the space of your account is used.\n\
             Nothing is deleted. When it is full, nothing can be uploaded until there is room\n\
             again. You see it under Settings; your administrator can give you more.\n\n",
        ),
        MailKind::SpaceNearlyUsed => (
            "{organisation}: your space is nearly used up",
            "Since {when} more than 95 % of the space of your account is used.\n\
             Nothing is deleted, but soon nothing can be uploaded any more. Erase reports that\n\
             you don't need, or ask your administrator for more space.\n\n",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTS: Facts<'_> = Facts {
        organisation: "Ward {link} 3",
        origin: "https://health.example.org",
        link: "https://health.example.org/verify-email#token=abc",
        code: "0123 4567",
        when: "27 November 2026, 09:41 UTC",
        backups: "Until then.\n\n",
    };

    #[test]
    fn whose_account_was_deleted_is_told_of_backups() {
        for kind in MailKind::ALL {
            assert_eq!(text(kind, FACTS).1.contains("Until then."), kind == MailKind::AccountDeleted, "{kind:?}");
        }
        assert!(in_backups(Some("3 January 2027")).contains("until 3 January 2027 at the latest"));
        assert!(!in_backups(None).contains("at the latest"));
    }

    #[test]
    fn every_place_is_filled_once_and_only_links_carry_a_token_and_one_a_code() {
        for kind in MailKind::ALL {
            let (subject, body) = text(kind, FACTS);
            assert!(subject.starts_with("Ward {link} 3: ") && !subject.contains('\n'), "{subject}");
            assert!(body.ends_with("by e-mail.\n"), "{body}");
            let rest = format!("{subject}{body}").replace(FACTS.organisation, "");
            assert!(!rest.contains('{') && !rest.contains('}'), "{kind:?}: {rest}");
            use MailKind::{EmailChangeNew, EmailChangeOld, EmailVerification, Invitation};
            let has_link = matches!(kind, EmailVerification | EmailChangeNew | EmailChangeOld | Invitation);
            assert_eq!(body.contains("#token=abc"), has_link, "{kind:?}");
            assert_eq!(body.contains("\n    0123 4567\n"), kind == MailKind::SignUpCode, "{kind:?}");
            assert!(!subject.contains("0123 4567"), "a locked screen shows subjects");
            assert!(body.lines().all(|line| line.len() < 100), "{kind:?}");
        }
    }
}
