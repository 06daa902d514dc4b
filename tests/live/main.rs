//! `sky` against real parts: vendors' emulators, our own wire server, sshd on loopback. Each test starts what it needs
//! and stops it; where a tool is not installed it says so and passes, unless `SKY_TEST_REQUIRE` is set.

#![allow(clippy::disallowed_methods, reason = "a test of whole programs waits, and reads where its tools are")]

#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "azure")]
mod azure;
mod catalog;
mod crash;
mod ec2;
#[cfg(feature = "gcp")]
mod gcp;
mod jobs;
mod lifecycle;
mod machine;
mod report;
mod serve;
mod site;
mod slurm;
mod sshd;
mod tools;
