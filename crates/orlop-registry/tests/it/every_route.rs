//! Every route, asked by everybody.
//!
//! The columns are the classes of `roles.rs`; each class has many roles, and each of them asks. Rows
//! are complete: a kind of route that is missing here doesn't compile, or fails.

use std::cell::RefCell;
use std::collections::HashMap;

use http::Method;
use orlop_access::Action;
use orlop_oci::Digest;
use orlop_registry::{Needs, Route, StartUpload, TokenMethod, parse_route};

use crate::client::Answer;
use crate::registries::{Registries, Which};
use crate::roles::{Role, everybody};
use crate::server::manifest;

/// `t:…` is who brings a token for `team/x`, for the catalog, or for something else; `forged` is who
/// brings what doesn't hold.
const TABLE: &str = "
needs   request                                             nobody reader writer deleter stranger admin forged t:pull t:push t:delete t:catalog t:none operation
login   GET     /v2/                                           401    200    200     200      200   200    401    200    200      200       200    200       404
pull    GET     /v2/team/x/blobs/BLOB                          401    200    200     200      403   200    401    200    200      200       401    401       404
pull    HEAD    /v2/team/x/blobs/BLOB                          401    200    200     200      403   200    401    200    200      200       401    401       404
pull    GET     /v2/team/x/manifests/latest                    401    200    200     200      403   200    401    200    200      200       401    401       404
pull    GET     /v2/team/x/manifests/MANIFEST                  401    200    200     200      403   200    401    200    200      200       401    401       404
pull    HEAD    /v2/team/x/manifests/latest                    401    200    200     200      403   200    401    200    200      200       401    401       404
pull    HEAD    /v2/team/x/manifests/MANIFEST                  401    200    200     200      403   200    401    200    200      200       401    401       404
pull    GET     /v2/team/x/tags/list                           401    200    200     200      403   200    401    200    200      200       401    401       404
pull    GET     /v2/team/x/referrers/MANIFEST                  401    200    200     200      403   200    401    200    200      200       401    401       404
pull    GET     /v2/public/x/tags/list                         200    200    200     200      200   200    401    401    401      401       401    401       404
push    POST    /v2/public/x/blobs/uploads/                    401    403    403     403      403   202    401    401    401      401       401    401       404
push    POST    /v2/team/x/blobs/uploads/                      401    403    202     403      403   202    401    401    202      401       401    401       404
push    POST    /v2/team/x/blobs/uploads/?digest=BLOB          401    403    201     403      403   201    401    401    201      401       401    401       404
push    POST    /v2/team/x/blobs/uploads/?mount=BLOB           401    403    201     403      403   201    401    401    201      401       401    401       404
push    POST    /v2/team/x/blobs/uploads/?mount=BLOB&from=team/y   401 403   201     403      403   201    401    401    201      401       401    401       404
push    PATCH   /v2/team/x/blobs/uploads/ID                    401    403    202     403      403   202    401    401    202      401       401    401       404
push    PUT     /v2/team/x/blobs/uploads/ID?digest=EMPTY       401    403    201     403      403   201    401    401    201      401       401    401       404
push    GET     /v2/team/x/blobs/uploads/ID                    401    403    204     403      403   204    401    401    204      401       401    401       404
push    HEAD    /v2/team/x/blobs/uploads/ID                    401    403    204     403      403   204    401    401    204      401       401    401       404
push    DELETE  /v2/team/x/blobs/uploads/ID                    401    403    204     403      403   204    401    401    204      401       401    401       404
push    PUT     /v2/team/x/manifests/latest                    401    403    201     403      403   201    401    401    201      401       401    401       404
push    PUT     /v2/team/x/manifests/MANIFEST?tag=more         401    403    201     403      403   201    401    401    201      401       401    401       404
delete  DELETE  /v2/team/x/manifests/latest                    401    403    403     202      403   202    401    401    401      202       401    401       404
delete  DELETE  /v2/team/x/manifests/MANIFEST                  401    403    403     202      403   202    401    401    401      202       401    401       404
delete  DELETE  /v2/team/x/blobs/LOOSE                         401    403    403     202      403   202    401    401    401      202       401    401       404
catalog GET     /v2/_catalog                                   200    200    200     200      200   200    401    401    401      401       200    401       404
admin   GET     /metrics                                       401    403    403     403      403   200    401    401    401      401       401    401       200
nothing GET     /healthz                                       200    200    200     200      200   200    200    200    200      200       200    200       200
nothing GET     /readyz                                        200    200    200     200      200   200    200    200    200      200       200    200       200
nothing OPTIONS /v2/team/x/tags/list                           204    204    204     204      204   204    204    204    204      204       204    204       404
nothing GET     /token/keys                                    200    200    200     200      200   200    200    200    200      200       200    200       404
nothing GET     /token?scope=repository:team/x:pull            200    200    200     200      200   200    401    401    401      401       401    401       404
nothing POST    /token                                         200    200    200     200      200   200    200    200    200      200       200    200       404
";

