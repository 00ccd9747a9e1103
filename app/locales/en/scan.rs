//! Scanning the code of a key.

texts! {
    /// Scanning the code of a key.
    Scan {
        title = "Scanner";
        stop = "Stop scanning";
        asking = "Your browser asks whether this page may use the camera.";
        looking = "Hold the code before the camera. Nothing found yet.";
        view = "What the camera sees";
        absent = "There is no camera that this page may use. Choose a picture of the code instead.";
        denied = "The camera was not allowed. Allow it in the browser’s settings for this page, or choose a picture of the code.";
        busy = "The camera doesn’t start; perhaps another program uses it. Close that and try again, or choose a picture of the code.";
        paused = "The camera was turned off while this page was hidden.";
        start = "Turn the camera on";
        picture = "Choose a picture of the code";
        reading = "Reading the picture";
        no_picture = "This file can’t be opened as a picture. Choose a photo or a screenshot of the code.";
        nothing = "There is no code in this picture that can be read. Choose one in which the whole code is sharp.";
        foreign = "This is not the code of a HealthSecure key. Theirs is under Settings, below \"Your key in words\".";
        damaged = "This code is incomplete. Ask them to show it anew.";
        note = "Pictures are read in this browser and go nowhere.";
        searching = "Looking for the account behind this code";
        none = "No account here has this code now. Ask them to show it anew under Settings: it changes with their keys.";
        not_patient = "{name} is not a patient here. A report belongs to a patient’s account, or to you until they have one.";
        own_note = "Found by their code. A picture of a code can come from anyone: only say so if you scanned it from {name}’s own screen.";
        own_screen = "I scanned it from their own screen";
        theirs = "Scan their code";
        theirs_note = "Or scan the code from {name}’s own screen, under Settings. Not from a picture that somebody sent.";
        mismatch_title = "This is not the key you were given for {name}";
        mismatch = "Nothing was marked as compared. Make sure that the code is on {name}’s own screen, now. If it still differs, don’t share with them: somebody may stand between you. Tell your administrator.";
    }
}
