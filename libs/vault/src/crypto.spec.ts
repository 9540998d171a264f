import { hkdfSync } from 'node:crypto';
import * as fc from 'fast-check';
import { decrypt, encrypt, hkdf, keyStream, mac, pooledRandom, unwrap, wrap, WRAPPED_BYTES } from './crypto';
import { KeyLost } from './errors';
import type { KeyRing } from './key-file';

const hex = (text: string) => Buffer.from(text, 'hex');
const bytes = (minLength: number, maxLength = minLength) => fc.uint8Array({ minLength, maxLength }).map((array) => Buffer.from(array));

describe('Known answers', () => {
  it('HKDF-SHA256: RFC 5869, test cases 1 and 3', () => {
    const ikm = hex('0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b');
    const first = hkdf(ikm, hex('000102030405060708090a0b0c'), hex('f0f1f2f3f4f5f6f7f8f9'));
    expect(first.toString('hex')).toBe('3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf');
    const third = hkdf(ikm, Buffer.alloc(0), Buffer.alloc(0));
    expect(third.toString('hex')).toBe('8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d');
    expect(() => hkdf(ikm, ikm, ikm, 33)).toThrow(RangeError);
  });

  it('HKDF-SHA256: as Node has it', () => {
    fc.assert(
      fc.property(bytes(1, 64), bytes(0, 64), bytes(0, 64), (key, salt, info) =>
        hkdf(key, salt, info).equals(Buffer.from(hkdfSync('sha256', key, salt, info, 32))),
      ),
    );
  });

  it('AES-256-GCM: The Galois/Counter Mode of Operation, test case 16', () => {
    const key = hex('feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308');
    const nonce = hex('cafebabefacedbaddecaf888');
    const plain = hex(
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    );
    const aad = hex('feedfacedeadbeeffeedfacedeadbeefabaddad2');
    const sealed = encrypt(key, nonce, aad.toString('latin1'), plain);
    // Our associated data is text, so its tag is not the one of the test case; the ciphertext is.
    expect(sealed.subarray(12, -16).toString('hex')).toBe(
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662',
    );
    expect(decrypt(key, aad.toString('latin1'), sealed)).toEqual(plain);
  });

  it('AES-256-CTR from a zero counter: NIST SP 800-38A has the cipher; the first block is that of zeros under AES-256', () => {
    expect(keyStream(Buffer.alloc(32), 16).toString('hex')).toBe('dc95c078a2408989ad48a21492842087');
  });
});

describe('Sealed bytes', () => {
  it('open with their key and associated data, and with no other', () => {
    fc.assert(
      fc.property(bytes(32), bytes(12), fc.string(), bytes(0, 100), bytes(32), fc.string(), (key, nonce, aad, plain, key2, aad2) => {
        const sealed = encrypt(key, nonce, aad, plain);
        expect(decrypt(key, aad, sealed)).toEqual(plain);
        if (!key2.equals(key)) expect(decrypt(key2, aad, sealed)).toBeUndefined();
        if (Buffer.compare(Buffer.from(aad2), Buffer.from(aad)) !== 0) expect(decrypt(key, aad2, sealed)).toBeUndefined();
        for (const length of [0, 27, sealed.length - 1]) expect(decrypt(key, aad, sealed.subarray(0, length))).toBeUndefined();
      }),
    );
  });
});

describe('A wrapped key', () => {
  const ringOf = (...epochs: [number, Buffer][]): KeyRing => {
    const keys = new Map(epochs);
    return { current: Math.max(...keys.keys()), epochs: [...keys.keys()], get: (epoch) => keys.get(epoch) };
  };
  const [one, two] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  const random = pooledRandom();
  const key = Buffer.alloc(32, 7);

  it('is always as long, and opens under its name and epoch only', () => {
    const wrapped = wrap(ringOf([1, one]), 'alice', key, random);
    expect(wrapped.length).toBe(WRAPPED_BYTES);
    expect(unwrap(ringOf([1, one], [2, two]), 'alice', wrapped)).toEqual(key);
    expect(wrap(ringOf([1, one], [2, two]), 'alice', key, random).readUInt32BE()).toBe(2);
    expect(() => unwrap(ringOf([1, one]), 'bob', wrapped)).toThrow(KeyLost);
    expect(() => unwrap(ringOf([1, two]), 'alice', wrapped)).toThrow(KeyLost);
    expect(() => unwrap(ringOf([2, one]), 'alice', wrapped)).toThrow('lacks epoch 1');
    const moved = Buffer.from(wrapped);
    moved.writeUInt32BE(2);
    expect(() => unwrap(ringOf([1, one], [2, one]), 'alice', moved)).toThrow(KeyLost);
  });
});

describe('The random pool', () => {
  it('gives as many bytes as asked for, never the same again, and keeps none it gave', () => {
    const random = pooledRandom();
    const given = [12, 32, 4096, 5000, ...Array.from({ length: 500 }, () => 12)].map((length) => random(length));
    expect(given.slice(0, 4).map(({ length }) => length)).toEqual([12, 32, 4096, 5000]);
    expect(new Set(given.map((each) => each.toString('hex'))).size).toBe(given.length);
    given[0]!.fill(0); // What was given is a copy: nobody else's bytes change.
    expect(given[1]!.equals(Buffer.alloc(32))).toBe(false);
  });
});

describe('mac', () => {
  it('tells lists apart that join to the same text', () => {
    const key = Buffer.alloc(32, 3);
    const texts = fc.array(fc.string({ maxLength: 4 }), { maxLength: 5 });
    fc.assert(
      fc.property(texts, texts, (a, b) => (mac(key, a, 'hex') === mac(key, b, 'hex')) === (JSON.stringify(a) === JSON.stringify(b))),
    );
    expect(mac(key, ['ab', 'c'], 'hex')).not.toBe(mac(key, ['a', 'bc'], 'hex'));
  });
});
