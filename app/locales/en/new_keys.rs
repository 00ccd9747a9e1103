//! New keys for the account.

texts! {
    /// New keys for the account.
    NewKeys {
        title = "Your keys";
        note = "Reports are sealed to your keys, and what you sign is signed by them. Make new ones if a device of yours was stolen while it was unlocked, or if somebody may have opened your account.";
        made = "Made {when}.";
        times = "Earlier keys: {count}.";
        make = "Make new keys";
        ask = "Make new keys?";
        text = "What you have stays readable to you, and people whom you shared with notice nothing: your new keys are signed by the old ones, and stand in the public log. All other sessions and API tokens end. Who has copied your old keys may still read what was sealed to them.";
        done = "Your new keys count from now on; all other sessions are signed out";
        due_title = "Seal your account anew";
        due_text = "A passkey that opened your account was taken off, and your account is still sealed under the key that it opened. Usually that is done when you sign in; it didn’t work. Do it now: everything is sealed under a new key. All other sessions and API tokens end.";
        due_link = "Settings, Security";
        due_make = "Seal anew";
        due_done = "Your account is sealed under a new key; all other sessions are signed out";
    }
}
