//! The least value of a function of a few numbers, without derivatives (Nelder, Mead 1965).
//!
//! **Invariant:** the same function and start give the same answer; a value that is not a number counts as infinite.

/// The best point found from `start` with first steps of `step`, after at most so many looks at the function.
pub(super) fn minimise(start: &[f64], step: f64, looks: usize, mut of: impl FnMut(&[f64]) -> f64) -> Vec<f64> {
    let mut look = |point: Vec<f64>| {
        let value = of(&point);
        (if value.is_nan() { f64::INFINITY } else { value }, point)
    };
    let mut corners = vec![look(start.to_vec())];
    for at in 0..start.len() {
        let mut point = start.to_vec();
        point[at] += step;
        corners.push(look(point));
    }
    let mut used = corners.len();
    while used < looks {
        corners.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (best, last) = (corners[0].0, corners.len() - 1);
        if corners[last].0 - best <= 1e-12 * best.abs() {
            break;
        }
        let centre: Vec<f64> =
            (0..start.len()).map(|at| corners[..last].iter().map(|c| c.1[at]).sum::<f64>() / last as f64).collect();
        let worst = corners[last].clone();
        let along = |far: f64| -> Vec<f64> {
            centre.iter().zip(&worst.1).map(|(centre, worst)| centre + far * (centre - worst)).collect()
        };
        let reflected = look(along(1.0));
        used += 1;
        let next = if reflected.0 < best {
            used += 1;
            let expanded = look(along(2.0));
            Some(if expanded.0 < reflected.0 { expanded } else { reflected })
        } else if reflected.0 < corners[last - 1].0 {
            Some(reflected)
        } else {
            used += 1;
            let contracted = look(along(if reflected.0 < worst.0 { 0.5 } else { -0.5 }));
            (contracted.0 < worst.0.min(reflected.0)).then_some(contracted)
        };
        if let Some(next) = next {
            corners[last] = next;
            continue;
        }
        let best = corners[0].1.clone();
        for corner in corners.iter_mut().skip(1) {
            let nearer = corner.1.iter().zip(&best).map(|(x, best)| best + 0.5 * (x - best)).collect();
            *corner = look(nearer);
            used += 1;
        }
    }
    corners.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)).map_or_else(|| start.to_vec(), |(_, point)| point)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crooked_valley_is_followed_to_its_end() {
        let rosenbrock = |p: &[f64]| (1.0 - p[0]).powi(2) + 100.0 * (p[1] - p[0] * p[0]).powi(2);
        let found = minimise(&[-1.2, 1.0], 0.5, 2_000, rosenbrock);
        assert!((found[0] - 1.0).abs() < 1e-3 && (found[1] - 1.0).abs() < 1e-3, "{found:?}");
    }
}
