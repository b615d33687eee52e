//! The line of a request, whatever stands in it. Also a fuzz target: `fuzz/src/bin/routes.rs`.

use http::Method;
use orlop_oci::Algorithm;
use orlop_registry::{ListQuery, Refusal, Route, StartUpload, TokenMethod, parse_route};
use orlop_registry_store::{RepositoryName, TagName};
use url::form_urlencoded::Serializer;

/// `METHOD PATH?QUERY`: it is read or refused without a panic, and what was read is of the grammar
/// and means the same when it is written in the usual way.
pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Some((method, target)) = text.split_once(' ') else {
        return;
    };
    let Ok(method) = Method::from_bytes(method.as_bytes()) else {
        return;
    };
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    match parse_route(&method, path, query) {
        Ok(route) => {
            if let Some(name) = route.repository() {
                check_name(name);
            }
            let (method, path, query) = usual(&route);
            let again = parse_route(&method, &path, Some(&query));
            assert_eq!(again.as_ref(), Ok(&route), "{method} {path}?{query}");
            assert!(matches!(route.pattern().as_bytes()[0], b'/' | b'*'));
        }
        Err(Refusal::Method(allow)) => {
            assert!(allow.split(", ").all(|word| word != method.as_str()));
        }
        Err(_) => {}
    }
}

/// Nothing that could leave a folder or a statement.
fn check_name(name: &RepositoryName) {
    let text = name.as_str();
    assert!((1..=255).contains(&text.len()));
    assert!(text.bytes().all(|byte| matches!(byte,
        b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b'/')));
    let fine = |part: &str| !part.is_empty() && !part.contains("..") && !part.starts_with('.');
    assert!(text.split('/').all(fine), "{text}");
}

/// The method, path and query that stand for a route.
fn usual(route: &Route) -> (Method, String, String) {
    let at = |name: &RepositoryName, rest: &str| format!("/v2/{name}/{rest}");
    let plain = |method, path: String| (method, path, String::new());
    match route {
        Route::Base => plain(Method::GET, "/v2/".into()),
        Route::GetBlob(name, digest) => plain(Method::GET, at(name, &format!("blobs/{digest}"))),
        Route::HeadBlob(name, digest) => plain(Method::HEAD, at(name, &format!("blobs/{digest}"))),
        Route::DeleteBlob(name, digest) => {
            plain(Method::DELETE, at(name, &format!("blobs/{digest}")))
        }
        Route::GetManifest(name, what) => {
            plain(Method::GET, at(name, &format!("manifests/{what}")))
        }
        Route::HeadManifest(name, what) => {
            plain(Method::HEAD, at(name, &format!("manifests/{what}")))
        }
        Route::DeleteManifest(name, what) => {
            plain(Method::DELETE, at(name, &format!("manifests/{what}")))
        }
        Route::PutManifest(name, what, tags) => {
            let path = at(name, &format!("manifests/{what}"));
            (
                Method::PUT,
                path,
                pairs(tags.iter().map(|tag| ("tag", TagName::as_str(tag)))),
            )
        }
        Route::StartUpload(name, start) => {
            (Method::POST, at(name, "blobs/uploads/"), start_query(start))
        }
        Route::PatchUpload(name, id) => plain(Method::PATCH, at(name, &upload(id.as_str()))),
        Route::UploadStatus(name, id) => plain(Method::GET, at(name, &upload(id.as_str()))),
        Route::CancelUpload(name, id) => plain(Method::DELETE, at(name, &upload(id.as_str()))),
        Route::FinishUpload(name, id, digest) => {
            let query = pairs([("digest", digest.as_str())]);
            (Method::PUT, at(name, &upload(id.as_str())), query)
        }
        Route::Tags(name, list) => (Method::GET, at(name, "tags/list"), list_query(list, None)),
        Route::Referrers(name, digest, kind, list) => {
            let path = at(name, &format!("referrers/{digest}"));
            (Method::GET, path, list_query(list, kind.as_deref()))
        }
        Route::Catalog(list) => (Method::GET, "/v2/_catalog".into(), list_query(list, None)),
        Route::Token(TokenMethod::Get) => plain(Method::GET, "/token".into()),
        Route::Token(TokenMethod::Post) => plain(Method::POST, "/token".into()),
        Route::TokenKeys => plain(Method::GET, "/token/keys".into()),
        Route::Health => plain(Method::GET, "/healthz".into()),
        Route::Ready => plain(Method::GET, "/readyz".into()),
        Route::Metrics => plain(Method::GET, "/metrics".into()),
        Route::Options(allow) => plain(Method::OPTIONS, some_path(allow)),
    }
}

/// Some path that allows exactly this.
fn some_path(allow: &str) -> String {
    let paths = [
        "/v2/",
        "/v2/a/blobs/x",
        "/v2/a/manifests/x",
        "/v2/a/blobs/uploads/",
        "/v2/a/blobs/uploads/x",
        "/token",
    ];
    let found = paths.into_iter().find(|path| {
        parse_route(&Method::OPTIONS, path, None)
            .is_ok_and(|route| matches!(route, Route::Options(same) if same == allow))
    });
    found
        .expect("each place allows what one of these does")
        .into()
}

fn upload(id: &str) -> String {
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    format!("blobs/uploads/{id}")
}

fn start_query(start: &StartUpload) -> String {
    match start {
        StartUpload::Session(Algorithm::Sha256) => String::new(),
        StartUpload::Session(algorithm) => pairs([("digest-algorithm", algorithm.as_str())]),
        StartUpload::Whole(digest) => pairs([("digest", digest.as_str())]),
        StartUpload::Mount { digest, from } => {
            let from = from.as_ref().map(|from| ("from", from.as_str()));
            from.iter()
                .for_each(|(_, name)| check_name(&name.parse().expect("it was read")));
            pairs(std::iter::once(("mount", digest.as_str())).chain(from))
        }
    }
}

fn list_query(list: &ListQuery, kind: Option<&str>) -> String {
    let n = list.n.map(|n| n.to_string());
    let n = n.as_deref().map(|n| ("n", n));
    let last = list.last.as_deref().map(|last| ("last", last));
    pairs(
        n.into_iter()
            .chain(last)
            .chain(kind.map(|kind| ("artifactType", kind))),
    )
}

fn pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}

#[test]
fn near_the_seeds() {
    crate::seeds::replay("routes", 1, check);
}
