//! Contacts: keys that were seen, and comparing them.

texts! {
    /// Contacts: keys that were seen, and comparing them.
    Contacts {
        title = "Contacts";
        lead = "Everybody whose key your account remembers. A key that changes without an explanation is refused, and you see it here.";
        people = "People";
        failed = "Your contacts couldn’t be looked up";
        none_title = "Nobody yet";
        none = "People appear here when you first share with them, receive from them or compare keys.";
        compare = "Compare key";
        compare_title = "Compare the key of {name}";
        new_keys = "New keys on {when}, signed by the ones before";
        new_keys_again = "New keys {times} times, last on {when}, each signed by the ones before";
        since_compared = "New keys since you compared";
        compare_again = "They signed that these keys are theirs with the ones that you compared. So could somebody who had stolen those: compare again to be sure.";
        gone = "Somebody you have no report in common with any more";
        refused = "Keys that don’t fit";
        refused_why = "The server shows other keys for this person than those your account remembers, and nothing that their owner signed leads from the old to the new. Nothing is shared with them and nothing of theirs is opened. That can be an attack; it is not something that waiting mends.";
        step_stop = "Don’t send them anything by another way that you would have shared here.";
        step_ask = "Ask them, by a way that doesn’t go through this server, whether they made a new account.";
        step_tell = "Tell your administrator, with the id below.";
        meet = "Somebody is with you";
        meet_note = "Scan the code that they show under Contacts on their own screen, and say that it was theirs: then their key is compared. Without a camera, find them and have them read out the words of their key.";
        by_words = "Compare by words";
        by_words_title = "Whose words?";
        self_scan = "This is your own code. Scan theirs, or let them scan yours.";
    }
}