macro_rules! kinds {
    ($($pattern:pat => $name:literal,)+) => {
        /// Every kind of route.
        const KINDS: &[&str] = &[$($name),+];

        fn kind(route: &Route) -> &'static str {
            match route {
                $($pattern => $name,)+
            }
        }
    };
}

kinds! {
    Route::Base => "base",
    Route::GetBlob(..) => "get blob",
    Route::HeadBlob(..) => "head blob",
    Route::GetManifest(..) => "get manifest",
    Route::HeadManifest(..) => "head manifest",
    Route::StartUpload(_, StartUpload::Session(_)) => "start upload",
    Route::StartUpload(_, StartUpload::Whole(_)) => "whole blob",
    Route::StartUpload(_, StartUpload::Mount { from: None, .. }) => "mount",
    Route::StartUpload(_, StartUpload::Mount { from: Some(_), .. }) => "mount from",
    Route::PatchUpload(..) => "patch upload",
    Route::FinishUpload(..) => "finish upload",
    Route::UploadStatus(..) => "upload status",
    Route::CancelUpload(..) => "cancel upload",
    Route::PutManifest(..) => "put manifest",
    Route::Tags(..) => "tags",
    Route::DeleteManifest(..) => "delete manifest",
    Route::DeleteBlob(..) => "delete blob",
    Route::Referrers(..) => "referrers",
    Route::Catalog(_) => "catalog",
    Route::Token(TokenMethod::Get) => "get token",
    Route::Token(TokenMethod::Post) => "post token",
    Route::TokenKeys => "token keys",
    Route::Health => "health",
    Route::Ready => "ready",
    Route::Metrics => "metrics",
    Route::Options(_) => "options",
}

struct Row {
    needs: &'static str,
    method: &'static str,
    target: &'static str,
    statuses: HashMap<&'static str, u16>,
}

fn rows() -> Vec<Row> {
    let mut lines = TABLE.trim().lines().map(str::split_whitespace);
    let classes: Vec<_> = lines.next().unwrap().skip(2).collect();
    let rows = lines.map(|mut words| {
        let mut next = || words.next().unwrap();
        let (needs, method, target) = (next(), next(), next());
        let statuses = words.map(|word| word.parse().unwrap());
        let statuses: Vec<u16> = statuses.collect();
        assert_eq!(statuses.len(), classes.len(), "{method} {target}");
        Row {
            needs,
            method,
            target,
            statuses: classes.iter().copied().zip(statuses).collect(),
        }
    });
    rows.collect()
}

/// Each request of the table, about content and uploads that aren't there.
pub(crate) fn every_request() -> Vec<(&'static str, String)> {
    let content = Content::new();
    let request = |row: Row| (row.method, content.target(row.target));
    rows().into_iter().map(request).collect()
}

const BLOB: &[u8] = b"{}";
const LOOSE: &[u8] = b"no manifest names it";
const LOGIN: &[u8] =
    b"grant_type=password&service=orlop&client_id=t&username=reader&password=reader";

/// What every registry has in it.
struct Content {
    manifest: Vec<u8>,
    /// The upload of the row that is asked.
    upload: RefCell<String>,
}

impl Content {
    fn new() -> Self {
        Self {
            manifest: manifest((&Digest::of(BLOB), BLOB.len()), &[], serde_json::json!({})),
            upload: RefCell::new("0123456789abcdef0123456789abcdef".to_owned()),
        }
    }

    fn target(&self, pattern: &str) -> String {
        pattern
            .replace("MANIFEST", Digest::of(&self.manifest).as_str())
            .replace("BLOB", Digest::of(BLOB).as_str())
            .replace("LOOSE", Digest::of(LOOSE).as_str())
            .replace("EMPTY", Digest::of(b"").as_str())
            .replace("ID", &self.upload.borrow())
    }

    fn body(&self, row: &Row) -> &[u8] {
        match (row.method, row.target) {
            ("PUT", target) if target.contains("/manifests/") => &self.manifest,
            ("POST", target) if target.contains("?digest=") => BLOB,
            ("POST", "/token") => LOGIN,
            _ => b"",
        }
    }

    fn ask(&self, to: (&Registries, Which), method: &str, target: &str, body: &[u8]) -> Answer {
        let (registries, which) = to;
        let admin = Role::admin(which);
        registries.ask(admin.proof(), method, &self.target(target), body)
    }

    /// Puts all that a repository has where it isn't any more.
    fn push(&self, to: (&Registries, Which), name: &str) {
        let place = format!("/v2/{name}/blobs/uploads/?digest=");
        self.ask(to, "POST", &format!("{place}BLOB"), BLOB)
            .expect(201);
        self.ask(to, "POST", &format!("{place}LOOSE"), LOOSE)
            .expect(201);
        let place = format!("/v2/{name}/manifests/latest");
        self.ask(to, "PUT", &place, &self.manifest).expect(201);
    }

    fn start_upload(&self, to: (&Registries, Which)) {
        let answer = self
            .ask(to, "POST", "/v2/team/x/blobs/uploads/", b"")
            .expect(202);
        let id = answer.header("docker-upload-uuid").unwrap();
        *self.upload.borrow_mut() = id.to_owned();
    }

