use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;

fn source(text: &str) -> Source<'_> {
    Source { name: "task.yaml", text }
}

fn one(text: &str) -> Node {
    parse(&source(text)).unwrap().swap_remove(0).root
}

fn first_problem(text: &str) -> String {
    parse(&source(text)).unwrap_err()[0].to_string()
}

#[test]
fn a_flow_mapping_without_spaces_has_keys_with_null_values() {
    let root = one("accelerators: {A10:1, L4:1, A10g:1}\n");
    let map = root.as_map().unwrap().get("accelerators").unwrap().as_map().unwrap();
    let keys: Vec<_> = map.entries.iter().map(|e| (e.key.as_str(), e.value.is_null(), e.key_spot.column)).collect();
    assert_eq!(keys, [("A10:1", true, 16), ("L4:1", true, 23), ("A10g:1", true, 29)]);
}

#[test]
fn scalars_keep_their_text_and_place() {
    let root = one("a: 1.10\nb: '007'\nc: 0755\nd: yes\ne: ~\nf:\ng: |\n  x\n  y\nh: 1e3 # note\ni: \"q\\n\"\n");
    let map = root.as_map().unwrap();
    let text = |key: &str| map.get(key).unwrap().as_str();
    assert_eq!(text("a"), Some("1.10"));
    assert_eq!(text("b"), Some("007"));
    assert_eq!(text("c"), Some("0755"));
    assert_eq!(text("d"), Some("yes"));
    assert_eq!((text("e"), text("f")), (None, None));
    assert_eq!(text("g"), Some("x\ny\n"));
    assert_eq!(text("h"), Some("1e3"));
    assert_eq!(text("i"), Some("q\n"));
    let b = map.get("b").unwrap();
    assert_eq!((b.spot.line, b.spot.column, b.as_scalar().unwrap().quoted), (2, 4, true));
    assert!(!map.get("c").unwrap().as_scalar().unwrap().quoted);
}

#[test]
fn aliases_and_merge_keys_are_resolved() {
    let root = one("base: &b {x: 1, y: 2.50}\nuse: *b\nmore:\n  <<: *b\n  x: 3\n");
    let map = root.as_map().unwrap();
    let text = |name: &str, key: &str| map.get(name).unwrap().as_map().unwrap().get(key).unwrap().as_str();
    assert_eq!(text("use", "y"), Some("2.50"));
    assert_eq!(text("more", "x"), Some("3"));
    assert_eq!(text("more", "y"), Some("2.50"));
    assert_eq!(map.get("use").unwrap().spot.line, 2);
}

#[test]
fn documents_are_separate() {
    let documents = parse(&source("name: chain\n---\nrun: a\n---\nrun: b\n")).unwrap();
    assert_eq!(documents.len(), 3);
    assert_eq!(documents[2].root.as_map().unwrap().entries[0].key_spot.line, 5);
}

#[test]
fn an_empty_text_has_no_or_an_empty_document() {
    for text in ["", "\n", "# only a comment\n", "---\n"] {
        let documents = parse(&source(text)).unwrap();
        assert!(documents.iter().all(|d| d.root.is_null()), "{text:?}");
    }
}

