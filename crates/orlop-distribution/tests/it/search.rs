//! Finding repositories, and files that are no registry's.

use orlop_distribution::{Client, ClientConfig, Download, Error, RegistriesConfig, RegistryConfig};
use url::Url;

use crate::support::*;

/// As Docker Hub's index answers.
const HUB: &str = r#"{"num_pages":1,"num_results":3,"page_size":25,"page":1,"query":"alp in",
"results":[
 {"name":"alpine","description":"A minimal Docker image based on Alpine Linux\u001b[2J\nwith a complete package index","star_count":11000,"pull_count":1000000000,"is_trusted":false,"is_automated":false,"is_official":true},
 {"name":"user/alp","description":null,"star_count":-3,"is_automated":true,"is_official":false},
 {"name":"third/alpine","star_count":null}
]}"#;

fn hub_at(fake: &Fake, path: &str) -> Client {
    let table = RegistryConfig {
        search: Some(format!("http://{}{path}", fake.name())),
        ..Default::default()
    };
    Client::new(ClientConfig {
        registries: RegistriesConfig([("docker.io".to_owned(), table)].into()),
        ..ClientConfig::default()
    })
    .unwrap()
}

#[tokio::test]
async fn docker_hub_is_searched_at_its_index() {
    let fake = Fake::start(|asked: &Asked| match asked.target.as_str() {
        "/api/v1/search?q=alp+in&n=2" => reply(200, &[], HUB),
        other => panic!("{other}"),
    })
    .await;
    let found = hub_at(&fake, "/api/")
        .search("docker.io", "alp in", 2)
        .await
        .unwrap();
    assert!(!found.by_list);
    let rows: Vec<_> = found
        .repositories
        .iter()
        .map(|r| (r.name.as_str(), r.description.as_str(), r.stars, r.official))
        .collect();
    assert_eq!(
        rows,
        [
            (
                "alpine",
                "A minimal Docker image based on Alpine Linux [2J with a complete package index",
                11000,
                true
            ),
            ("user/alp", "", 0, false),
        ],
        "no more than the limit, whatever comes"
    );
}

#[tokio::test]
async fn docker_hub_has_no_list() {
    for answer in [(404, "no"), (200, "<html>")] {
        let fake = Fake::start(move |_: &Asked| reply(answer.0, &[], answer.1)).await;
        let error = hub_at(&fake, "").search("docker.io", "a", 5).await;
        assert!(error.is_err());
        assert_eq!(fake.lines(), ["GET /v1/search"]);
    }
}

#[tokio::test]
async fn a_registry_without_a_search_has_a_list() {
    for (status, page) in [
        (404, ""),
        (405, ""),
        (200, "<html>not found</html>"),
        (200, "{}"),
    ] {
        let fake = Fake::start(move |asked: &Asked| match asked.target.as_str() {
            "/v1/search?q=App&n=3" => reply(status, &[], page),
            "/v2/_catalog?n=1000" => reply(
                200,
                &[("link", r#"</v2/_catalog?n=1000&last=b>; rel="next""#)],
                r#"{"repositories":["team/app","b","../app","\u001bapp"]}"#,
            ),
            "/v2/_catalog?n=1000&last=b" => {
                reply(200, &[], r#"{"repositories":["my-app","zapp","apple"]}"#)
            }
            other => panic!("{other}"),
        })
        .await;
        let found = client().search(&fake.name(), "App", 3).await.unwrap();
        assert!(found.by_list);
        let names: Vec<_> = found.repositories.iter().map(|r| r.name.as_str()).collect();
        assert_eq!(names, ["team/app", "my-app", "zapp"], "{status} {page}");
    }
}

#[tokio::test]
async fn lists_that_go_astray() {
    let fake = Fake::start(|asked: &Asked| {
        if asked.target.starts_with("/v1/") {
            return reply(404, &[], "");
        }
        let link = r#"</v2/_catalog?n=1000>; rel="next""#;
        reply(200, &[("link", link)], r#"{"repositories":[]}"#)
    })
    .await;
    let error = client().search(&fake.name(), "a", 1).await.unwrap_err();
    assert!(error.to_string().contains("doesn't end"), "{error}");
    let fake = Fake::start(|asked: &Asked| {
        if asked.target.starts_with("/v1/") {
            return reply(404, &[], "");
        }
        let link = r#"<http://127.0.0.1:1/>; rel="next""#;
        reply(200, &[("link", link)], r#"{"repositories":["b"]}"#)
    })
    .await;
    let error = client().search(&fake.name(), "a", 1).await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
}

async fn read(download: Download) -> Result<Vec<u8>, Error> {
    let Download::File(mut file) = download else {
        panic!("unchanged");
    };
    let mut bytes = Vec::new();
    while let Some(chunk) = file.chunk().await? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

#[tokio::test]
async fn a_file_is_fetched_once() {
    let fake = Fake::start(|asked: &Asked| match asked.target.as_str() {
        "/archive/master.tar.gz" => reply(302, &[("location", "/real")], ""),
        "/real" if asked.header("if-none-match") == Some("\"1\"") => reply(304, &[], ""),
        "/real" => reply(200, &[("etag", "\"1\"")], "content"),
        _ => reply(404, &[], "no such file"),
    })
    .await;
    let url = |path: &str| Url::parse(&format!("http://{}{path}", fake.name())).unwrap();
    let client = client();
    let first = client
        .download(&url("/archive/master.tar.gz"), None, 7)
        .await
        .unwrap();
    let Download::File(file) = &first else {
        panic!("{first:?}");
    };
    let known = file.validators.clone();
    assert_eq!(known.etag.as_deref(), Some("\"1\""));
    assert_eq!(read(first).await.unwrap(), b"content");
    let again = client
        .download(&url("/archive/master.tar.gz"), Some(&known), 7)
        .await;
    assert!(matches!(again, Ok(Download::Unchanged)));
    let large = client.download(&url("/real"), None, 6).await;
    assert!(large.unwrap_err().to_string().contains("larger"));
    let missing = client.download(&url("/nothing"), None, 6).await;
    assert!(missing.unwrap_err().is_not_found());
    let plain = Url::parse("http://files.example/x").unwrap();
    let refused = client.download(&plain, None, 6).await.unwrap_err();
    assert!(refused.to_string().contains("plain HTTP"), "{refused}");
}
