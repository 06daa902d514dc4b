//! The simulated market behind the clouds' own wire protocols, on loopback.
//!
//! **Invariant:** no decision of its own: what is in stock, in quota or refused is the market's; this translates.
