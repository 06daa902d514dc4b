//! What must hold for any text at all.

use proptest::prelude::*;

use super::*;

const SECRET: &str = "hunter2hunter2";

#[test]
fn secrets_are_shown_nowhere() {
    let wrong_files = [
        format!("secrets: {{TOKEN: {SECRET}, BAD NAME: {SECRET}}}\n"),
        format!("secrets:\n  TOKEN: [{SECRET}]\n"),
        format!("secrets: {{TOKEN: {SECRET}}}\nsecrts: {{TOKEN: {SECRET}}}\n"),
        format!("{{name: [x], secrets: {{TOKEN: {SECRET}}}}}\n"),
        format!("secrets:\n  TOKEN: {SECRET}\n  TOKEN: {SECRET}\n"),
        format!("secrets:\n  TOKEN: {SECRET}\n bad: [\n"),
        format!("{{resources: {{accelerators: V10O}}, secrets: {{TOKEN: {SECRET}}}}}\n"),
        format!("secrets: {SECRET}\n"),
    ];
    for text in &wrong_files {
        assert!(!wrong(text).contains(SECRET), "{}", wrong(text));
    }
    let flags = Flags { secrets: vec![Secret::new(format!("no-name{SECRET}"))], ..Flags::default() };
    assert!(!wrong_with("", &flags).contains(SECRET));
    assert!(!format!("{flags:?}").contains(SECRET));
    let good = task(&format!("envs: {{A: b}}\nsecrets: {{TOKEN: {SECRET}}}\nresources: {{priority: 1}}\n"));
    assert!(!format!("{good:?}").contains(SECRET));
    let request = resolve(&good, catalog(), &all_clouds()).unwrap();
    assert!(!format!("{request:?}").contains(SECRET));
    assert_eq!(request.work.secrets[0].1.expose(), SECRET);
}

#[test]
fn far_too_many_alternatives_are_counted_without_those_that_come_twice() {
    let entries: Vec<String> = (0..4000).map(|at| format!("    - {{accelerators: X{}}}\n", at % 3000)).collect();
    let problems = wrong(&format!("resources:\n  any_of:\n{}", entries.concat()));
    assert!(problems.contains("resources list 3000 alternatives, more than 1000"), "{problems}");
}

/// Texts that look like task files, well or badly made.
fn any_file() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("V100:8"),
        Just("A10g"),
        Just("aws"),
        Just("us-east-1"),
        Just("{A: 1}"),
        Just("[A10:1, L4:1]"),
        Just("4+"),
        Just("true"),
        Just("~"),
        Just("1TB+"),
        Just("80GB+"),
        Just("*"),
        Just("'*/us-*'"),
        Just("{}"),
        Just("[]"),
        Just("-1"),
        Just("none"),
        Just("H100:1..8"),
        Just("&a x"),
        Just("*a"),
        Just("[{cloud: gcp}, {gpus: T4}]"),
        Just("{infra: gcp, premium: 5%}"),
        Just("p3.2xlarge"),
        Just("x: y"),
    ];
    let keys = known::RESOURCES.iter().chain(&known::TASK).chain(&known::FAILOVER).copied();
    let key = proptest::sample::select(keys.chain(["any_of", "ordered", "zzz"]).collect::<Vec<_>>());
    let line = (0..3usize, key, word).prop_map(|(depth, key, word)| format!("{}{key}: {word}\n", "  ".repeat(depth)));
    let head =
        proptest::sample::select(vec!["", "resources:\n", "failover:\n", "---\n", "resources:\n  any_of:\n  -\n"]);
    proptest::collection::vec((head, line), 0..8)
        .prop_map(|parts| parts.into_iter().map(|(head, line)| head.to_owned() + &line).collect::<String>())
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any_file(), noise in "\\PC{0,40}") {
        for text in [&text, &noise] {
            let Ok(tasks) = parse_tasks(&Source { name: "t", text }, &Flags::default()) else { continue };
            for task in tasks {
                prop_assert!(!task.alternatives.is_empty());
                match resolve(&task, catalog(), &all_clouds()) {
                    Ok(request) => prop_assert_eq!(request.requirements.len(), request.machines.len()),
                    Err(problems) => prop_assert!(!problems.is_empty()),
                }
            }
        }
    }

    #[test]
    fn no_flag_makes_it_panic(text in "\\PC{0,20}|[\\[{A0-9:.,+GB*/ -]{0,12}") {
        let value = Some(text.clone());
        let flags = Flags {
            gpus: value.clone(), infra: value.clone(), cpus: value.clone(), memory: value.clone(), budget: value.clone(),
            instance_type: value.clone(), max_wait: value.clone(), autostop: value.clone(), image_id: value,
            ports: vec![text.clone()], exclude: vec![text.clone()], envs: vec![text],
            ..Flags::default()
        };
        if let Ok(task) = from_flags(&flags) {
            let _ = resolve(&task, catalog(), &all_clouds());
        }
    }

    #[test]
    fn accelerators_survive_the_round_trip_through_a_file(name in "[A-Z][0-9]{1,3}[a-z]?", count in 1..16u32, quote in any::<bool>()) {
        let text = format!("{name}:{count}");
        let written = if quote { format!("'{text}'") } else { text.clone() };
        for file in [
            format!("resources: {{accelerators: {written}}}\n"),
            format!("resources: {{accelerators: {{{name}: {count}}}}}\n"),
            format!("resources: {{accelerators: {{{name}:{count}}}}}\n"),
            format!("resources: {{accelerators: [{written}]}}\n"),
        ] {
            let wanted = task(&file).alternatives[0].accelerator.clone().unwrap().value;
            prop_assert_eq!(&wanted, &text.parse::<Wanted>().unwrap());
        }
    }
}
