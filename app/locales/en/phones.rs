//! Phones.

texts! {
    /// Phones.
    Phones {
        go = "Sign in with your phone";
        sign_in_lead = "A code is sent to your number. Your password still opens your reports.";
        number = "Phone number";
        number_hint = "With its country’s code, for instance +49 151 23456789.";
        send = "Send a code";
        sent_maybe = "If this number signs in here, a code is on its way. It works for ten minutes.";
        sent = "A code is on its way to your phone, ending in {ending}. It works for ten minutes.";
        code = "Code from the text message";
        code_hint = "6 digits. Never tell it to anybody: we never ask for it.";
        another = "Send another code";
        other_number = "Use another number";
        submit = "Sign in";
        working = "Signing you in";
        back = "Sign in with your password instead";
        locked = "Your phone signed you in. It can’t open your reports: for that enter your password.";
        step_text = "We send a code by text message to your phone ending in {ending}.";
        use_phone = "Use a code by text message instead";
        step_wrong = "This code is wrong, or no longer works. Have another one sent; nothing was changed.";
        code_wrong = "This code is wrong. Look at the newest message; nothing was changed.";
        code_expired = "This code no longer works: it was used, was wrong too often, or ten minutes are over. Have another one sent; nothing was changed.";
        taken = "This number signs in to another account already. It can be your second factor all the same.";
        code_required = "This number was confirmed a while ago. Have a code sent to it first; nothing was changed.";
        only_factor = "Your phone is your second factor, and can’t stand for both steps. Sign in with your password.";
        title = "Phone";
        note = "A code by text message can be a second factor, and can sign you in. It is weaker than an app or a passkey: whoever takes your number over gets your codes. It never opens your reports.";
        none = "No number is added.";
        off = "This server sends no codes at the moment, so this number can’t be used.";
        list = "Your phone number";
        verified = "confirmed {when}";
        is_factor = "second factor";
        signs_in = "signs in";
        weaker = "weaker";
        add = "Add a phone number";
        replace = "Change the number";
        add_lead = "We send a code to the number, to see that it is yours. Your operator may pay for each message.";
        again_lead = "This number was confirmed a while ago. Enter the code that we sent to it now: then it becomes your second factor.";
        verify = "Confirm the number";
        added = "The number is added. Say below what it is used for.";
        factor_on = "Use as second factor";
        factor_off = "Stop using as second factor";
        sign_in_on = "Use to sign in";
        sign_in_off = "Stop using to sign in";
        changed = "Changed";
        factor_remove_text = "No codes are sent to it as a second factor any more. Your number stays. If it is your only second factor, your recovery codes go as well and your password alone signs you in.";
        remove_title = "Remove this number?";
        remove_text = "No codes are sent to it any more. If it is your only second factor, your recovery codes go as well and your password alone signs you in. Sessions that are open stay open.";
        removed = "The number is removed";
    }
}
