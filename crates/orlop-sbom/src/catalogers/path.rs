//! Paths below the root of the image.

/// The folder of a file, without a slash at its end; empty for the root.
pub(super) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// What a path that stands in a file of `folder` means; `None` where it leads out of the root.
pub(super) fn join(folder: &str, path: &str) -> Option<String> {
    let mut joined = if path.starts_with('/') {
        String::new()
    } else {
        folder.to_owned()
    };
    joined.reserve(path.len() + 1);
    for component in path.split('/') {
        match component {
            "" | "." => {}
            ".." => {
                if joined.is_empty() {
                    return None;
                }
                joined.truncate(joined.rfind('/').unwrap_or(0));
            }
            component => {
                if !joined.is_empty() {
                    joined.push('/');
                }
                joined.push_str(component);
            }
        }
    }
    Some(joined)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_below_the_root() {
        for (from, path, joined) in [
            ("usr/lib", "a/b", Some("usr/lib/a/b")),
            ("usr/lib", "../bin/pip", Some("usr/bin/pip")),
            ("usr/lib", "./a//b/", Some("usr/lib/a/b")),
            ("usr/lib", "/etc/x", Some("etc/x")),
            ("usr", "../x", Some("x")),
            ("usr", "../../x", None),
            ("", "x", Some("x")),
            ("", "..", None),
            ("", "/.", Some("")),
        ] {
            assert_eq!(join(from, path).as_deref(), joined, "{from} {path}");
        }
        assert_eq!(folder("usr/lib/x"), "usr/lib");
        assert_eq!(folder("x"), "");
    }
}
