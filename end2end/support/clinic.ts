// A small clinic on a server of its own: an administrator, two approved doctors, a patient. Made once, through the page.
import type { Browser } from '@playwright/test';
import { Person, type Identity } from './person.ts';
import { Server, type ServerOptions } from './server.ts';

export class Clinic {
  readonly administrator = identity('Ines Moreau', 'administrator');
  readonly author = identity('Jonas Hartwig', 'doctor');
  readonly doctor = identity('Amina Okafor', 'doctor');
  readonly patient = identity('Lea Brandvold', 'patient');

  private constructor(
    readonly server: Server,
    /** Where browsers go. */
    readonly origin: string,
  ) {}

  static async open(browser: Browser, options: ServerOptions = {}): Promise<Clinic> {
    const server = await Server.start(options);
    const clinic = new Clinic(server, server.origin);
    try {
      await clinic.populate(browser);
    } catch (error) {
      await server.remove();
      throw error;
    }
    return clinic;
  }

  private async populate(browser: Browser): Promise<void> {
    const administrator = await Person.at(browser, this.origin, this.administrator);
    await administrator.signUp(this.server.setUpLink());
    for (const doctor of [this.author, this.doctor]) {
      const person = await Person.at(browser, this.origin, doctor);
      await person.signUp();
      await administrator.reload();
      await administrator.approve(doctor.name);
      await person.leave();
    }
    const patient = await Person.at(browser, this.origin, this.patient);
    await patient.signUp();
    await patient.leave();
    await administrator.leave();
  }

  /** Somebody else, who has no account yet. */
  stranger(name: string, role: 'doctor' | 'patient'): Identity {
    return identity(name, role);
  }

  async close(): Promise<void> {
    await this.server.remove();
  }
}

export function identity(name: string, role: Identity['role']): Identity {
  const user = name.toLowerCase().replaceAll(/[^a-z]+/g, '.');
  return { name, role, email: `${user}@clinic.example`, password: `${user} keeps fourteen green lanterns` };
}
