//! Nothing left that opens an account.

texts! {
    /// Nothing left.
    Lost {
        page_title = "Nothing left to sign in with · HealthSecure";
        title = "If you lost everything";
        lead = "Only your keys open your reports, and only your password, a passkey, your recovery kit, an emergency contact, recovery shares, or what you yourself put in escrow with your organisation open your keys. Without any of them nobody can: not your organisation, not the administrators, not whoever runs this server. There is no back door, and whoever offers you one lies.";
        left = "Look for these first";
        open_page = "A browser or phone where HealthSecure is open and not locked: create a new account elsewhere, and share your reports with it from there before that page locks.";
        passkey = "A passkey, in your phone, your browser or on a security key: sign in with it. Where Settings said that it unlocks your reports, no password is needed.";
        kit = "The page with 24 words that you printed or saved when you made the account, and your browser’s saved passwords.";
        contact = "Somebody whom you named as your emergency contact: they can ask for words that open your account, and get them after the days that you chose. Or the people among whom you split your recovery: enough of their shares open your account.";
        escrow = "Escrow with your organisation, if you had turned it on: an administrator can ask for your account, and after three days hand you words that open it. This page can’t know whether it was on; it was off unless you turned it on.";
        anew = "Begin anew";
        kept = "What you shared isn’t lost: whoever you shared a report with can still read it.";
        again = "Your doctors can share the reports that they wrote or received with your new account.";
        own = "What only you could read stays sealed for ever if none of the above is left. Nobody can read it then, and nobody will.";
        address = "Your old account keeps its e-mail address: use another one, and ask an administrator to disable the old account.";
        create = "Create a new account";
        back = "Back to the recovery kit";
    }
}
