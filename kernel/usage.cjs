'use strict';
// What the kernel needs of the machine, as ipykernel tells JupyterLab's view of resources.

const os = require('node:os');

/** @returns a function that gives the content of a `usage_reply`; shares of the processor are since its last call */
function usageMeter() {
  let last = { time: process.hrtime.bigint(), cpu: process.cpuUsage(), cores: coreTimes() };
  return () => {
    const now = { time: process.hrtime.bigint(), cpu: process.cpuUsage(), cores: coreTimes() };
    const microseconds = Number(now.time - last.time) / 1000;
    const used = now.cpu.user + now.cpu.system - last.cpu.user - last.cpu.system;
    const passed = now.cores.all - last.cores.all;
    const total = os.totalmem();
    const available = process.availableMemory?.() ?? os.freemem();
    const content = {
      hostname: os.hostname(),
      pid: process.pid,
      kernel_cpu: (100 * used) / microseconds,
      kernel_memory: process.memoryUsage.rss(),
      cpu_count: os.cpus().length,
      host_virtual_memory: {
        total,
        available,
        percent: Number(((100 * (total - available)) / total).toFixed(1)),
        used: total - available,
        free: os.freemem(),
      },
    };
    if (passed > 0)
      content.host_cpu_percent = 100 * (1 - (now.cores.idle - last.cores.idle) / passed);
    last = now;
    return content;
  };
}

function coreTimes() {
  let all = 0;
  let idle = 0;
  for (const { times } of os.cpus()) {
    all += times.user + times.nice + times.sys + times.idle + times.irq;
    idle += times.idle;
  }
  return { all, idle };
}

module.exports = { usageMeter };
