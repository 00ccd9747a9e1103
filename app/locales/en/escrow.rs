//! Escrow, in the words of whoever turns it on.

texts! {
    /// Escrow, in the words of whoever turns it on.
    Escrow {
        title = "Escrow with your organisation";
        note = "Your organisation offers to open your account for you if you lose password and recovery kit. It is off until you turn it on.";
        label = "Not strictly end-to-end";
        label_text = "Whoever keeps your organisation’s escrow words can open your reports.";
        on = "On";
        asked = "Asked for";
        open = "Open";
        given = "Given out";
        ended = "Ended";
        since = "on since {when}";
        fingerprint = "Your organisation’s escrow key";
        fingerprint_note = "The words of the key that you compared.";
        ended_note = "Your organisation ended this escrow key. What was sealed to it is deleted on this server, and is given to nobody any more. Whoever was given it before, or copied it, may still open your account with the old escrow words, if the server helps them. Turn escrow off: your account gets a new key, and what they have opens nothing that is stored afterwards.";
        given_note = "An administrator was given what is in escrow {when}. They may have kept it. Turn escrow off, so that it opens nothing that is stored afterwards.";
        problem_note = "Whatever this server shows: if escrow is on, you can turn it off.";
        asked_title = "{name} asks to open your account";
        asked_text = "Unless you refuse, {when} an administrator gets what opens it, and can read everything in it.";
        open_title = "{name} can open your account now";
        open_text = "The delay is over ({when}). Until a new password was set you can still refuse.";
        given_text = "What opens your account was given out. Refusing stops it as long as nobody asks again; after escrow is turned off it opens nothing that is stored from then on.";
        somebody = "An administrator";
        refuse = "Refuse";
        refused = "Refused: your account stays closed";
        refuse_link = "Look at it and refuse";
        turn_on = "Turn escrow on";
        turn_on_lead = "Compare the key with what your organisation gave you on paper or told you in person.";
        compare = "Compare the escrow key";
        compare_text = "These are the words of the key that this server offers. Two are left out. Take them from what your organisation gave you itself, not from this page or a mail. If any other word differs, stop: somebody else could open your account.";
        words_list = "The words of the escrow key";
        left_out = "···";
        word = "Word {number}, as your organisation says it";
        means = "What this means";
        means_open = "An administrator can ask for your account. You see it on every page here and get mail if this server sends any. If you don’t refuse within three days, they get what opens it, and with the escrow words on paper they set a new password: everything in your account can be read then.";
        means_one = "Any one administrator who has the escrow words can do this alone: no second one has to agree.";
        means_use = "It is meant for handing your account back to you: they give you 24 words, and you set a new password with them. It works once.";
        means_factor = "If you have a second factor, it is asked for as well. But an administrator can remove it.";
        means_server = "The three days, and that you are told, are the server’s word. Its operator can’t open anything without the escrow words, but with them can open your account without waiting and without telling you.";
        turn_on_do = "Turn on, not strictly end-to-end";
        turned_on = "Escrow is on";
        not_offered = "Your organisation offers no escrow at the moment.";
        turn_off = "Turn escrow off";
        turn_off_title = "Turn escrow off?";
        turn_off_text = "Your account gets a new key, and what your organisation has opens nothing that is stored from then on. All other sessions end.";
        turned_off = "Escrow is off";
        not_open = "That account isn’t open: nobody asked for it, the three days are not over, its holder refused, or it is disabled. Nothing was changed.";
        fingerprint_wrong = "These are not the words of the key that this server offers. Nothing was turned on. If your paper really says so, don’t go on, and tell your organisation.";
        words_bad = "These aren’t 24 escrow words. Check the spelling and the order.";
        key_other = "These are not the words of the present escrow key. Nothing was asked for.";
    }
}
