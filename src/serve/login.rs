//! The credentials that clients of the server are given: well known, so that nobody takes them for real ones.
//!
//! **Invariant:** they open nothing but this server.

/// `AWS_ACCESS_KEY_ID`
pub const AWS_KEY_ID: &str = "AKIASKYSIMSERVE00007";
/// `AWS_SECRET_ACCESS_KEY`
pub const AWS_SECRET: &str = "sky-sim-serve-on-loopback-no-secret-0000";
/// Google's bearer token.
pub const GCP_TOKEN: &str = "sky-sim-serve";
/// `AZURE_TENANT_ID`
pub const AZURE_TENANT: &str = "11111111-1111-1111-1111-111111111111";
/// `AZURE_CLIENT_ID`
pub const AZURE_CLIENT: &str = "22222222-2222-2222-2222-222222222222";
/// `AZURE_CLIENT_SECRET`
pub const AZURE_SECRET: &str = "sky-sim-serve";
