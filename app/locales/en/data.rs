//! One's own data: space, download, how long it is kept.

texts! {
    /// One's own data.
    Data {
        tab = "Your data";
        space = "Space";
        space_used = "{used} of {limit} used";
        space_unlimited = "{used} used, no limit";
        space_percent = "{percent} %";
        space_note = "Counted is what is stored sealed: every version of the reports that are yours, and uploads that are under way.";
        runs_out = "Space runs out";
        runs_out_text = "{percent} % is used. Nothing is deleted; when it is full, nothing can be uploaded until something is erased or an administrator gives more.";
        no_room = "{name} does not fit: it needs {size}, and {room} of your space is free. It was not added; nothing that is stored was changed.";
        exceeded = "It does not fit into your space: {used} of {limit} are used. Nothing that is stored was changed. Erase what you don’t need, or ask your administrator for more.";
        exceeded_owner = "It does not fit into the space of the account that this report belongs to. Nothing was changed. Its owner, or your administrator, can make room.";
        download = "Download my data";
        download_note = "One ZIP archive with the original files of your reports, their fields, FHIR for other programs, and who did what with them. Everything is fetched, checked and decrypted in this browser, and written to the file as it comes.";
        download_plain = "The archive is not encrypted. Keep it where nobody else reads.";
        download_shared = "With reports of others that are shared with me";
        download_start = "Download archive";
        download_cancel = "Cancel";
        download_progress = "{done} of {reports} reports, {written} written";
        download_at = "{title}";
        download_file = "{title}: {file}, {percent} %";
        download_done = "The archive is complete. Reports: {reports}, files: {files}, {size}.";
        download_missing = "This could not be had, and is not in it";
        download_missing_note = "The archive names it as well, in MISSING.txt. Everything else is complete and was checked.";
        download_stopped = "Stopped. There is no archive.";
        download_failed = "There is no archive: it broke off before it was complete. {why}";
        kept = "Kept long enough";
        kept_note = "Your organisation says how long reports are kept. The server doesn’t know of what kind a report is, so this browser looks. Nothing is erased by itself.";
        kept_rule = "{kind}: {years} years";
        kept_others = "Every other kind";
        kept_look = "Look through my reports";
        kept_none = "None of your reports has been kept for as long as that.";
        kept_due = "These could be erased now. Open one to erase it.";
        kept_since = "to be kept until {when}";
        kept_unread = "These reports could not be looked at";
        drafts_kept = "Drafts that are not changed for {days} days are deleted here, with their files.";
        policy_quota = "Space of every account";
        policy_quota_note = "The most that an account may store, unless it has a limit of its own (Administration, People). Uploads beyond it are refused before they begin; nothing stored is deleted.";
        quota_rule = "Limit";
        quota_inherited = "As the server’s configuration says";
        quota_inherited_account = "As for every account";
        quota_unlimited = "No limit";
        quota_limited = "A limit of";
        quota_size = "Gigabytes";
        quota_size_bad = "At least 0.011 GB, for instance 20 or 0.5.";
        quota_now = "Now: {limit}";
        quota_none = "no limit";
        quota_save = "Save limit";
        quota_saved = "Limit saved";
        quota_open = "Space";
        quota_title = "Space of {name}";
        policy_kept = "How long reports are kept";
        policy_kept_note = "One rule a line: a kind, =, and years; * stands for every other kind. Your organisation’s key signs them. People’s own browsers suggest what has been kept long enough; nothing is erased by a rule, and the server doesn’t learn of what kind a report is.";
        policy_kept_rules = "Rules";
        policy_kept_hint = "For instance: Laboratory = 10";
        policy_kept_bad = "This line is no rule: {line}";
        policy_kept_save = "Sign and save rules";
        policy_kept_saved = "Rules saved";
    }
}
