// A person at a browser: what they do, in the words of the page.
import { expect, type Browser, type BrowserContext, type Locator, type Page, type Request } from '@playwright/test';
import type { TestFile } from './files.ts';
import { words } from './words.ts';

export interface Identity {
  name: string;
  email: string;
  password: string;
  role: 'administrator' | 'doctor' | 'patient';
  /** The recovery kit, once there is an account. */
  kit?: string[];
}

/** Among the most used passwords, and long enough. */
export const MOST_USED = '1QAZ2wsx3edc4rfv';

export interface ReportFields {
  number?: string;
  title?: string;
  patientName?: string;
  patientId?: string;
  /** E-mail of the patient's account. */
  patientEmail?: string;
  kind?: string;
  diagnosis?: string;
  treatmentPlan?: string;
  prescription?: string;
}

let addresses = 0;

/** A client address of one's own, as a trusted proxy would say it: throttling then sees different people. */
function nextAddress(): string {
  addresses += 1;
  return `10.${(addresses >> 16) & 255}.${(addresses >> 8) & 255}.${addresses & 255}`;
}

export interface Look {
  viewport?: { width: number; height: number };
  colorScheme?: 'light' | 'dark';
}

export class Person {
  private constructor(
    readonly identity: Identity,
    readonly origin: string,
    readonly context: BrowserContext,
    readonly page: Page,
  ) {}

