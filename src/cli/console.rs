//! Where words go: standard output and error, coloured on terminals only, quiet when the reader leaves.

use std::io::{self, BufRead as _, IsTerminal as _, Write};

use owo_colors::OwoColorize as _;
use serde::Serialize;

use crate::report::Clock;
use crate::report::fold::folded;
use crate::report::log::{Level, Line};

use super::{Exit, Failure};

/// A terminal that says it is narrower does not know how wide it is.
const NARROWEST: usize = 40;

/// The console of one command.
pub struct Console {
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
    /// Errors are to be told as JSON on the output, since that is what is being read.
    errors_as_json: bool,
    /// Columns of the terminal that the output goes to; `None` where it goes to no terminal.
    width: Option<usize>,
}

impl Console {
    /// The process's own. Colour is taken out when it is not a terminal, or when `NO_COLOR` says so.
    pub fn standard() -> Self {
        let out = io::BufWriter::with_capacity(1 << 16, anstream::AutoStream::auto(io::stdout()));
        let err = Box::new(anstream::AutoStream::auto(io::stderr()));
        let width = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
        Self { out: Box::new(out), err, errors_as_json: false, width: width.filter(|width| *width >= NARROWEST) }
    }

    /// From now on errors are JSON on the output.
    pub fn tell_errors_as_json(&mut self) {
        self.errors_as_json = true;
    }

    /// One line of output.
    pub fn line(&mut self, text: impl AsRef<str>) -> Result<(), Failure> {
        Ok(writeln!(self.out, "{}", text.as_ref())?)
    }

    /// Several lines of output; tables among them are folded to the width of the terminal.
    pub fn lines<S: AsRef<str>>(&mut self, lines: impl IntoIterator<Item = S>) -> Result<(), Failure> {
        let lines = lines.into_iter().map(|line| line.as_ref().to_owned()).collect();
        self.fitted(lines).iter().try_for_each(|line| self.line(line))
    }

    /// A table: its check marks are green.
    pub fn table(&mut self, lines: &[String]) -> Result<(), Failure> {
        self.fitted(lines.to_vec()).iter().try_for_each(|line| self.line(green_marks(line)))
    }

    fn fitted(&self, lines: Vec<String>) -> Vec<String> {
        if let Some(width) = self.width { folded(&lines, width) } else { lines }
    }

    /// Columns of the terminal that the output goes to; `None` where it goes to no terminal.
    pub fn width(&self) -> Option<usize> {
        self.width
    }

    /// A log line: warnings yellow, errors red.
    pub fn log(&mut self, line: &Line, clock: &Clock) -> Result<(), Failure> {
        let text = line.render(clock);
        match line.level {
            Level::Info => self.line(green_marks(&text)),
            Level::Warning => self.line(text.yellow().to_string()),
            Level::Error => self.line(text.red().to_string()),
        }
    }

    /// Text as it is.
    pub fn text(&mut self, text: &str) -> Result<(), Failure> {
        Ok(self.out.write_all(text.as_bytes())?)
    }

    /// Bytes as they come, shown at once.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.out.write_all(bytes)?;
        self.flush()
    }

    /// A document for programs.
    pub fn json(&mut self, document: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(document).map_err(io::Error::from)?;
        self.line(text)
    }

    /// One line for programs.
    pub fn json_line(&mut self, document: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(document).map_err(io::Error::from)?;
        self.line(text)
    }

    /// Words beside the output: they never mix with what a program reads.
    pub fn note(&mut self, text: impl AsRef<str>) {
        let _ = self.out.flush();
        // Nobody may be reading notes, and that is no reason to stop.
        let _ = writeln!(self.err, "{}", text.as_ref());
    }

    /// Shows what has been written so far.
    pub fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.out.flush()?)
    }

    /// Asks; an empty answer is yes, the end of the input is no.
    pub fn confirm(&mut self, question: &str) -> Result<bool, Failure> {
        write!(self.out, "{question} [Y/n]: ")?;
        self.out.flush()?;
        let mut answer = String::new();
        let stdin = io::stdin();
        let read = stdin.lock().read_line(&mut answer)?;
        if read == 0 || !stdin.is_terminal() {
            // The answer was not typed here, so the line is ended here.
            self.line("")?;
        }
        let answer = answer.trim().to_ascii_lowercase();
        Ok(read > 0 && matches!(answer.as_str(), "" | "y" | "yes"))
    }

    /// A completion script.
    pub(super) fn completion<P: clap::CommandFactory>(&mut self, shell: clap_complete::Shell, name: &str) {
        clap_complete::generate(shell, &mut P::command(), name, &mut self.out);
    }

    /// Tells a failure in the way the command was asked to tell things, and says how to end.
    pub fn fail(&mut self, failure: &Failure) -> Exit {
        let exit = failure.exit();
        let told = match failure {
            Failure::Closed => return exit,
            // Help and version are what was asked for; clap has coloured them.
            Failure::Usage(usage) if !usage.use_stderr() => write!(self.out, "{}", usage.render().ansi()),
            Failure::Usage(usage) => write!(self.err, "{}", usage.render().ansi()),
            _ if self.errors_as_json => writeln!(self.out, "{:#}", failure.json()),
            _ => failure.text().lines().try_for_each(|line| match line.strip_prefix("error: ") {
                Some(rest) => writeln!(self.err, "{} {rest}", "error:".red().bold()),
                None => writeln!(self.err, "{line}"),
            }),
        };
        let _ = told.and_then(|()| self.out.flush());
        exit
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        let _ = self.out.flush();
    }
}

fn green_marks(line: &str) -> String {
    if line.contains('✔') { line.replace('✔', &"✔".green().to_string()) } else { line.to_owned() }
}
