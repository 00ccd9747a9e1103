// What whoever runs a server could add to its log of keys.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Server } from './server.ts';

/** A key of the next epoch; the e-mail address bound to an account that nobody knows; the same binding once more. */
type Entry = 'key' | 'other-binding' | 'same-binding';

/** Appends a key of the next epoch to the log in everybody's name, as a thief of the server could. */
export function addKeys(server: Server): void {
  addEntries(server, ['key']);
}

/** Appends these to the log in the name of whoever came first, all at once. */
export function addEntries(server: Server, entries: Entry[]): void {
  const program = `
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=20)
def first(which):
    return db.execute(f"SELECT account_id, data FROM log_key_entries WHERE {which} ORDER BY seq").fetchone()
def append(account, epoch, data):
    columns = "seq, account_id, epoch, data"
    db.execute(f"INSERT INTO log_key_entries ({columns}) SELECT MAX(seq) + 1, ?, ?, ? FROM log_key_entries", (account, epoch, data))
for entry in sys.argv[2:]:
    account, data = first("epoch = 0") if entry == "key" else first("epoch IS NULL AND team_id IS NULL")
    if entry == "key":
        append(account, 1, data[:-36] + (1).to_bytes(4, "big") + os.urandom(32))
    else:
        # A binding ends with the hash of the account's id.
        append(account, None, data if entry == "same-binding" else data[:-32] + os.urandom(32))
db.commit()
`;
  execFileSync(process.env.HEALTHSECURE_PYTHON ?? 'python3', ['-c', program, join(server.data, 'healthsecure.db'), ...entries]);
}
