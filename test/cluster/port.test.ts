/** What a process opens: alone nothing, as a worker one port, at its own address only. */
import { expect, it } from 'vitest';
import { trainTogether } from './workers';

/** Threads that gRPC starts are named so. */
const ofServer = (name: string) => /grpc|event_engine|timer_manager/i.test(name);

it('one process alone listens nowhere, and has no thread of a server', async () => {
  const [alone] = await trainTogether(1, { steps: 1 });
  expect(alone!.server.listening).toEqual([]);
  expect(alone!.server.threads.filter(ofServer)).toEqual([]);
});

it('a worker listens at its own address, where TensorFlow would listen at all', async () => {
  for (const { server, tensors } of await trainTogether(2, { steps: 3 })) {
    expect(tensors[2]).toBe(tensors[1]); // nor do its steps leave anything
    expect(server.listening.length).toBe(1);
    // 127.0.0.1, or ::ffff:127.0.0.1, in the byte order of the machine
    expect(server.listening[0]).toMatch(/^(0{16}FFFF0000)?0100007F:[0-9A-F]{4}$/);
    expect(server.threads.filter(ofServer)).not.toEqual([]);
  }
});
