//! The disk and the Windows stores as a run would leave them: a value that is laid over what is there.

use std::collections::HashMap;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::protocol::WindowsStoreSource;

use super::{HeldCertificate, windows_store};

/// What a file holds; `None` for no file.
pub type Content = Option<Arc<Zeroizing<Vec<u8>>>>;

/// Files and certificates that take the place of what is on disk or in a store: for judging what was read already, or
/// is yet to be written. Cheap to clone.
#[derive(Clone, Default)]
pub struct Overlay {
    files: Arc<HashMap<Arc<str>, Content>>,
    stores: Arc<Vec<(WindowsStoreSource, HeldCertificate)>>,
}

impl Overlay {
    /// The same with a file that holds `content`, or that is not there.
    #[must_use]
    pub fn with_file(mut self, path: &str, content: Option<Zeroizing<Vec<u8>>>) -> Self {
        Arc::make_mut(&mut self.files).insert(path.into(), content.map(Arc::new));
        self
    }

    /// The same without a file: the file on disk counts again.
    #[must_use]
    pub fn without_file(mut self, path: &str) -> Self {
        if self.files.contains_key(path) {
            Arc::make_mut(&mut self.files).remove(path);
        }
        self
    }

    /// The same with one more certificate, and its private key, in a store that is named without a certificate.
    #[must_use]
    pub fn with_certificate(mut self, store: WindowsStoreSource, held: HeldCertificate) -> Self {
        Arc::make_mut(&mut self.stores).push((store, held));
        self
    }

    /// What it says of a path; `None` where it says nothing.
    pub fn file(&self, path: &str) -> Option<&Content> {
        self.files.get(path)
    }

    /// The certificates that it adds to a store, of those that the source means.
    pub fn certificates(&self, wanted: &WindowsStoreSource) -> Vec<HeldCertificate> {
        let meant = self.stores.iter().filter(|(store, held)| {
            store.location == wanted.location
                && store.store.eq_ignore_ascii_case(&wanted.store)
                && windows_store::means(wanted, &held.certificate)
        });
        meant.map(|(_, held)| held.clone()).collect()
    }
}