    /// Everything that a request could change.
    fn state(&self, of: (&Registries, Which)) -> Vec<String> {
        let looks = [
            "/v2/team/x/tags/list",
            "/v2/team/x/manifests/MANIFEST",
            "/v2/team/x/blobs/LOOSE",
            "/v2/team/x/blobs/uploads/ID",
            "/v2/public/x/tags/list",
        ];
        let look = |target: &str| {
            let answer = self.ask(of, "GET", target, b"");
            let range = answer.header("range").unwrap_or_default().to_owned();
            format!("{} {range} {:?}", answer.status, answer.body)
        };
        looks.into_iter().map(look).collect()
    }
}

#[test]
fn no_route_is_missing_and_each_needs_what_the_table_says() {
    let content = Content::new();
    let mut missing = KINDS.to_vec();
    for row in rows() {
        let target = content.target(row.target);
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (&*target, None),
        };
        let method = Method::from_bytes(row.method.as_bytes()).unwrap();
        let route = parse_route(&method, path, query).unwrap();
        missing.retain(|name| *name != kind(&route));
        let needs = match route.needs() {
            Needs::Nothing => "nothing",
            Needs::Login => "login",
            Needs::Repository(_, action) => action.as_str(),
            Needs::Catalog => "catalog",
            Needs::Admin => "admin",
        };
        assert_eq!(needs, row.needs, "{} {}", row.method, row.target);
    }
    assert_eq!(missing, [""; 0]);
}

#[test]
fn every_route_by_everybody() {
    let registries = Registries::new();
    let (content, roles, rows) = (Content::new(), everybody(&registries), rows());
    for class in rows[0].statuses.keys() {
        assert!(roles.iter().any(|role| role.class == *class), "{class}");
    }
    for which in [Which::Own, Which::External, Which::Limited] {
        for name in ["team/x", "team/y", "public/x"] {
            content.push((&registries, which), name);
        }
        let roles: Vec<_> = { &roles }
            .iter()
            .filter(|role| role.which.server() == which)
            .collect();
        for row in &rows {
            // Without a token service of its own, a registry has nothing to give.
            if which == Which::Own || !row.target.starts_with("/token") {
                by_all((&registries, which), &content, row, &roles);
            }
        }
    }
}

/// First by all who may not, who change nothing; then by all who may.
fn by_all(at: (&Registries, Which), content: &Content, row: &Row, roles: &[&Role]) {
    content.start_upload(at);
    let granted = |role: &&&Role| (200..300).contains(&row.statuses[role.class]);
    let told = |role: &Role| format!("{}: {} {}", role.who, row.method, row.target);
    let ask = |role: &Role| {
        let target = content.target(row.target);
        let answer =
            at.0.ask(role.proof(), row.method, &target, content.body(row));
        let expected = row.statuses[role.class];
        assert_eq!(answer.status, expected, "{}: {:?}", told(role), answer.body);
        answer
    };
    let before = content.state(at);
    for role in roles.iter().filter(|role| !granted(role)) {
        refused(&ask(role), row, role, &told(role));
    }
    assert_eq!(content.state(at), before, "{} {}", row.method, row.target);
    for role in roles.iter().filter(granted) {
        ask(role);
        match row.method {
            "DELETE" | "PUT" if row.target.contains("ID") => content.start_upload(at),
            "DELETE" => content.push(at, "team/x"),
            _ => {}
        }
    }
}

/// A refusal says why, and where to get what is lacking.
fn refused(answer: &Answer, row: &Row, role: &Role, told: &str) {
    let code = match answer.status {
        401 => "UNAUTHORIZED",
        403 => "DENIED",
        _ => "UNSUPPORTED",
    };
    if row.method != "HEAD" {
        assert_eq!(answer.code(), code, "{told}");
    }
    let challenge = answer.header("www-authenticate");
    if answer.status != 401 {
        assert_eq!(challenge, None, "{told}");
        return;
    }
    let mut expected = match (row.target.starts_with("/token"), role.which) {
        // Where one gets a token by one's password.
        (true, _) => {
            assert_eq!(challenge, Some("Basic realm=\"orlop\""), "{told}");
            return;
        }
        (_, Which::Own) => {
            "Bearer realm=\"https://registry.test/token\",service=\"orlop\"".to_owned()
        }
        _ => "Bearer realm=\"https://auth.test/token\",service=\"registry.test\"".to_owned(),
    };
    let name = if row.target.contains("public") {
        "public/x"
    } else {
        "team/x"
    };
    let scope = match row.needs {
        "push" if row.target.contains("from=") => {
            format!("repository:{name}:pull,push repository:team/y:pull")
        }
        "push" => format!("repository:{name}:pull,push"),
        "catalog" => "registry:catalog:*".to_owned(),
        word if word.parse::<Action>().is_ok() && word != "admin" => {
            format!("repository:{name}:{word}")
        }
        _ => String::new(),
    };
    if !scope.is_empty() {
        expected += &format!(",scope=\"{scope}\"");
    }
    if let Some(error) = role.error {
        expected += &format!(",error=\"{error}\"");
    }
    assert_eq!(challenge, Some(&*expected), "{told}");
}
