//! Addresses, and accounts that are to be made with them.

use super::Words;

pub(super) const EMAIL_VERIFICATION: Words = (
    "{organisation}: confirm your e-mail address",
    "Somebody created an account at {organisation} with this e-mail address.\n\n\
     If that was you, open this link within 24 hours and confirm that the address\n\
     is yours:\n\n{link}\n\n\
     If it wasn't, do nothing: without the link the address stays unconfirmed.\n\n",
);

pub(super) const EMAIL_CHANGE_NEW: Words = (
    "{organisation}: confirm your new e-mail address",
    "Somebody wants their account at {organisation} to have this e-mail address.\n\n\
     If that was you, open this link within 24 hours and confirm that the address\n\
     is yours:\n\n{link}\n\n\
     The account has it once the address that it has now was confirmed as well.\n\
     If it wasn't you, do nothing: without the link nothing changes.\n\n",
);

pub(super) const EMAIL_CHANGE_OLD: Words = (
    "{organisation}: another e-mail address for your account?",
    "On {when} somebody who knows the password of your account asked\n\
     for another e-mail address in the place of this one.\n\n\
     If that was you, open this link within 24 hours and confirm it. If it wasn't,\n\
     open it and stop the change; then sign in and change your password:\n\n{link}\n\n\
     Nothing changes before both addresses have confirmed.\n\n",
);

pub(super) const EMAIL_CHANGED: Words = (
    "{organisation}: this is the e-mail address of your account now",
    "Since {when} your account has this e-mail address. You sign in\n\
     with it, and people find you by it. The address before finds nobody any more.\n\n",
);

pub(super) const EMAIL_LEFT: Words = (
    "{organisation}: your account has another e-mail address now",
    "Since {when} your account has another e-mail address, which\n\
     both addresses confirmed. This one no longer signs in, and finds nobody.\n\n\
     If it wasn't you, tell your administrator at once: this is the last message\n\
     about the account to this address.\n\n",
);

pub(super) const INVITATION: Words = (
    "{organisation}: you are invited",
    "You are invited to {organisation}, where health reports are shared end-to-end\n\
     encrypted. Create your account with this link, which works once and only with\n\
     this e-mail address:\n\n{link}\n\n\
     If you don't know what this is about, do nothing: the link ends by itself.\n\n",
);

pub(super) const SIGN_UP_CODE: Words = (
    "{organisation}: your code to create an account",
    "Somebody wants to create an account at {organisation} with this e-mail address.\n\n\
     If that was you, type this code on the page where you began:\n\n    {code}\n\n\
     It works once, for ten minutes. Tell it to nobody.\n\n\
     If it wasn't you, do nothing: without the code there is no account.\n\n",
);

pub(super) const SIGN_UP_TAKEN: Words = (
    "{organisation}: this address has an account, or had one",
    "On {when} somebody wanted to create an account with this e-mail\n\
     address. It has one already, or had one, so no code was sent and nothing was made.\n\n\
     If that was you, sign in:\n{origin}/sign-in\n\n\
     or use your recovery kit, if you forgot the password:\n{origin}/recover\n\n\
     Where your account has another address now, or was deleted, a new account\n\
     needs another address. If it wasn't you, there is nothing to do.\n\n",
);
