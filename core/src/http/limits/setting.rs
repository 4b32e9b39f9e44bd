//! Reads `limits.routes_per_second`.

use crate::http::route::ROUTES;

/// Routes by their place in the table, each with its rate: out of `POST /v1/batches = 5, GET /v1/events = 20`.
pub(super) fn routes(text: &str) -> Result<Vec<(usize, u32)>, String> {
    let entries = text.split(',').map(str::trim);
    let entries = entries.filter(|entry| !entry.is_empty());
    let mut found: Vec<(usize, u32)> = Vec::new();
    for entry in entries {
        let wrong = |what: &str| format!("limits.routes_per_second: {entry:?}: {what}");
        let (route, rate) = entry.split_once('=').ok_or_else(|| {
            wrong("a route, = and a number are wanted, such as POST /v1/batches = 5")
        })?;
        let place = ROUTES
            .iter()
            .position(|known| format!("{} {}", known.method, known.template) == route.trim())
            .ok_or_else(|| wrong("there is no such route; /openapi.json lists them"))?;
        let rate = rate.trim().parse();
        let rate = rate.map_err(|_| wrong("requests a second are a whole number"))?;
        if found.iter().any(|(known, _)| *known == place) {
            return Err(wrong("the route stands twice"));
        }
        found.push((place, rate));
    }
    Ok(found)
}
