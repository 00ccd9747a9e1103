//! Emergency contacts.

use super::Words;

pub(super) const EMERGENCY_CONTACT_ADDED: Words = (
    "{organisation}: an emergency contact was added",
    "Since {when} somebody is an emergency contact of your account: they\n\
     may ask to open it, and can after the delay that was set, unless you refuse.\n\n",
);

pub(super) const EMERGENCY_CONTACT_REMOVED: Words = (
    "{organisation}: an emergency contact was removed",
    "An emergency contact of your account was removed on {when}, and can't open\n\
     it any more. All other sessions have ended.\n\n",
);

pub(super) const EMERGENCY_OFFERED: Words = (
    "{organisation}: somebody trusts you as an emergency contact",
    "Somebody would like you to be able to open their account in an emergency.\n\
     Who it is shows after you have signed in:\n{origin}/trusted\n\n",
);

pub(super) const EMERGENCY_ASKED: Words = (
    "{organisation}: an emergency contact asks to open your account",
    "On {when} one of your emergency contacts asked to open your\n\
     account. If you do nothing, they can once the delay that you set has run: they\n\
     set a new password then and see everything that you see.\n\n\
     If you are well and don't want that, sign in and refuse:\n{origin}/settings/security\n\n",
);

pub(super) const EMERGENCY_REMINDER: Words = (
    "{organisation}: an emergency contact waits to open your account",
    "One of your emergency contacts asked to open your account. The delay that you\n\
     set is running out, or has run out.\n\n\
     If you don't want it, sign in and refuse now:\n{origin}/settings/security\n\n",
);

pub(super) const EMERGENCY_REFUSED: Words = (
    "{organisation}: your emergency access was refused",
    "The account that you asked to open as an emergency contact stays closed: its\n\
     owner refused on {when}.\n\n",
);

pub(super) const EMERGENCY_OPEN: Words = (
    "{organisation}: your emergency access is open",
    "The delay has run, and nobody refused. What you can do now shows after you\n\
     have signed in:\n{origin}/trusted\n\n",
);

pub(super) const EMERGENCY_WORDS_GIVEN: Words = (
    "{organisation}: an emergency contact has the words for your account",
    "On {when} one of your emergency contacts was given the words that\n\
     open your account. Until they use them you can refuse, and should remove them as\n\
     a contact then:\n{origin}/settings/security\n\n",
);

pub(super) const EMERGENCY_USED: Words = (
    "{organisation}: an emergency contact opened your account",
    "One of your emergency contacts opened your account on {when} and\n\
     set a new password. All other sessions have ended. Your recovery kit is still\n\
     good: with it you set a password of your own again.\n\n",
);
