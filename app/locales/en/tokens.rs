//! API tokens.

texts! {
    /// API tokens.
    Tokens {
        tab = "API tokens";
        title = "API tokens";
        lead = "For programs of your own. A token gets a program in without your password, to what you choose and until its end. It opens no report by itself: what it fetches stays sealed.";
        list = "API tokens";
        none = "You have none.";
        add = "Make a token";
        add_title = "New API token";
        name = "Name";
        name_hint = "What it is for, for instance \"Backup on the ward’s server\".";
        scopes = "What it may reach";
        scopes_needed = "Choose at least one.";
        account_read = "Your account: who you are, and your keys as they are stored, sealed";
        people_read = "People: look up other accounts and their keys";
        reports_read = "Reports: list and fetch them, sealed, with who has access";
        reports_write = "Writing: drafts, uploads, new reports and versions";
        shares_write = "Sharing: give and withdraw access that you signed";
        audit_read = "Record: who did what with your reports";
        ends_in = "Ends in";
        days_7 = "7 days";
        days_30 = "30 days";
        days_90 = "90 days";
        days_365 = "365 days";
        make = "Make the token";
        shown_title = "Your new API token";
        shown_lead = "This is the only time it is shown. Whoever has it reaches what you chose, so keep it like a password.";
        copy = "Copy the token";
        kept = "I have saved it";
        made = "{name} is made";
        ends = "ends {when}";
        ended = "ended {when}";
        used = "last used {when}";
        unused = "never used";
        remove = "Remove";
        remove_title = "Remove {name}?";
        remove_text = "Programs that use it get in no more, at once. Nothing stored is lost.";
        removed = "{name} is removed";
    }
}
