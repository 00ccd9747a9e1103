//! Witnesses of the public log.

texts! {
    /// Witnesses of the public log.
    Witnesses {
        tab = "Witnesses";
        title = "Witnesses of the public log";
        lead = "The server writes every access to a public log. A witness is somebody else’s server that vouches for that log and never for two that contradict each other. This browser can ask for witnesses whom you trust, so that even the server’s operator can’t show you another log than everybody else.";
        none = "No witness is asked for";
        now = "{required} of {known} witnesses have to vouch";
        ask = "Which witnesses this browser asks for";
        keys = "Keys of witnesses";
        keys_hint = "One key on each line, as the witness publishes it: name+id+key. Take it from the witness, not from this server.";
        required = "How many have to vouch";
        required_hint = "Leave it empty for all of them; 0 asks for none.";
        save = "Save";
        saved = "This browser asks for these witnesses from now on";
        saved_none = "This browser asks for no witness";
        not_a_number = "This has to be a whole number.";
        wrong = "Nothing was changed: {why}.";
        key_wrong = "Nothing was changed. “{key}” can’t be used: {why}.";
        too_few = "Nothing was changed: {found} of the {required} witnesses that you require vouch for the log as it is now. With that, this browser would open nothing any more.";
        few = "If too few vouch";
        few_text = "The session is stopped as soon as the log is looked at: keys are wiped from the page, nothing more is opened, and you can save evidence of what the server showed. Each later unlocking looks again, and goes on once enough of them vouch.";
        few_out = "The setting holds for this browser alone. If your witnesses are gone for good, remove this site’s data in the browser’s settings: that also forgets what this browser has seen of the log.";
    }
}
