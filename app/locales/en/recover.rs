//! Recovery kit.

texts! {
    /// Recovery kit.
    Recover {
        page_title = "Recover · HealthSecure";
        title = "Use your recovery kit";
        lead = "The 24 words open your account and let you set a new password. All other sessions end.";
        email = "E-mail";
        words = "Recovery kit";
        words_hint = "All 24 words in order, separated by spaces. Capital letters don’t matter.";
        words_trusted = "Are you somebody’s emergency contact? Enter the e-mail that they sign in with, and the words that you were given for their account. Words that your organisation gave you for your own account go here as well.";
        words_count = "{count} of 24 words";
        words_bad = "These aren’t the words of a recovery kit. Check the spelling and the order.";
        password = "New password";
        submit = "Set new password";
        working = "Opening your account and changing its keys";
        wrong = "E-mail or recovery kit is wrong.";
        no_kit = "Without password, recovery kit, emergency contact and recovery shares nobody can open this account. Administrators can’t either, unless you yourself put it in escrow with your organisation before. Reports that you shared stay readable for those you shared them with.";
        lost = "I have none of them";
        back = "Back to sign in";
    }
}
