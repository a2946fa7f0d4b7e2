//! The functions of [`super::math`], compiled for several instruction sets and chosen at run time.
//!
//! Everything runs on the calling thread.

use std::sync::OnceLock;

use super::lanes::Portable;
#[cfg(target_arch = "x86_64")]
use super::lanes::{Avx2, Avx512};
use super::math::{self, Block, LANES, Rows};

/// Instruction sets that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// Whatever the compiler may assume everywhere.
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// Every ARM64 processor multiplies and adds in one step; of the others nothing is known.
const PORTABLE_FMA: bool = cfg!(target_arch = "aarch64");

/// The best set of this machine.
pub(super) fn level() -> Level {
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("fma") {
                return Level::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Level::Avx2;
            }
        }
        Level::Portable
    })
}

/// Declares one function per kernel that picks the instruction set.
macro_rules! kernels {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?) = $portable:expr, $avx2:expr, $avx512:expr;)*) => {$(
        $(#[$doc])*
        #[allow(unsafe_code)]
        pub(super) fn $name(level: Level, $($arg: $type),*) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2($($arg: $type),*) {
                $avx2($($arg),*);
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx2,fma")]
            fn avx512($($arg: $type),*) {
                $avx512($($arg),*);
            }
            match level {
                Level::Portable => $portable($($arg),*),
                // SAFETY: `level` comes from `level()`, which returns this variant only when the processor has the set.
                #[cfg(target_arch = "x86_64")]
                Level::Avx2 => unsafe { avx2($($arg),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                Level::Avx512 => unsafe { avx512($($arg),*) },
            }
        }
    )*};
}

kernels! {
    /// See [`math::multiply`]. The tile sizes fill 12 of 16, 16 of 32 vector registers.
    fn multiply(left: Rows<'_>, right: &[Block], bias: &[f32], out: &mut [f32], place: (usize, usize)) =
        math::multiply::<Portable<PORTABLE_FMA>, 4, 1>, math::multiply::<Avx2, 6, 1>, math::multiply::<Avx512, 8, 2>;
    /// See [`math::gelu`].
    fn gelu(values: &mut [f32]) = math::gelu::<PORTABLE_FMA>, math::gelu::<true>, math::gelu::<true>;
    /// See [`math::softmax`].
    fn softmax(values: &mut [f32], width: usize, valid: usize) =
        math::softmax::<PORTABLE_FMA>, math::softmax::<true>, math::softmax::<true>;
    /// See [`math::add_norm`].
    fn add_norm(values: &mut [f32], residual: &[f32], gain: &[f32], bias: &[f32], epsilon: f32) =
        math::add_norm::<PORTABLE_FMA>, math::add_norm::<true>, math::add_norm::<true>;
}

/// Packs `matrix` (rows of `depth`, one per result column) for [`multiply`]: the weights of a linear layer, or keys.
/// The last panel is filled up with zeros.
pub(super) fn pack_rows(matrix: Rows<'_>, packed: &mut Vec<Block>) {
    let (rows, depth) = (matrix.rows, matrix.columns);
    packed.clear();
    packed.resize(rows.div_ceil(LANES) * depth, [0.0; LANES]);
    for row in 0..rows {
        let from = &matrix.data[row * matrix.stride + matrix.offset..][..depth];
        let panel = &mut packed[row / LANES * depth..][..depth];
        for (block, value) in panel.iter_mut().zip(from) {
            block[row % LANES] = *value;
        }
    }
}

/// Packs `matrix` (one row per step of the sum, `columns` a multiple of [`LANES`]) for [`multiply`]: values of an
/// attention head. Steps past the last row, up to `depth`, are zero.
pub(super) fn pack_columns(matrix: Rows<'_>, depth: usize, packed: &mut Vec<Block>) {
    packed.clear();
    packed.resize(matrix.columns / LANES * depth, [0.0; LANES]);
    for row in 0..matrix.rows {
        let from = &matrix.data[row * matrix.stride + matrix.offset..][..matrix.columns];
        for (panel, block) in from.as_chunks::<LANES>().0.iter().enumerate() {
            packed[panel * depth + row] = *block;
        }
    }
}
