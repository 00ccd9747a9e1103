//! Being somebody's emergency contact.

texts! {
    /// Being somebody's emergency contact.
    Trusted {
        title = "People who trust you";
        lead = "They want you to be able to open their account when they no longer can.";
        failed = "This can’t be loaded right now";
        refused = "Somebody who doesn’t fit";
        none_title = "Nobody yet";
        none = "When somebody makes you their emergency contact, you find them here.";
        card = "Emergency contacts";
        card_text = "People may trust you to open their account in an emergency, and you may trust others.";
        own = "Your emergency contacts";
        since = "since {when}";
        delay = "{days} to refuse";
        opens = "opens {when}";
        opened = "open since {when}";
        again = "you can ask again {when}";
        offered = "Waits for your answer";
        declined = "You declined";
        accepted = "You may ask";
        asked = "Asked";
        open = "Open";
        accept = "Accept";
        accepted_toast = "You are an emergency contact of {name}";
        decline = "Decline";
        leave = "Withdraw";
        leave_title = "Be no emergency contact of {name} any more?";
        leave_text = "What you asked for ends at once, and you can’t ask again. Only {name} can make you an emergency contact anew.";
        left = "You are no emergency contact of {name} any more";
        ask = "Ask to open";
        ask_title = "Ask to open the account of {name}?";
        ask_text = "{name} is told at once and has {days} to refuse. After that you are given words that open their account, with everything in it. Ask only if {name} can’t act, or wants you to.";
        asked_toast = "Asked. It opens after the delay, unless {name} refuses";
        words = "Show the words";
        words_title = "Words for the account of {name}";
        words_lead = "They open it once. Until you have used them, {name} can still refuse.";
        words_list = "The 24 words";
        words_warn = "Whoever has these words can open the account of {name} and everything in it. Show them to nobody.";
        how = "How to use them";
        step_open = "Sign out here, or open a private window, and go to {link}";
        step_enter = "Enter the e-mail that {name} signs in with, these 24 words as the recovery kit, and a new password.";
        step_factor = "If {name} has a second factor, you are asked for it: one of their recovery codes does, or an administrator removes it.";
        step_then = "You are signed in as {name} then and see everything that they see. Their other sessions end.";
        copy = "Copy words";
        hide = "Hide the words";
    }
}
