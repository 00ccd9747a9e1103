//! Care teams.

texts! {
    /// Care teams.
    Teams {
        title = "Care teams";
        lead = "What is shared with a team opens to everybody in it. Who belongs to it is signed by its managers and checked in your browser.";
        failed = "Your teams can’t be loaded right now";
        none_title = "No team yet";
        none = "Make one, or wait until a manager invites you into theirs.";
        refused = "A team that doesn’t fit";
        create = "Make a team";
        create_name = "Name";
        create_hint = "Everybody here can find a team by its name. Name no patient in it.";
        created = "{name} was made. You are its manager.";
        members_1 = "1 member";
        members = "{count} members";
        members_of = "Members of {name}";
        manager = "Manager";
        invited = "Invited";
        left = "Has left";
        invite = "Invite a doctor";
        invite_title = "Invite a doctor into {name}";
        invite_who = "Doctor";
        invite_hint = "Name of a doctor here, or their exact e-mail.";
        invite_text = "Once {who} accepts, they can open everything that is shared with {team}, also what was shared before.";
        not_compared = "You have not compared this doctor’s key yet. If it isn’t theirs, somebody else could open what is shared with the team: compare it.";
        invite_done = "{who} was invited into {team}";
        make_manager = "Make manager";
        make_member = "Make member";
        manager_done = "{who} is a manager of {team} now";
        member_done = "{who} is a manager of {team} no more";
        remove = "Remove";
        remove_of = "Remove {who} from {team}";
        remove_title = "Remove {who} from {team}?";
        remove_access = "{who} can open nothing that is shared with {team} from this moment. What they have copied stays with them.";
        remove_keys = "The team gets a new key that they don’t have. What is shared with it is brought under that key now, and the owners’ programs give the reports new keys.";
        removed = "{who} was removed from {team}";
        removed_some = "{who} was removed. {count} reports are not under the new key yet; it is tried again when you next open HealthSecure.";
        accept = "Accept";
        accepted = "You belong to {team} now";
        decline = "Decline";
        leave = "Leave";
        leave_title = "Leave {team}?";
        leave_text = "You can open nothing that is shared with {team} from this moment. A manager can invite you again.";
        left_done = "You belong to {team} no more";
        rename = "Rename";
        rename_title = "Rename {team}";
        rename_name = "New name";
        renamed = "The team is called {name} now";
        dissolve = "Dissolve";
        dissolve_title = "Dissolve {team}?";
        dissolve_text = "{team} ends for everybody, you among them, and nobody can bring it back. What is shared with it opens to nobody by it from this moment. What members have copied stays with them.";
        dissolve_keys = "The owners’ programs take the access back and give the reports new keys. To leave the team to others, make one of them a manager instead.";
        dissolved = "{team} was dissolved";
        waits = "You are invited. Before you accept you get no key.";
        card_text = "Teams of doctors that reports are shared with as a whole.";
        share_with = "Share with a care team instead";
        share_person = "Share with a person instead";
        find = "Care team";
        find_hint = "The beginning of a word of its name.";
        find_go = "Find";
        found_none = "No team found.";
        found = "Teams found";
        share_change = "Choose another team";
        share_not_compared = "{count} of {all} keys not compared. A key that isn’t its owner’s could open what you share. Compare keys under Contacts, or share with people whose keys you compared.";
        share_members = "They can open it";
        share_done = "{name} finds it among their reports, all {count} members.";
        access_name = "Care team {name}";
        access_members = "Members now: {names}";
        access_dissolved = "The team was dissolved: nobody belongs to it any more";
        event_key = "brought the team’s access under its new key";
    }
}
