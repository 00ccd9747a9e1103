//! Sign in and unlock.

texts! {
    /// Sign in and unlock.
    SignIn {
        page_title = "Sign in · HealthSecure";
        title = "Sign in";
        lead = "Your password stays on this device.";
        email = "E-mail";
        password = "Password";
        submit = "Sign in";
        working = "Checking your password on this device";
        passkey = "Sign in with a passkey";
        passkey_working = "Asking your passkey";
        passkey_locked = "Your passkey signed you in. It can’t unlock your reports here: for that enter your password.";
        passkey_unlock = "Unlock with a passkey";
        passkey_opens_nothing = "This passkey can’t unlock these reports. Enter your password.";
        forgot = "Forgot your password?";
        no_account = "No account yet?";
        create = "Create account";
        wrong = "E-mail or password is wrong.";
        unlock_title = "Locked";
        unlock_lead = "You are signed in as {name}. Your reports are locked until you enter your password.";
        or = "or";
        unlock_submit = "Unlock";
        unlock_wrong = "This password is wrong.";
        unlock_other = "Sign out and use another account";
        pending_title = "Waiting for approval";
        pending = "Your account exists. An administrator of this organisation has to confirm that you are a doctor here; after that you can write and receive reports. This page goes on by itself.";
        refused_title = "Not approved";
        refused = "An administrator refused this account. Nothing was shared with it. Ask your organisation if you think this is a mistake.";
        disabled_title = "Account disabled";
        disabled = "An administrator can enable it again.";
        removal = "It will be deleted {when}, with every report that is yours, as an administrator decided. If you don’t want that, ask them to enable it before.";
        sign_out = "Sign out";
        loses_text = "Not signed out: text that you typed is not saved yet. Unlock to save it. Signing out now deletes it.";
    }
}
