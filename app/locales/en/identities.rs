//! Identity providers.

texts! {
    /// Identity providers.
    Identities {
        go = "Continue with {name}";
        working = "Signing you in";
        locked = "The identity provider signed you in. It doesn’t have what opens your reports: for that enter your password.";
        chosen = "{name} confirmed your address {email}";
        chosen_text = "Now choose the password that opens your reports. {name} never gets it, and can’t open them.";
        other_address = "Your invitation is for another e-mail address than the one that was verified there. Go on with the address it is for, or ask for an invitation for the other.";
        without = "Begin again without it";
        denied = "You were not signed in: it was declined there. Nothing was changed.";
        unavailable = "The identity provider can’t be reached right now. Nothing was lost; sign in with your password, or try again later.";
        mismatch = "This answer belongs to no sign-in that was begun in this browser. Begin again here.";
        expired = "That took too long, or was used already. Begin again here.";
        refused = "The identity provider’s answer could not be verified, so you were not signed in. If it happens again, tell your administrator.";
        unverified = "The identity provider has not verified your e-mail address. If you have an account here, sign in with your password and link it under Settings, Security.";
        not_linked = "There is an account with this e-mail address already. Sign in with your password, and link the identity provider under Settings, Security.";
        taken = "That identity signs in to another account here.";
        title = "Identity providers";
        note = "Sign in with an account that you have elsewhere. It only says who you are: your reports still open with your password or a passkey, and your second factor is still asked for.";
        none = "None is linked.";
        list = "Linked identities";
        added = "linked {when}";
        link = "Link {name}";
        link_title = "Link {name}?";
        link_who = "{name} says that this browser’s user is {who} there. Whoever signs in there as that is signed in to your account here from now on.";
        link_unnamed = "somebody whose address and name it doesn’t tell";
        link_whose = "If that isn’t you, somebody else is still signed in there in this browser: cancel, sign out there, and begin again.";
        link_confirm = "Yes, link it";
        linked = "The identity is linked; it signs you in from now on";
        remove_title = "Remove {name}?";
        remove_text = "It can’t sign you in any more. Sessions that are open stay open; you can end them under Sessions.";
        removed = "{name} is removed";
    }
}
