//! Emergency contacts, in the words of whoever trusts.

texts! {
    /// Emergency contacts, in the words of whoever trusts.
    Emergency {
        title = "Emergency contacts";
        note = "Somebody whom you trust can open this account when you no longer can. They ask, you are told, and only after the delay that you set are they given words that open it. Until they have used them you can refuse.";
        none = "You have none.";
        list = "Your emergency contacts";
        day = "1 day";
        days = "{days} days";
        since = "since {when}";
        delay_row = "{days} to refuse";
        offered = "Has not answered yet";
        declined = "Declined";
        accepted = "Asks for nothing";
        asked = "Asks to open";
        open = "Can open it now";
        given = "Has the words";
        opens = "opens {when}";
        opened = "open since {when}";
        refused_at = "refused {when}";
        refuse = "Refuse";
        refused = "Refused: {name} can’t open your account";
        given_note = "{name} was given the words already. Refusing stops them as long as {name} doesn’t ask again; removing {name} makes the words worthless for good.";
        remove = "Remove";
        remove_title = "Remove {name}?";
        remove_text = "{name} can’t open your account any more, with words or without. Your account gets new keys, and all other sessions end.";
        removed = "{name} is no longer your emergency contact";
        add = "Add an emergency contact";
        add_lead = "Choose somebody whom you trust with everything in this account.";
        who = "Person";
        who_hint = "The exact e-mail of anyone, or the name of a doctor here.";
        known = "People you know";
        not_compared = "You have not compared this person’s key yet. If it isn’t theirs, somebody else could open your account: compare it.";
        delay = "Delay";
        delay_hint = "So long you have to refuse, from when they ask.";
        means = "What this means";
        means_ask = "{name} may ask to open your account. You see it on every page here, and get mail if this server sends any. Refuse, and nothing opens.";
        means_all = "If you don’t refuse, {name} gets 24 words after the delay, sets a new password with them, and can then do all that you can: read every report, share, withdraw. Other sessions end. Your recovery kit stays good: with it you take the account back.";
        means_factor = "If you have a second factor, {name} needs that as well: leave them a recovery code, or an administrator has to remove it.";
        means_server = "The delay is your protection, and the server keeps it. Its operator can’t read the words, but could hand them to {name} too early.";
        trust = "Trust this person";
        added = "{name} was asked to be your emergency contact";
        asked_title = "{name} asks to open your account";
        asked_text = "Unless you refuse, {when} they can set a new password and see everything that you see.";
        open_title = "{name} can open your account now";
        open_text = "The delay is over ({when}). Until they have set a new password you can still refuse.";
        refuse_link = "Look at it and refuse";
        not_open = "This account isn’t open to you: the delay is not over, its owner refused, or the account is disabled. Nothing was changed.";
    }
}
