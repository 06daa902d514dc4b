//! The least sum of squares of a function of a few numbers, by its slopes (Levenberg 1944, Marquardt 1963).
//!
//! **Invariant:** the same function and start give the same answer; it is never worse than the start.

/// How far to each side the slopes are taken. Wide, since what is simulated is rough in the small.
const REACH: f64 = 0.12;

/// The best point found from `start`, after about so many looks at the function; `None` is a point out of bounds.
pub(super) fn descend(start: &[f64], looks: usize, of: impl Fn(&[f64]) -> Option<Vec<f64>>) -> Vec<f64> {
    let square = |parts: &[f64]| parts.iter().map(|part| part * part).sum::<f64>();
    let mut here = start.to_vec();
    let Some(mut parts) = of(&here) else { return here };
    let (mut used, mut damping) = (1, 0.1);
    while used + 2 * here.len() < looks {
        let slopes: Vec<Vec<f64>> = (0..here.len()).map(|at| slope(&here, at, &parts, &of)).collect();
        used += 2 * here.len();
        let before = square(&parts);
        // A longer step each time it helps; a shorter one, and steeper downhill, until it does.
        let mut is_better = false;
        for _ in 0..6 {
            let Some(step) = step(&slopes, &parts, damping) else { break };
            let there: Vec<f64> = here.iter().zip(&step).map(|(x, step)| x + step.clamp(-1.0, 1.0)).collect();
            used += 1;
            match of(&there) {
                Some(new) if square(&new) < square(&parts) => {
                    (here, parts, is_better) = (there, new, true);
                    damping *= 0.3;
                    break;
                }
                _ => damping *= 4.0,
            }
        }
        if !is_better || square(&parts) > before * (1.0 - 1e-4) {
            break;
        }
    }
    here
}

/// How each part changes with one number; from one side only where the other is out of bounds.
fn slope(here: &[f64], at: usize, parts: &[f64], of: &impl Fn(&[f64]) -> Option<Vec<f64>>) -> Vec<f64> {
    let moved = |by: f64| {
        let mut there = here.to_vec();
        there[at] += by;
        of(&there)
    };
    let (low, high) = (moved(-REACH), moved(REACH));
    let width = REACH * (f64::from(u8::from(low.is_some())) + f64::from(u8::from(high.is_some())));
    if width == 0.0 {
        return vec![0.0; parts.len()];
    }
    let (low, high) = (low.unwrap_or_else(|| parts.to_vec()), high.unwrap_or_else(|| parts.to_vec()));
    high.iter().zip(&low).map(|(high, low)| (high - low) / width).collect()
}

/// The damped step: Gaussian elimination with pivots; `None` where it has no answer.
fn step(slopes: &[Vec<f64>], parts: &[f64], damping: f64) -> Option<Vec<f64>> {
    let n = slopes.len();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let row = |i: usize| {
        let own = |j: usize| dot(&slopes[i], &slopes[j]) * if i == j { 1.0 + damping } else { 1.0 };
        (0..n).map(own).chain([-dot(&slopes[i], parts)]).collect::<Vec<f64>>()
    };
    let mut rows: Vec<Vec<f64>> = (0..n).map(row).collect();
    for (i, row) in rows.iter_mut().enumerate() {
        // What nothing depends on stays where it is.
        row[i] += 1e-9;
    }
    for i in 0..n {
        let pivot = (i..n).max_by(|a, b| rows[*a][i].abs().total_cmp(&rows[*b][i].abs()))?;
        rows.swap(i, pivot);
        let top = rows[i].clone();
        if top[i].abs() < 1e-300 {
            return None;
        }
        for row in rows.iter_mut().skip(i + 1) {
            let by = row[i] / top[i];
            row.iter_mut().zip(&top).for_each(|(x, top)| *x -= by * top);
        }
    }
    let mut found = vec![0.0; n];
    for i in (0..n).rev() {
        found[i] = (rows[i][n] - dot(&rows[i][i + 1..n], &found[i + 1..])) / rows[i][i];
    }
    found.iter().all(|x| x.is_finite()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crooked_valley_is_followed_to_its_end() {
        let rosenbrock = |p: &[f64]| Some(vec![1.0 - p[0], 10.0 * (p[1] - p[0] * p[0])]);
        let found = descend(&[-1.2, 1.0], 600, rosenbrock);
        assert!((found[0] - 1.0).abs() < 1e-3 && (found[1] - 1.0).abs() < 1e-3, "{found:?}");
    }

    #[test]
    fn bounds_are_kept() {
        let found = descend(&[0.0], 200, |p| (p[0] <= 1.0).then(|| vec![p[0] - 5.0]));
        assert!(found[0] <= 1.0 && found[0] > 0.8, "{found:?}");
    }
}
