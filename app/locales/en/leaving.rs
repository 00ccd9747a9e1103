//! Pausing or deleting one's own account.

texts! {
    /// Pausing or deleting one's own account.
    Leaving {
        card = "Leaving";
        card_note = "Pausing keeps everything and lets nobody in until an administrator enables your account again. Deleting takes everything away for good.";
        pause = "Pause account";
        pause_title = "Pause your account?";
        pause_text = "All your sessions and API tokens end at once, nothing can be shared with you, and only an administrator can enable the account again. Nothing is deleted: whoever could see your reports still can.";
        paused = "Your account is paused. An administrator can enable it again.";
        open = "Delete account";
        title = "Delete your account";
        lead = "This happens at once. Nobody can undo it, the operator of this server included.";
        back = "Settings";
        goes = "What goes";
        goes_own = "Every report that is yours ({count}), for everybody whom it was shared with: all versions and files";
        goes_own_uncounted = "Every report that is yours, for everybody whom it was shared with: all versions and files. They are not all counted yet";
        goes_received = "Your access to reports of others ({count}). The reports stay with their owners";
        goes_account = "Your name, e-mail address, keys, password, recovery kit, passkeys, phone, drafts, sessions and API tokens";
        goes_trust = "Your part as an emergency contact, as holder of a recovery share and in care teams, and your own emergency contacts";
        stays = "What stays";
        stays_record = "The record of what was done, under the number of your account and without your name, for as long as the law asks for it";
        stays_keys = "Your public keys, so that others can go on checking what you signed";
        stays_address = "A sign in the public log that binds your e-mail address to this account and tells it to nobody. No other account here can have that address, not even a new one of yours";
        stays_copies = "What others have saved, printed or remember";
        backups_none = "This server makes no backups by itself. Whoever runs it knows whether there are others.";
        backups_until = "Encrypted copies stay in this server’s backups until {when} at the latest, as long as backups are made as planned. Whoever runs the server can’t read the reports in them.";
        backups_no_end = "Encrypted copies stay in this server’s backups, and no date is set for their end. Whoever runs the server can’t read the reports in them, and can tell you how long they are kept.";
        backups_failed = "How long backups keep copies could not be found out";
        save = "Save what you need";
        save_text = "These reports are erased. Open one to print it, or to save its files and its record.";
        save_partial = "Not all of your reports are loaded yet: there may be more than this list shows. Wait for them before you delete the account.";
        save_none = "No report is yours.";
        save_more = "and {count} more in your list of reports";
        teams_title = "A care team needs another manager first";
        teams_text = "Others belong to these teams, and only you manage them: {teams}. Without you nobody could change them. Make one of the members a manager, or dissolve the team.";
        teams_open = "Care teams";
        confirm = "Delete it now";
        email = "Your e-mail address";
        email_hint = "Type {email}, so that nothing happens by mistake.";
        submit = "Delete my account now";
        deleted = "Your account was deleted, with every report that was yours.";
    }
}
