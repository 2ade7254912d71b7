// npm run doctor: looks at everything that the notebooks need, changes nothing.
import { readCommandLine } from './commands/index.mjs';
import { checks } from './doctor/checks.mjs';

readCommandLine('doctor');
let failures = 0;
for (const [name, check] of checks) {
  try {
    console.log(`OK    ${name}: ${check()}`);
  } catch (error) {
    failures++;
    console.log(`FAIL  ${name}: ${error.message}`);
    console.log(`      What to do: ${error.remedy ?? 'Report this, with all lines above.'}`);
  }
}
console.log(
  failures === 0 ? '\nAll is well.' : `\n${failures} of ${checks.length} need attention.`,
);
process.exit(failures === 0 ? 0 : 1);
