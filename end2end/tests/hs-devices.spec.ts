// A machine that only sends: a doctor's laboratory hands in a report, patient and doctor open it, the machine opens nothing.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { identity } from '../support/clinic.ts';
import { Hs, HsError } from '../support/hs.ts';
import { Server } from '../support/server.ts';

interface Listed {
  id: string;
  name: string;
  state: string;
  last_sent_at?: number;
}

interface DeviceFile {
  token: string;
  signing_key: string;
}

interface Access {
  access: { who: string; right: string }[];
  events: { action: string; actor_name?: string; via?: string }[];
}

async function refusal(run: Promise<unknown>): Promise<string> {
  const error = await run.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof HsError)) throw new Error('it was not refused');
  const said = error.output.split('\n').find((line) => line.includes('"error"'));
  return (JSON.parse(said ?? '{}') as { error: { code: string } }).error.code;
}

/** Every file of a folder, and of those in it. */
function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

test('a machine sends a report for a patient and reads nothing, until its owner removes it', async () => {
  test.setTimeout(360_000);
  const server = await Server.start({});
  const [ada, dora, ann] = [identity('Ada Founder', 'administrator'), identity('Dora Doctor', 'doctor'), identity('Ann Example', 'patient')];
  const [admin, doctor, patient] = [ada, dora, ann].map((who) => new Hs(server.origin, who)) as [Hs, Hs, Hs];
  // The machine has no account and no profile of its own.
  const machine = new Hs(server.origin, { ...dora, password: 'not the password' });
  try {
    const sign = (who: typeof ada) => ['signup', '--name', who.name, '--email', who.email, '--role', who.role];
    await admin.run(sign(ada), { '--link-fd': server.setUpLink() });
    await doctor.run(sign(dora));
    await admin.run(['admin', 'approve', dora.email]);
    await patient.run(sign(ann));
    // Found by her e-mail, and nobody compared keys.
    const note = join(doctor.home, 'note.txt');
    writeFileSync(note, 'By hand, before there was a machine.');
    const pushed = await doctor.run(['push', note, '--title', 'Note', '--patient-name', ann.name, '--patient', ann.email]);
    expect(pushed).toMatchObject({ files: 1, key_verified: false });

    const path = join(machine.home, 'device.json');
    await doctor.run(['device', 'add', 'Laboratory', '--days', '30', '--file', path]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await refusal(doctor.run(['device', 'add', 'Laboratory', '--file', path]))).toBe('argument');
    const device = JSON.parse(readFileSync(path, 'utf8')) as DeviceFile;

    const result = join(machine.home, 'result.txt');
    writeFileSync(result, 'haemoglobin 14.1 g/dl');
    const send = (...rest: string[]) => machine.run(['send', '--device', path, '--title', 'Blood count', ...rest, result]);
    expect(await refusal(send())).toBe('not_a_patient');
    expect(await refusal(send('--for', 'nobody@clinic.example'))).toBe('missing');
    const sent = (await send('--for', ann.email)) as { report_id: string };

    for (const reader of [patient, doctor]) {
      const out = join(reader.home, 'pulled');
      const pulled = (await reader.run(['pull', sent.report_id, '--out', out])) as { fields: { title: string; patient_name: string } };
      expect(pulled.fields).toMatchObject({ title: 'Blood count', patient_name: ann.name });
      expect(readFileSync(join(out, 'result.txt'), 'utf8')).toBe('haemoglobin 14.1 g/dl');
    }
    const { access, events } = (await patient.run(['access', sent.report_id])) as Access;
    expect(access.map((line) => line.who).sort()).toEqual([ann.name, dora.name]);
    const created = events.find((event) => event.action === 'create');
    expect(created).toMatchObject({ actor_name: 'Laboratory', via: `device of ${dora.name}` });

    // What the machine holds lets it send, and look up whom it sends to; it lists and opens nothing.
    const ask = async (route: string) => {
      const answer = await fetch(`${server.origin}/api/v1${route}`, { headers: { authorization: `Bearer ${device.token}` } });
      return answer.ok ? 'ok' : ((await answer.json()) as { code: string }).code;
    };
    for (const route of ['/reports', `/reports/${sent.report_id}`, `/reports/${sent.report_id}/events`, '/account', '/session', '/drafts']) {
      expect(await ask(route), route).toBe('beyond_scope');
    }
    expect(await ask('/accounts?name=dora')).toBe('forbidden');

    const [listed] = (await doctor.run(['device', 'list'])) as Listed[];
    expect(listed).toMatchObject({ name: 'Laboratory', state: 'active' });
    expect(listed?.last_sent_at).toBeDefined();
    await doctor.run(['device', 'remove', listed!.id.slice(0, 8)]);
    expect(await doctor.run(['device', 'list'])).toEqual([]);
    expect(await refusal(send('--for', ann.email))).toBe('api_token_invalid');
    // What it sent stays.
    await patient.run(['pull', sent.report_id, '--out', join(patient.home, 'again')]);

    const key = Buffer.from(device.signing_key, 'base64url');
    expect(key).toHaveLength(32);
    const kept = files(server.data);
    expect(kept.length).toBeGreaterThan(2);
    for (const secret of [key, Buffer.from(device.signing_key), Buffer.from(device.token.slice(32, 72))]) {
      for (const file of kept) expect(readFileSync(file).includes(secret), file).toBe(false);
      expect(server.log.includes(secret.toString())).toBe(false);
    }
  } finally {
    [admin, doctor, patient, machine].forEach((hs) => hs.remove());
    await server.remove();
  }
});
