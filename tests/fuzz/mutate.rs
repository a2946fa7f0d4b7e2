//! Inputs made from seeds by small damage: a fixed seed of the generator, so that every run makes the same ones.

/// A generator of numbers (xorshift64*): the same everywhere, for ever.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `end`, 0 for 0.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end.max(1) as u64)).unwrap()
    }

    pub fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}

/// What breaks readers of every kind.
const TOKENS: [&[u8]; 26] = [
    b"\0",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xf4\x8f\xbf\xbf",
    b"a\xcc\x88\xcc\x88",
    b"\xe2\x80\xae",
    b"\xc2\x85",
    b"\x1b",
    b"\r",
    b"\n\n",
    b"&#0;",
    b"&#x85;",
    b"&#xD800;",
    b"&amp;",
    b"<",
    b"</",
    b"/>",
    b"<![CDATA[",
    b"<!--",
    b"]]>",
    b"\"",
    b"65535",
    b"-1",
    b"99999999999999999999",
    b"{[",
    b"<pre>",
];

/// Damages `seed` in one to six places, most often in one: what is strict about its form refuses more at once; `other` lends parts.
pub fn mutate(seed: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    let places = if random.below(2) == 0 { 1 } else { 1 + random.below(6) };
    for _ in 0..places {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(64)).min(bytes.len());
        match random.below(8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 if at < bytes.len() => bytes[at] = u8::try_from(random.below(256)).unwrap(),
            2 => drop(bytes.splice(at..at, random.pick(&TOKENS).iter().copied())),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let block = bytes[at..end].repeat(1 + random.below(200));
                drop(bytes.splice(at..at, block));
            }
            5 => {
                let from = random.below(other.len() + 1);
                let part = &other[from..(from + random.below(256)).min(other.len())];
                drop(bytes.splice(at..end, part.iter().copied()));
            }
            6 if random.below(4) == 0 => bytes.truncate(at),
            _ => {
                let (a, b) = (random.below(bytes.len()), random.below(bytes.len()));
                if a < bytes.len() && b < bytes.len() {
                    bytes.swap(a, b);
                }
            }
        }
        bytes.truncate(256 * 1024);
    }
    bytes
}
