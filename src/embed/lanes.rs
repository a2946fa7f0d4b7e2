//! Sixteen numbers in the registers of one instruction set.
//!
//! The compiler's own vectoriser gave up on the tile of a matrix product (it kept the sums in memory: a tenth of the
//! speed), so that one loop is written with vector types.
#![allow(unsafe_code, clippy::inline_always)]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{
    __m256, __m512, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_storeu_ps,
    _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_storeu_ps,
};

/// Numbers per block; matrices are packed in panels this wide.
pub(super) const LANES: usize = 16;

pub(super) type Block = [f32; LANES];

/// Sixteen sums.
///
/// # Safety
/// The functions may be called only on a processor that has the implementing type's instruction set.
pub(super) unsafe trait Lanes: Copy {
    unsafe fn zero() -> Self;
    unsafe fn load(block: &Block) -> Self;
    /// `self + x * block`.
    unsafe fn add_scaled(self, x: f32, block: Self) -> Self;
    unsafe fn store(self, block: &mut Block);
}

/// Left to the compiler; `FMA` where it is one instruction.
#[derive(Clone, Copy)]
pub(super) struct Portable<const FMA: bool>(Block);

// SAFETY: plain arithmetic.
unsafe impl<const FMA: bool> Lanes for Portable<FMA> {
    #[inline(always)]
    unsafe fn zero() -> Self {
        Self([0.0; LANES])
    }
    #[inline(always)]
    unsafe fn load(block: &Block) -> Self {
        Self(*block)
    }
    #[inline(always)]
    unsafe fn add_scaled(mut self, x: f32, block: Self) -> Self {
        for (sum, b) in self.0.iter_mut().zip(block.0) {
            *sum = if FMA { x.mul_add(b, *sum) } else { x * b + *sum };
        }
        self
    }
    #[inline(always)]
    unsafe fn store(self, block: &mut Block) {
        *block = self.0;
    }
}

/// AVX2 with FMA.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(super) struct Avx2([__m256; 2]);

// SAFETY: reads and writes sixteen numbers of a block of sixteen, at any alignment.
#[cfg(target_arch = "x86_64")]
unsafe impl Lanes for Avx2 {
    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller has the set; a block is sixteen numbers.
        unsafe { Self([_mm256_setzero_ps(); 2]) }
    }
    #[inline(always)]
    unsafe fn load(block: &Block) -> Self {
        // SAFETY: the caller has the set; a block is sixteen numbers.
        unsafe { Self([_mm256_loadu_ps(block.as_ptr()), _mm256_loadu_ps(block.as_ptr().add(8))]) }
    }
    #[inline(always)]
    unsafe fn add_scaled(self, x: f32, block: Self) -> Self {
        // SAFETY: the caller has the set; a block is sixteen numbers.
        unsafe {
            let x = _mm256_set1_ps(x);
            Self([_mm256_fmadd_ps(x, block.0[0], self.0[0]), _mm256_fmadd_ps(x, block.0[1], self.0[1])])
        }
    }
    #[inline(always)]
    unsafe fn store(self, block: &mut Block) {
        // SAFETY: the caller has the set; a block is sixteen numbers.
        unsafe {
            _mm256_storeu_ps(block.as_mut_ptr(), self.0[0]);
            _mm256_storeu_ps(block.as_mut_ptr().add(8), self.0[1]);
        }
    }
}

/// AVX-512F.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(super) struct Avx512(__m512);

// SAFETY: as for `Avx2`.
#[cfg(target_arch = "x86_64")]
unsafe impl Lanes for Avx512 {
    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller has the set; a block is sixteen numbers.
        unsafe { Self(_mm512_setzero_ps()) }
    }
    #[inline(always)]
    unsafe fn load(block: &Block) -> Self {
        // SAFETY: the caller has the set; a block is sixteen numbers.
        unsafe { Self(_mm512_loadu_ps(block.as_ptr())) }
    }
    #[inline(always)]
    unsafe fn add_scaled(self, x: f32, block: Self) -> Self {
        // SAFETY: the caller has the set; a block is sixteen numbers.
        unsafe { Self(_mm512_fmadd_ps(_mm512_set1_ps(x), block.0, self.0)) }
    }
    #[inline(always)]
    unsafe fn store(self, block: &mut Block) {
        // SAFETY: the caller has the set; a block is sixteen numbers.
        unsafe { _mm512_storeu_ps(block.as_mut_ptr(), self.0) }
    }
}
