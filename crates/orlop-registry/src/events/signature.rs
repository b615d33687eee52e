//! Signatures of webhooks, by the rules of Standard Webhooks (standardwebhooks.com, "Signature
//! scheme"): there are libraries in every language that check them, and the time in what is signed
//! lets an endpoint refuse what somebody recorded.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use orlop_secret::Secret;
use ring::hmac;

/// How a secret begins whose rest is base64.
const PREFIX: &str = "whsec_";

/// A key that signs.
pub(super) struct Signer(hmac::Key);

impl Signer {
    /// Of a secret: `whsec_` and base64, or any text.
    pub(super) fn new(secret: &Secret) -> Self {
        let text = secret.expose();
        let coded = text.strip_prefix(PREFIX);
        let bytes = coded.and_then(|coded| STANDARD.decode(coded).ok());
        let bytes = bytes.as_deref().unwrap_or(text.as_bytes());
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The value of `webhook-signature`. `time` is in seconds since 1970.
    pub(super) fn sign(&self, id: &str, time: i64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(format!("{id}.{time}.").as_bytes());
        context.update(body);
        format!("v1,{}", STANDARD.encode(context.sign()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard() {
        // From the test of the standard's own libraries.
        let signer = Signer::new(&Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
        let body = br#"{"test": 2432232314}"#;
        assert_eq!(
            signer.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn any_text_is_a_secret() {
        let signature = |secret: &str| Signer::new(&Secret::new(secret)).sign("a", 1, b"x");
        assert_ne!(
            signature("a long enough text"),
            signature("another such text")
        );
        assert_eq!(signature("whsec_YQ=="), signature("a"));
    }
}
