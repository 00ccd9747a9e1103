//! Sharing a report.

texts! {
    /// Sharing a report.
    Share {
        title = "Share this report";
        who = "Person";
        who_hint = "Name of a doctor here, or the exact e-mail of anyone.";
        search_short = "Type at least {min} letters.";
        searching = "Searching";
        none = "Nobody found. Doctors are found by name, everybody else only by their exact e-mail or their code.";
        results = "People found";
        scan = "Scan their code";
        change = "Choose another person";
        approved = "Confirmed by your organisation";
        not_approved = "Not yet confirmed by your organisation";
        key_verified = "You compared this person’s key";
        key_unverified = "You have not compared this person’s key yet; the code is longer because of it.";
        key_words = "Key words of {name}";
        key_compare = "Call {name} and compare these words. If they are the same, the key is theirs.";
        key_same = "The words are the same";
        address_unverified = "E-mail not verified";
        address_unverified_note = "Nobody has shown yet that they read the mail of this address. If it may be mistyped, or somebody else’s, compare keys first.";
        right = "Right";
        right_view = "Read";
        right_view_text = "Open the report and its files.";
        right_contribute = "Add versions";
        right_contribute_text = "Read, and add newer versions.";
        right_reshare = "Pass on";
        right_reshare_text = "Read, add versions, and share it further.";
        purpose = "Purpose";
        purpose_hint = "Shown to them and to everyone who has access.";
        purpose_treatment = "Treatment";
        purpose_second_opinion = "Second opinion";
        purpose_referral = "Referral";
        purpose_billing = "Billing";
        expiry = "Access ends";
        expiry_1h = "in 1 hour";
        expiry_24h = "in 24 hours";
        expiry_7d = "in 7 days";
        expiry_30d = "in 30 days";
        expiry_never = "never";
        expiry_code = "With an access code at most 30 days.";
        code = "Protect with an access code";
        code_hint = "They need the code and their own key. Tell it to them by phone or in person, not in the same message.";
        submit = "Share report";
        sharing = "Sealing the key for {name}";
        done = "Report shared";
        done_open = "{name} finds it among their reports.";
        done_with = "{name} finds it under Shared with me.";
        code_title = "Access code";
        code_once = "It is shown only now. {name} enters it once; five wrong tries lock it.";
        code_expires = "Expires";
        code_expires_24 = "Expires in 24 hours";
        code_expires_1 = "Expires in 1 hour";
        qr = "The access code as QR code";
        done_close = "Done";
        self_share = "That is you.";
    }
}
