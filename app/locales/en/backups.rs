//! Backups, in Administration.

texts! {
    /// Backups.
    Backups {
        tab = "Backups";
        title = "Backups";
        lead = "Database, files and the server’s own keys, encrypted so that only whoever holds the backup key can open them. Reports stay sealed in them: that key opens no report.";
        good = "Up to date";
        none_yet = "None yet";
        overdue = "Overdue";
        overdue_text = "There has been no good backup for more than twice the time that was set. What was written since would be lost with the server’s disks. Tell whoever runs this server.";
        none = "This server makes no backups by itself";
        none_text = "And it knows of none that was made by hand. Without one, a broken disk loses every report. Whoever runs this server can turn backups on.";
        too_old = "Too old";
        too_old_text = "And it knows of none that was made by hand in the last week. A broken disk loses what was written since the last one below. Whoever runs this server can make one now, or turn backups on.";
        failed = "The newest try failed";
        last = "Last good backup";
        holds = "Holds";
        size = "{bytes}, of which {new} were new; {blobs} stored pieces of files";
        running = "Running since";
        next = "Next";
        schedule = "Schedule";
        every_minutes = "Every {count} min";
        every_hours = "Every {count} h";
        every_days = "Every {count} d";
        by_hand = "None: only by hand, or by another program";
        kept = "Kept";
        kept_of = "The newest of each of {hours} hours, {days} days and {weeks} weeks";
        kept_all = "All of them";
        kept_by_hand = "Whatever is decided where they are made";
        drill = "Restore drill";
        drill_lead = "A backup is worth what it restores. The server tries by itself: it restores the newest backup beside what is in use, compares it, and removes it again.";
        drill_none_yet = "Not tried yet";
        drill_good = "Restored and compared";
        drill_compared = "Compared only";
        drill_failed = "The last try failed";
        drill_off = "Backups are not tried";
        drill_off_text = "Whether one restores is not known until somebody needs it.";
        drill_only_compared = "Only the stored bytes were compared with their hashes: without the backup key the server can restore nothing. Whoever has that key should try a restore now and then.";
        drill_last = "Last try";
        drill_restored = "Restored";
        drill_restored_size = "{rows} rows; {objects} pieces of files opened and compared, {bytes}";
        drill_compared_size = "{objects} stored objects, {bytes}";
        drill_canary = "Canary report";
        drill_canary_opened = "Opened from the restored copy with its own key";
        drill_canary_shut = "Did not open";
        drill_canary_none = "None is set up, or its turn did not come";
        drill_schedule = "Tried";
        stored = "Stored files";
        stored_lead = "Every stored piece of a file is read again now and then, and compared with what its author signed. What is damaged is not given out.";
        stored_whole = "Nothing is damaged";
        stored_damaged = "{count} damaged";
        stored_damaged_title = "Stored pieces are damaged";
        stored_damaged_restores = "They are not given out. The server takes them from its backups as soon as it finds them there.";
        stored_damaged_by_hand = "They are not given out. The server may not open its backups: whoever holds the backup key can restore them from there.";
        stored_more = "and {count} more";
        stored_missing = "missing";
        stored_changed = "changed";
        stored_unreadable = "can’t be read";
        stored_report = "report {id}";
        stored_upload = "an upload that is not complete";
        stored_running = "Being read";
        stored_progress = "{blobs} of {named} pieces, {bytes}";
        stored_last = "Read last";
        stored_last_text = "{blobs} pieces, {bytes}; {damaged} damaged";
        stored_never = "Not read again yet";
        stored_every = "Read again";
        stored_off = "Never: turned off";
        notice = "What protects from loss needs you";
        notice_missing = "This server makes no backups by itself, and knows of none that was made in the last week. If its disks break, what no backup holds is lost. Whoever runs it can make one by hand, or turn backups on.";
        notice_failed = "The newest backup failed.";
        notice_overdue = "There has been no good backup for more than twice the time that was set.";
        notice_drill = "The newest backup did not restore when that was tried.";
        notice_damaged = "Stored pieces of files are damaged. They are not given out.";
        notice_open = "See what is wrong";
    }
}
