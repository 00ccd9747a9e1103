//! Names of audited actions.

texts! {
    /// Names of audited actions.
    Actions {
        sign_up = "Account created";
        sign_in = "Signed in";
        sign_out = "Signed out";
        recover = "Opened with recovery kit";
        approve = "Account approved";
        refuse = "Account refused";
        invite = "Invitation made";
        invitation_change = "Invitation used or withdrawn";
        look_up = "Looked somebody up";
        account_change = "Own account changed";
        list = "Reports listed";
        read = "Report looked at";
        open = "Report opened";
        create = "Report or version written";
        share = "Report shared";
        redeem = "Code tried";
        claim = "Report taken over";
        revoke = "Access revoked";
        rekey = "Keys changed";
        erase = "Report erased";
        team_key = "Brought under a team’s new key";
        team_create = "Care team made";
        team_roster = "Members of a care team changed";
        team_join = "Care team joined";
        team_leave = "Care team left or declined";
        draft_save = "Draft saved";
        draft_delete = "Draft deleted";
        upload = "Upload";
        audit_read = "Audit read";
        system = "System";
    }
}
