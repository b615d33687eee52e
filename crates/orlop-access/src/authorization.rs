//! The `Authorization` header.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use orlop_secret::Secret;

use crate::Refused;
use crate::token::MAX_TOKEN_LEN;

/// Longest name and password, in base64.
const MAX_BASIC_LEN: usize = 8 * 1024;
/// Longest name of a user, in bytes.
pub(crate) const MAX_USER_LEN: usize = 255;

/// With or without padding: some clients leave it out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What an `Authorization` header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorization<'a> {
    /// A name and a password (RFC 7617).
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A token (RFC 6750).
    Bearer(&'a str),
}

/// Reads an `Authorization` header.
pub fn parse_authorization(header: &str) -> Result<Authorization<'_>, Refused> {
    let malformed = |reason| Err(Refused::Malformed(reason));
    let Some((scheme, rest)) = header.trim().split_once(' ') else {
        return malformed("no scheme");
    };
    let rest = rest.trim_start();
    if scheme.eq_ignore_ascii_case("bearer") {
        return match rest {
            "" => malformed("no token"),
            _ if rest.len() > MAX_TOKEN_LEN => malformed("token too long"),
            _ => Ok(Authorization::Bearer(rest)),
        };
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return malformed("unknown scheme");
    }
    if rest.len() > MAX_BASIC_LEN {
        return malformed("too long");
    }
    let decoded = BASE64.decode(rest).ok();
    let Some(text) = decoded.and_then(|bytes| String::from_utf8(bytes).ok()) else {
        return malformed("not base64 of UTF-8");
    };
    let text = Secret::new(text);
    let Some((user, password)) = text.expose().split_once(':') else {
        return malformed("no colon between user and password");
    };
    check_user(user).map_err(Refused::Malformed)?;
    // bcrypt as C knows it ends at a NUL: what follows would not count.
    if password.contains('\0') {
        return malformed("a NUL in the password");
    }
    Ok(Authorization::Basic {
        user: user.to_owned(),
        password: Secret::new(password),
    })
}

/// A name that may stand in a file of users, in a token and in a log.
pub(crate) fn check_user(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        Err("no user name")
    } else if name.len() > MAX_USER_LEN {
        Err("user name too long")
    } else if name.contains(|c: char| c.is_control() || c == ':') {
        Err("a control character or colon in the user name")
    } else {
        Ok(())
    }
}
