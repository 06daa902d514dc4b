//! Gets scarce machines by failing over across zones, regions and clouds; the same engine runs against
//! real clouds and against a simulated market in virtual time.

pub mod catalog;
pub mod cli;
pub mod cloud;
pub mod cluster;
pub mod denials;
pub mod engine;
pub mod model;
pub mod optimizer;
pub mod report;
pub mod request;
pub mod serve;
pub mod sim;
pub mod study;
pub mod world;
pub mod yaml;
