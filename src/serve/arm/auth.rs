//! Signing in: a token endpoint for service principals, and the check of every request's token.
//!
//! **Invariant:** a token is bound to this server's seed and expires; nothing of the clients' secrets is kept.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::call::Call;
use super::reply::{Reply, denied};
use crate::serve::login::{AZURE_CLIENT, AZURE_SECRET, AZURE_TENANT};

/// How long a token is good for, in seconds.
const LIFETIME: u64 = 3600;

fn mac(seed: u64, claims: &str) -> Vec<u8> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(&seed.to_be_bytes()).unwrap_or_else(|_| unreachable!("any length is a key"));
    mac.update(claims.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// A token that looks like Microsoft's: three parts with dots between.
pub(super) fn issue(seed: u64, now: u64) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = encode(&json!({"typ": "JWT", "alg": "HS256"}));
    let claims = encode(&json!({
        "aud": "https://management.azure.com", "iss": format!("https://sts.windows.net/{AZURE_TENANT}/"),
        "iat": now, "exp": now + LIFETIME, "appid": AZURE_CLIENT, "tid": AZURE_TENANT,
    }));
    let signed = format!("{head}.{claims}");
    let signature = URL_SAFE_NO_PAD.encode(mac(seed, &signed));
    format!("{signed}.{signature}")
}

/// `POST /{tenant}/oauth2/v2.0/token`
pub(super) fn token(call: &Call, seed: u64, now: u64) -> Reply {
    let form = call.body.as_str().unwrap_or_default();
    let decode =
        |text: &str| percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let field = |name: &str| {
        let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(found, _)| *found == name).map(|(_, value)| decode(value)).next().unwrap_or_default()
    };
    if field("grant_type") != "client_credentials" {
        return sign_in(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.");
    }
    if field("client_id") != AZURE_CLIENT {
        let words = format!(
            "Application with identifier '{}' was not found in the directory '{}'.",
            field("client_id").chars().take(64).collect::<String>(),
            call.part(0)
        );
        return sign_in(400, "unauthorized_client", 700_016, &words);
    }
    if field("client_secret") != AZURE_SECRET {
        let words = format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not \
             the client secret ID, for a secret added to app '{AZURE_CLIENT}'."
        );
        return sign_in(401, "invalid_client", 7_000_215, &words);
    }
    let body = json!({
        "token_type": "Bearer", "expires_in": LIFETIME, "ext_expires_in": LIFETIME, "access_token": issue(seed, now),
    });
    Reply::new(200, body)
}

fn sign_in(status: u16, error: &str, code: u32, words: &str) -> Reply {
    let body = json!({
        "error": error, "error_description": format!("AADSTS{code}: {words}"), "error_codes": [code],
    });
    Reply::new(status, body)
}

/// Refuses a request without a good token.
pub(super) fn check(call: &Call, seed: u64, now: u64) -> Result<(), Reply> {
    let header = call.headers.get("authorization").and_then(|value| value.to_str().ok());
    let scheme = |value: &&str| value.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("Bearer "));
    let Some(token) = header.filter(scheme).map(|value| &value[7..]) else {
        return Err(denied(
            401,
            "AuthenticationFailed",
            "Authentication failed. The 'Authorization' header is missing.",
        ));
    };
    let invalid = || denied(401, "InvalidAuthenticationToken", "The access token is invalid.");
    let (signed, signature) = token.rsplit_once('.').ok_or_else(invalid)?;
    if URL_SAFE_NO_PAD.decode(signature).ok() != Some(mac(seed, signed)) {
        return Err(invalid());
    }
    let claims =
        signed.split_once('.').and_then(|(_, claims)| URL_SAFE_NO_PAD.decode(claims).ok()).ok_or_else(invalid)?;
    let claims: Value = serde_json::from_slice(&claims).map_err(|_| invalid())?;
    if claims["exp"].as_u64().is_some_and(|until| until > now) {
        return Ok(());
    }
    Err(denied(401, "ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than current UTC time."))
}
