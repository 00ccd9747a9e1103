// What whoever runs a server could add to its log of keys.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Server } from './server.ts';

/** Appends a key of the next epoch to the log in everybody's name, as a thief of the server could. */
export function addKeys(server: Server): void {
  const program = `
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=20)
account, data = db.execute("SELECT account_id, data FROM log_key_entries WHERE epoch = 0").fetchone()
forged = data[:-36] + (1).to_bytes(4, "big") + os.urandom(32)
columns = "seq, account_id, epoch, data"
db.execute(f"INSERT INTO log_key_entries ({columns}) SELECT MAX(seq) + 1, ?, 1, ? FROM log_key_entries", (account, forged))
db.commit()
`;
  execFileSync(process.env.HEALTHSECURE_PYTHON ?? 'python3', ['-c', program, join(server.data, 'healthsecure.db')]);
}
