//! The arithmetic of the encoder, written once for every instruction set: [`super::kernels`] compiles each function per
//! set, so all of them are `inline(always)` and work on fixed blocks of [`LANES`] numbers that fit vector registers.
//!
//! `FMA` says whether the set multiplies and adds in one step; without it `mul_add` would be a slow library call.
// Every function has to become part of a function of `kernels`; only there the instruction set is known.
#![allow(clippy::inline_always)]

use super::lanes::Lanes;
pub(super) use super::lanes::{Block, LANES};

#[inline(always)]
fn fma<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// e to the x, relative error below 3e-7 (Cephes' polynomial); arguments below -87 give almost zero.
#[inline(always)]
fn exp<const FMA: bool>(x: f32) -> f32 {
    // Adding and taking away 1.5 * 2^23 rounds to the nearest integer.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let n = fma::<FMA>(x, std::f32::consts::LOG2_E, ROUND) - ROUND;
    let r = fma::<FMA>(n, -0.693_359_4, x);
    let r = fma::<FMA>(n, 2.121_944_4e-4, r);
    let mut p = 1.987_569_1e-4;
    for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5] {
        p = fma::<FMA>(p, r, c);
    }
    let p = fma::<FMA>(p * r, r, r + 1.0);
    // n is an integer between -126 and 127, so the exponent bits stay valid.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let scale = f32::from_bits((((n as i32).wrapping_add(127)) as u32).wrapping_shl(23));
    p * scale
}

/// The error function, absolute error below 5e-7 (Abramowitz and Stegun 7.1.26).
#[inline(always)]
fn erf<const FMA: bool>(x: f32) -> f32 {
    let a = x.abs();
    let t = 1.0 / fma::<FMA>(0.327_591_1, a, 1.0);
    let mut p = 1.061_405_4;
    for c in [-1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6] {
        p = fma::<FMA>(p, t, c);
    }
    (1.0 - p * t * exp::<FMA>(-a * a)).copysign(x)
}

/// x times the normal distribution function of x, in place.
#[inline(always)]
pub(super) fn gelu<const FMA: bool>(values: &mut [f32]) {
    for block in values.as_chunks_mut::<LANES>().0 {
        for v in block {
            *v = 0.5 * *v * (1.0 + erf::<FMA>(*v * std::f32::consts::FRAC_1_SQRT_2));
        }
    }
}

/// Softmax of the first `valid` numbers of each row of `width` (a multiple of [`LANES`]); the rest of the row becomes
/// zero.
#[inline(always)]
pub(super) fn softmax<const FMA: bool>(values: &mut [f32], width: usize, valid: usize) {
    for row in values.chunks_exact_mut(width) {
        row[valid..].fill(f32::NEG_INFINITY);
        let (blocks, _) = row.as_chunks_mut::<LANES>();
        let mut highest = [f32::NEG_INFINITY; LANES];
        for block in blocks.iter() {
            for (h, v) in highest.iter_mut().zip(block) {
                *h = if *v > *h { *v } else { *h };
            }
        }
        let highest = highest.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = [0.0; LANES];
        for block in blocks.iter_mut() {
            for (s, v) in sum.iter_mut().zip(block) {
                *v = exp::<FMA>(*v - highest);
                *s += *v;
            }
        }
        row[valid..].fill(0.0);
        // What stands behind `valid` has added e^-87 a few times: nothing at this precision.
        let scale = 1.0 / sum.iter().sum::<f32>();
        for v in row {
            *v *= scale;
        }
    }
}

/// Layer normalisation of `values + residual`, row by row, into `values`. `gain` and `bias` are one row long, a multiple
/// of [`LANES`].
#[inline(always)]
pub(super) fn add_norm<const FMA: bool>(
    values: &mut [f32],
    residual: &[f32],
    gain: &[f32],
    bias: &[f32],
    epsilon: f32,
) {
    let width = gain.len();
    #[allow(clippy::cast_precision_loss)]
    let share = 1.0 / width as f32;
    let (gain, _) = gain.as_chunks::<LANES>();
    let (bias, _) = bias.as_chunks::<LANES>();
    for (row, residual) in values.chunks_exact_mut(width).zip(residual.chunks_exact(width)) {
        let (row, _) = row.as_chunks_mut::<LANES>();
        let mut sum = [0.0; LANES];
        for (block, residual) in row.iter_mut().zip(residual.as_chunks::<LANES>().0) {
            for ((v, r), s) in block.iter_mut().zip(residual).zip(&mut sum) {
                *v += r;
                *s += *v;
            }
        }
        let mean = sum.iter().sum::<f32>() * share;
        let mut squares = [0.0; LANES];
        for block in row.iter() {
            for (v, s) in block.iter().zip(&mut squares) {
                *s = fma::<FMA>(*v - mean, *v - mean, *s);
            }
        }
        let scale = 1.0 / (squares.iter().sum::<f32>() * share + epsilon).sqrt();
        for ((block, gain), bias) in row.iter_mut().zip(gain).zip(bias) {
            for ((v, g), b) in block.iter_mut().zip(gain).zip(bias) {
                *v = fma::<FMA>((*v - mean) * scale, *g, *b);
            }
        }
    }
}

