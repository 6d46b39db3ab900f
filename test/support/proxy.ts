// Headers of the PROXY protocol as proxies send them.

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n');

/** Version 2: `block` is addresses, and what may follow them. */
export function proxyV2(command: number, family: number, block: Uint8Array): Buffer {
  const length = Buffer.of(block.length >> 8, block.length & 255);
  return Buffer.concat([SIGNATURE, Buffer.of(0x20 | command, family), length, block]);
}

/** A type, a length and a value. */
export function tlv(type: number, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(type, value.length >> 8, value.length & 255), value]);
}

export const TCP4 = 0x11;
export const TCP6 = 0x21;
export const UNIX = 0x31;

/** 203.0.113.7 port 50000, come to 192.0.2.1 port 443. */
export const ADDRESSES4 = Buffer.of(203, 0, 113, 7, 192, 0, 2, 1, 0xc3, 0x50, 0x01, 0xbb);

/** 2001:db8::7 port 50000, come to 2001:db8::1 port 443. */
export const ADDRESSES6 = Buffer.from(
  '20010db8000000000000000000000007' + '20010db8000000000000000000000001' + 'c35001bb',
  'hex',
);

/** As HAProxy sends it with options: the name that the client has asked for (PP2_TYPE_AUTHORITY), and a type of nobody's. */
export const PROXY_V2 = proxyV2(
  1,
  TCP4,
  Buffer.concat([ADDRESSES4, tlv(0x02, Buffer.from('localhost')), tlv(0xee, Buffer.of(1, 2, 3))]),
);

export const PROXY_V1 = Buffer.from('PROXY TCP4 203.0.113.7 192.0.2.1 50000 443\r\n');
