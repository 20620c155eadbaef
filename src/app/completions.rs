//! `same-ca completions`: what a shell needs to complete the command line.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;

/// The completions for a shell.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut content = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "same-ca", &mut content);
    if shell != Shell::Bash {
        return content;
    }
    // For a program with a hyphen in its name, clap_complete 4.6 sets one label for a command and looks for another.
    let text = String::from_utf8_lossy(&content);
    text.replace("same__subcmd__ca", "same__ca").into_bytes()
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
