//! The list of reports.

texts! {
    /// The list of reports.
    Reports {
        title = "Reports";
        new = "New report";
        search = "Search reports";
        status = "Status";
        status_all = "All";
        status_draft = "Draft";
        status_completed = "Completed";
        kind = "Kind";
        kind_all = "All kinds";
        drafts = "Drafts";
        drafts_note = "Sealed, and only you can see them.";
        draft_untitled = "Untitled draft";
        draft_saved = "Saved {when}";
        draft_delete = "Delete draft";
        draft_delete_title = "Delete this draft?";
        draft_delete_text = "The draft “{name}” and everything uploaded for it go. Completed reports stay. This can’t be undone.";
        draft_deleted = "Draft deleted";
        list = "Reports";
        count_one = "1 report";
        count = "{count} reports";
        count_of = "{count} of {total} reports";
        no_patient = "No patient named";
        shared_with_you = "Shared with you";
        ends = "Access ends {when}";
        rekey = "New keys due";
        rekey_running = "Changing the keys of reports whose access you revoked. Keep this page open; it takes as long as downloading and uploading their files.";
        not_opened = "Could not be verified";
        empty_title = "No reports yet";
        empty_doctor = "Write the first one, or drop a file anywhere on this page. Reports that others share with you appear under Shared with me.";
        empty_patient = "Reports that your doctors write about you appear here at once. You can also add your own.";
        nothing_title = "Nothing matches";
        nothing = "No report holds all of these words. The search looks at number, title, patient, kind, diagnosis, treatment and prescription.";
        clear = "Clear search and filters";
        failed_title = "Your reports can’t be loaded right now";
        stale = "What was loaded before is shown. Newer reports and versions may be missing.";
        partial = "Not all of your reports are loaded yet, so it may still be among the others.";
        drop_title = "Drop to start a report";
        drop_text = "The files are sealed in this browser before they are uploaded.";
        refused_one = "One report could not be verified and was not opened: {why}";
        refused = "{count} reports could not be verified and were not opened. The first: {why}";
    }
}
