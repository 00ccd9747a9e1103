//! Errors, in the words of somebody who has to go on working.

texts! {
    /// Errors: what happened, that nothing was lost, what to do next.
    Errors {
        offline_title = "No connection";
        offline = "The server can’t be reached. Nothing was lost. Try again once you are connected.";
        unexpected_title = "That didn’t work";
        unexpected = "Something went wrong on this page. Nothing was changed. Try again; if it stays, reload the page.";
        server = "The server couldn’t do this. Nothing was changed. Try again in a moment.";
        device_full = "There is no room left for this file. Free some space on this device and try again; nothing incomplete was kept.";
        storage = "The server can’t reach the store of files right now. What was stored is safe. Try again in a moment.";
        database = "The server can’t reach its database right now. What was saved is safe. Try again in a moment.";
        no_room = "The server can’t store anything right now: its disk is full or can’t be written. Nothing was changed. Tell whoever runs it.";
        damaged = "A stored piece of this file is damaged on the server, so it is not given out. Whoever runs the server was told; it opens again once it is restored.";
        quote = "Quote {id} to your administrator.";
        page_title = "This page could not be loaded";
        page = "The connection broke off, or the server has a newer version. Nothing was lost. If trying again does not help, reload the page.";
        account_key_changed = "Another window or device has changed how your account opens: its password, recovery kit, keys or a way in. Nothing was changed here. Unlock again, and repeat what you did if it is still needed.";
        signed_out = "Your session has ended. Sign in again; drafts are kept.";
        throttled = "Too many tries. Wait a little and try again.";
        not_found_title = "Nothing here";
        not_found = "The address is wrong, or it is something you may not see.";
        not_found_home = "Go to the start page";
        no_permission_title = "Not for your role";
        no_permission = "Your role does not include this page.";
        verification_title = "This could not be verified";
        verification = "What the server sent does not fit its signatures, so it was not opened. Nothing was changed. Tell your administrator.";
        verification_here = "What the server sent does not fit its signatures, so it is not shown. Nothing was changed.";
    }
}
