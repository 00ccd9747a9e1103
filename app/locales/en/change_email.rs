//! Another e-mail address for the account.

texts! {
    /// Another e-mail address for the account.
    ChangeEmail {
        page_title = "Change of e-mail address · HealthSecure";
        title = "Change of e-mail address";
        lead = "Confirm only what you asked for yourself under Settings.";
        old_text = "Your account is to get another e-mail address in the place of this one. It changes once both addresses have confirmed.";
        new_text = "An account is to have this e-mail address. It changes once both addresses have confirmed.";
        confirm_old = "Yes, change my address";
        confirm_new = "This is my new address";
        stop = "I didn’t ask for this: stop it";
        working = "Sending your answer";
        waiting_title = "Confirmed for this address";
        waiting = "One more step: open the link that was mailed to the other address.";
        changed_title = "Your e-mail address is changed";
        changed = "From now on you sign in with the new address, and people find you by it. Your password and your recovery kit stay.";
        stopped_title = "The change is stopped";
        stopped = "The address stays as it was. If it is your account and you didn’t ask for this, somebody knows your password: change it under Settings, Security.";
        missing_title = "This link is incomplete";
        missing = "Open the link from the message as a whole, or ask for the change again under Settings.";
        go_on = "Continue";
        invalid = "This link no longer works. It was used, is older than a day, or another change was asked for since. Ask again under Settings.";
        other_account = "This link belongs to another account than the one you are signed in to here. Sign out first, then open it again.";
        change = "Change address";
        dialog_title = "Change your e-mail address";
        dialog_text = "A link goes to the new address and one to your address now. Once you have confirmed both, within 24 hours, you sign in with the new one. Who looks for the old one finds nobody, and it stays reserved for you.";
        new = "New e-mail address";
        submit = "Send the links";
        sent = "Two links are on their way: to {email}, and to your address now";
        no_mail = "This server sends no mail, so the address can’t be changed.";
        pending = "To be changed to {email}";
        pending_note = "Open the links that were mailed to both addresses. It ends by itself:";
        old_open = "Your address now: not confirmed yet";
        old_done = "Your address now: confirmed";
        new_open = "The new address: not confirmed yet";
        new_done = "The new address: confirmed";
        cancel = "Cancel the change";
        cancelled = "The change is cancelled; your address stays as it is";
    }
}
