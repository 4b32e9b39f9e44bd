//! SM3 of several leaves at once, one in each lane of a vector register. The rounds are written over arrays of eight
//! words, which the compiler turns into AVX2 instructions; other CPUs use the `sm3` crate leaf by leaf, since without
//! wide registers it is the quicker one. Checked against the crate and the standard's vectors.

use sm3::{Digest, Sm3};

use super::{Chain, LEAF_BYTES};

/// Leaves hashed side by side.
pub(super) const LANES: usize = 8;
/// From so many leaves on, idle lanes cost less than hashing one after another.
const WORTH: usize = 3;

type Leaf = [u8; LEAF_BYTES];

/// Hashes up to [`LANES`] leaves and hands over their digests in order.
pub(super) fn digest_leaves(leaves: &[Leaf], take: &mut dyn FnMut(&Chain)) {
    assert!(leaves.len() <= LANES, "a group has at most one leaf a lane");
    #[cfg(target_arch = "x86_64")]
    if leaves.len() >= WORTH && std::arch::is_x86_feature_detected!("avx2") {
        let lanes: [&Leaf; LANES] =
            std::array::from_fn(|lane| leaves.get(lane).unwrap_or(&leaves[0]));
        // SAFETY: the CPU was just asked and has AVX2, which is all that this function needs beyond the baseline.
        let digests = unsafe { digest_avx2(&lanes) };
        digests.iter().take(leaves.len()).for_each(take);
        return;
    }
    for leaf in leaves {
        take(&Sm3::digest(leaf).into());
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn digest_avx2(leaves: &[&Leaf; LANES]) -> [Chain; LANES] {
    digest_lanes(leaves)
}

/// One word of each lane.
#[derive(Clone, Copy)]
#[repr(align(32))]
struct Words([u32; LANES]);

const START: [u32; 8] = [
    0x7380_166f,
    0x4914_b2b9,
    0x1724_42d7,
    0xda8a_0600,
    0xa96f_30bc,
    0x1631_38aa,
    0xe38d_ee4d,
    0xb0fb_0e4e,
];

/// Round constants, already rotated.
const ROUND: [u32; 64] = {
    let mut table = [0u32; 64];
    let mut round = 0;
    while round < 64 {
        let base: u32 = if round < 16 { 0x79cc_4519 } else { 0x7a87_9d8a };
        table[round] = base.rotate_left(round as u32 % 32);
        round += 1;
    }
    table
};

impl Words {
    #[inline(always)]
    fn all(word: u32) -> Self {
        Self([word; LANES])
    }

    #[inline(always)]
    fn with(mut self, other: Self, of: impl Fn(u32, u32) -> u32) -> Self {
        for lane in 0..LANES {
            self.0[lane] = of(self.0[lane], other.0[lane]);
        }
        self
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.with(other, u32::wrapping_add)
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        self.with(other, |a, b| a ^ b)
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        self.with(other, |a, b| a & b)
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        self.with(other, |a, b| a | b)
    }

    #[inline(always)]
    fn left<const BITS: u32>(mut self) -> Self {
        for lane in 0..LANES {
            self.0[lane] = self.0[lane].rotate_left(BITS);
        }
        self
    }
}

#[inline(always)]
fn digest_lanes(leaves: &[&Leaf; LANES]) -> [Chain; LANES] {
    let mut state = START.map(Words::all);
    for block in 0..LEAF_BYTES / 64 {
        let blocks = leaves.map(|leaf| &leaf.as_chunks::<64>().0[block]);
        compress(&mut state, &blocks);
    }
    let mut padding = [0; 64];
    padding[0] = 0x80;
    padding[56..].copy_from_slice(&(LEAF_BYTES as u64 * 8).to_be_bytes());
    compress(&mut state, &[&padding; LANES]);
    let mut digests = [[0; 32]; LANES];
    for (lane, digest) in digests.iter_mut().enumerate() {
        for (word, bytes) in digest.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            *bytes = state[word].0[lane].to_be_bytes();
        }
    }
    digests
}

/// GB/T 32905-2016, 5.3: message expansion and 64 rounds, in every lane.
#[inline(always)]
fn compress(state: &mut [Words; 8], blocks: &[&[u8; 64]; LANES]) {
    let mut w = [Words::all(0); 68];
    for (lane, block) in blocks.iter().enumerate() {
        for (word, bytes) in block.as_chunks::<4>().0.iter().enumerate() {
            w[word].0[lane] = u32::from_be_bytes(*bytes);
        }
    }
    for j in 16..68 {
        let x = w[j - 16].xor(w[j - 9]).xor(w[j - 3].left::<15>());
        let p1 = x.xor(x.left::<15>()).xor(x.left::<23>());
        w[j] = p1.xor(w[j - 13].left::<7>()).xor(w[j - 6]);
    }
    let mut v = *state;
    for j in 0..16 {
        let ff = v[0].xor(v[1]).xor(v[2]);
        let gg = v[4].xor(v[5]).xor(v[6]);
        v = round(v, ff, gg, ROUND[j], w[j], w[j + 4]);
    }
    for j in 16..64 {
        let ff = v[0].and(v[1]).or(v[2].and(v[0].or(v[1])));
        let gg = v[6].xor(v[4].and(v[5].xor(v[6])));
        v = round(v, ff, gg, ROUND[j], w[j], w[j + 4]);
    }
    for (word, new) in state.iter_mut().zip(v) {
        *word = word.xor(new);
    }
}

/// One round on the registers A to H, given the two boolean functions of this round.
#[inline(always)]
fn round(
    [a, b, c, d, e, f, g, h]: [Words; 8],
    ff: Words,
    gg: Words,
    t: u32,
    w: Words,
    w4: Words,
) -> [Words; 8] {
    let a12 = a.left::<12>();
    let ss1 = a12.add(e).add(Words::all(t)).left::<7>();
    let tt1 = ff.add(d).add(ss1.xor(a12)).add(w.xor(w4));
    let tt2 = gg.add(h).add(ss1).add(w);
    let p0 = tt2.xor(tt2.left::<9>()).xor(tt2.left::<17>());
    [tt1, a, b.left::<9>(), c, p0, e, f.left::<19>(), g]
}
