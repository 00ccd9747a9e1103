//! Confirming an e-mail address.

texts! {
    /// Confirming an e-mail address.
    VerifyEmail {
        page_title = "Confirm your e-mail address · HealthSecure";
        title = "Confirm your e-mail address";
        lead = "Confirm only if you created an account here yourself.";
        submit = "This is my address";
        working = "Confirming";
        done_title = "Your address is confirmed";
        done = "Whoever shares with you by e-mail can see now that the address is yours.";
        missing_title = "This link is incomplete";
        missing = "Open the link from the message as a whole, or have another one sent under Settings.";
        go_on = "Continue";
        invalid = "This link no longer works. It was used, is older than a day, or belongs to another address. Have another one sent under Settings.";
        other_account = "This link belongs to another account than the one you are signed in to here. Sign out first, then open it again.";
    }
}
