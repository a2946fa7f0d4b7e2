//! Linear layers in 8-bit integers, on processors that multiply and add four of them in one step (AVX-512 VNNI).
//!
//! Weights have one scale per output, symmetric and fixed at load; each row of the input gets its scale as it comes
//! (dynamic quantisation; Jacob et al. 2017, arXiv:1712.05877). Sums are exact 32-bit integers, so that the only
//! error is that of rounding to 255 steps: small enough for odds, too much for vectors that are compared with stored
//! ones. A quarter of the memory of f32 and about three times its speed. Elsewhere layers stay in f32.
#![allow(unsafe_code)]

use super::math::{LANES, Rows};

/// Steps of the depth that one instruction adds up.
const DEPTH: usize = 4;
/// Weights of [`LANES`] outputs for [`DEPTH`] inputs, output by output.
type BlockInt8 = [i8; LANES * DEPTH];
/// Rows and panels of a tile: 16 of 32 registers hold sums.
#[cfg(target_arch = "x86_64")]
const HIGH: usize = 8;
#[cfg(target_arch = "x86_64")]
const WIDE: usize = 2;
/// Inputs are shifted by this, since one factor of the instruction has no sign.
const SHIFT: i32 = 128;
/// Largest step on each side of zero.
const STEPS: f32 = 127.0;

/// The weights of a linear layer.
pub(super) struct LinearInt8 {
    /// For each [`LANES`] outputs one block per [`DEPTH`] inputs.
    panels: Vec<BlockInt8>,
    scales: Vec<f32>,
    /// What [`SHIFT`] adds to each output's sum.
    shifts: Vec<i32>,
    depth: usize,
}

/// Rows of the input in steps, and the size of a step for each; used again from call to call.
#[derive(Default)]
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
pub(super) struct Steps {
    values: Vec<u8>,
    scales: Vec<f32>,
}

/// Whether this processor can.
pub(super) fn is_possible() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}

impl LinearInt8 {
    /// `matrix` has one row per output. `None` when this processor cannot, or the shape does not fit.
    pub(super) fn pack(matrix: Rows<'_>) -> Option<Self> {
        let (outputs, depth) = (matrix.rows, matrix.columns);
        if !is_possible() || !outputs.is_multiple_of(LANES) || !depth.is_multiple_of(DEPTH) || depth == 0 {
            return None;
        }
        let mut packed = Self {
            panels: vec![[0; LANES * DEPTH]; outputs / LANES * (depth / DEPTH)],
            scales: Vec::with_capacity(outputs),
            shifts: Vec::with_capacity(outputs),
            depth,
        };
        for output in 0..outputs {
            let row = &matrix.data[output * matrix.stride + matrix.offset..][..depth];
            let scale = scale_of(row);
            let panel = &mut packed.panels[output / LANES * (depth / DEPTH)..][..depth / DEPTH];
            let mut sum = 0;
            for (block, values) in panel.iter_mut().zip(row.as_chunks::<DEPTH>().0) {
                for (to, value) in block[output % LANES * DEPTH..].iter_mut().zip(values) {
                    // Between -127 and 127 by the choice of the scale.
                    #[allow(clippy::cast_possible_truncation)]
                    let step = (value / scale).round() as i8;
                    *to = step;
                    sum += i32::from(step);
                }
            }
            packed.scales.push(scale);
            packed.shifts.push(sum * SHIFT);
        }
        Some(packed)
    }

