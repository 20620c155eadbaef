//! The version of the protocol.

use super::fault::{Fault, FaultCode};

/// The version of the protocol.
pub const PROTOCOL: u32 = 1;

/// Refuses any protocol but 1, for requests that serde accepted.
///
/// # Errors
/// Names the one that was found.
pub fn check_protocol(found: u32) -> Result<(), Fault> {
    if found == PROTOCOL {
        return Ok(());
    }
    Err(Fault {
        pointer: Some("/protocol".into()),
        ..Fault::new(
            FaultCode::UnsupportedProtocol,
            format!("expected protocol 1, found {found}"),
        )
    })
}
