//! The files that a scenario is made of: itself, what it imports, the traces it plays.
//!
//! **Invariant:** everything that was read goes into the scenario's hash; a file that imports itself, however far
//! round, is an error and never a loop.

use std::cell::RefCell;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::sim::trace::{Columns, Series};
use crate::yaml::{self, Node, Problem, Reader, Source, quote};

use super::codes;

/// How the files beside a scenario are read: from a path, relative ones as the scenario's own, to text or to what
/// went wrong, in words.
pub type Files<'a> = &'a dyn Fn(&Path) -> Result<String, String>;

/// The files read so far.
pub(super) struct Library<'a> {
    files: Files<'a>,
    /// Every file beside the first, by name, in the order of reading.
    read: RefCell<Vec<(String, Arc<str>)>>,
}

/// One file of a scenario, as a tree.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) root: Node,
}

/// What a file plays traces from.
pub(super) struct Traces<'a> {
    library: &'a Library<'a>,
    folder: PathBuf,
}

/// Files may import files that import files, this deep.
const DEEPEST: usize = 16;

impl<'a> Library<'a> {
    pub(super) fn new(files: Files<'a>) -> Self {
        Self { files, read: RefCell::default() }
    }

    /// The text of a file.
    fn text(&self, path: &Path) -> Result<Arc<str>, String> {
        let name = path.to_string_lossy();
        if let Some((_, text)) = self.read.borrow().iter().find(|(known, _)| *known == name) {
            return Ok(Arc::clone(text));
        }
        let text: Arc<str> = (self.files)(path)?.into();
        self.read.borrow_mut().push((name.into_owned(), Arc::clone(&text)));
        Ok(text)
    }

    /// The files beside the first, with their text.
    pub(super) fn into_read(self) -> Vec<(String, Arc<str>)> {
        self.read.into_inner()
    }

    /// Reads a scenario and everything it imports: imported files before those that import them, each once. Beside them
    /// what is wrong with imports; the files that could be read are there all the same.
    ///
    /// # Errors
    /// The scenario itself is no YAML.
    pub(super) fn gather(&self, source: &Source) -> Result<(Vec<Part>, Vec<Problem>), Vec<Problem>> {
        let mut gathering = Gathering { library: self, parts: Vec::new(), open: Vec::new(), problems: Vec::new() };
        gathering.take(source);
        let is_read = gathering.parts.last().is_some_and(|part| part.name == source.name);
        if is_read { Ok((gathering.parts, gathering.problems)) } else { Err(gathering.problems) }
    }

    /// Traces relative to the folder of this file.
    pub(super) fn traces(&'a self, file: &str) -> Traces<'a> {
        Traces { library: self, folder: folder_of(file) }
    }
}

struct Gathering<'a> {
    library: &'a Library<'a>,
    parts: Vec<Part>,
    /// The files that are being read, each imported by the one before it.
    open: Vec<String>,
    problems: Vec<Problem>,
}

impl Gathering<'_> {
    fn take(&mut self, source: &Source) {
        let root = match yaml::parse(source) {
            Ok(mut documents) if documents.len() == 1 => documents.remove(0).root,
            Ok(documents) => {
                let message = format!("a scenario is one YAML document, not {}", documents.len());
                self.problems.push(Problem::unplaced(source.name, message).code(codes::SYNTAX));
                return;
            }
            Err(problems) => {
                self.problems.extend(problems.into_iter().map(|problem| problem.code(codes::SYNTAX)));
                return;
            }
        };
        self.open.push(source.name.to_owned());
        let reader = Reader::new(*source);
        for import in imports(&reader, &root) {
            self.import(&reader, source, import);
        }
        self.problems.extend(codes::numbered(reader.finish().0));
        self.open.pop();
        self.parts.push(Part { name: source.name.to_owned(), text: source.text.to_owned(), root });
    }

    fn import(&mut self, reader: &Reader, source: &Source, node: &Node) {
        let Some(file) = reader.string(node, "import") else { return };
        let joined = folder_of(source.name).join(file);
        let path: PathBuf = joined.components().filter(|part| *part != Component::CurDir).collect();
        let name = path.to_string_lossy().into_owned();
        let refuse = |message: String, hint: String| reader.error_code(codes::BAD_FILE, node.spot, message, hint);
        if let Some(at) = self.open.iter().position(|open| same(open, &name)) {
            let round = self.open[at..].iter().map(String::as_str).chain([name.as_str()]).collect::<Vec<_>>();
            refuse(format!("{} imports itself", quote(file)), round.join(" imports "));
        } else if self.open.len() >= DEEPEST {
            refuse(format!("imports go deeper than {DEEPEST} files"), "import fewer files, side by side".to_owned());
        } else if !self.parts.iter().any(|part| same(&part.name, &name)) {
            match self.library.text(&path) {
                Ok(text) => self.take(&Source { name: &name, text: &text }),
                Err(error) => refuse(format!("{} cannot be read: {error}", quote(file)), relative(source.name)),
            }
        }
    }
}

/// The names under `import`: one, or a list.
fn imports<'n>(reader: &Reader, root: &'n Node) -> Vec<&'n Node> {
    let Some(node) = root.as_map().and_then(|map| map.get("import")).filter(|node| !node.is_null()) else {
        return Vec::new();
    };
    if node.as_str().is_some() {
        return vec![node];
    }
    reader.list(node, "import").unwrap_or_default().iter().collect()
}

impl Traces<'_> {
    /// The series in the file that a node names.
    pub(super) fn series(&self, reader: &Reader, node: &Node, columns: &Columns) -> Option<Series> {
        let file = reader.string(node, "file")?;
        let text = match self.library.text(&self.folder.join(file)) {
            Ok(text) => text,
            Err(error) => {
                let message = format!("{} cannot be read: {error}", quote(file));
                let hint = "traces are found relative to the scenario's folder".to_owned();
                reader.error_code(codes::BAD_FILE, node.spot, message, hint);
                return None;
            }
        };
        match Series::read(&text, columns) {
            Ok(series) => Some(series),
            Err(error) => {
                let hint = "a trace is JSON with metadata.gap_seconds and data, or CSV with seconds and nodes";
                let message = format!("{} is not a trace: {error}", quote(file));
                reader.error_code(codes::BAD_TRACE, node.spot, message, hint.to_owned());
                None
            }
        }
    }
}

fn folder_of(file: &str) -> PathBuf {
    Path::new(file).parent().map(Path::to_path_buf).unwrap_or_default()
}

fn relative(name: &str) -> String {
    format!("imports are found relative to the folder of {name}")
}

/// Whether two paths are the same as they are written, `a/./b` and `a/c/../b` like `a/b`.
fn same(one: &str, other: &str) -> bool {
    plain(one) == plain(other)
}

fn plain(path: &str) -> PathBuf {
    let mut parts: Vec<Component<'_>> = Vec::new();
    for part in Path::new(path).components() {
        match (part, parts.last()) {
            (Component::CurDir, _) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.into_iter().collect()
}
