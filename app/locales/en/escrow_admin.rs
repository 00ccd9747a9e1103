//! Escrow, in Administration.

texts! {
    /// Escrow, in Administration.
    EscrowAdmin {
        tab = "Escrow";
        lead = "Whether your organisation can bring people back who want that. Administrators hold no key to any report: what opens an account here are words on paper, after its holder was told and three days have passed.";
        title = "Escrow key";
        note = "Off, unless you make a key. With one, people here may decide for themselves to let your organisation open their account, and each of them is told that it is then not strictly end-to-end.";
        note_server = "The key’s private half is 24 words that exist on paper only: neither this page nor the server keeps them. With them any one administrator can open such an account, after three days in which its holder can refuse.";
        none = "There is no escrow key. Nobody is offered escrow.";
        make = "Make an escrow key";
        made_at = "made {when}";
        fingerprint = "Words of the key, to hand out";
        fingerprint_note = "Give these twelve words to people yourself: on paper, or in person. They compare them before they turn escrow on. They are no secret.";
        print = "Print";
        end = "End this key";
        end_title = "End the escrow key?";
        end_text = "What was put in escrow under it is deleted on this server, and nobody can be helped with it any more. Everybody who has it on is told. What was given out or copied before may still be opened with its words: destroy the paper, and take back the fingerprint that you handed out. You can make another key afterwards, and people decide anew.";
        ended = "The escrow key has ended";
        words_title = "The escrow words";
        words_warn = "Whoever has these 24 words can open the reports of everybody who turns escrow on, after three days. Print or write them down now: they are never shown again. Keep them offline, in a safe, best under two people’s eyes, and not on any computer.";
        words_list = "The 24 escrow words";
        words_kept = "They are on paper";
        check_title = "Check the paper";
        check_lead = "Two of the words, read from the paper. Then the key is published, signed with the organisation’s key.";
        publish = "Publish the key";
        published = "The escrow key is published";
        list = "Accounts in escrow";
        list_none = "Nobody has turned escrow on.";
        list_refused = "An account that doesn’t fit";
        since = "on since {when}";
        opens = "opens {when}";
        opened = "open since {when}";
        again = "can be asked for again {when}";
        on = "On";
        asked = "Asked for";
        open = "Open";
        ended_state = "Key ended";
        ask = "Ask to open";
        ask_title = "Ask for the account of {name}?";
        ask_text = "{name} is told at once, by mail and on every page, and has three days to refuse. Ask only if {name} asked you to, and you are sure that it is {name}.";
        asked_toast = "Asked. It opens in three days, unless {name} refuses";
        use_words = "Enter the escrow words";
        use_title = "Open the account of {name}";
        use_lead = "Take the paper from the safe. The words stay in this browser and are forgotten when you leave this page.";
        use_label = "Escrow words";
        use_hint = "All 24 words in order, separated by spaces. Capital letters don’t matter.";
        use_submit = "Get the recovery words";
        recovery_title = "Words for {name}";
        recovery_warn = "Whoever has these words can open the account of {name} and everything in it. Hand them to {name} in person, and to nobody else.";
        recovery_list = "The 24 words";
        step_open = "{name} goes to {link}";
        step_enter = "There they enter the e-mail that they sign in with, these 24 words as the recovery kit, and a new password.";
        step_factor = "If {name} has a second factor, it is asked for. It is removed under People, once you are sure who asks.";
        step_then = "The words work once. Escrow is off for {name} then.";
        how = "How {name} uses them";
        hide = "Hide the words";
    }
}
