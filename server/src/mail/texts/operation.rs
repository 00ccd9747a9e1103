//! What administrators hear of the server: backups, drills, damage.

use super::Words;

pub(super) const BACKUP_FAILED: Words = (
    "{organisation}: a backup failed",
    "On {when} a backup of {origin}\n\
     was found to have failed. Those from before are still there. What went wrong stands\n\
     under Administration, Backups, and in the server's log. It is tried again\n\
     where the server makes backups by itself.\n\n",
);

pub(super) const BLOB_DAMAGED: Words = (
    "{organisation}: a stored file is damaged",
    "On {when} a stored piece of a file on\n\
     {origin}\n\
     was found missing or changed. It is not given out any more. Where the server may open\n\
     its backups it takes the piece from there. Administration, Backups, names it.\n\
     Look at the disk or the bucket: more may follow.\n\n",
);

pub(super) const ROW_DAMAGED: Words = (
    "{organisation}: the database is damaged",
    "On {when} something that people had signed was found to be\n\
     other than they signed it, in the database of\n\
     {origin}\n\
     Whoever reads it is told so by their own program. Administration, Backups, names it.\n\
     Look at the disk first: more may follow. What to do then stands in the manual,\n\
     under “A damaged database”.\n\n",
);

pub(super) const DRILL_FAILED: Words = (
    "{organisation}: a backup could not be restored",
    "On {when} it was tried whether a backup of\n\
     {origin}\n\
     can be restored, into a place of its own, and it failed. Nothing in use was changed.\n\
     What went wrong stands under Administration, Backups, and in the server's log.\n\
     Whatever it is, find it before a backup is needed.\n\n",
);

pub(super) const BACKUP_OVERDUE: Words = (
    "{organisation}: a backup is overdue",
    "There has been no good backup of\n\
     {origin}\n\
     for more than twice the time that was set, as of {when}. Whatever was\n\
     written since the last one would be lost with the server's disks.\n\n",
);
