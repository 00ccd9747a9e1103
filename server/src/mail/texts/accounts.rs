//! What became of an account, and its space.

use super::Words;

pub(super) const ACCOUNT_DISABLED: Words = (
    "{organisation}: your account was disabled",
    "An administrator disabled your account on {when}. All sessions have ended.\n\
     Nothing stored is lost. Your administrator can tell you why.\n\n",
);

pub(super) const ACCOUNT_ENABLED: Words = (
    "{organisation}: your account is enabled again",
    "An administrator enabled your account again on {when}. You can sign in:\n\
     {origin}/sign-in\n\n",
);

pub(super) const ACCOUNT_PAUSED: Words = (
    "{organisation}: your account is paused",
    "You paused your account on {when}. All sessions have ended, and\n\
     nothing can be shared with it. Nothing stored is lost. An administrator can\n\
     enable it again; tell yours if it wasn't you.\n\n",
);

pub(super) const ACCOUNT_REMOVAL_ASKED: Words = (
    "{organisation}: your account will be deleted in 30 days",
    "On {when} an administrator asked for your account to be\n\
     deleted in 30 days. Every report that you own is erased with it, for everybody.\n\
     If you want to keep it, ask your administrator to enable it before that.\n\n",
);

pub(super) const ACCOUNT_DELETED: Words = (
    "{organisation}: your account was deleted",
    "Your account was deleted on {when}, with every report that it owned.\n\
     It can't be brought back. This is the last message to this address.\n\n{backups}",
);

pub(super) const SPACE_RUNS_OUT: Words = (
    "{organisation}: four fifths of your space are used",
    "Since {when} more than 80 % of the space of your account is used.\n\
     Nothing is deleted. When it is full, nothing can be uploaded until there is room\n\
     again. You see it under Settings; your administrator can give you more.\n\n",
);

pub(super) const SPACE_NEARLY_USED: Words = (
    "{organisation}: your space is nearly used up",
    "Since {when} more than 95 % of the space of your account is used.\n\
     Nothing is deleted, but soon nothing can be uploaded any more. Erase reports that\n\
     you don't need, or ask your administrator for more space.\n\n",
);
