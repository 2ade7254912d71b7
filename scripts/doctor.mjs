// npm run doctor: looks at everything that the notebooks need, changes nothing.
import fs from 'node:fs';
import { readCommandLine } from './commands/index.mjs';
import { checks } from './doctor/checks.mjs';
import { reportOf } from './doctor/report.mjs';

const { values } = readCommandLine('doctor');
const lines = [];
function tell(line) {
  lines.push(line);
  console.log(line);
}
let failures = 0;
for (const [name, check] of checks) {
  try {
    tell(`OK    ${name}: ${check()}`);
  } catch (error) {
    failures++;
    tell(`FAIL  ${name}: ${error.message}`);
    tell(`      What to do: ${error.remedy ?? 'Report this, with all lines above.'}`);
  }
}
tell(failures === 0 ? '\nAll is well.' : `\n${failures} of ${checks.length} need attention.`);
if (values.report) {
  fs.writeFileSync('doctor-report.txt', reportOf(lines));
  console.log('doctor-report.txt can be sent as it is: names, paths and tokens are left out.');
}
process.exit(failures === 0 ? 0 : 1);
