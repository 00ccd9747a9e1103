//! Versions of a report: changing it, comparing, bringing back.

texts! {
    /// Versions of a report.
    Versions {
        edit = "Edit";
        edit_title = "Change the report";
        edit_lead = "What you save is a new version. The versions before stay as they are, and everybody who may open the report sees both.";
        back = "Report";
        nothing_yet = "Nothing changed yet";
        changes_kept = "Your changes are kept, sealed";
        save = "Save as a new version";
        saved = "Version {version} is saved";
        save_note = "Sealed in this browser for everybody whose access covers it. Files that you don’t change are not uploaded again.";
        discard = "Discard changes";
        discard_title = "Discard your changes?";
        discard_text = "What you changed since version {version}, and what you uploaded for it, goes. The report and its versions stay.";
        discarded = "Changes discarded";
        file_kept = "Unchanged";
        file_remove_text = "The next version will be without it. The versions before keep it.";
        moved_title = "{name} saved version {version} {when}";
        moved = "Nothing was overwritten, and your changes are kept. Here is what both of you changed since version {base}; bring it together, look over it, and save it as the next version.";
        moved_alone = "Somebody saved a version of this report meanwhile.";
        theirs = "Version {version}, by {name}";
        mine = "Your changes";
        only_theirs = "You didn’t change this: their text is taken.";
        only_mine = "They didn’t change this: your text stays.";
        alike = "Both of you wrote the same.";
        whose = "Whose text counts for “{field}”?";
        take_theirs = "Theirs";
        take_mine = "Mine";
        their_files = "Files that they changed";
        merge = "Bring both together";
        typed_since = "You typed in one of these fields since. Look at both once more.";
        merged = "Both are together now. Look over it, then save it.";
        unchanged = "Nothing is different from the newest version.";
        newest_unseen = "Your access does not cover the newest version of this report, so you can’t save one behind it.";
        older = "You are reading version {version}; version {newest} is newer";
        older_show = "Show the newest version";
        newer_unseen = "There is a newer version that your access does not cover";
        newer_ask = "What stands here may have been corrected since. Ask whoever shared it with you.";
        no_edit_title = "You can’t change this report";
        title = "Versions";
        lead = "Every save is a version, signed by its author. None is ever overwritten.";
        list = "Versions";
        all = "All versions, compare, restore";
        newest = "Newest";
        files_one = "1 file";
        files = "{count} files";
        rekeyed = "re-sealed {count} times";
        compare = "Compare";
        compare_lead = "What is marked differs.";
        compare_before = "This version";
        compare_after = "with this one";
        compare_with_before = "Compare with the one before";
        version = "Version {version}";
        same = "These two versions hold the same fields and files.";
        fields_same = "The fields are the same.";
        files_same_one = "1 file is the same in both.";
        files_same = "{count} files are the same in both.";
        one_alone = "There is only one version so far.";
        added = "Added: {name} ({size})";
        removed = "Taken out: {name} ({size})";
        changed = "Changed: {name} ({before}, then {after})";
        renamed = "Renamed: {before} is {after} now";
        empty = "(empty)";
        restore = "Restore";
        restore_title = "Restore version {version}?";
        restore_text = "Its fields and files become version {next}. The versions in between stay, and nothing is deleted.";
        restored = "Version {version} is restored, as version {next}";
        restores = "Restores version {version}";
        draft = "Changes to version {version}";
    }
}
