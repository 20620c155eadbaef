//! `same-ca completions`: what a shell needs to complete the command line.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;

/// The completions for a shell.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut content = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "same-ca", &mut content);
    content
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_shell_is_told_of_every_command() {
        for shell in Shell::value_variants() {
            let text = String::from_utf8(completions(*shell)).unwrap();
            for command in ["check", "batch", "reference", "inspect", "schema"] {
                assert!(text.contains(command), "{shell}: {command}");
            }
        }
    }
}
