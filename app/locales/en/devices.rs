//! Devices that send.

texts! {
    /// Devices that send.
    Devices {
        tab = "Devices that send";
        title = "Devices that send";
        lead = "For machines that hand in reports on their own: a laboratory’s analyser, a scale at home. A device sends in your name, sealed to the patient and to you, and reads nothing, not even what it sent.";
        administrators = "Administrators take no part in reports, so they have no devices.";
        list = "Devices that send";
        none = "You have none.";
        add = "Add a device";
        add_title = "New device";
        name = "Name";
        name_hint = "Readers of its reports see it beside your name, for instance \"Laboratory, analyser 2\".";
        ends_in = "Ends in";
        make = "Make the device";
        shown_title = "Your new device";
        made = "{name} is made";
        shown_lead = "This is the only time that its file is shown, and no copy is kept. Whoever has it sends in your name, so bring it to the machine yourself and keep it nowhere else.";
        file = "The device’s file";
        file_name = "device.json";
        copy = "Copy the file";
        save = "Save the file";
        saved = "The file is saved";
        not_saved = "The file could not be saved. Copy it instead.";
        how = "On the machine: hs send --device FILE --for PATIENT-EMAIL REPORT-FILES";
        kept = "The machine has it";
        created = "made {when}";
        ends = "ends {when}";
        expired = "ended {when}";
        ended = "ended with a change of your password or keys";
        sent = "last sent {when}";
        unsent = "never sent";
        remove = "Remove";
        remove_title = "Remove {name}?";
        remove_text = "It sends nothing any more, at once. What it sent stays with its patients and with you.";
        removed = "{name} is removed";
    }
}
