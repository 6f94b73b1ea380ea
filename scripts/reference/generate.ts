/** Writes docs/reference/ and docs/conditions.md: part of `npm run generate`. */
import { writeFileSync } from 'node:fs';
import { openApiSchema } from '../../operator/api/crd.ts';
import { alertsPage } from './alerts.ts';
import { apiPage } from './api.ts';
import { conditionsPage } from './conditions.ts';
import { cliPage, operatorPage } from './commands.ts';
import { eventsPage } from './events.ts';
import { metricsPage } from './metrics.ts';

const folder = new URL('../../docs/reference/', import.meta.url);
const pages = {
  api: apiPage(openApiSchema()),
  cli: cliPage(),
  operator: operatorPage(),
  metrics: metricsPage(),
  alerts: alertsPage(),
  events: eventsPage(),
};

for (const [name, text] of Object.entries(pages)) writeFileSync(new URL(`${name}.md`, folder), `${text.trimEnd()}\n`);
writeFileSync(new URL('../conditions.md', folder), `${conditionsPage()}\n`);
