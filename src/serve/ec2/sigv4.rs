//! Amazon's request signatures, version 4.
//!
//! **Invariant:** a signature is compared in constant time, and covers the body that was received, not the hash that the
//! client says it has.

use axum::http::{HeaderMap, Method, Uri};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

use super::fault::Fault;

/// Who signed, for where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signed {
    pub(super) region: String,
    pub(super) service: String,
}

/// What is signed of a request.
pub(super) struct Request<'a> {
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

/// One key pair.
pub(super) struct Key<'a> {
    pub(super) id: &'a str,
    pub(super) secret: &'a str,
}

/// The parts of an `Authorization` header.
struct Authorization<'a> {
    key: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Checks the signature of a request.
pub(super) fn verify(request: &Request<'_>, key: &Key<'_>) -> Result<Signed, Fault> {
    let header = text(request.headers, "authorization");
    if header.is_empty() {
        return Err(Fault::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token"));
    }
    let found = parse(&header).ok_or_else(|| {
        Fault::new(400, "IncompleteSignature", "The request signature does not conform to AWS standards.")
    })?;
    if found.key != key.id {
        let words = "AWS was not able to validate the provided access credentials";
        return Err(Fault::new(401, "AuthFailure", words));
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(&signing_key(key.secret, &found)).expect("any length of key");
    mac.update(string_to_sign(request, &found).as_bytes());
    let given = unhex(found.signature).unwrap_or_default();
    mac.verify_slice(&given).map_err(|_| {
        Fault::new(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details.",
        )
    })?;
    Ok(Signed { region: found.region.to_owned(), service: found.service.to_owned() })
}

/// The service that a request says it is for, signed well or not.
pub(super) fn service(headers: &HeaderMap) -> Option<String> {
    parse(&text(headers, "authorization")).map(|found| found.service.to_owned())
}

fn parse(header: &str) -> Option<Authorization<'_>> {
    let fields = header.strip_prefix(ALGORITHM)?;
    let field = |name: &str| fields.split(',').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='));
    let mut scope = field("Credential")?.split('/');
    let (key, date, region, service) = (scope.next()?, scope.next()?, scope.next()?, scope.next()?);
    let ends = scope.next() == Some("aws4_request") && scope.next().is_none();
    ends.then_some(Authorization {
        key,
        date,
        region,
        service,
        signed_headers: field("SignedHeaders")?,
        signature: field("Signature")?,
    })
}

fn signing_key(secret: &str, found: &Authorization<'_>) -> Vec<u8> {
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in [found.date, found.region, found.service, "aws4_request"] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any length of key");
        mac.update(part.as_bytes());
        key = mac.finalize().into_bytes().to_vec();
    }
    key
}

fn string_to_sign(request: &Request<'_>, found: &Authorization<'_>) -> String {
    let date = text(request.headers, "x-amz-date");
    let scope = format!("{}/{}/{}/aws4_request", found.date, found.region, found.service);
    let canonical = canonical(request, found.signed_headers);
    format!("{ALGORITHM}\n{date}\n{scope}\n{}", hash(canonical.as_bytes()))
}

fn canonical(request: &Request<'_>, signed_headers: &str) -> String {
    let mut headers = String::new();
    for name in signed_headers.split(';') {
        let _ = writeln!(headers, "{name}:{}", text(request.headers, name));
    }
    let path = match request.uri.path() {
        "" => "/",
        path => path,
    };
    let mut query: Vec<&str> = request.uri.query().unwrap_or_default().split('&').filter(|q| !q.is_empty()).collect();
    query.sort_unstable();
    let body = hash(request.body);
    format!("{}\n{path}\n{}\n{headers}\n{signed_headers}\n{body}", request.method, query.join("&"))
}

/// A header's values, trimmed, with single spaces, joined by commas.
fn text(headers: &HeaderMap, name: &str) -> String {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.map(|value| value.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join(",")
}

/// Hexadecimal SHA-256.
pub(super) fn hash(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digest = Sha256::digest(bytes);
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let bytes = (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok());
    bytes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of Amazon's signature test suite: key `AKIDEXAMPLE`, 30 August 2015.
    const KEY: Key<'_> = Key { id: "AKIDEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };

    fn check(
        method: &Method,
        uri: &str,
        more: &[(&'static str, &str)],
        body: &[u8],
        signature: &str,
    ) -> Result<Signed, Fault> {
        let mut headers = HeaderMap::new();
        headers.insert("host", "example.amazonaws.com".parse().expect("a value"));
        headers.insert("x-amz-date", "20150830T123600Z".parse().expect("a value"));
        for (name, value) in more {
            headers.append(*name, value.parse().expect("a value"));
        }
        let mut names: Vec<&str> = headers.keys().map(axum::http::HeaderName::as_str).collect();
        names.sort_unstable();
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders={}, Signature={signature}",
            names.join(";")
        );
        headers.insert("authorization", authorization.parse().expect("a value"));
        let uri: Uri = uri.parse().expect("an address");
        verify(&Request { method, uri: &uri, headers: &headers, body }, &KEY)
    }

    #[test]
    fn amazons_vectors() {
        let vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
        let expected = Signed { region: "us-east-1".into(), service: "service".into() };
        assert_eq!(check(&Method::GET, "/", &[], b"", vanilla), Ok(expected.clone()));
        let post = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b";
        assert_eq!(check(&Method::POST, "/", &[], b"", post), Ok(expected.clone()));
        let query = "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500";
        assert_eq!(check(&Method::GET, "/?Param2=value2&Param1=value1", &[], b"", query), Ok(expected.clone()));
        let form = "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a";
        let kind = ("content-type", "application/x-www-form-urlencoded");
        assert_eq!(check(&Method::POST, "/", &[kind], b"Param1=value1", form), Ok(expected));
        let code = |result: Result<Signed, Fault>| result.expect_err("refused").code;
        assert_eq!(code(check(&Method::POST, "/", &[kind], b"Param1=value2", form)), "SignatureDoesNotMatch");
        assert_eq!(code(check(&Method::GET, "/", &[], b"", "zz")), "SignatureDoesNotMatch");
    }
}
