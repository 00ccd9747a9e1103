//! The public front page.

texts! {
    /// The public front page.
    Landing {
        page_title = "HealthSecure: health reports that only the right people can open";
        description = "Share health reports end-to-end encrypted. The server that stores them can’t read them.";
        title = "Health reports that only the right people can open.";
        lead = "Reports are locked in your browser before they leave it, and unlocked only by the people you name. The server that stores them can’t read a word.";
        sign_in = "Sign in";
        create = "Create account";
        proof_open = "What you and your doctor read";
        proof_sealed = "What the server holds";
        sample_report = "Report";
        sample_report_value = "Cardiology follow-up";
        sample_patient = "Patient";
        sample_patient_value = "Amara Lindqvist";
        sample_diagnosis = "Diagnosis";
        sample_diagnosis_value = "Paroxysmal atrial fibrillation";
        sample_plan = "Treatment";
        sample_plan_value = "Apixaban 5 mg twice daily, ECG in 3 months";
        sample_file = "Files";
        sample_file_value = "ecg-2026-03-14.pdf, holter.dcm";
        knows_title = "What the server can and can’t see";
        never_title = "Never";
        never_1 = "Diagnosis, treatment, prescription, or any file’s content";
        never_2 = "A report’s title, the patient’s name and number, file names";
        never_3 = "Your password, your recovery kit, your keys";
        never_4 = "Access codes";
        does_title = "It does see";
        does_1 = "Names, e-mail addresses and roles of accounts";
        does_2 = "Who shares with whom, when, and how large it is";
        does_3 = "Who opened what and when: that is the audit you can read";
        steps_title = "How a report travels";
        step_1_title = "Seal";
        step_1 = "Fill in the report, add files of any kind. Your browser encrypts everything before the upload begins.";
        step_2_title = "Share";
        step_2 = "Pick a doctor by name and hand over a short access code. It works once, for that doctor, and expires in 24 hours.";
        step_3_title = "Stay in charge";
        step_3 = "See who has access and who opened it. One tap on your Access page revokes it: the page closes on their side and the keys change.";
        foot = "End-to-end encrypted with published standards. Open source.";
        foot_api = "For programs: API";
    }
}
