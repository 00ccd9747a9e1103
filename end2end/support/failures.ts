// Says at the very end, in a few lines, what failed where: the rest of the output is long, and its end is what is kept.
import type { FullResult, Reporter, TestCase, TestResult, TestStep } from '@playwright/test/reporter';

const plain = (text: string) => text.replaceAll(/\u001b\[[0-9;]*m/g, '');

export default class Failures implements Reporter {
  private readonly lines: string[] = [];

  onTestEnd(test: TestCase, result: TestResult): void {
    if (result.status === 'passed' || result.status === 'skipped') return;
    const again = result.retry < test.retries ? ' (tried again)' : '';
    this.lines.push(`${test.location.file.replace(/.*end2end\//, '')}: ${test.title}: ${result.status}${again}`);
    const where = failedStep(result.steps);
    if (where) this.lines.push(`  in: ${where}`);
    for (const error of result.errors) {
      const said = plain(error.message ?? error.value ?? '').split('\n').filter((line) => line.trim());
      this.lines.push(...said.slice(0, 8).map((line) => `  ${line}`));
      if (error.location) this.lines.push(`  at ${error.location.file.replace(/.*end2end\//, '')}:${error.location.line}`);
    }
  }

  async onEnd(_: FullResult): Promise<void> {
    if (this.lines.length) console.log(`\nWhat failed:\n${this.lines.join('\n')}`);
  }

  printsToStdio(): boolean {
    return false;
  }
}

/** The titles that lead to the step that failed. */
function failedStep(steps: TestStep[]): string {
  const step = steps.find((s) => s.error);
  if (!step) return '';
  const inner = failedStep(step.steps);
  return inner ? `${step.title} › ${inner}` : step.title;
}
