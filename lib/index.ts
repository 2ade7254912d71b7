/** The library's public names: the only path that notebooks import. */
export { tf, deviceSummary, type DeviceSummary } from './backend';
