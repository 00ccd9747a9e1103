//! What was shared, and care teams.

use super::Words;

pub(super) const REPORT_SHARED: Words = (
    "{organisation}: something was shared with you",
    "There is something new for you. What it is and from whom shows only after\n\
     you have signed in:\n{origin}/reports\n\n\
     Where it is protected by an access code, whoever shared it tells you the code.\n\n",
);

pub(super) const TEAM_INVITED: Words = (
    "{organisation}: you are invited into a care team",
    "A manager of a care team would like you to belong to it. Which team it is shows\n\
     after you have signed in; there you accept or decline:\n{origin}/teams\n\n",
);

pub(super) const TEAM_REMOVED: Words = (
    "{organisation}: you are no longer in a care team",
    "Since {when} you don't belong to one of your care teams any more.\n\
     What was shared with you yourself stays open to you.\n\n",
);
