//! Words used everywhere.

texts! {
    /// Words used everywhere.
    Common {
        product = "HealthSecure";
        cancel = "Cancel";
        close = "Close";
        back = "Back";
        copy = "Copy";
        copied = "Copied";
        copy_failed = "The browser refused to copy. Select the text and copy it by hand.";
        retry = "Try again";
        optional = "optional";
        loading = "Loading";
        show_password = "Show password";
        hide_password = "Hide password";
        dismiss = "Dismiss";
        role_administrator = "Administrator";
        role_doctor = "Doctor";
        role_patient = "Patient";
        status_pending = "Waiting for approval";
        status_active = "Active";
        status_refused = "Refused";
        status_disabled = "Disabled";
        status_deleted = "Deleted";
        just_now = "just now";
        code_aria = "Access code, character by character: {code}";
        drop_title = "Drop files here";
        drop_or = "or choose them from this device";
        field_required = "This field is needed.";
        too_long = "At most {max} characters; these are {count}.";
        skip = "Skip to the content";
        strength_1 = "Weak: it would be guessed quickly";
        strength_common = "One of the most used passwords: attackers try it first";
        strength_2 = "Fair: a few more words make it safe";
        strength_3 = "Good";
        strength_4 = "Strong";
        strength_long = "At most {max} characters";
        strength_short = "At least {min} characters; {left} to go";
    }
}
