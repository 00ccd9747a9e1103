//! The frame around signed-in pages.

texts! {
    /// The frame around signed-in pages.
    Frame {
        navigation = "Main";
        reports = "Reports";
        shared = "Shared with me";
        shared_short = "Shared";
        access = "Access";
        contacts = "Contacts";
        teams = "Care teams";
        administration = "Administration";
        administration_short = "Admin";
        settings = "Settings";
        lock = "Lock";
        lock_hint = "Lock now";
        sign_out = "Sign out";
        offline = "Offline. What is open stays readable. Drafts are saved later; sharing and revoking need a connection.";
        locked_idle = "Locked because nothing happened for {minutes} min.";
    }
}