/// A view of a matrix by rows: row `i` is `data[i * stride + offset..][..columns]`.
#[derive(Clone, Copy)]
#[allow(clippy::struct_field_names)]
pub(super) struct Rows<'a> {
    pub(super) data: &'a [f32],
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) stride: usize,
    pub(super) offset: usize,
}

impl<'a> Rows<'a> {
    #[inline(always)]
    fn row(&self, index: usize) -> &'a [f32] {
        &self.data[index * self.stride + self.offset..][..self.columns]
    }
}

/// `out = left x right + bias`. `right` is packed: for each [`LANES`] columns a panel of `left.columns` blocks. `bias`
/// has one number per column or is empty. Row `i` of the result goes to `out[i * stride + offset..]`.
/// `HIGH` rows by `WIDE` panels are computed at a time, so that every sum stays in a register.
#[inline(always)]
pub(super) fn multiply<V: Lanes, const HIGH: usize, const WIDE: usize>(
    left: Rows<'_>,
    right: &[Block],
    bias: &[f32],
    out: &mut [f32],
    (stride, offset): (usize, usize),
) {
    let depth = left.columns;
    let panels = right.len() / depth;
    let mut panel = 0;
    while panel < panels {
        let wide = if panel + WIDE <= panels { WIDE } else { 1 };
        let mut first = 0;
        while first < left.rows {
            // Rows past the end repeat the last one; their results are not stored.
            let rows: [&[f32]; HIGH] = std::array::from_fn(|i| left.row((first + i).min(left.rows - 1)));
            let high = HIGH.min(left.rows - first);
            let mut store = |results: &[[Block; HIGH]]| {
                for (w, sums) in results.iter().enumerate() {
                    let column = (panel + w) * LANES;
                    let bias = bias.get(column..column + LANES);
                    for (i, sums) in sums.iter().enumerate().take(high) {
                        let to = &mut out[(first + i) * stride + offset + column..][..LANES];
                        match bias {
                            Some(bias) => to.iter_mut().zip(sums.iter().zip(bias)).for_each(|(o, (s, b))| *o = s + b),
                            None => to.copy_from_slice(sums),
                        }
                    }
                }
            };
            if wide == WIDE {
                store(&tile::<V, HIGH, WIDE>(rows, std::array::from_fn(|w| &right[(panel + w) * depth..][..depth])));
            } else {
                store(&tile::<V, HIGH, 1>(rows, [&right[panel * depth..][..depth]]));
            }
            first += HIGH;
        }
        panel += wide;
    }
}

/// The sums of `HIGH` rows with `WIDE` panels.
#[inline(always)]
#[allow(unsafe_code)]
fn tile<V: Lanes, const HIGH: usize, const WIDE: usize>(
    rows: [&[f32]; HIGH],
    panels: [&[Block]; WIDE],
) -> [[Block; HIGH]; WIDE] {
    let depth = rows[0].len();
    assert!(rows.iter().all(|row| row.len() == depth) && panels.iter().all(|panel| panel.len() == depth));
    let mut results = [[[0.0; LANES]; HIGH]; WIDE];
    // SAFETY: k < depth, and the assertion says that every row and panel is `depth` long. `V` is what `kernels` has
    // found the processor to have.
    unsafe {
        let mut sums = [[V::zero(); HIGH]; WIDE];
        for k in 0..depth {
            let blocks: [V; WIDE] = std::array::from_fn(|w| V::load(panels[w].get_unchecked(k)));
            for i in 0..HIGH {
                let x = *rows[i].get_unchecked(k);
                for w in 0..WIDE {
                    sums[w][i] = sums[w][i].add_scaled(x, blocks[w]);
                }
            }
        }
        for w in 0..WIDE {
            for i in 0..HIGH {
                sums[w][i].store(&mut results[w][i]);
            }
        }
    }
    results
}
