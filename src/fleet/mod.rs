//! Many reports into one: pure, from bytes in memory to a fleet report.
//!
//! [`input`] takes documents apart, [`aggregate`] keeps the newest record of each host and requirement, [`judge`] says
//! what holds at one instant, with [`waivers`], [`expected`] hosts and the [`drift`] since another report; [`summary`] is
//! what the records say together.

pub mod aggregate;
pub mod drift;
mod dsc;
pub mod expected;
pub mod input;
pub mod judge;
mod piece;
mod settings;
mod summary;
pub mod texts;
pub mod waivers;
mod wire;

pub use aggregate::Fleet;
pub use judge::{Settings, judge};
