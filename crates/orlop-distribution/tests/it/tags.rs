//! Listing tags.

use orlop_distribution::{Error, TagRange};

use crate::support::*;

#[tokio::test]
async fn page_by_page() {
    let fake = Fake::start(|asked: &Asked| match asked.target.as_str() {
        "/v2/a/tags/list?n=1000" => reply(
            200,
            &[("link", r#"</v2/a/tags/list?n=1000&last=2>; rel="next""#)],
            r#"{"name":"a","tags":["1","2"]}"#,
        ),
        "/v2/a/tags/list?n=1000&last=2" => reply(
            200,
            // A token as ECR's, relative to the page.
            &[("link", r#"<list?next=A%2F%3D>; rel="next""#)],
            r#"{"name":"a","tags":["2","3","\u001b[2J","../x"]}"#,
        ),
        "/v2/a/tags/list?next=A%2F%3D" => reply(200, &[], r#"{"name":"a","tags":["latest"]}"#),
        other => panic!("{other}"),
    })
    .await;
    let tags = remote(&client(), &fake, "a").tags().await.unwrap();
    assert_eq!(tags, ["1", "2", "3", "latest"]);
}

#[tokio::test]
async fn none_and_nowhere() {
    let fake = Fake::start(|asked: &Asked| match asked.target.as_str() {
        "/v2/none/tags/list?n=1000" => reply(200, &[], r#"{"name":"none","tags":null}"#),
        "/v2/list/tags/list?n=1000" => reply(200, &[], r#"[["1"]]"#),
        _ => refusal(404, "NAME_UNKNOWN", "repository name not known to registry"),
    })
    .await;
    let client = client();
    assert!(
        remote(&client, &fake, "none")
            .tags()
            .await
            .unwrap()
            .is_empty()
    );
    let error = remote(&client, &fake, "list").tags().await.unwrap_err();
    assert!(error.to_string().contains("expected an object"), "{error}");
    let error = remote(&client, &fake, "x").tags().await.unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(error.code(), Some("NAME_UNKNOWN"));
}

#[tokio::test]
async fn pages_without_end_and_pages_elsewhere() {
    let fake = Fake::start(|asked: &Asked| {
        let link = match asked.target.contains("/away/") {
            true => r#"<http://127.0.0.1:1/>; rel="next""#,
            false => r#"</v2/a/tags/list?n=1000>; rel="next""#,
        };
        reply(200, &[("link", link)], r#"{"tags":["1"]}"#)
    })
    .await;
    let client = client();
    let error = remote(&client, &fake, "a").tags().await.unwrap_err();
    assert!(error.to_string().contains("doesn't end"), "{error}");
    assert_eq!(fake.asked().len(), 2);
    let error = remote(&client, &fake, "away").tags().await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
}

fn range(after: Option<&str>, limit: usize) -> TagRange {
    TagRange {
        after: after.map(str::to_owned),
        limit: Some(limit),
    }
}

#[tokio::test]
async fn a_part_is_asked_for_and_no_more_pages_than_it_needs() {
    let fake = Fake::start(|asked: &Asked| match asked.target.as_str() {
        "/v2/a/tags/list?n=2&last=1" => reply(
            200,
            &[("link", r#"</v2/a/tags/list?n=2&last=3>; rel="next""#)],
            r#"{"name":"a","tags":["2","3","4"]}"#,
        ),
        // It doesn't know `last`.
        "/v2/b/tags/list?n=2&last=2" => reply(200, &[], r#"{"tags":["1","2","3","4","5"]}"#),
        other => panic!("{other}"),
    })
    .await;
    let client = client();
    let tags = async |repository, range| {
        let remote = remote(&client, &fake, repository);
        remote.tags_in(&range).await.unwrap()
    };
    assert_eq!(tags("a", range(Some("1"), 2)).await, ["2", "3"]);
    assert_eq!(tags("b", range(Some("2"), 2)).await, ["3", "4"]);
    let nothing = tags("c", range(None, 0)).await;
    assert!(nothing.is_empty(), "nothing is asked for");
}
