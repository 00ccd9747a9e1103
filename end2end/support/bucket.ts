// A real S3 server (SeaweedFS) on a loopback port: several servers find each other's ciphertext only in a bucket.
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { pause, root } from './server.ts';

const python = process.env.HEALTHSECURE_PYTHON ?? join(root, '.tools/venv/bin/python');

export class Bucket {
  private endpoint = '';

  private constructor(private readonly child: ChildProcess) {}

  static async start(): Promise<Bucket> {
    const child = spawn(python, [join(root, 'end2end/support/s3_server.py'), 'serve'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const bucket = new Bucket(child);
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      if (said.includes('\n') && !bucket.endpoint) bucket.endpoint = (JSON.parse(said) as { endpoint: string }).endpoint;
    });
    for (const until = Date.now() + 60_000; Date.now() < until && !bucket.endpoint && child.exitCode === null; ) await pause(50);
    if (!bucket.endpoint) throw new Error('the S3 server isn’t ready');
    return bucket;
  }

  /** What a server's environment has besides, so that its ciphertext lies here. */
  env(): NodeJS.ProcessEnv {
    return {
      HEALTHSECURE_BLOBS: 's3://tests/servers',
      HEALTHSECURE_BLOBS_ENDPOINT: this.endpoint,
      AWS_ACCESS_KEY_ID: 'test-access',
      AWS_SECRET_ACCESS_KEY: 'marked-s3-secret',
    };
  }

  /** It ends with its standard input, and takes what lies there along. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = new Promise((done) => this.child.once('exit', done));
    this.child.stdin?.end();
    await ended;
  }
}
