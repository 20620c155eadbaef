//! (errors)
