//! Several tasks in one file.

use insta::assert_snapshot;

use super::*;

fn tasks(text: &str) -> Vec<Task> {
    tasks_with(text, &Flags::default()).unwrap_or_else(|problems| panic!("{problems}"))
}

fn edges(tasks: &[Task]) -> Vec<Vec<usize>> {
    tasks.iter().map(|task| task.depends_on.clone()).collect()
}

#[test]
fn documents_are_a_chain_that_the_first_may_name() {
    let chain =
        tasks("name: pipeline\n---\nname: a\nrun: x\n---\nname: b\nresources: {accelerators: V100}\n---\nrun: z\n");
    assert_eq!(edges(&chain), [vec![], vec![0], vec![1]]);
    assert!(chain.iter().all(|task| task.chain.as_deref() == Some("pipeline")));
    assert_eq!(chain[1].name.as_deref(), Some("b"));
    let unnamed = tasks("---\nrun: a\n---\nrun: b\n");
    assert_eq!((edges(&unnamed), unnamed[0].chain.as_deref()), (vec![vec![], vec![0]], None));
}

#[test]
fn one_document_with_a_name_only_is_a_task() {
    assert_eq!(task("name: x\n").name.as_deref(), Some("x"));
}

#[test]
fn depends_on_makes_a_graph() {
    let graph = tasks(
        "name: a\n---\nname: b\ndepends_on: a\n---\nname: c\ndepends_on: [a]\n---\nname: d\ndepends_on: [c, b, b]\noutputs: 20GB\n",
    );
    assert_eq!(edges(&graph), [vec![], vec![0], vec![0], vec![1, 2]]);
    assert_eq!(graph[3].work.outputs.as_ref().unwrap().gigabytes.to_string(), "20");
}

#[test]
fn tasks_that_cannot_be_in_an_order() {
    assert_snapshot!(
        wrong("name: a\ndepends_on: c\n---\nname: b\ndepends_on: a\n---\nname: c\ndepends_on: b\n---\nname: d\ndepends_on: c\n"),
        @r"
    task.yaml:8:13: tasks wait for each other in a circle: c after b after a after c
      8 | depends_on: b
        |             ^
    "
    );
    assert_snapshot!(wrong("name: prepare\nrun: x\n---\nname: b\ndepends_on: [prepar, b]\n"), @r"
    task.yaml:5:14: no task is called 'prepar'
      5 | depends_on: [prepar, b]
        |              ^^^^^^
      = did you mean 'prepare'?
    task.yaml:5:22: a task cannot wait for itself
      5 | depends_on: [prepar, b]
        |                      ^
    ");
    assert_snapshot!(wrong("name: a\nrun: x\n---\nname: a\ndepends_on: [a]\n"), @r"
    task.yaml:4:7: two tasks are called 'a', so depends_on cannot tell them apart
      4 | name: a
        |       ^
    ");
}

#[test]
fn flags_name_the_chain() {
    let flags = Flags { name: Some("mine".into()), gpus: Some("T4".into()), ..Flags::default() };
    let chain = tasks_with("run: a\n---\nrun: b\nresources: {accelerators: V100}\n", &flags).unwrap();
    assert!(chain.iter().all(|task| task.chain.as_deref() == Some("mine") && task.name.is_none()));
    assert!(chain.iter().all(|task| task.alternatives[0].accelerator.as_ref().unwrap().value.to_string() == "T4"));
}