#[test]
fn every_repeated_key_is_reported() {
    let problems = parse(&source("a: 1\nb: 2\na: 3\nc: {d: 1, d: 2}\n")).unwrap_err();
    let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_snapshot!(text.join("\n"), @r"
    task.yaml:3:1: the key 'a' is given twice
      3 | a: 3
        | ^
      = it was first given in line 1
    task.yaml:4:11: the key 'd' is given twice
      4 | c: {d: 1, d: 2}
        |           ^
      = it was first given in line 4
    ");
}

/// Done by now only if a key is not looked for among all others one by one.
#[test]
fn a_hundred_thousand_keys_are_read() {
    let many = (0..100_000).map(|key| format!("k{key}: 1\n")).collect::<Vec<_>>().concat();
    let documents = parse(&source(&many)).unwrap();
    assert!(matches!(&documents[0].root.value, Value::Map(map) if map.entries.len() == 100_000));
    let problems = parse(&source(&format!("{many}k7: 1\nk7: 1\n"))).unwrap_err();
    let told: Vec<_> = problems.iter().map(|problem| (problem.line, problem.hint.as_deref())).collect();
    let first = Some("it was first given in line 8");
    assert_eq!(told, [(100_001, first), (100_002, first)]);
}

#[test]
fn syntax_errors_show_the_line() {
    assert_snapshot!(first_problem("a: b: c\n"), @r"
    task.yaml:1:5: not valid YAML: mapping values are not allowed in this context
      1 | a: b: c
        |     ^
    ");
    assert_snapshot!(first_problem("a:\n\tb: 1\n"), @r"
    task.yaml:2:2: not valid YAML: tabs disallowed within this context (block indentation)
      2 | 	b: 1
        | 	^
    ");
    assert_snapshot!(first_problem("a: *nope\n"), @r"
    task.yaml:1:4: not valid YAML: alias references unknown anchor
      1 | a: *nope
        |    ^
    ");
    assert_snapshot!(first_problem("a: \"open\n"), @r#"
    task.yaml:1:4: not valid YAML: unclosed quote
      1 | a: "open
        |    ^
    "#);
}

#[test]
fn a_bracket_that_is_not_closed_is_shown_where_it_was_opened() {
    assert_snapshot!(first_problem("resources:\n  accelerators: {V100: 8\nrun: echo\n"), @r"
    task.yaml:2:17: not valid YAML: the '{' opened here is not closed
      2 |   accelerators: {V100: 8
        |                 ^
      = a '}' is missing before the key or item that begins in line 3
    ");
    assert_snapshot!(first_problem("a: [1, 2\n"), @r"
    task.yaml:1:4: not valid YAML: the '[' opened here is not closed
      1 | a: [1, 2
        |    ^
      = a ']' is missing
    ");
    assert_snapshot!(first_problem("a: [1, {b: 2, c: 3]\n"), @r"
    task.yaml:1:8: not valid YAML: the '{' opened here is not closed
      1 | a: [1, {b: 2, c: 3]
        |        ^
      = a '}' is missing before the ']' in line 1, column 19
    ");
}

/// Texts with one bracket that is not closed, and where it was opened.
#[test]
fn the_bracket_is_found_among_letters_that_look_like_some() {
    let cases = [
        ("a: {x: 1\nb: {y: 2}\n", 1, 4),
        ("a: [1, 2\nb: [3, 4]\n", 1, 4),
        ("a:\n  - [1, 2\n  - [3]\n", 2, 5),
        ("a: 'it''s ] ok'\nb: \"[\\\"\"\nc: x[1]\nd: [1 # ]\ne: 2\n", 4, 4),
        ("run: |\n  if [ -f x ]; then {\nsetup: >-\n  [[[\nb: {c: [1, 2}\n", 5, 8),
        ("- a: |\n    [\n  b: {c: 1\n- d: 2\n", 3, 6),
        ("a: {\nb: 1,\nc: 2,\nd: [3\n}\n", 4, 4),
        ("a: &x [1]\nb: !t {c: 1\nd: 2\n", 2, 7),
        ("a: [1,\nrun: echo hi\n", 1, 4),
        ("{\n\"a\": [1, 2,\n\"b\": 3\n}\n", 2, 6),
        ("a: [1\n---\nb: 2\n", 1, 4),
        ("é: ü\nß: [ö, ä\nb: 1\n", 2, 4),
    ];
    for (text, line, column) in cases {
        let problem = parse(&source(text)).unwrap_err().swap_remove(0);
        assert_eq!((problem.line, problem.column), (line, column), "{text}{problem}");
        assert!(problem.message.ends_with("opened here is not closed"), "{text}{problem}");
    }
}

#[test]
fn other_mistakes_are_not_laid_to_brackets() {
    for text in ["a: {x: 1 y: 2}\n", "a: b: c\nd: [1\n", "a: ]\n", "a: [1]]\n", "a: \"[open\n", "a: [*nope]\n"] {
        let problem = first_problem(text);
        assert!(!problem.contains("is not closed"), "{problem}");
    }
}

#[test]
fn a_syntax_error_shows_no_line_of_a_file_with_secrets() {
    for text in ["secrets: {TOKEN: hunter2, X: [}\n", "secrets:\n  TOKEN: a\n  TOKEN: hunter2\n"] {
        let problem = first_problem(text);
        assert!(!problem.contains("hunter2"), "{problem}");
    }
}

#[test]
fn readers_collect_all_problems() {
    let text = "nodes: two\nspot: maybe\nwait: 5 parsecs\ntier: hihg\nacelerators: V100\nlist: {}\nname: [x]\nempty:\n";
    let root = one(text);
    let reader = Reader::new(source(text));
    let fields = reader.fields(&root, "resources").unwrap();
    fields.only(&["nodes", "spot", "wait", "tier", "accelerators", "list", "name", "empty"]);
    assert_eq!(fields.integer("nodes", 1..=100), None);
    assert_eq!(fields.boolean("spot"), None);
    assert_eq!(fields.number("wait", 0.0..=f64::MAX), None);
    assert_eq!(fields.one_of("tier", &["low", "high"]), None);
    assert!(fields.list("list").is_none());
    assert!(fields.string("name").is_none());
    assert!(fields.string("empty").is_none(), "absent, so no error");
    let (problems, warnings) = reader.finish();
    assert!(warnings.is_empty());
    let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_snapshot!(text.join("\n"), @r"
    task.yaml:1:8: nodes must be a whole number from 1 to 100, not 'two'
      1 | nodes: two
        |        ^^^
    task.yaml:2:7: spot must be true or false, not 'maybe'
      2 | spot: maybe
        |       ^^^^^
    task.yaml:3:7: wait must be a number of at least 0, not '5 parsecs'
      3 | wait: 5 parsecs
        |       ^^^^^^^^^
    task.yaml:4:7: 'hihg' is not a value of tier
      4 | tier: hihg
        |       ^^^^
      = did you mean 'high'?
    task.yaml:5:1: unknown key 'acelerators' in resources
      5 | acelerators: V100
        | ^^^^^^^^^^^
      = did you mean 'accelerators'?
    task.yaml:6:7: list must be a list, not a mapping
      6 | list: {}
        |       ^
    task.yaml:7:7: name must be a text, not a list
      7 | name: [x]
        |       ^
    ");
}

#[test]
fn typed_reads() {
    let root = one("i: 1_000\nh: 0x10\nf: 2.5\nb: Off\ne: 1e3\n");
    let reader = Reader::new(source(""));
    let fields = reader.fields(&root, "x").unwrap();
    assert_eq!(fields.integer("i", 0..=i64::MAX), Some(1000));
    assert_eq!(fields.integer("h", 0..=i64::MAX), Some(16));
    assert_eq!(fields.integer("e", 0..=i64::MAX), Some(1000));
    assert_eq!(fields.number("f", 0.0..=3.0), Some(2.5));
    assert_eq!(fields.boolean("b"), Some(false));
    assert!(reader.is_clean());
}

#[test]
fn hidden_text_is_shown_by_no_problem() {
    let text = "secrets: {TOKEN: hunter2, OTHER: [x]}\n";
    let root = one(text);
    let reader = Reader::new(source(text));
    let secrets = root.as_map().unwrap().get("secrets").unwrap();
    reader.hide(secrets);
    reader.error(secrets.as_map().unwrap().entries[1].value.spot, "bad");
    assert!(!reader.redacted().contains("hunter2"));
    let (problems, _) = reader.finish();
    assert_snapshot!(problems[0], @r"
    task.yaml:1:34: bad
      1 | secrets: {TOKEN: *******, OTHER: [*]}
        |                                  ^
    ");
}

#[test]
fn a_secret_behind_an_alias_is_hidden_where_it_was_written() {
    let text = "x: &t hunter2\nsecrets:\n  A: *t\n  B: |\n    line one\n    line two\n";
    let root = one(text);
    let reader = Reader::new(source(text));
    reader.hide(root.as_map().unwrap().get("secrets").unwrap());
    assert_snapshot!(reader.redacted(), @r"
    x: &t *******
    secrets:
      A: **
      B: |
        ********
    ************
    ");
}

#[test]
fn as_json() {
    let root = one("a: [1, 2.5, '3', yes, ~, x, 80GB+]\n");
    assert_snapshot!(root.to_json(), @r#"{"a":[1,2.5,"3",true,null,"x","80GB+"]}"#);
}

#[test]
fn near_names() {
    let known = ["accelerators", "accelerator_args", "cpus", "memory"];
    assert_eq!(nearest("acelerators", known), ["accelerators"]);
    assert_eq!(nearest("CPU", known), ["cpus"]);
    assert_eq!(nearest("zebra", known), [""; 0]);
    assert_eq!(did_you_mean("A100-80", ["A100", "A100-80GB"]).unwrap(), "did you mean 'A100-80GB'?");
    assert_eq!(did_you_mean("H10", ["H100", "A10"]).unwrap(), "did you mean 'H100' or 'A10'?");
}

#[test]
fn letters_that_look_like_others_cost_nothing() {
    let known = ["A10", "A100", "A100-80GB", "H100", "L4", "T4", "V100"];
    assert_eq!(nearest("A1OO", known), ["A100"], "two letters O");
    assert_eq!(nearest("vlOO", known), ["V100"], "an l and two letters O");
    assert_eq!(nearest("A1OO-80G", known), ["A100-80GB"]);
    assert_eq!(nearest("I4", known), ["L4"], "but then T4 is one edit away");
    assert_eq!(nearest("accelerator-args", ["accelerators", "accelerator_args"]), ["accelerator_args"]);
}

#[test]
fn long_lines_are_cropped_and_control_characters_are_not_sent() {
    let text = format!("a: {}\u{1b}[31m x\n", "z".repeat(300));
    let problem = source(&text).problem(Spot { line: 1, column: 290, start: 289, end: 292 }, "here", &[]);
    let shown = problem.to_string();
    assert!(!shown.contains('\u{1b}'));
    assert!(shown.lines().all(|l| l.chars().count() < 125), "{shown}");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,80}|[a-c:{}\\[\\],&*#|>'\"<! \\-\n\t?%@0-9.~]{0,60}") {
        match parse(&source(&text)) {
            Ok(documents) => for document in documents {
                let reader = Reader::new(source(&text));
                if document.root.as_map().is_some() {
                    reader.fields(&document.root, "x").unwrap().only(&["a"]);
                }
                reader.hide(&document.root);
                reader.redacted();
                reader.error(document.root.spot, "x");
                reader.finish().0.iter().for_each(|p| { p.to_string(); });
            },
            Err(problems) => prop_assert!(problems.iter().all(|p| !p.to_string().is_empty())),
        }
    }
}
