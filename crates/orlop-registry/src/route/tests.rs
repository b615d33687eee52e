use http::Method;
use orlop_oci::Digest;
use proptest::prelude::*;

use super::*;

const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const ID: &str = "0123456789abcdef0123456789abcdef";

fn name(text: &str) -> RepositoryName {
    text.parse().unwrap()
}

fn digest() -> Digest {
    Digest::of(b"")
}

fn ask(method: &str, target: &str) -> Result<Route, Refusal> {
    let target = target.replace("HEX", HEX).replace("ID", ID);
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (&*target, None),
    };
    parse(&method.parse::<Method>().unwrap(), path, query)
}

#[test]
fn every_end_point_is_found() {
    let id = || UploadId::parse(ID).unwrap();
    let tag = |text: &str| TagOrDigest::Tag(text.parse().unwrap());
    let list = ListQuery::default;
    let table = [
        ("GET", "/v2/", Route::Base),
        ("GET", "/v2", Route::Base),
        (
            "GET",
            "/v2/a/b/blobs/sha256:HEX",
            Route::GetBlob(name("a/b"), digest()),
        ),
        (
            "GET",
            "/v2/a/blobs/sha256%3aHEX",
            Route::GetBlob(name("a"), digest()),
        ),
        (
            "HEAD",
            "/v2/a/blobs/sha256:HEX",
            Route::HeadBlob(name("a"), digest()),
        ),
        (
            "DELETE",
            "/v2/a/blobs/sha256:HEX",
            Route::DeleteBlob(name("a"), digest()),
        ),
        (
            "GET",
            "/v2/a/manifests/latest",
            Route::GetManifest(name("a"), tag("latest")),
        ),
        (
            "HEAD",
            "/v2/a/manifests/sha256:HEX",
            Route::HeadManifest(name("a"), TagOrDigest::Digest(digest())),
        ),
        (
            "PUT",
            "/v2/a/manifests/v1",
            Route::PutManifest(name("a"), tag("v1"), vec![]),
        ),
        (
            "PUT",
            "/v2/a/manifests/sha256:HEX?tag=1&tag=1.2&ns=x",
            Route::PutManifest(
                name("a"),
                TagOrDigest::Digest(digest()),
                vec!["1".parse().unwrap(), "1.2".parse().unwrap()],
            ),
        ),
        (
            "DELETE",
            "/v2/a/manifests/v1",
            Route::DeleteManifest(name("a"), tag("v1")),
        ),
        (
            "POST",
            "/v2/a/blobs/uploads/",
            Route::StartUpload(name("a"), StartUpload::Session(Algorithm::Sha256)),
        ),
        (
            "POST",
            "/v2/a/blobs/uploads?digest-algorithm=sha512",
            Route::StartUpload(name("a"), StartUpload::Session(Algorithm::Sha512)),
        ),
        (
            "POST",
            "/v2/a/blobs/uploads/?digest=sha256:HEX",
            Route::StartUpload(name("a"), StartUpload::Whole(digest())),
        ),
        (
            "POST",
            "/v2/a/blobs/uploads/?from=b%2Fc&mount=sha256%3AHEX",
            Route::StartUpload(
                name("a"),
                StartUpload::Mount {
                    digest: digest(),
                    from: Some(name("b/c")),
                },
            ),
        ),
        (
            "POST",
            "/v2/a/blobs/uploads/?mount=sha256:HEX",
            Route::StartUpload(
                name("a"),
                StartUpload::Mount {
                    digest: digest(),
                    from: None,
                },
            ),
        ),
        (
            "PATCH",
            "/v2/a/blobs/uploads/ID",
            Route::PatchUpload(name("a"), id()),
        ),
        (
            "GET",
            "/v2/a/blobs/uploads/ID",
            Route::UploadStatus(name("a"), id()),
        ),
        (
            "DELETE",
            "/v2/a/blobs/uploads/ID",
            Route::CancelUpload(name("a"), id()),
        ),
        (
            "PUT",
            "/v2/a/blobs/uploads/ID?digest=sha256:HEX",
            Route::FinishUpload(name("a"), id(), digest()),
        ),
        (
            "GET",
            "/v2/a/tags/list?n=5&last=v1",
            Route::Tags(
                name("a"),
                ListQuery {
                    n: Some(5),
                    last: Some("v1".into()),
                },
            ),
        ),
        (
            "GET",
            "/v2/a/referrers/sha256:HEX",
            Route::Referrers(name("a"), digest(), None, list()),
        ),
        (
            "GET",
            "/v2/a/referrers/sha256:HEX?artifactType=application/x+json",
            Route::Referrers(
                name("a"),
                digest(),
                Some("application/x+json".into()),
                list(),
            ),
        ),
        ("GET", "/v2/_catalog", Route::Catalog(list())),
        ("GET", "/token?service=x", Route::Token(TokenMethod::Get)),
        ("POST", "/token", Route::Token(TokenMethod::Post)),
        ("GET", "/healthz", Route::Health),
        ("GET", "/readyz", Route::Ready),
        ("GET", "/metrics", Route::Metrics),
        ("OPTIONS", "/v2/", Route::Options("GET, HEAD, OPTIONS")),
    ];
    for (method, target, route) in table {
        assert_eq!(ask(method, target), Ok(route), "{method} {target}");
    }
}