  /** Opens a browser of their own, nobody signed in. */
  static async at(browser: Browser, origin: string, identity: Identity, look: Look = {}): Promise<Person> {
    const context = await browser.newContext({
      baseURL: origin,
      acceptDownloads: true,
      extraHTTPHeaders: { 'x-forwarded-for': nextAddress() },
      ...look,
    });
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin });
    return new Person(identity, origin, context, await context.newPage());
  }

  /** The same, and signs in. */
  static async signedIn(browser: Browser, origin: string, identity: Identity, look: Look = {}): Promise<Person> {
    const person = await Person.at(browser, origin, identity, look);
    await person.signIn();
    return person;
  }

  /** In a browser that is there already, nobody signed in. */
  static async in(context: BrowserContext, origin: string, identity: Identity): Promise<Person> {
    return new Person(identity, origin, context, await context.newPage());
  }

  get name(): string {
    return this.identity.name;
  }

  async leave(): Promise<void> {
    await this.context.close();
  }

  // Accounts

  /** Creates the account, by a link where there is one, with the code that is mailed where mail is sent. Ends where the page leads. */
  async signUp(link = '/sign-up', code?: () => Promise<string>): Promise<void> {
    await this.fillSignUp(link);
    await this.button(words.signUp.next).click();
    if (code) await this.proveAddress(code);
    await this.keepKit();
    await this.answerKit();
    await expect(this.page).not.toHaveURL(/sign-up/, { timeout: 60_000 });
  }

  /** Types the code that was mailed to prove the address. */
  async proveAddress(code: () => Promise<string>): Promise<void> {
    await this.heading(words.signUp.codeTitle).waitFor({ timeout: 30_000 });
    await this.page.getByLabel(words.signUp.code).fill(await code());
    await this.button(words.signUp.next).click();
  }

  async fillSignUp(link: string): Promise<void> {
    const { page, identity } = this;
    await page.goto(link);
    await expect(this.button(words.signUp.next)).toBeEnabled({ timeout: 30_000 });
    const roleAsked = page.getByRole('radio', { name: identity.role === 'doctor' ? words.signUp.doctor : words.signUp.patient });
    if (await roleAsked.count()) await roleAsked.check({ force: true });
    await page.getByLabel(words.signUp.name).fill(identity.name);
    const email = page.getByLabel(words.signUp.email);
    if (await email.isEditable()) await email.fill(identity.email);
    await page.getByLabel(words.signUp.password, { exact: true }).fill(identity.password);
    await page.getByLabel(words.signUp.passwordAgain).fill(identity.password);
  }

  /** Reads the 24 words and says that they are kept. */
  async keepKit(): Promise<void> {
    await this.heading(words.signUp.kitTitle).waitFor();
    const items = this.page.getByTestId(words.signUp.kitTestId).getByRole('listitem');
    await expect(items).toHaveCount(24);
    this.identity.kit = (await items.allInnerTexts()).map((text) => text.replace(/[\d\s.]+/g, ''));
    await this.button(words.signUp.kitKept).click();
  }

  async answerKit(): Promise<void> {
    const fields = this.page.getByRole('textbox', { name: words.signUp.word });
    await expect(fields).toHaveCount(2);
    for (const field of await fields.all()) {
      const label = (await field.evaluate((input: HTMLInputElement) => input.labels?.[0]?.textContent)) ?? '';
      const place = Number(words.signUp.word.exec(label.trim())?.[1]);
      await field.fill(this.identity.kit?.[place - 1] ?? '');
    }
    await this.button(words.signUp.create).click();
  }

  async signIn(): Promise<void> {
    await this.page.goto('/sign-in');
    await this.trySignIn(this.identity.password);
    await expect(this.page).not.toHaveURL(/sign-in/, { timeout: 60_000 });
  }

  async trySignIn(password: string): Promise<void> {
    await this.page.getByLabel(words.signIn.email).fill(this.identity.email);
    await this.page.getByLabel(words.signIn.password, { exact: true }).fill(password);
    await this.button(words.signIn.submit).click();
  }

  async openRecovery(): Promise<void> {
    await this.page.goto('/recover');
    await expect(this.button(words.recover.submit)).toBeEnabled({ timeout: 30_000 });
  }

  /** By the words of a kit, with the identity's password as the new one; one of the most used is refused before. */
  async recover(kit: string[]): Promise<void> {
    await this.page.getByLabel(words.signIn.email).fill(this.identity.email);
    await this.page.getByLabel(words.recover.words, { exact: true }).fill(kit.join(' '));
    await this.refusesMostUsed();
    await this.page.getByLabel(words.recover.password).fill(this.identity.password);
    await this.button(words.recover.submit).click();
    await this.heading(words.reports.title).waitFor({ timeout: 60_000 });
  }

  /** Whatever else stands in the form of a recovery: one of the most used passwords is refused there, and nothing is sent. */
  async refusesMostUsed(): Promise<void> {
    const sent: string[] = [];
    const hear = (request: Request) => sent.push(new URL(request.url()).pathname);
    this.page.on('request', hear);
    await this.page.getByLabel(words.recover.password).fill(MOST_USED);
    await this.button(words.recover.submit).click();
    await expect(this.page.getByText(words.signUp.common)).toBeVisible({ timeout: 30_000 });
    this.page.off('request', hear);
    expect(sent.filter((path) => path.startsWith('/api/v1/recovery'))).toEqual([]);
  }

  async lock(): Promise<void> {
    const loaded = this.page.waitForEvent('load');
    await this.button(words.frame.lock).click();
    // The locked page is loaded anew.
    await loaded;
    await this.heading(words.signIn.locked).waitFor();
  }

  async unlock(): Promise<void> {
    await this.page.getByLabel(words.signIn.password, { exact: true }).fill(this.identity.password);
    await this.button(words.signIn.unlock).click();
    await expect(this.heading(words.signIn.locked)).toBeHidden({ timeout: 60_000 });
  }

  /** Reloads the page, which locks it, and unlocks it again. */
  async reload(): Promise<void> {
    await this.page.reload();
    await this.heading(words.signIn.locked).waitFor();
    await this.unlock();
  }

  async signOut(): Promise<void> {
    await this.button(words.frame.signOut).click();
    await expect(this.navigation()).toBeHidden();
    // The front door is loaded anew.
    await this.page.waitForURL(/\/sign-in$/);
  }

  // Reports

  async goTo(place: keyof typeof words.frame): Promise<void> {
    await this.navigation().getByRole('link', { name: words.frame[place] }).click();
    await this.heading(words.frame[place]).waitFor();
  }

  async beginReport(fields: ReportFields): Promise<void> {
    await this.goTo('reports');
    await this.page.getByRole('link', { name: words.reports.new }).or(this.button(words.reports.new)).first().click();
    await this.heading(words.draft.newTitle).waitFor();
    await this.fillReport(fields);
  }

  async fillReport(fields: ReportFields): Promise<void> {
    const w = words.draft;
    const texts: Array<[string, string | undefined]> = [
      [w.reportNumber, fields.number],
      [w.title, fields.title],
      [w.patientName, fields.patientName],
      [w.patientId, fields.patientId],
      [w.diagnosis, fields.diagnosis],
      [w.treatmentPlan, fields.treatmentPlan],
      [w.prescription, fields.prescription],
    ];
    for (const [label, text] of texts) {
      if (text !== undefined) await this.field(label).fill(text);
    }
    if (fields.kind) await this.page.getByRole('combobox', { name: w.kind }).selectOption({ label: fields.kind });
    if (fields.patientEmail) {
      await this.field(w.account).fill(fields.patientEmail);
      await this.button(w.accountFind).click();
      await expect(this.page.getByText(/The report will belong to/)).toBeVisible();
    }
  }

  async addFiles(files: TestFile[]): Promise<void> {
    await this.page.locator('input[type=file]').first().setInputFiles(files.map((file) => file.path));
  }

  /** After a reload: chooses the file of a row again. */
  async chooseAgain(file: TestFile): Promise<void> {
    await this.row(file.name).locator('input[type=file]').setInputFiles(file.path);
  }

  async filesUploaded(files: TestFile[], timeout = 120_000): Promise<void> {
    for (const file of files) {
      const row = this.row(file.name);
      await expect(row.getByText(words.draft.fileDone, { exact: true })).toBeVisible({ timeout });
    }
  }

  async complete(): Promise<void> {
    await this.button(words.draft.complete).click();
    await expect(this.page).toHaveURL(/\/reports\/[0-9a-f]{64}/, { timeout: 60_000 });
  }

  /** The whole way: fields, files, completed. Answers the report's id. */
  async writeReport(fields: ReportFields, files: TestFile[] = []): Promise<string> {
    await this.beginReport(fields);
    if (files.length) {
      await this.addFiles(files);
      await this.filesUploaded(files);
    }
    await this.complete();
    return this.reportId();
  }

  reportId(): string {
    const id = /\/reports\/([0-9a-f]{64})/.exec(this.page.url())?.[1];
    if (!id) throw new Error(`no report is open at ${this.page.url()}`);
    return id;
  }

  async openReport(title: string): Promise<void> {
    await this.goTo('reports');
    await this.page.getByRole('link', { name: title }).first().click();
    await this.heading(title).waitFor({ timeout: 30_000 });
  }

  /** Begins to change the open report. */
  async editReport(): Promise<void> {
    await this.page.getByRole('link', { name: words.versions.edit, exact: true }).click();
    await this.heading(words.versions.editTitle).waitFor();
  }

  /** Saves the changes as a version; ends at the report. */
  async saveVersion(version: number): Promise<void> {
    await this.button(words.versions.save).click();
    await expect(this.page.getByText(words.versions.saved(version)).first()).toBeVisible({ timeout: 60_000 });
    await expect(this.page).toHaveURL(/\/reports\/[0-9a-f]{64}$/);
  }

  /** All versions of the open report. */
  async openVersions(): Promise<void> {
    await this.page.getByRole('link', { name: words.versions.all }).click();
    await expect(this.page).toHaveURL(/\/versions$/);
    await this.heading(words.versions.title).waitFor();
  }

  // Sharing

  /** Shares the open report and answers the access code; found by name, or by the e-mail `find`; the dialog stays open with `stay`. */
  async shareWith(name: string, options: { expiry?: string; find?: string; stay?: boolean } = {}): Promise<string> {
    await this.beginShare();
    const dialog = this.dialog();
    await dialog.getByLabel(words.share.who).fill(options.find ?? name);
    await dialog.getByRole('list', { name: words.share.results }).getByRole('button', { name }).click();
    if (options.expiry) await dialog.getByLabel(words.share.expiry).selectOption({ label: options.expiry });
    await dialog.getByRole('button', { name: words.share.submit }).click();
    await dialog.getByRole('heading', { name: words.share.done }).waitFor({ timeout: 30_000 });
    const code = await this.shownCode();
    if (!options.stay) await dialog.getByRole('button', { name: words.share.close }).click();
    return code;
  }

  async beginShare(): Promise<void> {
    await this.button(words.report.share).click();
    await this.heading(words.share.title).waitFor();
  }

  async shownCode(): Promise<string> {
    const shown = this.page.locator('[data-code]').first();
    await shown.waitFor();
    return (await shown.getAttribute('data-code')) ?? '';
  }

  /** The newest share that waits, of those that this person made. */
  async waitingShare(from: string): Promise<Locator> {
    await this.goTo('shared');
    const shares = this.page.getByRole('list', { name: words.shared.list }).getByRole('listitem');
    const share = shares.filter({ hasText: words.shared.from(from) }).first();
    await expect(share).toBeVisible();
    return share;
  }

  async tryCode(from: string, code: string): Promise<void> {
    const row = await this.waitingShare(from);
    await this.typeCode(row, code);
  }

  async typeCode(row: Locator, code: string): Promise<void> {
    await row.getByLabel(words.shared.code).fill(code);
    await row.getByRole('button', { name: words.shared.redeem }).click();
  }

  /** Redeems a share and opens its report. */
  async redeem(from: string, code: string): Promise<void> {
    await this.tryCode(from, code);
    await this.page.getByRole('link', { name: words.shared.open }).click({ timeout: 60_000 });
    await expect(this.page).toHaveURL(/\/reports\/[0-9a-f]{64}/);
  }

  /** Takes a person's access to the open report away. */
  async revoke(name: string): Promise<void> {
    await this.button(words.report.revokeOf(name)).click();
    await this.dialog().getByRole('button', { name: words.report.revoke }).click();
    await expect(this.page.getByText(words.report.revoked(name)).first()).toBeVisible({ timeout: 60_000 });
  }

  // Administration

  async approve(name: string): Promise<void> {
    await this.goTo('administration');
    await this.button(words.administration.approve(name)).click();
    await expect(this.page.getByText(words.administration.approved(name)).first()).toBeVisible();
  }

  // Finding things

  heading(name: string | RegExp): Locator {
    return this.page.getByRole('heading', { name, exact: typeof name === 'string' }).first();
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name, exact: typeof name === 'string' }).and(this.page.locator(':visible')).first();
  }

  /** A text field by its label; a label may go on with "optional". */
  field(label: string): Locator {
    const escaped = label.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return this.page.getByRole('textbox', { name: new RegExp(`^${escaped}( optional|optional)?$`) }).first();
  }

  /** The dialog that is open. */
  dialog(): Locator {
    return this.page.getByRole('dialog').first();
  }

  /** The list item or table row that says this. */
  row(text: string): Locator {
    const rows = this.page.getByRole('listitem').or(this.page.getByRole('row')).or(this.page.locator('[data-row]'));
    return rows.filter({ hasText: text }).last();
  }

  navigation(): Locator {
    return this.page.getByRole('navigation', { name: 'Main' }).and(this.page.locator(':visible')).first();
  }
}
