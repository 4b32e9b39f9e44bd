//! Small dense least squares, where some unknowns must not be negative.

/// Solves a square system of at most a handful of unknowns by elimination with pivots; `None` when it has no one answer.
pub(super) fn solve(mut rows: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let n = rows.len();
    for at in 0..n {
        let pivot = (at..n).max_by(|a, b| rows[*a][at].abs().total_cmp(&rows[*b][at].abs()))?;
        rows.swap(at, pivot);
        let lead = rows[at][at];
        if !lead.is_finite() || lead.abs() < 1e-300 {
            return None;
        }
        let top = rows[at].clone();
        for row in rows.iter_mut().skip(at + 1) {
            let factor = row[at] / lead;
            row.iter_mut()
                .zip(&top)
                .skip(at)
                .for_each(|(x, t)| *x -= factor * t);
        }
    }
    let mut answer = vec![0.0; n];
    for at in (0..n).rev() {
        let known: f64 = (at + 1..n).map(|k| rows[at][k] * answer[k]).sum();
        answer[at] = (rows[at][n] - known) / rows[at][at];
    }
    answer.iter().all(|v| v.is_finite()).then_some(answer)
}

/// Normal equations of rows (their last member is the right side) in the chosen unknowns, each diagonal raised by a
/// share of itself.
pub(super) fn normal(rows: &[Vec<f64>], chosen: &[usize], raised: f64) -> Vec<Vec<f64>> {
    let last = rows.first().map_or(0, |r| r.len() - 1);
    let product = |a: usize, b: usize| rows.iter().map(|r| r[a] * r[b]).sum::<f64>();
    let line = |a: &usize| {
        let mut line: Vec<f64> = chosen.iter().map(|b| product(*a, *b)).collect();
        let at = chosen.iter().position(|b| b == a);
        at.into_iter().for_each(|at| line[at] *= 1.0 + raised);
        line.push(product(*a, last));
        line
    };
    chosen.iter().map(line).collect()
}

/// Least squares with no unknown negative: of all choices of unknowns that may differ from 0, the best that is allowed.
/// With three or four of them trying all is exact.
pub(super) fn non_negative(rows: &[Vec<f64>], unknowns: usize) -> Option<Vec<f64>> {
    let mut best: Option<(f64, Vec<f64>)> = None;
    for mask in 1u32..1 << unknowns {
        let chosen: Vec<usize> = (0..unknowns).filter(|at| mask & (1 << at) != 0).collect();
        let Some(part) = solve(normal(rows, &chosen, 0.0)) else {
            continue;
        };
        if part.iter().any(|v| *v < 0.0) {
            continue;
        }
        let mut whole = vec![0.0; unknowns];
        chosen.iter().zip(part).for_each(|(at, v)| whole[*at] = v);
        let error: f64 = rows
            .iter()
            .map(|r| (r[unknowns] - (0..unknowns).map(|k| r[k] * whole[k]).sum::<f64>()).powi(2))
            .sum();
        if best.as_ref().is_none_or(|(least, _)| error < *least) {
            best = Some((error, whole));
        }
    }
    best.map(|(_, whole)| whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_are_solved_and_singular_ones_refused() {
        let answer = solve(vec![vec![0.0, 2.0, 4.0], vec![1.0, 1.0, 3.0]]).unwrap();
        assert_eq!(answer, [1.0, 2.0]);
        assert_eq!(solve(vec![vec![1.0, 1.0, 1.0], vec![1.0, 1.0, 2.0]]), None);
        assert_eq!(solve(vec![vec![f64::NAN, 1.0]]), None);
    }

    #[test]
    fn what_would_be_negative_is_zero() {
        // y = 3 − 0.1 x wants a falling line; the best rising one is flat.
        let rows: Vec<Vec<f64>> = (0..9)
            .map(|x| vec![1.0, f64::from(x), 3.0 - 0.1 * f64::from(x)])
            .collect();
        let answer = non_negative(&rows, 2).unwrap();
        assert!(
            (answer[0] - 2.6).abs() < 1e-9 && answer[1] == 0.0,
            "{answer:?}"
        );
    }
}
