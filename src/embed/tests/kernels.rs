//! Each kernel, at each instruction set of this machine, against the plain formula.

use super::super::int8::{self, LinearInt8, Steps};
use super::super::kernels::{self, Level, level};
use super::super::math::{LANES, Rows};

fn levels() -> Vec<Level> {
    let mut levels = vec![Level::Portable];
    #[cfg(target_arch = "x86_64")]
    {
        if level() != Level::Portable {
            levels.push(Level::Avx2);
        }
        if level() == Level::Avx512 {
            levels.push(Level::Avx512);
        }
    }
    assert!(levels.contains(&level()));
    levels
}

/// Numbers between -1 and 1 that look random.
fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

fn assert_close(found: &[f32], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len());
    for (n, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!((f64::from(*f) - e).abs() <= tolerance, "{what}, number {n}: {f} instead of {e}");
    }
}

#[test]
fn products() {
    for (rows, depth, columns) in [(1, 32, 16), (5, 7, 48), (13, 384, 32), (17, 33, 80)] {
        let (left, right, bias) = (numbers(rows * depth, 1), numbers(columns * depth, 2), numbers(columns, 3));
        let mut expected = Vec::new();
        for row in left.chunks_exact(depth) {
            for (column, bias) in right.chunks_exact(depth).zip(&bias) {
                let sum: f64 = row.iter().zip(column).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                expected.push(sum + f64::from(*bias));
            }
        }
        let view = |data, rows| Rows { data, rows, columns: depth, stride: depth, offset: 0 };
        let mut packed = Vec::new();
        kernels::pack_rows(view(&right, columns), &mut packed);
        let mut transposed = vec![0.0; depth * columns];
        for (n, value) in right.iter().enumerate() {
            transposed[n % depth * columns + n / depth] = *value;
        }
        let mut by_columns = Vec::new();
        let matrix = Rows { data: &transposed, rows: depth, columns, stride: columns, offset: 0 };
        kernels::pack_columns(matrix, depth, &mut by_columns);
        assert_eq!(packed, by_columns);
        for level in levels() {
            let mut out = vec![0.0; rows * columns];
            kernels::multiply(level, view(&left, rows), &packed, &bias, &mut out, (columns, 0));
            assert_close(&out, &expected, 1e-4, &format!("{level:?} {rows}x{depth}x{columns}"));
        }
    }
}

/// Whole numbers whose largest is 127 are their own steps, so that the product is exact.
#[test]
fn products_of_whole_numbers_are_exact_in_int8() {
    for (rows, depth, columns) in [(1, 32, 16), (5, 8, 48), (13, 384, 32), (17, 1536, 80)] {
        let whole = |count: usize, seed| {
            let mut values: Vec<f32> = numbers(count, seed).iter().map(|v| (v * 127.0).round()).collect();
            values.iter_mut().step_by(depth).for_each(|v| *v = -127.0);
            values
        };
        let (left, right, bias) = (whole(rows * depth, 1), whole(columns * depth, 2), numbers(columns, 3));
        let matrix = Rows { data: &right, rows: columns, columns: depth, stride: depth, offset: 0 };
        let Some(packed) = LinearInt8::pack(matrix) else {
            assert!(!int8::is_possible());
            return;
        };
        let mut expected = Vec::new();
        for row in left.chunks_exact(depth) {
            for (column, bias) in right.chunks_exact(depth).zip(&bias) {
                let sum: f64 = row.iter().zip(column).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                expected.push(sum + f64::from(*bias));
            }
        }
        let (mut out, mut steps) = (vec![0.0; rows * columns], Steps::default());
        packed.multiply(&left, &bias, &mut out, &mut steps);
        // The bias is lost in part when it is added to a sum of some hundred thousand.
        assert_close(&out, &expected, 0.1, &format!("{rows}x{depth}x{columns}"));
    }
    for (rows, columns) in [(16, 15), (2, 16)] {
        let odd = Rows { data: &[0.0; 240], rows, columns, stride: columns, offset: 0 };
        assert!(LinearInt8::pack(odd).is_none());
    }
}

