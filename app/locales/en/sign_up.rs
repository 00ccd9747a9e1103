//! Create account.

texts! {
    /// Create account.
    SignUp {
        page_title = "Create account · HealthSecure";
        title = "Create account";
        lead = "Your keys are made here, in your browser. Nobody can reset them for you, so the next step gives you a recovery kit.";
        setup_title = "Set up HealthSecure";
        setup_lead = "You become the first administrator. Administrators run the installation; they can’t open anyone’s reports.";
        invited_by = "{name} invites you as {role}.";
        invited_patient = "Reports that were written for you become yours when you finish.";
        name = "Full name";
        name_hint = "As colleagues or doctors know you.";
        email = "E-mail";
        password = "Password";
        password_hint = "At least {min} characters. Four or five unrelated words are strong and easy to type.";
        password_hint_beside = "At least {min} characters, because a second step is asked for as well. Below {alone} it must be strong.";
        password_again = "Password, once more";
        password_differs = "The two passwords differ.";
        role = "I am";
        patient = "A patient";
        patient_text = "Reports about me are mine; I decide who reads them.";
        doctor = "A doctor";
        doctor_text = "I write and receive reports. An administrator confirms me first.";
        submit = "Continue";
        have_account = "Have an account?";
        sign_in = "Sign in";
        closed_title = "By invitation only";
        closed = "This organisation doesn’t offer open sign-up. Ask an administrator or your doctor for an invitation link.";
        link_dead_title = "This link no longer works";
        link_dead = "It has expired, was withdrawn or was used already. Ask whoever gave it to you for a new one.";
        taken = "An account with this e-mail exists. Sign in, or use your recovery kit if you forgot the password.";
        email_bad = "This doesn’t look like an e-mail address.";
        password_short = "At least {min} characters.";
        password_long = "At most {max} characters. Nothing was cut; shorten it, or choose another.";
        password_common = "This is one of the most used passwords; attackers try it first. Choose another.";
        password_unjudged = "The password could not be checked, because the server can’t be reached. Try again.";
        weak = "This password would be guessed quickly. Make it longer or less usual.";
        code_title = "Check your e-mail";
        code_lead = "A message is on its way to {email}. It has a code, or tells you that the address has an account already.";
        code = "Code from the message";
        code_hint = "8 digits. They work for ten minutes; tell them to nobody.";
        code_shape = "The code has 8 digits.";
        code_sent_again = "Another message is on its way.";
        code_wrong = "This code is wrong. Look at the newest message; what you typed before is kept.";
        code_expired = "This code no longer works: it was wrong too often, or its time is over. Have another one sent; what you typed before is kept.";
        code_required = "This server checks your address before it makes an account. Reload the page and begin again.";
        code_anew = "Check the address again";
        kit_title = "Your recovery kit";
        kit_lead = "These 24 words open your account if you forget your password. Nobody else has them and we can’t make new ones. Print or save them, and keep them away from this device.";
        kit_server = "Server";
        kit_print = "Print";
        kit_download = "Save as file";
        kit_copy = "Copy";
        kit_next = "I have kept them";
        kit_file_title = "HealthSecure recovery kit";
        kit_file_note = "Whoever holds these words and knows your e-mail can open your account. Keep them on paper or on a device that others can’t reach.";
        kit_file_use = "To use them: open the sign-in page and choose \"Forgot your password?\".";
        check_title = "Two words, to be sure";
        check_lead = "Type these two words of your recovery kit.";
        check_word = "Word {number}";
        check_wrong = "That isn’t word {number}.";
        check_submit = "Create account";
        check_back = "Show the words again";
        working = "Making your keys and sealing them with your password";
        claimed = "Reports that are yours now: {count}";
        claim_failed = "Some reports couldn’t be handed over yet. Open the invitation link once more to try again.";
        progress = "Step {step} of {steps}";
    }
}