    /// `out = input x weights + bias`; `input` is `[rows, depth]`, `out` `[rows, outputs]`.
    pub(super) fn multiply(&self, input: &[f32], bias: &[f32], out: &mut [f32], steps: &mut Steps) {
        assert!(input.len().is_multiple_of(self.depth) && bias.len() == self.scales.len());
        assert!(out.len() == input.len() / self.depth * bias.len());
        #[cfg(target_arch = "x86_64")]
        // SAFETY: there is a `LinearInt8` only where `is_possible` has said yes.
        unsafe {
            quantise(input, self.depth, steps);
            self.multiply_steps(steps, bias, out);
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = steps;
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512vnni")]
    fn multiply_steps(&self, steps: &Steps, bias: &[f32], out: &mut [f32]) {
        let (width, groups, rows) = (bias.len(), self.depth / DEPTH, steps.scales.len());
        let panels = width / LANES;
        let panel = |n: usize| &self.panels[n * groups..][..groups];
        let row = |n: usize| &steps.values[n * self.depth..][..self.depth];
        let mut first_panel = 0;
        while first_panel < panels {
            let wide = WIDE.min(panels - first_panel);
            for first in (0..rows).step_by(HIGH) {
                // Rows and panels past the end repeat the last one; their results are not stored.
                let high = HIGH.min(rows - first);
                let tile_rows: [&[u8]; HIGH] = std::array::from_fn(|i| row((first + i).min(rows - 1)));
                let tile_panels: [&[BlockInt8]; WIDE] =
                    std::array::from_fn(|w| panel((first_panel + w).min(panels - 1)));
                let sums = tile(tile_rows, tile_panels);
                for (w, sums) in sums.iter().enumerate().take(wide) {
                    let column = (first_panel + w) * LANES;
                    for (i, sums) in sums.iter().enumerate().take(high) {
                        let step = steps.scales[first + i];
                        let to = &mut out[(first + i) * width + column..][..LANES];
                        for lane in 0..LANES {
                            let at = column + lane;
                            #[allow(clippy::cast_precision_loss)]
                            let sum = sums[lane].wrapping_sub(self.shifts[at]) as f32;
                            to[lane] = sum * (step * self.scales[at]) + bias[at];
                        }
                    }
                }
            }
            first_panel += wide;
        }
    }
}

/// Size of a step, so that the largest number is 127 of them; anything but zero for a row of zeros.
fn scale_of(row: &[f32]) -> f32 {
    let largest = row.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    if largest > 0.0 { largest / STEPS } else { 1.0 }
}

/// Rounds each row of `depth` numbers to its own steps.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn quantise(input: &[f32], depth: usize, steps: &mut Steps) {
    // Adding 1.5 * 2^23 leaves the nearest integer in the low bits.
    const ROUND: f32 = 12_582_912.0;
    steps.values.resize(input.len(), 0);
    steps.scales.clear();
    for (row, values) in input.chunks_exact(depth).zip(steps.values.chunks_exact_mut(depth)) {
        let scale = scale_of(row);
        let per_step = 1.0 / scale;
        for (to, value) in values.iter_mut().zip(row) {
            let step = (value * per_step + ROUND).to_bits().wrapping_sub(ROUND.to_bits());
            // Between -127 and 127, so that the shifted value fits.
            #[allow(clippy::cast_possible_truncation)]
            let shifted = step.wrapping_add(SHIFT.unsigned_abs()) as u8;
            *to = shifted;
        }
        steps.scales.push(scale);
    }
}

/// The sums of [`HIGH`] rows with [`WIDE`] panels, the shift still in them.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vnni")]
fn tile(rows: [&[u8]; HIGH], panels: [&[BlockInt8]; WIDE]) -> [[[i32; LANES]; HIGH]; WIDE] {
    use std::arch::x86_64::{
        _mm512_dpbusd_epi32, _mm512_loadu_si512, _mm512_set1_epi32, _mm512_setzero_si512, _mm512_storeu_si512,
    };
    let groups = panels[0].len();
    assert!(rows.iter().all(|row| row.len() == groups * DEPTH) && panels.iter().all(|panel| panel.len() == groups));
    let mut results = [[[0; LANES]; HIGH]; WIDE];
    let mut sums = [[_mm512_setzero_si512(); HIGH]; WIDE];
    for k in 0..groups {
        // SAFETY: k < groups, and the assertion gives every panel that many blocks of 64 bytes.
        let blocks = std::array::from_fn::<_, WIDE, _>(|w| unsafe {
            _mm512_loadu_si512(panels[w].get_unchecked(k).as_ptr().cast())
        });
        for i in 0..HIGH {
            // SAFETY: four bytes from 4 k, which is below the row's length by the assertion.
            let four = unsafe { rows[i].as_ptr().add(k * DEPTH).cast::<i32>().read_unaligned() };
            let four = _mm512_set1_epi32(four);
            for w in 0..WIDE {
                sums[w][i] = _mm512_dpbusd_epi32(sums[w][i], four, blocks[w]);
            }
        }
    }
    for (results, sums) in results.iter_mut().zip(&sums) {
        for (result, sum) in results.iter_mut().zip(sums) {
            // SAFETY: a result is sixteen 32-bit numbers.
            unsafe { _mm512_storeu_si512(result.as_mut_ptr().cast(), *sum) };
        }
    }
    results
}
