//! Backups, in Administration.

texts! {
    /// Backups.
    Backups {
        tab = "Backups";
        title = "Backups";
        lead = "Database, files and the server's own keys, encrypted so that only whoever holds the backup key can open them. No report can be read from a backup, not even with that key.";
        good = "Up to date";
        none_yet = "None yet";
        overdue = "Overdue";
        overdue_text = "There has been no good backup for more than twice the time that was set. What was written since would be lost with the server's disks. Tell whoever runs this server.";
        none = "This server makes no backups by itself";
        none_text = "And it knows of none that was made by hand. Without one, a broken disk loses every report. Whoever runs this server can turn backups on.";
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
    }
}
