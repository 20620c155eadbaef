//! What is Windows' own: how its programs write, how its paths are spelled, its certificate stores, its access lists.

mod files;
mod input;
mod script;
mod store;