#[test]
fn int8_rounds_to_a_few_parts_in_a_thousand_and_takes_zeros() {
    let (rows, depth, columns) = (9, 384, 64);
    let (mut left, right, bias) = (numbers(rows * depth, 4), numbers(columns * depth, 5), numbers(columns, 6));
    left[..depth].fill(0.0);
    let matrix = Rows { data: &right, rows: columns, columns: depth, stride: depth, offset: 0 };
    let Some(packed) = LinearInt8::pack(matrix) else { return };
    let (mut out, mut steps) = (vec![0.0; rows * columns], Steps::default());
    packed.multiply(&left, &bias, &mut out, &mut steps);
    assert_eq!(out[..columns], bias[..]);
    for (row, found) in left.chunks_exact(depth).zip(out.chunks_exact(columns)).skip(1) {
        for ((column, bias), found) in right.chunks_exact(depth).zip(&bias).zip(found) {
            let sum: f64 = row.iter().zip(column).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            // Sums of this size have a spread of 6.5; five deviations of the rounding.
            assert!((f64::from(*found) - sum - f64::from(*bias)).abs() < 0.2, "{found} instead of {sum}");
        }
    }
}

#[test]
fn softmax_of_the_valid_part() {
    for valid in [1, 15, 16, 17, 48] {
        let width = usize::next_multiple_of(valid, LANES);
        let values: Vec<f32> = numbers(width * 3, 4).iter().map(|v| v * 30.0).collect();
        let mut expected = Vec::new();
        for row in values.chunks_exact(width) {
            let sum: f64 = row[..valid].iter().map(|v| f64::from(*v).exp()).sum();
            expected.extend((0..width).map(|n| if n < valid { f64::from(row[n]).exp() / sum } else { 0.0 }));
        }
        for level in levels() {
            let mut found = values.clone();
            kernels::softmax(level, &mut found, width, valid);
            assert_close(&found, &expected, 1e-6, &format!("{level:?} {valid}"));
        }
    }
}

#[test]
fn gelu_at_known_points() {
    // 0.5 * x * (1 + erf(x / sqrt 2)).
    let points = [
        (0.0, 0.0),
        (1.0, 0.841_344_746),
        (-1.0, -0.158_655_254),
        (3.0, 2.995_950_306),
        (-3.0, -0.004_049_694),
        (0.1, 0.053_982_784),
        (-9.0, 0.0),
        (40.0, 40.0),
    ];
    for level in levels() {
        let mut values = vec![0.0; LANES];
        for (value, point) in values.iter_mut().zip(points) {
            *value = point.0;
        }
        kernels::gelu(level, &mut values);
        assert_close(&values[..points.len()], &points.map(|(_, y)| y), 2e-6, &format!("{level:?}"));
    }
}

#[test]
fn add_norm_has_mean_bias_and_spread_gain() {
    let width = 64;
    let (values, residual) = (numbers(width * 3, 5), numbers(width * 3, 6));
    let (gain, bias) = (numbers(width, 7), numbers(width, 8));
    let mut expected = Vec::new();
    for (row, residual) in values.chunks_exact(width).zip(residual.chunks_exact(width)) {
        let sums: Vec<f64> = row.iter().zip(residual).map(|(a, b)| f64::from(*a) + f64::from(*b)).collect();
        let mean = sums.iter().sum::<f64>() / width as f64;
        let spread = (sums.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / width as f64 + 1e-12).sqrt();
        expected.extend((0..width).map(|n| (sums[n] - mean) / spread * f64::from(gain[n]) + f64::from(bias[n])));
    }
    for level in levels() {
        let mut found = values.clone();
        kernels::add_norm(level, &mut found, &residual, &gain, &bias, 1e-12);
        assert_close(&found, &expected, 1e-5, &format!("{level:?}"));
    }
}
