//! `/api/v1/account/phone` and `/api/v1/sign-in/phone`: a number that gets one-time codes by text message. Whoever takes the
//! number over gets them too, so it is the weaker second factor, and no code opens a report.

use crate::{UnixMillis, body, second_factors::SecondFactorProof, sessions::Carrier};

body! {
    /// `POST /account/phone`: sends a code to a number that is to become the account's.
    pub struct AddPhone {
        /// With its country's code, `+49 151 23456789` (E.164); spaces, hyphens, dots and brackets don't matter.
        pub number: String,
    }
}

body! {
    /// A code is on its way. It counts once, for ten minutes and five tries; one asked for later voids it.
    pub struct PhoneCodeSent {
        /// The last two digits of the number.
        pub ending: String,
        /// When the code ends.
        pub expires_at: UnixMillis,
    }
}

body! {
    /// `POST /account/phone/verify`: the number is the account's from now on, in the place of one before.
    pub struct VerifyPhone {
        /// The code that was sent.
        pub code: String,
    }
}

body! {
    /// `PUT /account/phone`: what the number is used for.
    pub struct UsePhone {
        /// Its codes are a second factor, the weaker one.
        pub second_factor: bool,
        /// Its codes sign in, to a session that is locked. Not for administrators.
        pub sign_in: bool,
    }
}

body! {
    /// An account's number.
    pub struct Phone {
        /// As verified (E.164). Only its holder sees the whole of it.
        pub number: String,
        /// Whether its codes are a second factor.
        pub second_factor: bool,
        /// Whether its codes sign in.
        pub sign_in: bool,
        /// When it was verified.
        pub verified_at: UnixMillis,
        /// When a code of it was last used to sign in, or as a second factor.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub last_used_at: Option<UnixMillis>,
    }
}

body! {
    /// `GET /account/phone`.
    pub struct OwnPhone {
        /// Absent where there is none.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub phone: Option<Phone>,
    }
}

body! {
    /// `POST /sign-in/phone/start`. The answer is the same whether or not the number signs in to an account.
    pub struct StartPhoneSignIn {
        /// As in `POST /account/phone`.
        pub number: String,
    }
}

body! {
    /// If the number signs in to an account, a code is on its way. A cookie binds it to this browser.
    pub struct PhoneSignInStarted {
        /// When the code ends.
        pub expires_at: UnixMillis,
    }
}

body! {
    /// `POST /sign-in/phone`. Answers with `SignedIn`; a session of the same account that the request carries ends.
    pub struct PhoneSignIn {
        /// The code that was sent.
        pub code: String,
        /// Where the account has one other than the phone. Without it such a sign-in is answered by
        /// `second_factor_required`, and waits for the same request with it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub second_factor: Option<SecondFactorProof>,
        /// How the session is carried.
        pub carrier: Carrier,
        /// What the session is called in the list.
        pub device: String,
    }
}

body! {
    /// The phone as a second factor, beside `second_factor_required`.
    pub struct PhoneFactor {
        /// The last two digits of the number.
        pub ending: String,
        /// Whether a code was just sent, as the request asked.
        pub sent: bool,
    }
}
