//! Alarms of the public log of keys.

texts! {
    /// Alarms of the public log of keys.
    Alarms {
        banner_title = "Share nothing for now: a key is in doubt";
        banner_one = "The public log of keys has an entry about you, or somebody you know, that their own devices did not make. Somebody else could read what is shared from now on.";
        banner_link = "Read what it means and what to do";
        title = "Alarms";
        lead = "Every account’s keys and e-mail address stand in a public log, so that nobody can exchange them unseen. This program reads every new entry and compares it with what your own devices made and with what it was given before.";
        none = "No alarm. Every entry that concerns you is as it should be.";
        left = "Entries of the log that are not read yet: {left}. They are read while this page is open; what they say of you or of people you know is not noticed before.";
        not_yet = "The log is being read. What it says of you or of people you know shows in a moment.";
        unread = "The log could not be read, so nobody knows whether somebody else’s key was entered for you or for people you know. It is tried again while this page is open.";
        unread_title = "The public log of keys can’t be read";
        unread_notice = "Nobody knows what stands there by now: an exchanged key would not be noticed. It is tried again while this page is open.";
        list = "Alarms";
        entry = "Entry {leaf} of the log";
        own_key = "Keys were added to your account that none of your devices made (number {epoch}). Somebody who has your old keys, or the server, may be about to read what others seal to you.";
        own_address_other = "Your e-mail address was bound to another account. People who look you up by it may be shown that account in place of yours.";
        own_address_again = "Your e-mail address was bound to your account a second time. None of your devices did that.";
        others_key = "The log has other keys of the account {account} than you were given (number {epoch}). They may be shown to you and to others differently.";
        more = "Further entries that should not be there either, up to this one: {count}. There are more than are kept one by one, so these are only counted.";
        what_to_do = "What to do";
        step_share = "Share nothing until this is clear, and tell the people who share with you.";
        step_ask = "Ask your administrator in person, not through this page. Give them the number of the entry: anyone can read it in the public log.";
        step_compare = "Compare keys in person again with whom it concerns.";
        acknowledge = "I have read this";
        acknowledged = "Read";
        stays = "What you have read stays in this list; only the message on every page goes.";
        refused = "The log of keys was refused";
    }
}
