//! The made-up clinic: people and reports. Nobody here exists; values are plausible for the finding described.

/// A person of the clinic.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// Full name.
    pub name: &'static str,
    /// Sign-in e-mail.
    pub email: &'static str,
}

/// The administrator.
pub const ADMINISTRATOR: Member = Member { name: "Ines Hartmann", email: "admin@clinic.example" };

/// Approved doctors.
pub const DOCTORS: [Member; 3] = [
    Member { name: "Dr. Amara Okafor", email: "okafor@clinic.example" },
    Member { name: "Dr. Jonas Lindqvist", email: "lindqvist@clinic.example" },
    Member { name: "Dr. Mei-Ling Tan", email: "tan@clinic.example" },
];

/// A doctor who still waits for approval.
pub const WAITING: Member = Member { name: "Dr. Paul Brenner", email: "brenner@clinic.example" };

/// Patients with accounts.
pub const PATIENTS: [Member; 3] = [
    Member { name: "Sofia Marques", email: "sofia@patients.example" },
    Member { name: "Tomasz Zieliński", email: "tomasz@patients.example" },
    Member { name: "Ruth Adeyemi", email: "ruth@patients.example" },
];

/// A report to write.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// Index into [`DOCTORS`].
    pub doctor: usize,
    /// Index into [`PATIENTS`]; `None` for the patient who has no account yet.
    pub patient: Option<usize>,
    /// Sealed report number.
    pub number: &'static str,
    /// Patient's name as written.
    pub patient_name: &'static str,
    /// Patient's id in the practice.
    pub patient_id: &'static str,
    /// Kind.
    pub kind: &'static str,
    /// Title.
    pub title: &'static str,
    /// Diagnosis.
    pub diagnosis: &'static str,
    /// Treatment plan.
    pub treatment_plan: &'static str,
    /// Prescription.
    pub prescription: &'static str,
    /// Lines of the attached sheet.
    pub sheet: &'static [&'static str],
}

