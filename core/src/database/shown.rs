//! A database's URL as it may be shown.

/// A URL with any password left out: between user and host, or among the parameters.
#[must_use]
pub fn shown(url: &str) -> String {
    let (head, query) = url.split_once('?').unwrap_or((url, ""));
    let head = match head.split_once("://") {
        None => head.to_owned(),
        // A password may hold a `?`: what then looks like parameters is the rest of it, and the host.
        Some((scheme, _)) if query.contains('@') => return format!("{scheme}://…"),
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            None => head.to_owned(),
            Some((who, place)) => {
                let user = who.split(':').next().unwrap_or_default();
                format!("{scheme}://{user}@{place}")
            }
        },
    };
    let kept = harmless(query);
    match kept.is_empty() {
        true => head,
        false => format!("{head}?{}", kept.join("&")),
    }
}

/// The parameters that hold no password.
fn harmless(query: &str) -> Vec<&str> {
    let mut kept = Vec::new();
    let mut is_secret = false;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        // A password may hold an `&`: what has no name of its own belongs to the pair before.
        if let Some((name, _)) = pair.split_once('=') {
            // A name may be written in hex digits.
            is_secret = name.to_ascii_lowercase().ends_with("password") || name.contains('%');
        }
        if !is_secret {
            kept.push(pair);
        }
    }
    kept
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
            ("postgres://me:se?cret@h/d", "postgres://…"),
            ("postgres://h/d?user=me&password=se@cret", "postgres://…"),
            ("postgres://me@h/d?sslpassword=secret", "postgres://me@h/d"),
            (
                "postgres://me@h/d?password=se&cret&sslmode=require",
                "postgres://me@h/d?sslmode=require",
            ),
            ("postgres://me@h/d?pass%77ord=secret", "postgres://me@h/d"),
            ("postgres://h/d", "postgres://h/d"),
            ("/a/folder", "/a/folder"),
        ] {
            assert_eq!(shown(url), text);
        }
    }
}
