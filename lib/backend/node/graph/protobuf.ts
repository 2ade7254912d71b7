/**
 * Writes protobuf messages. tfjs-node ships generated classes for GraphDef, but they have no types, build
 * three objects per attribute and took four times as long on the graph of a train step (docs/jit.md).
 *
 * Wire format: https://protobuf.dev/programming-guides/encoding
 */

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

export class ProtobufWriter {
  private bytes = Buffer.allocUnsafe(256);
  private length = 0;

  /** An integer, enum or bool field. Negative numbers take ten bytes, as the format asks. */
  int(field: number, value: number): this {
    this.varint(field * 8 + VARINT);
    if (value >= 0) this.varint(value);
    else this.negativeVarint(value);
    return this;
  }

  /** A `float` field. */
  float(field: number, value: number): this {
    this.varint(field * 8 + FIXED_32);
    this.reserve(4);
    this.length = this.bytes.writeFloatLE(value, this.length);
    return this;
  }

  /** A `string` field, in UTF-8. */
  string(field: number, value: string): this {
    return this.delimited(field, () => {
      this.reserve(value.length * 3);
      this.length += this.bytes.write(value, this.length);
    });
  }

  /** A `bytes` field. */
  data(field: number, value: Uint8Array): this {
    this.varint(field * 8 + LENGTH_DELIMITED);
    this.varint(value.length);
    this.reserve(value.length);
    this.bytes.set(value, this.length);
    this.length += value.length;
    return this;
  }

  /** A nested message. */
  message(field: number, write: (message: this) => void): this {
    return this.delimited(field, () => write(this));
  }

  /** The message; the writer must not be used after. */
  finish(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  /** What `write` writes, after its length: for that a byte is left, and made room where it needs more. */
  private delimited(field: number, write: () => void): this {
    this.varint(field * 8 + LENGTH_DELIMITED);
    this.reserve(1);
    const start = ++this.length;
    write();
    const { length } = this;
    const more = varintBytes(length - start) - 1;
    this.reserve(10); // of a varint, once for all: what grows keeps only what lies before its end
    if (more > 0) this.bytes.copyWithin(start + more, start, length);
    this.length = start - 1;
    this.varint(length - start);
    this.length = length + more;
    return this;
  }

  private varint(value: number): void {
    this.reserve(10);
    while (value > 0x7f) {
      this.bytes[this.length++] = (value % 128) | 0x80;
      value = Math.floor(value / 128);
    }
    this.bytes[this.length++] = value;
  }

  private negativeVarint(value: number): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    this.reserve(10);
    while (rest > 0x7fn) {
      this.bytes[this.length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.bytes[this.length++] = Number(rest);
  }

  private reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + count));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}
