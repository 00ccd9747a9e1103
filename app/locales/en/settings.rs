//! Settings.

texts! {
    /// Settings.
    Settings {
        title = "Settings";
        tabs = "Settings";
        tab_account = "Account";
        tab_sessions = "Sessions and devices";
        profile = "Profile";
        name = "Full name";
        email = "E-mail";
        role = "Role";
        id = "Account ID";
        copy_id = "Copy ID";
        confirmed = "Confirmed by your organisation";
        unconfirmed = "Not yet confirmed by your organisation";
        address = "E-mail address";
        address_verified = "Verified";
        address_verified_note = "You confirmed that you read its mail:";
        address_unverified = "Not verified";
        address_note = "Open the link that was mailed to this address, within 24 hours. People who share with you by e-mail see whether the address is verified.";
        address_send = "Send the link again";
        address_sent = "A link is on its way to {email}";
        key = "Your key in words";
        key_note = "Others compare these words with you, by phone or in person, to be sure that a key is yours. They are no secret.";
        key_copy = "Copy words";
        theme = "Theme";
        theme_system = "As the device";
        theme_system_text = "Follows light and dark of your device.";
        theme_light = "Light";
        theme_light_text = "Always light.";
        theme_dark = "Dark";
        theme_dark_text = "Always dark.";
        vault = "Lock";
        vault_note = "Locks by itself when nobody uses the page for a while. Locking wipes the keys and everything opened from this page; you stay signed in.";
        lock_after = "Lock after";
        lock_minutes = "{minutes} min without use";
        lock_now = "Lock now";
        cache = "Sealed copy on this device";
        cache_note = "To open your list quickly, this browser keeps a copy of it, sealed with your key. Without your password it is unreadable.";
        cache_clear = "Remove the copy";
        cache_cleared = "The copy was removed";
        sessions_title = "Sessions and devices";
        sessions_lead = "Where your account is signed in. A session alone opens nothing: reports also need your password.";
        sessions = "Sessions";
        current = "This one";
        carrier_bearer = "Program";
        place_machine = "on the server’s own machine";
        place_here = "on the network you are on now";
        place_local = "on another local network";
        place_internet = "from another network";
        session_began = "New sign-in: {device}, {place}. If that wasn’t you, end it and change your password.";
        session_began_any = "Your account was just signed in somewhere else. If that wasn’t you, end that session and change your password.";
        session_show = "Sessions";
        carrier_cookie = "Browser";
        seen = "last used {when}";
        began = "began {when}";
        end = "Sign out";
        ended = "{device} is signed out";
        end_all = "Sign out all others";
        end_all_title = "Sign out all other sessions?";
        end_all_text = "{count} other sessions end at once; pages that are open there close. Nothing stored is lost.";
        end_all_stay = "Programs that you gave a token, and devices that send in your name, go on. End them under";
        ended_all = "All other sessions are signed out";
        failed = "This can’t be loaded right now";
    }
}