#[test]
fn words_of_the_protocol_may_stand_in_names() {
    let cases = [
        ("/v2/a/blobs/uploads/manifests/latest", "a/blobs/uploads"),
        ("/v2/manifests/manifests/latest", "manifests"),
        ("/v2/a/tags/list/tags/list", "a/tags/list"),
        ("/v2/blobs/uploads/blobs/sha256:HEX", "blobs/uploads"),
        ("/v2/v2/tags/list", "v2"),
        ("/v2/token/referrers/sha256:HEX", "token"),
        ("/v2/uploads/blobs/uploads/ID", "uploads"),
    ];
    for (target, expected) in cases {
        let route = ask("GET", target).unwrap();
        assert_eq!(route.repository(), Some(&name(expected)), "{target}");
    }
}

#[test]
fn what_is_no_route_is_refused_for_the_right_reason() {
    use Refusal::*;
    let long = format!("/v2/{}/tags/list", "a".repeat(256));
    let table = [
        ("GET", "/", NotFound),
        ("GET", "", NotFound),
        ("GET", "*", NotFound),
        ("GET", "/v1/", NotFound),
        ("GET", "/v2//", NotFound),
        ("GET", "/v2/a", NotFound),
        ("GET", "/v2/tags/list", NotFound),
        ("GET", "/v2/manifests/latest", NotFound),
        ("GET", "/v2/blobs/sha256:HEX", NotFound),
        ("GET", "/v2/a/tags/list/", NotFound),
        ("GET", "/v2/a/tags", NotFound),
        ("GET", "/v2/a/manifests/b/c", NotFound),
        ("GET", "/v2/A/tags/list", Name),
        ("GET", "/v2//tags/list", Name),
        ("GET", "/v2/a//b/tags/list", Name),
        ("GET", "/v2/../tags/list", Name),
        ("GET", "/v2/a/../b/tags/list", Name),
        ("GET", "/v2/%2e%2e/tags/list", Name),
        ("GET", "/v2/a%2Fb/tags/list", Name),
        ("GET", "/v2/a%252fb/tags/list", Name),
        ("GET", "/v2/a%00/tags/list", Name),
        ("GET", "/v2/a%5c..%5cb/tags/list", Name),
        ("GET", "/v2/a%zz/tags/list", Malformed),
        ("GET", "/v2/a%f/tags/list", Malformed),
        ("GET", "/v2/%ff/tags/list", Malformed),
        ("GET", &long, Name),
        ("GET", "/v2/a/blobs/sha256:abc", Digest),
        (
            "GET",
            "/v2/a/blobs/md5:d41d8cd98f00b204e9800998ecf8427e",
            Digest,
        ),
        ("HEAD", "/v2/a/blobs/..%2f..%2fetc%2fpasswd", Digest),
        ("GET", "/v2/a/blobs/", Digest),
        ("GET", "/v2/a/manifests/sha256:baddigeststring", Digest),
        ("PUT", "/v2/a/manifests/sha256:baddigeststring", Digest),
        ("GET", "/v2/a/manifests/.bad", ManifestUnknown),
        ("GET", "/v2/a/manifests/..", ManifestUnknown),
        ("GET", "/v2/a/manifests/", ManifestUnknown),
        ("DELETE", "/v2/a/manifests/a%2fb", ManifestUnknown),
        ("PUT", "/v2/a/manifests/-bad", Tag),
        ("PUT", "/v2/a/manifests/ok?tag=ok&tag=%20", Tag),
        ("GET", "/v2/a/referrers/bad", Digest),
        ("POST", "/v2/a/blobs/uploads/?digest=bad", Digest),
        ("POST", "/v2/a/blobs/uploads/?mount=bad&from=b", Digest),
        (
            "POST",
            "/v2/a/blobs/uploads/?mount=sha256:HEX&from=../b",
            Name,
        ),
        ("POST", "/v2/a/blobs/uploads/?digest-algorithm=md5", Digest),
        ("PATCH", "/v2/a/blobs/uploads/..%2f..%2fx", UploadUnknown),
        ("PATCH", "/v2/a/blobs/uploads/not-an-id", UploadUnknown),
        ("PUT", "/v2/a/blobs/uploads/ID", Digest),
        ("PUT", "/v2/a/blobs/uploads/ID?digest=", Digest),
        ("GET", "/v2/a/tags/list?n=-1", Page),
        ("GET", "/v2/a/tags/list?n=x", Page),
        ("GET", "/v2/_catalog?n=1e3", Page),
        ("PUT", "/v2/", Method("GET, HEAD, OPTIONS")),
        (
            "POST",
            "/v2/a/blobs/sha256:HEX",
            Method("GET, HEAD, DELETE, OPTIONS"),
        ),
        (
            "PATCH",
            "/v2/a/manifests/latest",
            Method("GET, HEAD, PUT, DELETE, OPTIONS"),
        ),
        ("GET", "/v2/a/blobs/uploads/", Method("POST, OPTIONS")),
        (
            "POST",
            "/v2/a/blobs/uploads/ID",
            Method("GET, HEAD, PATCH, PUT, DELETE, OPTIONS"),
        ),
        ("DELETE", "/v2/a/tags/list", Method("GET, HEAD, OPTIONS")),
        ("BREW", "/v2/_catalog", Method("GET, HEAD, OPTIONS")),
        ("DELETE", "/token", Method("GET, POST, OPTIONS")),
    ];
    for (method, target, refusal) in table {
        assert_eq!(ask(method, target), Err(refusal), "{method} {target}");
    }
}

