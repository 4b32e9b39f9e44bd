//! New inputs from old ones.

use crate::coverage;
use fastrand::Rng;

/// Numbers at which programs stumble.
const EDGES: [u64; 16] = [
    0,
    1,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0x8000,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    1 << 53,
    i64::MAX as u64,
    1 << 63,
    u64::MAX,
    u64::MAX - 1,
];

/// Changes an input in one to sixteen ways.
pub(crate) fn mutate(
    input: &mut Vec<u8>,
    corpus: &[Vec<u8>],
    words: &[Vec<u8>],
    most: usize,
    random: &mut Rng,
) {
    let power = random.usize(..5);
    for _ in 0..=random.usize(..1 << power) {
        change(input, corpus, words, random);
    }
    input.truncate(most);
}

fn change(input: &mut Vec<u8>, corpus: &[Vec<u8>], words: &[Vec<u8>], random: &mut Rng) {
    let length = input.len();
    let at = random.usize(..length.max(1));
    match random.usize(..14) {
        0 | 1 if length > 0 => input[at] ^= 1 << random.usize(..8),
        2 if length > 0 => input[at] = random.u64(..) as u8,
        3 if length > 0 => {
            input[at] = input[at].wrapping_add((random.usize(..33) as u8).wrapping_sub(16))
        }
        4 => put_number(input, at, random),
        5 if length > 0 => {
            let end = (at + 1 + random.usize(..32)).min(length);
            input.drain(at..end);
        }
        6 => {
            let piece: Vec<u8> = (0..1 + random.usize(..8))
                .map(|_| random.u64(..) as u8)
                .collect();
            splice(input, at, 0, &piece);
        }
        7 if length > 0 => {
            let piece = input[at..(at + 1 + random.usize(..64)).min(length)].to_vec();
            let to = random.usize(..length + 1);
            let power = random.usize(..6);
            for _ in 0..=random.usize(..1 << power) {
                splice(input, to, 0, &piece);
            }
        }
        8 => {
            if let Some(other) = random.choice(corpus).filter(|other| !other.is_empty()) {
                let from = random.usize(..other.len());
                let piece = &other[from..(from + 1 + random.usize(..256)).min(other.len())];
                splice(input, at, random.usize(..piece.len() + 1), piece);
            }
        }
        9 | 10 => {
            if let Some(word) = random.choice(words) {
                splice(input, at, random.usize(..word.len() + 1), word);
            }
        }
        11 | 12 => answer_comparison(input, random),
        13 if length > 0 => input.truncate(at),
        _ => input.push(random.u64(..) as u8),
    }
}

/// Puts `piece` in place of some bytes.
fn splice(input: &mut Vec<u8>, at: usize, instead_of: usize, piece: &[u8]) {
    let at = at.min(input.len());
    let end = (at + instead_of).min(input.len());
    input.splice(at..end, piece.iter().copied());
}

/// A number of some width over what stands there, or in decimal.
fn put_number(input: &mut Vec<u8>, at: usize, random: &mut Rng) {
    let number = match random.usize(..3) {
        0 => random.u64(..) >> random.usize(..64),
        _ => *random.choice(&EDGES).unwrap_or(&0),
    };
    let bytes = match random.usize(..4) {
        0 => number.to_string().into_bytes(),
        1 => number.to_be_bytes()[random.usize(..8)..].to_vec(),
        2 => varint(number),
        _ => number.to_le_bytes()[..1 << random.usize(..4)].to_vec(),
    };
    splice(input, at, bytes.len(), &bytes);
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// Where the input has one side of a comparison, puts the other.
fn answer_comparison(input: &mut Vec<u8>, random: &mut Rng) {
    let Some([a, b]) = coverage::compared(random.usize(..1 << 20)) else {
        return;
    };
    let (has, wanted) = if random.usize(..2) == 0 {
        (a, b)
    } else {
        (b, a)
    };
    let width = [1, 2, 4, 8][random.usize(..4)];
    let little = |number: u64| number.to_le_bytes()[..width].to_vec();
    let big = |number: u64| number.to_be_bytes()[8 - width..].to_vec();
    let forms = [
        (little(has), little(wanted)),
        (big(has), big(wanted)),
        (varint(has), varint(wanted)),
        (
            has.to_string().into_bytes(),
            wanted.to_string().into_bytes(),
        ),
    ];
    let Some((has, wanted)) = random.choice(&forms) else {
        return;
    };
    let start = random.usize(..input.len().max(1));
    let found = input
        .windows(has.len())
        .skip(start)
        .position(|window| window == *has)
        .map(|at| at + start);
    let found = found.or_else(|| input.windows(has.len()).position(|window| window == *has));
    if let Some(at) = found {
        splice(input, at, has.len(), wanted);
    }
}
