//! The Windows certificate store.

use crate::protocol::WindowsStoreSource;

use super::Holding;

/// What a store holds.
pub fn read(_: &WindowsStoreSource, _: &(dyn Fn(&str) + Sync)) -> Result<Holding, &'static str> {
    Err("this build reads no Windows certificate store; pass the certificate as der, as the PowerShell module does")
}