#[test]
fn a_query_has_an_end() {
    let many = format!("/v2/a/manifests/b?{}", "tag=x&".repeat(300));
    assert_eq!(ask("PUT", &many), Err(Refusal::Malformed));
    let hundred = format!("/v2/a/manifests/b?{}", "tag=x&".repeat(100));
    assert!(ask("PUT", &hundred).is_ok());
    let huge = "/v2/_catalog?n=99999999999999999999999";
    let list = ListQuery {
        n: Some(u64::MAX),
        last: None,
    };
    assert_eq!(ask("GET", huge), Ok(Route::Catalog(list)));
}

fn method() -> impl Strategy<Value = Method> {
    prop_oneof![
        Just(Method::GET),
        Just(Method::HEAD),
        Just(Method::PUT),
        Just(Method::POST),
        Just(Method::PATCH),
        Just(Method::DELETE),
    ]
}

proptest! {
    /// Whatever comes, it is read or refused, and what is read has only names of the grammar.
    #[test]
    fn nothing_slips_through(
        method in method(),
        path in "(/v2/)?(([a-z0-9._%/-]|%2[ef]|%00|:|\\\\|é){0,12}/)?(blobs|manifests|tags|referrers|blobs/uploads)?/?.{0,40}",
        query in proptest::option::of(".{0,40}"),
    ) {
        let route = parse(&method, &path, query.as_deref()).ok();
        if let Some(name) = route.as_ref().and_then(Route::repository) {
            let text = name.as_str();
            prop_assert!(!text.contains("..") && !text.contains("//") && !text.contains('%'));
            prop_assert!(!text.starts_with('/') && !text.contains('\0'));
            prop_assert!(text.parse::<RepositoryName>().is_ok());
        }
    }

    /// A valid name and tag come out as they went in, whatever words the name is made of.
    #[test]
    fn names_survive(
        parts in proptest::collection::vec(
            prop_oneof!["[a-z0-9]{1,8}", Just("blobs".to_owned()), Just("uploads".to_owned()),
                Just("manifests".to_owned()), Just("tags".to_owned()), Just("list".to_owned()),
                Just("referrers".to_owned())],
            1..6,
        ),
        tag in "[a-zA-Z0-9_][a-zA-Z0-9._-]{0,20}",
    ) {
        let text = parts.join("/");
        let got = parse(&Method::GET, &format!("/v2/{text}/manifests/{tag}"), None);
        let expected = Route::GetManifest(name(&text), TagOrDigest::Tag(tag.parse().unwrap()));
        prop_assert_eq!(got, Ok(expected));
        let got = parse(&Method::GET, &format!("/v2/{text}/tags/list"), None);
        prop_assert_eq!(got, Ok(Route::Tags(name(&text), ListQuery::default())));
    }
}
