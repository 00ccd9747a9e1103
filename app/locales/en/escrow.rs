//! Escrow, in the words of whoever turns it on.

texts! {
    /// Escrow, in the words of whoever turns it on.
    Escrow {
        title = "Escrow with your organisation";
        note = "Your organisation offers to open your account for you if you lose password and recovery kit. It is off until you turn it on.";
        label = "Not strictly end-to-end";
        label_text = "Whoever keeps your organisation's escrow words can open your records.";
        on = "On";
        asked = "Asked for";
        open = "Open";
        given = "Given out";
        ended = "Ended";
        since = "on since {when}";
        fingerprint = "Your organisation's escrow key";
        fingerprint_note = "The words of the key that you compared.";
        ended_note = "Your organisation ended this escrow key: nobody can open your account with it any more. Turn escrow off, so that your account gets new keys.";
        asked_title = "{name} asks to open your account";
        asked_text = "Unless you refuse, an administrator gets what opens it: {when}.";
        open_title = "{name} can open your account now";
        open_text = "The delay is over ({when}). Until a new password was set you can still refuse.";
        given_text = "What opens your account was given out. Refusing stops it as long as nobody asks again; turning escrow off makes it worthless for good.";
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
        means_open = "An administrator can ask for your account. You see it on every page here and get mail if this server sends any. If you don't refuse within three days, they get what opens it, and with the escrow words on paper they set a new password: everything in your account can be read then.";
        means_use = "It is meant for handing your account back to you: they give you 24 words, and you set a new password with them. It works once.";
        means_factor = "If you have a second factor, it is asked for as well. But an administrator can remove it.";
        means_server = "The delay is kept by the server. Its operator can't open anything without the escrow words, but with them nobody has to wait.";
        turn_on_do = "Turn on, not strictly end-to-end";
        turned_on = "Escrow is on";
        not_offered = "Your organisation offers no escrow at the moment.";
        turn_off = "Turn escrow off";
        turn_off_title = "Turn escrow off?";
        turn_off_text = "What your organisation has opens nothing any more. Your account gets new keys, and all other sessions end.";
        turned_off = "Escrow is off";
        not_open = "That account isn't open: nobody asked for it, the three days are not over, its holder refused, or it is switched off. Nothing was changed.";
        fingerprint_wrong = "These are not the words of the key that this server offers. Nothing was turned on. If your paper really says so, don't go on, and tell your organisation.";
        words_bad = "These aren't 24 escrow words. Check the spelling and the order.";
        key_other = "These are not the words of the present escrow key. Nothing was asked for.";
    }
}