/// The reports, oldest first.
pub const CASES: [Case; 8] = [
    Case {
        doctor: 0,
        patient: Some(0),
        number: "LAB-2026-0412",
        patient_name: "Sofia Marques",
        patient_id: "P-10231",
        kind: "Laboratory",
        title: "Iron studies and full blood count",
        diagnosis: "Iron deficiency anaemia (D50.9). No sign of ongoing blood loss.",
        treatment_plan: "Oral iron on alternate days for 12 weeks. Repeat full blood count and ferritin after 8 weeks. \
                         Gastroenterology referral if haemoglobin has not risen by 20 g/L.",
        prescription: "Ferrous sulfate 200 mg, one tablet every second morning on an empty stomach.",
        sheet: &[
            "Haemoglobin            98 g/L      (120 - 150)   low",
            "MCV                    74 fL       (80 - 100)    low",
            "Ferritin                6 ug/L     (15 - 150)    low",
            "Transferrin sat.        8 %        (16 - 45)     low",
            "Platelets             412 x10^9/L  (150 - 400)   high",
            "CRP                     2 mg/L     (< 5)",
        ],
    },
    Case {
        doctor: 0,
        patient: Some(1),
        number: "VIS-2026-0438",
        patient_name: "Tomasz Zieliński",
        patient_id: "P-10077",
        kind: "Consultation",
        title: "Hypertension review",
        diagnosis: "Essential hypertension (I10), not at target: home average 152/94 mmHg over seven days.",
        treatment_plan: "Add a calcium channel blocker. Salt below 5 g a day, walking 30 minutes on five days. \
                         Home readings for two weeks, then review.",
        prescription: "Ramipril 5 mg once daily (continued). Amlodipine 5 mg once daily (new).",
        sheet: &[
            "Home readings, mean of two per session",
            "Mon  154/96   151/93      Tue  149/92   155/95",
            "Wed  152/94   150/94      Thu  158/97   149/91",
            "Fri  151/93   153/95      Sat  150/92   152/94",
            "Sun  153/94   151/93      Mean 152/94 mmHg",
        ],
    },
    Case {
        doctor: 1,
        patient: Some(0),
        number: "RAD-2026-1190",
        patient_name: "Sofia Marques",
        patient_id: "P-10231",
        kind: "Radiology",
        title: "Ultrasound of the abdomen",
        diagnosis: "Normal liver, spleen and kidneys. Gallbladder with one 4 mm polyp, no stone.",
        treatment_plan: "Repeat ultrasound in 12 months. No action needed before.",
        prescription: "None.",
        sheet: &[
            "Liver        14.1 cm, homogeneous, smooth outline",
            "Gallbladder  wall 2 mm, polyp 4 mm, no stones",
            "Spleen       10.6 cm",
            "Kidneys      right 10.9 cm, left 11.2 cm, no dilatation",
        ],
    },
    Case {
        doctor: 2,
        patient: Some(2),
        number: "END-2026-0204",
        patient_name: "Ruth Adeyemi",
        patient_id: "P-10418",
        kind: "Consultation",
        title: "Type 2 diabetes, annual review",
        diagnosis: "Type 2 diabetes (E11.9), HbA1c 58 mmol/mol. Feet and eyes without findings.",
        treatment_plan: "Raise metformin, add an SGLT2 inhibitor because of microalbuminuria. HbA1c in three months.",
        prescription: "Metformin 1,000 mg twice daily. Empagliflozin 10 mg once daily.",
        sheet: &[
            "HbA1c                  58 mmol/mol (< 48)        high",
            "eGFR                   84 mL/min   (> 60)",
            "Urine ACR             4.8 mg/mmol  (< 3)         high",
            "LDL cholesterol       2.1 mmol/L   (< 2.6)",
        ],
    },
    Case {
        doctor: 1,
        patient: Some(1),
        number: "CAR-2026-0333",
        patient_name: "Tomasz Zieliński",
        patient_id: "P-10077",
        kind: "Cardiology",
        title: "Resting ECG and echocardiogram",
        diagnosis: "Sinus rhythm 68/min. Mild concentric left ventricular hypertrophy, ejection fraction 61 %.",
        treatment_plan: "Control of blood pressure as planned. Echocardiogram again in two years.",
        prescription: "No change.",
        sheet: &[
            "Rate 68/min   PR 168 ms   QRS 92 ms   QTc 418 ms",
            "Septum 12 mm   Posterior wall 12 mm   LVEDD 48 mm",
            "Ejection fraction (biplane) 61 %",
        ],
    },
    Case {
        doctor: 0,
        patient: Some(2),
        number: "LET-2026-0871",
        patient_name: "Ruth Adeyemi",
        patient_id: "P-10418",
        kind: "Discharge letter",
        title: "Discharge after community-acquired pneumonia",
        diagnosis: "Community-acquired pneumonia, right lower lobe (J18.1), CURB-65 score 1.",
        treatment_plan: "Finish antibiotics at home. Chest X-ray in six weeks. Pneumococcal vaccine once well.",
        prescription: "Amoxicillin 1 g three times daily for two more days.",
        sheet: &[
            "Admission   temp 38.9   SpO2 91 %   CRP 184 mg/L",
            "Discharge   temp 36.8   SpO2 96 %   CRP 41 mg/L",
            "Blood cultures: no growth after five days",
        ],
    },
    Case {
        doctor: 2,
        patient: Some(0),
        number: "END-2026-0219",
        patient_name: "Sofia Marques",
        patient_id: "P-10231",
        kind: "Laboratory",
        title: "Thyroid function",
        diagnosis: "Thyroid function normal. Antibodies negative.",
        treatment_plan: "No treatment. Repeat only with new symptoms.",
        prescription: "None.",
        sheet: &[
            "TSH                   1.9 mU/L     (0.4 - 4.0)",
            "Free T4                15 pmol/L   (10 - 22)",
            "TPO antibodies       < 9 kIU/L     (< 34)",
        ],
    },
    Case {
        doctor: 1,
        patient: None,
        number: "VIS-2026-0502",
        patient_name: "Henrik Solberg",
        patient_id: "P-10560",
        kind: "Consultation",
        title: "Low back pain",
        diagnosis: "Non-specific low back pain (M54.5), no red flags.",
        treatment_plan: "Stay active, physiotherapy for six weeks, review if weakness or numbness appears.",
        prescription: "Ibuprofen 400 mg up to three times daily with food, for at most ten days.",
        sheet: &["Straight leg raise negative on both sides", "Power 5/5, reflexes equal, sensation intact"],
    },
];
