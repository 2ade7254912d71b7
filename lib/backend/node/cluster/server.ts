/**
 * TensorFlow's distributed runtime: the server of one worker of several, and what sessions must know to compute with
 * it. Until `startServer` there is no thread and no port of it. The messages are ServerDef and ClusterDef
 * (tensorflow/core/protobuf/tensorflow_server.proto, cluster.proto).
 */
import { addon } from '../tensorflow-env';
import { ProtobufWriter } from '../graph/protobuf';

/** One worker of several, as `TF_CONFIG` says it. */
export interface ClusterMember {
  /** `host:port` of all workers; the first is the chief. */
  readonly addresses: readonly string[];
  /** This one's place among them. */
  readonly index: number;
  /** The IPv4 address at which this one's port is opened: it has no authentication. `0.0.0.0` for all. */
  readonly bind: string;
  /** Threads of an op; default: one per core. */
  readonly threads?: number | undefined;
}

/** What a session needs to run on the server. */
export interface ServerSession {
  readonly target: string;
  /** Writes fields of the session's ConfigProto. */
  readonly configure: (config: ProtobufWriter) => void;
}

// Fields of ConfigProto (tensorflow/core/protobuf/config.proto) and its Experimental.
const INTRA_OP_PARALLELISM_THREADS = 2;
const DEVICE_FILTERS = 4;
const EXPERIMENTAL = 16;
const COLLECTIVE_GROUP_LEADER = 1;

type StartServer = (serverDef: Uint8Array, address: string, port: number) => string;

let present: ServerSession | undefined;

/** The server of this process; undefined in one that is alone. */
export function serverSession(): ServerSession | undefined {
  return present;
}

/**
 * Starts this process's server, once and until it ends.
 *
 * @throws Error if there is one already, the addon is not built, or TensorFlow cannot open the port
 */
export function startServer(member: ClusterMember): void {
  if (present) throw new Error('This process is a worker already: it can be one only once.');
  const native = addon('distributed') as { readonly startServer: StartServer } | undefined;
  if (!native) {
    throw new Error(
      'Training on several workers needs native/distributed.cc, which is not built: run `npm run setup`.',
    );
  }
  const configure = sessionFields(member.index);
  const port = Number(member.addresses[member.index]!.split(':').at(-1));
  const target = native.startServer(serverDef(member, configure), member.bind, port);
  present = { target, configure };
}

/** A session sees the devices of its own worker only; what goes between workers are collectives. */
const sessionFields = (index: number) => (config: ProtobufWriter) => {
  config.string(DEVICE_FILTERS, `/job:worker/task:${index}`);
  config.message(EXPERIMENTAL, (experimental) =>
    experimental.string(COLLECTIVE_GROUP_LEADER, '/job:worker/replica:0/task:0'),
  );
};

function serverDef(
  { addresses, index, threads }: ClusterMember,
  configure: ServerSession['configure'],
): Uint8Array {
  return new ProtobufWriter()
    .message(1, (cluster) =>
      cluster.message(1, (job) => {
        job.string(1, 'worker');
        addresses.forEach((address, i) =>
          job.message(2, (task) => task.int(1, i).string(2, address)),
        );
      }),
    )
    .string(2, 'worker')
    .int(3, index)
    .message(4, (config) => {
      if (threads !== undefined) config.int(INTRA_OP_PARALLELISM_THREADS, threads);
      configure(config);
    })
    .string(5, 'grpc')
    .finish();
}
