//! The public log: marks beside events, and the page that ends a session.

texts! {
    /// The public log.
    Log {
        verified = "Verified in your browser";
        verified_why = "This entry is in the server’s public log, which can’t be changed without being noticed.";
        pending = "Not in the log yet";
        pending_why = "This entry is so new that the server’s public log doesn’t show it yet. Look again in a moment.";
        unlogged = "Not verified";
        unlogged_why = "The server keeps no public log that could hold this entry.";
        unchecked = "Not verified";
        unchecked_why = "The server’s public log can’t be reached just now. Look again later.";
        reader_other_time = "Signed on another day";
        reader_unsigned = "Not signed by the reader";
        reader_stranger = "By somebody without access";
        column = "Public log";
        stopped_title = "This session was stopped";
        stopped_lead = "What the server shows doesn’t match what was seen or signed before, so nothing more is opened.";
        found = "What was found";
        safe = "Your keys were wiped from this page at once. Your reports stay sealed; nobody can read more than before.";
        do_title = "What to do";
        do_save = "Save the evidence. It holds no report and no key, and anyone can check it.";
        do_ask = "Show it to whoever runs this server, in person or by phone, not through this page.";
        do_wait = "Don’t share anything new until the reason is known: it can be an attack, or a backup that was restored.";
        save = "Save evidence";
        again = "Check again";
    }
}
