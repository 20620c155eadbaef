//! `same-ca man`: manual pages, for packagers.

use clap::CommandFactory;

use crate::cli::Cli;
use crate::protocol::{Fault, FaultCode};

/// The manual page of a command, or of the program itself, as roff.
pub fn man(command: Option<&str>) -> Result<Vec<u8>, Fault> {
    let mut program = Cli::command();
    program.build();
    let page = match command {
        None => program,
        Some(name) => match program.find_subcommand(name) {
            Some(found) => found.clone(),
            None => return Err(Fault::usage("no command has that name; same-ca --help lists them")),
        },
    };
    let mut content = Vec::new();
    let rendered = clap_mangen::Man::new(page).render(&mut content);
    rendered.map_err(|_| Fault::new(FaultCode::Internal, "the manual page could not be written"))?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_of_its_own_name() {
        for command in Cli::command().get_subcommands() {
            let page = String::from_utf8(man(Some(command.get_name())).unwrap()).unwrap();
            assert!(page.contains(&format!("same\\-ca\\-{}", command.get_name())), "{page}");
        }
        assert!(String::from_utf8(man(None).unwrap()).unwrap().contains(".TH same-ca 1"));
        assert!(man(Some("no-such")).is_err());
    }
}
