//! Escrow with the organisation.

use super::Words;

pub(super) const ESCROW_ON: Words = (
    "{organisation}: escrow is on: not strictly end-to-end",
    "Since {when} whoever keeps your organisation's escrow words can open your\n\
     account: any one administrator asks, three days run in which the server tells you\n\
     and you can refuse, then it opens. You can turn it off under Settings, Security.\n\n",
);

pub(super) const ESCROW_OFF: Words = (
    "{organisation}: escrow was turned off",
    "Escrow was turned off for your account on {when}. What was in escrow opens\n\
     nothing that is stored from now on. All other sessions have ended.\n\n",
);

pub(super) const ESCROW_ASKED: Words = (
    "{organisation}: an administrator asks to open your account",
    "On {when} an administrator asked for your account out of escrow.\n\
     If you do nothing, they get what opens it in three days: with it a new password\n\
     is set, and whoever has it sees everything that you see.\n\n\
     If you did not ask your organisation for that, sign in and refuse:\n\
     {origin}/settings/security\n\n",
);

pub(super) const ESCROW_REMINDER: Words = (
    "{organisation}: an administrator waits to open your account",
    "An administrator asked for your account out of escrow. The delay of three days\n\
     is running out, or has run out.\n\n\
     If you don't want it, sign in and refuse now:\n{origin}/settings/security\n\n",
);

pub(super) const ESCROW_REFUSED: Words = (
    "{organisation}: what you asked for out of escrow was refused",
    "The account that you asked for out of escrow stays closed: its holder refused\n\
     on {when}.\n\n",
);

pub(super) const ESCROW_OPEN: Words = (
    "{organisation}: what you asked for out of escrow is open",
    "The delay has run, and nobody refused. What you can do now shows after you\n\
     have signed in:\n{origin}/administration/escrow\n\n",
);

pub(super) const ESCROW_GIVEN: Words = (
    "{organisation}: an administrator has what opens your account",
    "On {when} an administrator was given what your account has in\n\
     escrow. With your organisation's escrow words it opens your account. Until it is\n\
     used you can refuse. They may keep it all the same: turn escrow off then, so that\n\
     it opens nothing that is stored afterwards:\n{origin}/settings/security\n\n",
);

pub(super) const ESCROW_USED: Words = (
    "{organisation}: your account was opened out of escrow",
    "On {when} your account was opened with what was in escrow, and\n\
     a new password was set. All other sessions have ended, and escrow is off now.\n\
     Your recovery kit is still good.\n\n",
);

pub(super) const ESCROW_KEY_ENDED: Words = (
    "{organisation}: your organisation ended its escrow",
    "On {when} your organisation ended the escrow key that your account uses.\n\
     What was sealed to it is deleted on this server, and is given to nobody any more.\n\
     Whoever was given it before, or copied it, may still open your account with the\n\
     old escrow words, if the server helps them. Turn escrow off, so that your account\n\
     gets a new key and what they have opens nothing that is stored afterwards:\n\
     {origin}/settings/security\n\n",
);
