//! A database's URL as it may be shown.

/// A URL with any password left out: between user and host, or among the parameters.
#[must_use]
pub fn shown(url: &str) -> String {
    let (head, query) = url.split_once('?').unwrap_or((url, ""));
    let head = match head.split_once("://") {
        None => head.to_owned(),
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            None => head.to_owned(),
            Some((who, place)) => {
                let user = who.split(':').next().unwrap_or_default();
                format!("{scheme}://{user}@{place}")
            }
        },
    };
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("password="))
        .collect();
    match kept.is_empty() {
        true => head,
        false => format!("{head}?{}", kept.join("&")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_shown_nowhere() {
        for (url, text) in [
            ("postgres://me:se@cret@h/d", "postgres://me@h/d"),
            (
                "postgres://me@h/d?password=secret&sslmode=require",
                "postgres://me@h/d?sslmode=require",
            ),
            (
                "postgres://h/d?user=me&password=secret",
                "postgres://h/d?user=me",
            ),
            ("postgres://h/d", "postgres://h/d"),
            ("/a/folder", "/a/folder"),
        ] {
            assert_eq!(shown(url), text);
        }
    }
}
