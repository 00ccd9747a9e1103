//! Settings: password, recovery kit, second factor.

texts! {
    /// Settings: password, recovery kit, second factor.
    Security {
        tab = "Security";
        failed = "This can't be loaded right now";
        password = "Password";
        password_note = "Opens your account and your reports. Nobody else knows it, and nobody can reset it.";
        password_change = "Change password";
        password_lead = "Your recovery kit stays good. All other sessions end.";
        password_new = "New password";
        password_again = "New password, once more";
        password_save = "Change password";
        password_working = "Changing your keys and sealing them with the new password";
        password_done = "Your password is changed; all other sessions are signed out";
        kit = "Recovery kit";
        kit_note = "24 words that open your account if you forget your password. Make a new kit if the old one was lost, or if somebody may have seen it.";
        kit_make = "Make a new kit";
        kit_title = "Your new recovery kit";
        kit_lead = "These 24 words open your account if you forget your password. Print or save them, and keep them away from this device. Once they are saved here, your old kit opens nothing any more and all other sessions end.";
        kit_check_lead = "Type these two words of your new kit. Until then the old kit stays good.";
        kit_save = "Use this kit from now on";
        kit_working = "Changing your keys and sealing them for the new kit";
        kit_done = "Your new recovery kit counts; the old one opens nothing any more";
        factor = "Second factor";
        factor_note = "With a second factor, whoever learns your password still can't sign in: an app on your phone shows a code that is asked for as well.";
        factor_required = "Your clinic asks for a second factor from people with your role.";
        factor_none = "You have none yet.";
        factor_list = "Your second factors";
        factor_add = "Add an authenticator app";
        factor_added = "added {when}";
        factor_used = "last used {when}";
        factor_unused = "not used yet";
        factor_last = "Required: add another before you remove this one.";
        factor_remove = "Remove";
        factor_remove_title = "Remove {name}?";
        factor_remove_text = "Its codes are not accepted any more. If it is your only second factor, your recovery codes go as well and your password alone signs you in.";
        factor_removed = "{name} is removed";
        app_lead = "Any app that shows time-based codes will do, on a phone that you keep with you.";
        app_name = "Name for this app";
        app_name_hint = "So that you know it again, for instance the phone it is on.";
        app_default = "Authenticator app";
        app_next = "Continue";
        app_scan = "Scan this code with the app";
        app_scan_text = "In the app, choose to add an account and point the camera at the code.";
        app_qr = "Code to scan with the authenticator app";
        app_secret = "If you can't scan it, type this key into the app";
        app_secret_copy = "Copy key";
        app_once = "Code and key are shown only now. Whoever has them can make your codes.";
        app_first = "Type the code that it shows";
        app_save = "Add this app";
        app_done = "{name} is added";
        app_others = "Sessions elsewhere that were begun without a second factor end.";
        codes = "Recovery codes";
        codes_left = "{left} of 10 left";
        codes_note = "For the day when the phone is not at hand: each replaces your app once.";
        codes_few = "Few recovery codes are left. Make new ones soon.";
        codes_new = "New recovery codes";
        codes_new_title = "Make new recovery codes?";
        codes_new_text = "You get ten new ones. Those that you saved before stop working at once.";
        codes_title = "Your recovery codes";
        codes_lead = "Your second factor is on. Save these codes now: they are shown only this once. Each replaces your app once, when the phone is not at hand.";
        codes_what = "They open no record: your password is needed as well. They are not the recovery kit.";
        codes_list = "Recovery codes";
        codes_copy = "Copy";
        codes_save = "Save as file";
        codes_kept = "I have saved them";
        codes_file_title = "HealthSecure recovery codes";
        codes_file_note = "Each code replaces the authenticator app once at sign-in. They open no record, and they are not the recovery kit.";
    }
}
