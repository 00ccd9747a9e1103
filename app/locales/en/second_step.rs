//! The second step of signing in, and the password once more before a change.

texts! {
    /// The second step of signing in, and the password once more before a change.
    SecondStep {
        title = "Second step";
        lead = "One more step shows that it is you.";
        code = "Code from your authenticator app";
        code_hint = "6 digits. The app shows a new code every 30 seconds.";
        code_shape = "The code has 6 digits.";
        recovery_code = "Recovery code";
        recovery_hint = "One of the codes that you saved. Each works once. It is not the recovery kit.";
        use_recovery = "Use a recovery code instead";
        use_app = "Use your authenticator app instead";
        passkey = "Use your passkey";
        passkey_hint = "The device that holds your passkey asks for your finger, face or PIN.";
        use_passkey = "Use a passkey instead";
        passkey_declined = "No passkey answered. You may have closed the question, or there is none for this place on this device.";
        passkey_failed = "This passkey is not known here, or it took too long. Try again.";
        passkey_unsupported = "This browser can’t use passkeys here.";
        submit = "Continue";
        back = "Back";
        checking = "Checking the code";
        wrong = "This code is wrong, or it was used already. Wait for the app’s next code, and check that the clock of its device is right.";
        wrong_recovery = "This recovery code is wrong, or it was used already.";
        wait = "That was wrong too often. The next try is possible from {when}.";
        needed = "This account has a second factor. Sign in again and have its code ready.";
        too_late = "That took too long. Begin again with your password or recovery kit; nothing was changed.";
        due = "Your organisation asks for a second factor. Add one first; nothing was lost.";
        confirm_needed = "Confirm with your password first. Nothing was changed.";
        prove_title = "Is it you?";
        prove_text = "Before this is changed, enter your password once more. It stays on this device.";
        prove_submit = "Confirm";
        prove_working = "Checking your password on this device";
        due_title = "Your organisation asks for a second factor";
        due_lead = "People with your role sign in with their password and something that they hold: a code from an app on their phone, or a passkey. Add one now; after that everything is as it was.";
    }
}
