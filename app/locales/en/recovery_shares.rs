//! Recovery shares: splitting one's recovery, holding a share, coming back with shares.

texts! {
    /// Recovery shares.
    RecoveryShares {
        title = "Recovery shares";
        note = "People whom you trust can bring you back together if you lose everything. Each gets a share; as many as you choose open this account, and fewer know nothing at all. Your recovery kit stays what it is.";
        none = "Your recovery is not split.";
        list = "Who holds a share";
        needed = "{count} of {all} open this account together";
        since = "since {when}";
        sealed = "Not opened";
        opened = "Opened";
        opened_at = "opened {when}";
        opened_note = "Shares that were opened are no longer secret. Remove the split if you didn’t ask for them, and make a new one.";
        short_title = "Your shares can’t bring you back any more";
        short_text = "The people who hold them have deleted their accounts: {left} are left, and {count} would be needed. Remove the shares and split the recovery anew.";
        remove = "Remove the shares";
        remove_title = "Remove the recovery shares?";
        remove_text = "No share opens anything any more, whoever has it. Your account gets new keys, and all other sessions end.";
        removed = "The recovery shares are removed";
        split = "Split the recovery";
        split_lead = "Choose 2 to 8 people who don’t all know each other, and how many of them it takes.";
        who = "Person";
        who_hint = "The exact e-mail of anyone, or the name of a doctor here.";
        chosen = "Who gets a share";
        chosen_none = "Nobody yet. Choose two or more.";
        not_compared = "Key not compared";
        not_compared_note = "You have not compared everybody’s key yet. A share goes to whoever has the key: compare it under Contacts.";
        take_out = "Take out";
        threshold = "How many open the account together";
        threshold_hint = "Fewer than all, so that nobody has to be reached. More is safer against people who agree against you.";
        of = "{count} of {all}";
        means = "What this means";
        means_together = "So many of these people, if they agree, can open this account and everything in it, without any delay. You are told of each share that is opened, on every page here and by mail if this server sends any.";
        means_factor = "If you have a second factor, it is asked for as well.";
        means_server = "The server keeps the shares sealed and can read none of them.";
        split_do = "Split it among them";
        done = "The recovery is split";
        notice_title = "{name} opened their share of your recovery";
        notice_text = "That was {when}. If you didn’t ask for it, remove the shares now.";
        notice_link = "Look at the recovery shares";
        held = "Shares you hold";
        held_none = "Nobody gave you a share of their recovery.";
        held_text = "{count} of {all} shares open their account";
        held_refused = "A share that doesn’t fit";
        show = "Show my share";
        show_title = "Show your share of {name}’s recovery?";
        show_verify = "Do it only if {name} asked you, and you hear or see that it is {name}: call back on a number that you know, or meet. An e-mail or a message is not enough, whoever it seems to come from.";
        show_told = "{name} is told that you opened it.";
        share_title = "Your share of {name}’s recovery";
        share_lead = "Read it out to {name} and to nobody else. {count} shares open the account.";
        share_warn = "Together with others, this share opens the account of {name} and everything in it. Send it to nobody; don’t keep a copy.";
        share_how = "How {name} uses it";
        share_how_text = "On {link}, with the e-mail that {name} signs in with. Capital letters and spaces don’t matter.";
        copy = "Copy the share";
        hide = "Hide the share";
        page_title = "Recover with shares · HealthSecure";
        recover_title = "Recover with shares";
        recover_lead = "Ask the people who hold your recovery shares to read theirs out to you. Enough of them open your account.";
        email = "E-mail";
        number = "Share {number}";
        number_hint = "72 letters and digits. Capital letters, spaces and hyphens don’t matter.";
        another = "One more share";
        back = "I have a recovery kit";
        have = "I have shares from my contacts";
        length = "Share {at}: a share has 72 letters and digits, this one has {count}.";
        character = "Share {at}: sign number {place} occurs in no share.";
        mistyped = "Share {at} has a typing mistake. Have it read out again.";
        doubled = "Share {at} is there already. Each person’s share is another.";
        foreign = "Share {at} doesn’t belong to the first: it is of another account, or of an older split.";
        wrong = "Share {at} is not the one that was made for whoever read it out. Ask them again, or somebody else.";
        too_few = "{need} shares are needed, and these are {have}.";
        unknown = "These shares open nothing of this account: the e-mail is another, or the shares were removed.";
    }
}
