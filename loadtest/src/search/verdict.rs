//! What a search came to: the limit in words, what is not known of it, and the exit status.

use super::curve::Curve;
use super::limit::{Facts, Limit, LimitKind, attribute, disk_words};
use super::load::{End, Hunted};
use super::point::Point;
use crate::audit::Settlement;
use crate::report::Exit;

/// From such a share on refusals change what is measured.
const REFUSED: f64 = 0.05;

fn has_broken(point: &Point) -> bool {
    !point.held && !point.is_disturbed
}

/// The step that shows the limit: the smallest load that broke, and of its steps the last.
fn broken(points: &[Point]) -> Option<&Point> {
    let least = points.iter().filter(|p| has_broken(p)).map(|p| p.load);
    let least = least.min_by(f64::total_cmp)?;
    points.iter().rfind(|p| has_broken(p) && p.load <= least)
}

/// The limit of a search.
pub(super) fn limit(hunted: &Hunted, facts: Facts) -> Limit {
    let at_knee = |load: f64| {
        let mut points = hunted.points.iter();
        points.rfind(|p| has_broken(p) && p.load <= load)
    };
    let broken = match &hunted.knee {
        Some(knee) => at_knee(knee.broken),
        None => broken(&hunted.points),
    };
    let attributed = broken.map(|point| {
        let mut limit = attribute(point, facts);
        limit.why = format!(
            "at {}: {}; {}",
            point.load,
            point.broke.join(", "),
            limit.why
        );
        limit
    });
    match &hunted.end {
        End::Impossible(limit) => limit.clone(),
        End::Max => Limit::new(
            LimitKind::Asked,
            "everything held, up to the largest load asked for (--max)",
        ),
        End::Stopped => Limit::new(LimitKind::Stopped, "stopped before its time"),
        End::Bound => Limit::new(
            LimitKind::Stopped,
            "the bound of steps or time was reached (--max-steps, --max-minutes)",
        ),
        End::Found | End::Floor | End::Swept => attributed.unwrap_or_else(|| {
            Limit::new(LimitKind::Asked, "everything held, up to the largest load")
        }),
    }
}

/// What else is to be known of the limit.
pub(super) fn remarks(points: &[Point], facts: Facts) -> Vec<String> {
    let Some(point) = broken(points).or(points.last()) else {
        return Vec::new();
    };
    let mut remarks = vec![disk_words(point)];
    let share = |p: &Point| p.refused as f64 / p.requests.max(1) as f64;
    let refused = points.iter().map(share).fold(0.0, f64::max);
    if refused > REFUSED {
        remarks.push(format!(
            "up to {:.0} % of a step's requests were refused for reasons of business: fewer commands were done than asked for",
            refused * 100.0
        ));
    }
    match (point.server_cores, facts.is_local) {
        (None, true) => {
            remarks.push("the server's own processor time is unknown; give --server-pid PID".into())
        }
        (None, false) => remarks.push(
            "the server is on another machine: its processors and memory are unknown here".into(),
        ),
        _ => {}
    }
    let disturbed = points.iter().filter(|p| p.is_disturbed).count();
    if disturbed > 0 {
        remarks.push(format!(
            "{disturbed} step(s) were measured again: the machine itself stood still (a paused virtual machine, a frozen group, swapping)"
        ));
    }
    let rest = |p: &Point| Some(p.machine_cores? - p.harness_cores? - p.server_cores?);
    let rest = points.iter().filter_map(rest).fold(0.0, f64::max);
    if rest > 0.2 * point.cores {
        remarks.push(format!(
            "other processes took up to {rest:.2} cores in a step: a quieter machine gives other figures"
        ));
    }
    remarks
}

/// The exit status of a curve.
pub(super) fn exit(curve: &Curve, end: &End) -> Exit {
    let is_clean = curve.audit.as_ref().is_some_and(Settlement::is_clean);
    let is_audited = is_clean || curve.not_audited.is_some();
    match (is_audited, end) {
        (false, _) => Exit::Audit,
        (true, End::Stopped) => Exit::Incomplete,
        (true, _) if curve.emulated.is_some() => Exit::Emulated,
        (true, End::Swept) => Exit::Passed,
        (true, End::Found) => match curve.limit.kind {
            // A knee that the harness made is not the server's.
            LimitKind::Harness => Exit::NoLimit,
            _ => Exit::Passed,
        },
        (true, _) => Exit::NoLimit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Facts = Facts {
        is_local: true,
        p99_ms: 200.0,
    };

    fn point(load: f64, held: bool, late: bool) -> Point {
        Point {
            load,
            held,
            cores: 2.0,
            machine_cores: Some(1.0),
            harness_cores: Some(0.4),
            bottleneck: late.then(|| "the harness began users late".into()),
            ..Point::default()
        }
    }

    fn hunted(points: Vec<Point>, end: End) -> Hunted {
        Hunted {
            points,
            knee: None,
            end,
        }
    }

    #[test]
    fn the_step_that_broke_at_the_least_load_shows_the_limit() {
        let points = vec![
            point(100.0, true, false),
            point(400.0, false, true),
            point(200.0, false, false),
        ];
        let found = limit(&hunted(points.clone(), End::Found), HERE);
        assert_eq!(found.kind, LimitKind::Server);
        assert!(found.why.starts_with("at 200: "), "{}", found.why);
        let late = vec![points[0].clone(), points[1].clone()];
        assert_eq!(
            limit(&hunted(late, End::Found), HERE).kind,
            LimitKind::Harness
        );
    }

    #[test]
    fn what_ended_the_search_is_the_limit_where_nothing_broke() {
        let held = || vec![point(100.0, true, false)];
        let few = Limit::new(LimitKind::Ports, "too few");
        for (end, kind) in [
            (End::Impossible(few), LimitKind::Ports),
            (End::Max, LimitKind::Asked),
            (End::Swept, LimitKind::Asked),
            (End::Stopped, LimitKind::Stopped),
            (End::Bound, LimitKind::Stopped),
        ] {
            assert_eq!(limit(&hunted(held(), end), HERE).kind, kind);
        }
    }

    #[test]
    fn what_is_not_known_is_said() {
        let said = remarks(&[point(100.0, false, false)], HERE).join("\n");
        assert!(
            said.contains("disk: unknown") && said.contains("--server-pid"),
            "{said}"
        );
        let mut seen = point(100.0, false, false);
        seen.server_cores = Some(0.1);
        let said = remarks(&[seen], HERE).join("\n");
        assert!(
            said.contains("other processes took up to 0.50 cores"),
            "{said}"
        );
    }
}
