//! How one gets into an account: passwords, recovery kits, second factors, programs.

use super::Words;

pub(super) const NEW_DEVICE: Words = (
    "{organisation}: signed in on a new device",
    "Your account was signed in to on {when}, from a browser or program that\n\
     wasn't seen before.\n\n",
);

pub(super) const PASSWORD_CHANGED: Words = (
    "{organisation}: your password was changed",
    "The password of your account was changed on {when}. All other sessions\n\
     have ended.\n\n",
);

pub(super) const KEYS_ROTATED: Words = (
    "{organisation}: your keys were made anew",
    "New keys were made for your account on {when}. All other sessions ended,\n\
     and all API tokens. What is shared with you stays readable.\n\n",
);

pub(super) const ACCOUNT_KEY_ROTATED: Words = (
    "{organisation}: your account was sealed anew",
    "Your account was sealed under a new key on {when}, since a passkey that\n\
     opened it had gone. All other sessions have ended, and all API tokens.\n\n",
);

pub(super) const RECOVERY_KIT_CHANGED: Words = (
    "{organisation}: your recovery kit was changed",
    "Your account got a new recovery kit on {when}; the one before opens nothing\n\
     any more. All other sessions have ended.\n\n",
);

pub(super) const ACCOUNT_RECOVERED: Words = (
    "{organisation}: your account was recovered",
    "Your account was opened with its recovery kit on {when}, and got a new\n\
     password. All other sessions have ended.\n\n",
);

pub(super) const SECOND_FACTOR_ADDED: Words = (
    "{organisation}: a second factor was added",
    "A second factor was added to your account on {when}.\n\
     If it is a passkey, it signs in without your password.\n\n",
);

pub(super) const SECOND_FACTOR_REMOVED: Words =
    ("{organisation}: a second factor was removed", "A second factor of your account was removed on {when}.\n\n");

pub(super) const RECOVERY_CODES_RENEWED: Words = (
    "{organisation}: new recovery codes",
    "Your account got new recovery codes on {when}; those before no longer work.\n\n",
);

pub(super) const IDENTITY_LINKED: Words = (
    "{organisation}: an identity provider was linked",
    "Since {when} your account can be signed in to with an\n\
     identity provider. What is shared with you still opens with your password\n\
     only. You can remove it under Settings, Security.\n\n",
);

pub(super) const IDENTITY_REMOVED: Words = (
    "{organisation}: an identity provider was removed",
    "An identity provider was removed from your account on {when};\n\
     it can't sign in to it any more.\n\n",
);

pub(super) const API_TOKEN_MADE: Words = (
    "{organisation}: an API token was made",
    "An API token for your account was made on {when}. A program that has it gets\n\
     in without your password, and only to what you chose for it. You can remove\n\
     it under Settings, API tokens.\n\n",
);

pub(super) const API_TOKEN_REMOVED: Words = (
    "{organisation}: an API token was removed",
    "An API token of your account was removed on {when}; it gets in no more.\n\n",
);

pub(super) const SENDING_DEVICE_ADDED: Words = (
    "{organisation}: a device that sends was added",
    "A device was added to your account on {when}. It sends\n\
     reports in your name, and reads nothing. You see your devices under\n\
     Settings, Devices that send.\n\n",
);

pub(super) const SENDING_DEVICE_REMOVED: Words = (
    "{organisation}: a device that sends was removed",
    "A device of your account was removed on {when}; it sends no more.\n\n",
);

pub(super) const PHONE_ADDED: Words = (
    "{organisation}: a phone number was added",
    "A phone number was added to your account on {when};\n\
     if there was one before, it took its place. You see it under Settings, Security.\n\n",
);

pub(super) const PHONE_SIGN_IN_CHANGED: Words = (
    "{organisation}: signing in with your phone was changed",
    "Signing in to your account with its phone number was switched on or off on\n\
     {when}. You see which under Settings, Security. What is\n\
     shared with you still opens with your password only.\n\n",
);

pub(super) const PHONE_REMOVED: Words = (
    "{organisation}: a phone number was removed",
    "The phone number of your account was removed on {when}. It gets\n\
     no codes for it any more.\n\n",
);

pub(super) const SECOND_FACTORS_RESET: Words = (
    "{organisation}: your second factor was taken off",
    "An administrator took the second factors off your account on {when}. All\n\
     sessions have ended. Add a new one when you sign in again. If you lost a\n\
     phone or a security key, sign in soon: only then is your account sealed\n\
     under a new key, which a lost passkey doesn't open.\n\n",
);
