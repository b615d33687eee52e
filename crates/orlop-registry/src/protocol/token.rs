//! The token service's door (Docker Registry v2 authentication, OAuth2).

use bytes::BytesMut;
use futures_util::StreamExt;
use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderValue, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use orlop_access::{AuthError, MAX_FORM_LEN, TokenError, TokenRequest};

use super::{Answer, Ask, json};
use crate::failure::{Code, Failure};
use crate::gate;
use crate::payload::IncomingBody;
use crate::route::TokenMethod;

/// `GET /token` and `POST /token`.
pub(super) async fn issue(ask: &Ask<'_>, method: TokenMethod, body: IncomingBody) -> Answer {
    let credentials = gate::credentials(ask.parts, ask.peer, ask.registry)?;
    let issued = match method {
        TokenMethod::Get => {
            let query = ask.parts.uri.query().unwrap_or_default();
            match TokenRequest::from_query(query, credentials) {
                Ok(request) => ask.registry.access.issue_token(&request).await,
                Err(error) => Err(error),
            }
        }
        TokenMethod::Post => {
            let form = read(body).await?;
            match TokenRequest::from_form(&form, credentials) {
                Ok(request) => ask.registry.access.issue_token(&request).await,
                Err(error) => Err(error),
            }
        }
    };
    let mut response = match (issued, method) {
        (Ok(token), _) => {
            let mut response = json(&token);
            // The request showed nobody until the token service looked at it.
            response.extensions_mut().insert(token.actor);
            response
        }
        (Err(error), TokenMethod::Get) => return Err(refused(&error)),
        (Err(error), TokenMethod::Post) => {
            let mut response = json(&serde_json::json!({
                "error": error.code(),
                "error_description": error.to_string(),
            }));
            let failure = refused(&error);
            *response.status_mut() = failure.status;
            let headers = failure.into_response().into_parts().0.headers;
            if let Some(after) = headers.get(RETRY_AFTER) {
                response.headers_mut().insert(RETRY_AFTER, after.clone());
            }
            response
        }
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    Ok(response)
}

fn refused(error: &TokenError) -> Failure {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let basic = HeaderValue::from_static("Basic realm=\"orlop\"");
    match error {
        TokenError::Auth(AuthError::Throttled { retry_after }) => {
            Failure::too_many(error.to_string(), retry_after.as_secs())
        }
        TokenError::Auth(AuthError::Invalid(why)) => {
            let mut failure = Failure::unauthorized().with(WWW_AUTHENTICATE, basic);
            failure.internal = Some(why.to_string());
            failure
        }
        _ if status.is_server_error() => {
            let mut failure = Failure::unavailable("no token can be issued now", 5);
            failure.internal = Some(error.to_string());
            failure
        }
        _ => Failure::new(status, Code::Unsupported, error.to_string()),
    }
}

async fn read(mut body: IncomingBody) -> Result<BytesMut, Failure> {
    let mut form = BytesMut::new();
    while let Some(part) = body.next().await {
        let part = part.map_err(|_| {
            Failure::new(
                StatusCode::BAD_REQUEST,
                Code::Unsupported,
                "the form broke off",
            )
        })?;
        if form.len() + part.len() > MAX_FORM_LEN {
            return Err(Failure::too_large(
                Code::Unsupported,
                "form",
                MAX_FORM_LEN as u64,
            ));
        }
        form.extend_from_slice(&part);
    }
    Ok(form)
}
