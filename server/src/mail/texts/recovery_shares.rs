//! Recovery shares among contacts.

use super::Words;

pub(super) const RECOVERY_SPLIT_MADE: Words = (
    "{organisation}: your recovery was split among contacts",
    "On {when} the recovery of your account was split among people\n\
     whom you chose. As many of them as you set can open your account together; fewer\n\
     can't. You are told of each share that is opened.\n\n",
);

pub(super) const RECOVERY_SPLIT_REMOVED: Words = (
    "{organisation}: your recovery shares were removed",
    "On {when} the recovery shares of your account were removed. They\n\
     open nothing any more. All other sessions have ended.\n\n",
);

pub(super) const RECOVERY_SHARE_GIVEN: Words = (
    "{organisation}: somebody gave you a recovery share",
    "Somebody would like you to help them back into their account, should they lose\n\
     everything: together with others whom they chose. Who it is shows after you have\n\
     signed in:\n{origin}/trusted\n\n\
     Tell your share to nobody but them, and only when you hear or see that it is them.\n\n",
);

pub(super) const RECOVERY_SHARE_OPENED: Words = (
    "{organisation}: a recovery share of your account was opened",
    "On {when} one of the people who hold your recovery shares opened\n\
     theirs. Enough shares together open your account. If nobody should, sign in,\n\
     remove the shares, and make new ones: one that was opened is no secret any more.\n\
     {origin}/settings/security\n\n",
);

pub(super) const RECOVERY_SHARES_USED: Words = (
    "{organisation}: your account was opened with recovery shares",
    "On {when} your account was opened with the shares of people whom\n\
     you chose, and a new password was set. All other sessions have ended, and the\n\
     shares are used up. Your recovery kit is still good.\n\n",
);
