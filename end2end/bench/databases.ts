// What databases a server is measured on: SQLite, and a PostgreSQL where `scripts/postgres bench` found one to start.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

export interface BenchDatabase {
  name: string;
  /** Behind the ids of its figures. */
  mark: string;
  /** Of the server, for a program that makes databases of its own. */
  server: string[];
  /** For a server that is to begin with an empty one. */
  fresh(): NodeJS.ProcessEnv;
}

const sqlite: BenchDatabase = { name: 'SQLite', mark: '', server: [], fresh: () => ({}) };

let made = 0;

function postgres(address: string, programs: string): BenchDatabase {
  // A host that is escaped names the folder of a socket.
  const folder = decodeURIComponent(address.split('@')[1] ?? '');
  return {
    name: 'PostgreSQL',
    mark: 'p',
    server: [address],
    fresh() {
      made += 1;
      const name = `bench_${process.pid}_${made}`;
      execFileSync(join(programs, 'createdb'), ['-h', folder, '-U', 'postgres', '-T', 'template0', name]);
      return { HEALTHSECURE_DATABASE: `${address}/${name}` };
    },
  };
}

const { BENCH_POSTGRES: address, BENCH_POSTGRES_BIN: programs } = process.env;
if (!address) console.warn('WITHOUT POSTGRESQL: what is measured on it is left out (apt-get install postgresql)');

export const databases: BenchDatabase[] = address && programs ? [sqlite, postgres(address, programs)] : [sqlite];
