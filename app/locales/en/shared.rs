//! Shares that wait to be redeemed.

texts! {
    /// Shares that wait to be redeemed.
    Shared {
        title = "Shared with me";
        lead = "Shares that wait for their access code. Once redeemed they are in your reports.";
        list = "Shares";
        from = "From {name}";
        right_view = "to read";
        right_contribute = "to add versions";
        right_reshare = "to pass on";
        right_own = "to own";
        expires = "Expires";
        expired = "Expired";
        locked = "Locked";
        waiting = "Waiting for code";
        code = "Access code";
        code_hint = "{name} tells it to you, by phone or in person. Capitals, spaces and dashes don’t matter.";
        redeem = "Redeem";
        redeeming = "Checking the code on this device";
        wrong = "That code is wrong. {count} tries are left.";
        wrong_one = "That code is wrong. One try is left.";
        wrong_none = "That code is wrong, and it was the last try. The share is locked.";
        locked_text = "The code was wrong five times, so this share is locked. Nothing was opened.";
        expired_text = "This share ended {when}.";
        ask = "Ask for a new code";
        asked = "{name} was asked for a new code";
        asked_note = "Asked. {name} sees it at once and can share anew.";
        done = "Redeemed. The report is in your list.";
        open = "Open report";
        empty_title = "Nothing waits for you";
        empty = "A report that is shared with you with an access code waits here for it. Without a code, or once you have entered it, it is under Reports.";
        failed_title = "Shares can’t be loaded right now";
        arrived_any = "Somebody shared a report with you";
        arrived_open = "Show";
        code_requested = "Somebody asks for a new access code for a report you shared.";
        code_requested_open = "Open report";
        redeemed_toast = "A share of yours was redeemed";
    }
}
