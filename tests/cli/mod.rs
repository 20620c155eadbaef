//! The program on the command line: what may be typed, what comes in and goes out, exit codes, shells, servers.

mod batch;
mod completion;
mod exit_codes;
mod limits;
mod reports;
mod requests;
mod secrets;
mod sources;
mod tls;

use serde_json::Value;

const GOOD: i32 = 0;

/// A request with one thing put in by hand.
fn with(request: &Value, pointer: &str, value: Value) -> String {
    let mut request = request.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match request.pointer_mut(parent).unwrap() {
        Value::Object(map) => drop(map.insert(key.into(), value)),
        Value::Array(list) => match key {
            "-" => list.push(value),
            index => list[index.parse::<usize>().unwrap()] = value,
        },
        _ => panic!("{pointer}"),
    }
    request.to_string()
}
