//! Stand-in.
use super::World;
use crate::protocol::{Fault, Report, Request};

/// Stand-in.
pub fn enforce(request: &Request, stdin: Option<&[u8]>, _what_if: bool, world: &World<'_>) -> Result<Report, Fault> {
    let mut report = super::check::check(request, stdin, world)?;
    report.changed = Some(false);
    report.actions = Some(Vec::new());
    Ok(report)
}
