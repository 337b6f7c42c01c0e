//! What keys do, as a person would notice.

use holdup::console::effect::Effect;
use holdup::console::event::{Event, Stamped};
use holdup::console::navigation::{ObjectId, Route};
use holdup::console::{Model, next_tick, update};

use super::{cluster, text, world};

fn selected(model: &Model) -> String {
    let list = model.list(&model.focus()).cloned().unwrap_or_default();
    match list.selected {
        Some(ObjectId::Resource(key)) => key.name.to_string(),
        Some(other) => format!("{other:?}"),
        None => String::new(),
    }
}

#[test]
fn at_80x24_twenty_rows_are_data() {
    let model = world::console(80, 24);
    let screen = text(&model);
    let lines: Vec<&str> = screen.lines().collect();
    assert_eq!(lines.len(), 24);
    assert!(lines[0].starts_with(" prod ") && lines[0].contains("2 held up") && lines[0].contains("aws 50s · cortex <10s"), "{screen}");
    assert!(lines[1].contains("Workloads 11│Holdups 3") && lines[1].contains("Sources 4"), "{screen}");
    assert!(lines[23].contains("? help"), "{screen}");
}

#[test]
fn the_row_says_status_age_and_reason() {
    let screen = text(&world::console(80, 24));
    let row = screen.lines().find(|line| line.contains("text-generator")).unwrap();
    assert!(row.contains("✖") && row.contains("updating 41m") && row.contains("1/1") && row.contains("G vCPU quota 4"), "{row}");
}

#[test]
fn the_age_is_never_cut_and_wide_tables_say_more() {
    let mut model = world::console(80, 24);
    for (width, expected) in [(80, "READY  WHY"), (100, "UP-TO-DATE    AGE")] {
        world::resize(&mut model, width, 24);
        let screen = text(&model);
        let row = screen.lines().find(|line| line.contains("text-generator")).unwrap();
        assert!(row.contains("updating 41m "), "{screen}");
        assert!(screen.lines().nth(2).unwrap().contains(expected), "{screen}");
    }
    world::resize(&mut model, 180, 24);
    assert!(text(&model).contains("updating 41m    stalled"), "{}", text(&model));
    world::resize(&mut model, 160, 48);
    assert!(text(&model).contains("UP-TO-DATE    AGE"), "{}", text(&model));
}

#[test]
fn several_contexts_are_told_apart_everywhere() {
    let mut model = world::console(80, 24);
    assert!(!text(&model).contains("CONTEXT"), "one context needs no column");
    world::more_contexts(&mut model);
    for keys in ["1", "2", "3", "5", "6"] {
        world::press(&mut model, keys);
        let screen = text(&model);
        assert!(screen.contains("CONTEXT") && screen.contains(" prod "), "{screen}");
    }
    world::press(&mut model, "1 e");
    assert!(text(&model).contains("text-generator in prod › why"), "{}", text(&model));
}

#[test]
fn a_context_that_cannot_be_read_is_told_above_the_workloads() {
    for (width, height) in [(80, 24), (160, 48)] {
        let mut model = world::console(width, height);
        world::more_contexts(&mut model);
        let screen = text(&model);
        let told = screen.lines().position(|line| line.contains("✖ lab cannot be read: operator.lab.example.com does not answer")).unwrap();
        let first = screen.lines().position(|line| line.contains("updating 41m")).unwrap();
        assert!(told < first && screen.contains("check that the VPN is up"), "{screen}");
        assert!(!screen.contains("cortex was never read"), "once is enough\n{screen}");
    }
}

#[test]
fn the_selection_stays_on_its_object() {
    let mut model = world::console(80, 24);
    world::press(&mut model, "j j j");
    let name = selected(&model);
    world::press(&mut model, "o o o");
    assert_eq!(selected(&model), name, "through sorting");
    world::press(&mut model, "O");
    assert_eq!(selected(&model), name, "through reversing");
    world::lose_cortex(&mut model);
    assert_eq!(selected(&model), name, "through refresh");
    world::press(&mut model, &format!("/ type:{name} enter"));
    assert_eq!(selected(&model), name, "through filtering");
    world::press(&mut model, "esc");
    assert_eq!(selected(&model), name, "and back");
}

#[test]
fn digits_and_y_copy_remedies_without_running_them() {
    let mut model = world::console(80, 24);
    let effects = world::press(&mut model, "e y 2 3 9");
    let copies: Vec<String> =
        effects.into_iter().filter_map(|effect| if let Effect::Copy(text) = effect { Some(text.to_string()) } else { None }).collect();
    assert_eq!(copies.len(), 3, "there is no ninth");
    assert!(copies[0].starts_with("aws service-quotas request-service-quota-increase"));
    assert!(copies[1].starts_with("cortex deploy"));
    assert!(text(&model).contains("there is no remedy 9"));
}

#[test]
fn a_link_shows_what_decides_and_opens_to_the_rest() {
    let mut model = world::console(80, 40);
    world::press(&mut model, "e");
    let screen = text(&model);
    assert!(screen.contains("replica_counts.stalled") && screen.contains("StatusMessage"), "{screen}");
    assert!(!screen.contains("ResourceCount"), "{screen}");
    world::press(&mut model, "j enter");
    assert!(text(&model).contains("as received by cortex"), "evidence opens the raw record\n{}", text(&model));
    world::press(&mut model, "esc a");
    let screen = text(&model);
    assert!(
        screen.contains("ResourceCount") && screen.contains("than your current vCPU limit of 4 allows for the instance bucket"),
        "{screen}"
    );
}

#[test]
fn the_ways_out_are_in_sight_and_whole() {
    let mut model = world::console(80, 24);
    world::press(&mut model, "e");
    let screen = text(&model);
    assert!(screen.contains("Ways out") && screen.contains("[1] request an increase to 8"), "{screen}");
    assert!(screen.contains("--desired-value 8 --region us-east-1"), "a long command is wrapped, not cut\n{screen}");
    world::press(&mut model, "G");
    let screen = text(&model);
    assert!(screen.contains("[3] see what else uses G machines"), "{screen}");
    let screen = text(&world::console(160, 48));
    for said in ["the new version waits", "vCPU quota \"Running", "[1] request", "[2] replace in place", "[3] see what else"] {
        assert!(screen.contains(said), "{said}\n{screen}");
    }
}

#[test]
fn what_cannot_be_told_is_said_with_what_would_unlock_it() {
    let mut model = world::console(80, 24);
    world::press(&mut model, "j j e");
    let screen = text(&model);
    assert!(screen.contains("cannot tell whether the vCPU quota is used up"), "{screen}");
    assert!(screen.contains("servicequotas:GetServiceQuota"), "{screen}");
}

#[test]
fn hidden_rows_are_counted() {
    let mut model = world::console(80, 24);
    world::press(&mut model, "z");
    let screen = text(&model);
    assert!(screen.contains("7 rows without a problem hidden"), "{screen}");
    world::press(&mut model, "z / type:zebra enter");
    assert!(text(&model).contains("11 rows hidden by filter `zebra`"));
}

#[test]
fn esc_goes_back_and_q_quits_at_the_top() {
    let mut model = world::console(80, 24);
    world::press(&mut model, "e l");
    assert!(matches!(model.navigation.top(), Route::Logs(_)));
    let effects = world::press(&mut model, "esc");
    assert!(effects.contains(&Effect::CloseLog));
    assert!(matches!(model.navigation.top(), Route::Explanation(_)));
    assert!(!world::press(&mut model, "q").contains(&Effect::Quit));
    assert!(!world::press(&mut model, "esc").contains(&Effect::Quit));
    assert!(world::press(&mut model, "q").contains(&Effect::Quit));
}

#[test]
fn a_paused_screen_holds_still_and_counts() {
    let mut model = world::console(80, 24);
    world::press(&mut model, "P");
    let before: Vec<String> = text(&model).lines().skip(1).map(str::to_owned).collect();
    world::lose_cortex(&mut model);
    let screen = text(&model);
    assert!(screen.contains("PAUSED") && screen.contains("1 update held back"), "{screen}");
    assert_eq!(screen.lines().skip(1).map(str::to_owned).collect::<Vec<_>>(), before);
    assert_eq!(next_tick(&model, world::now()), None);
    world::press(&mut model, "P");
    assert!(text(&model).contains("cortex !unreachable"));
}

#[test]
fn stale_data_stays_with_its_age_and_the_next_step() {
    let mut model = world::console(80, 24);
    world::lose_cortex(&mut model);
    let screen = text(&model);
    assert!(screen.contains("text-generator"), "{screen}");
    assert!(screen.contains("cortex is behind") && screen.contains("check the VPN"), "{screen}");
}

#[test]
fn logs_filter_search_and_jump() {
    let mut model = world::console(80, 24);
    let effects = world::press(&mut model, "l");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::OpenLog { stream: 1, .. })), "{effects:?}");
    world::log(&mut model);
    assert!(text(&model).contains("1204 lost"));
    world::press(&mut model, "{");
    assert_eq!(model.log.mark, Some(3));
    world::press(&mut model, "s f type:!healthz enter");
    assert!(text(&model).contains("2 hidden"), "{}", text(&model));
    let effects = world::press(&mut model, "S");
    assert!(matches!(effects.as_slice(), [Effect::SaveLog { name, lines }] if name.starts_with("text-generator-") && lines.len() == 6));
}

#[test]
fn a_stale_stream_number_is_ignored() {
    let mut model = world::console(80, 24);
    world::press(&mut model, "l esc l");
    let items = vec![holdup::domain::log::LogItem::Note("late".into())];
    update::update(&mut model, Stamped { at: world::now(), event: Event::Log { stream: 1, items } });
    assert_eq!(model.log.held(), 0);
}

#[test]
fn the_dashboard_focuses_by_tab_and_opens_by_enter() {
    let mut model = world::console(120, 40);
    world::press(&mut model, "tab tab");
    assert_eq!(model.focus(), Route::Groups);
    world::press(&mut model, "j");
    let name = selected(&model);
    world::press(&mut model, "enter");
    assert_eq!(*model.navigation.top(), Route::Groups);
    assert_eq!(selected(&model), name, "the same group is selected full screen");
}

#[test]
fn an_idle_screen_sleeps_until_a_word_changes() {
    let model = world::console(80, 24);
    let sleep = next_tick(&model, world::now()).unwrap();
    assert!(sleep.as_millis() > 0);
    let just_before = world::now() + sleep.saturating_sub(std::time::Duration::from_millis(1));
    let mut one = ratatui::buffer::Buffer::empty(ratatui::layout::Rect::new(0, 0, 80, 24));
    let mut two = one.clone();
    holdup::console::draw(&mut one, &model, &holdup::console::Appearance::default(), world::now());
    holdup::console::draw(&mut two, &model, &holdup::console::Appearance::default(), just_before);
    assert_eq!(one, two, "nothing changes before the tick");
}

#[test]
fn the_selected_workload_is_told_to_the_sources() {
    let mut model = world::console(80, 24);
    let effects = world::press(&mut model, "j");
    assert!(matches!(effects.as_slice(), [Effect::Focus(Some(_))]), "{effects:?}");
    assert!(world::press(&mut model, "g j").is_empty() || effects.len() == 1);
}

#[test]
fn a_node_of_two_sources_is_one_row_and_the_richer_one() {
    let mut model = world::console(160, 48);
    cluster::join(&mut model);
    world::press(&mut model, "6");
    let screen = text(&model);
    assert_eq!(screen.lines().filter(|line| line.contains("ip-10-0-31-7")).count(), 1, "{screen}");
    let row = screen.lines().find(|line| line.contains("ip-10-0-12-88")).unwrap();
    // The taint and the sick GPU are the cluster's word, the group is the platform's.
    assert!(row.contains("1 sick") && row.contains("cordoned") && row.contains("gpu-spot"), "{row}");
    assert!(screen.contains("mig-1g.5gb") && screen.contains("5/7"), "{screen}");
    assert!(screen.lines().nth(1).unwrap().contains("Nodes 6"), "{screen}");
}

#[test]
fn a_nodes_tenants_are_told_with_what_they_hold_and_lead_to_logs() {
    let mut model = world::console(160, 48);
    cluster::join(&mut model);
    world::press(&mut model, "6 / type:44-120 enter enter");
    let screen = text(&model);
    let first = screen.lines().position(|line| line.contains("image-classifier") && line.contains("2 GPU")).unwrap();
    let stranger = screen.lines().position(|line| line.contains("jupyter-research-0") && line.contains("no workload")).unwrap();
    assert!(first < stranger, "{screen}");
    world::press(&mut model, "/ type:jupyter enter");
    let effects = world::press(&mut model, "l");
    let of = holdup::domain::id::ResourceKind::Replica;
    assert!(matches!(effects.as_slice(), [Effect::OpenLog { workload, .. }] if workload.kind == of), "{effects:?}");
}

#[test]
fn replicas_say_why_and_their_logs_choose_a_container() {
    let mut model = world::console(160, 48);
    cluster::join(&mut model);
    world::press(&mut model, "j r");
    assert!(text(&model).contains("api: CrashLoopBackOff, last OOMKilled (exit 137)"), "{}", text(&model));
    let chosen = |effects: &[Effect]| match effects {
        [Effect::OpenLog { container, previous, .. }] => (container.as_ref().map(ToString::to_string), *previous),
        other => panic!("{other:?}"),
    };
    assert_eq!(chosen(&world::press(&mut model, "enter")), (None, false));
    assert_eq!(chosen(&world::press(&mut model, "c")), (Some("api".to_owned()), false));
    assert_eq!(chosen(&world::press(&mut model, "p")), (Some("api".to_owned()), true));
    assert_eq!(chosen(&world::press(&mut model, "c")), (Some("proxy".to_owned()), true));
    assert!(text(&model).contains("container proxy · previous"), "{}", text(&model));
    world::press(&mut model, "esc");
    assert!(matches!(model.navigation.top(), Route::Replicas(_)), "one step back leaves the log");
}

#[test]
fn everything_answers_to_details_and_raw() {
    let mut model = world::console(160, 48);
    cluster::join(&mut model);
    world::press(&mut model, "7");
    for _ in 0..30 {
        world::press(&mut model, "d");
        let screen = text(&model);
        assert!(matches!(model.navigation.top(), Route::Details(_)) && !screen.contains("nothing more is known"), "{screen}");
        world::press(&mut model, "esc y");
        if !matches!(model.navigation.top(), Route::Events) {
            assert!(!text(&model).contains("no source tells"), "{}", text(&model));
            world::press(&mut model, "esc");
        }
        world::press(&mut model, "j");
    }
}

#[test]
fn a_timeline_folds_what_repeats_and_shows_one_sort() {
    let mut model = world::console(160, 48);
    cluster::join(&mut model);
    world::press(&mut model, "7");
    let screen = text(&model);
    assert!(screen.contains("launch Failed ×6"), "{screen}");
    world::press(&mut model, "t t t");
    let screen = text(&model);
    assert!(screen.contains("only scaling activities") && !screen.contains("FailedScheduling"), "{screen}");
}

#[test]
fn a_plan_is_varied_by_keys_and_its_commands_are_copied() {
    let mut model = world::console(160, 48);
    cluster::join(&mut model);
    world::press(&mut model, "F");
    assert!(text(&model).contains("gets stuck"), "{}", text(&model));
    assert!(matches!(world::press(&mut model, "1").as_slice(), [Effect::Copy(command)] if command.contains("L-DB2E81BA")));
    world::press(&mut model, "+ + s");
    let screen = text(&model);
    assert!(screen.contains("replicas 3  surge 0") && screen.contains("varied"), "{screen}");
    world::press(&mut model, "0");
    assert!(text(&model).contains("as it is now"), "{}", text(&model));
}

#[test]
fn a_next_update_that_would_not_fit_is_badged_and_leads_to_the_plan() {
    let mut model = world::console(80, 24);
    world::press(&mut model, "/ type:sentiment enter");
    assert!(text(&model).contains("△ next update would not"), "{}", text(&model));
    world::press(&mut model, "e j enter");
    assert!(matches!(model.navigation.top(), Route::Fit(_)), "{:?}", model.navigation.top());
}

#[test]
fn sources_that_wait_for_the_platform_are_told_once() {
    let mut model = world::console(80, 24);
    let waits = || holdup::domain::source::Failure::new(holdup::domain::source::FailureKind::Waiting, "not known yet", "");
    for source in ["aws.one", "aws.two", "aws.three"] {
        world::bring(&mut model, source, 1, Err(waits()));
    }
    let screen = text(&model);
    assert!(screen.contains("aws.one, aws.three, aws.two wait for the platform"), "{screen}");
    assert!(!screen.contains("!waiting"), "{screen}");
}

#[test]
fn the_palette_goes_to_what_is_typed_and_is_no_visit() {
    let mut model = world::console(80, 24);
    world::press(&mut model, ":");
    let all = text(&model);
    assert!(all.contains("view") && all.contains("Quotas") && all.contains("go to"), "{all}");
    world::press(&mut model, "type:quotas");
    world::press(&mut model, "enter");
    assert_eq!(*model.navigation.top(), Route::Quotas);
    world::press(&mut model, ":");
    world::press(&mut model, "type:image-classifier");
    world::press(&mut model, "enter");
    let Route::Explanation(key) = model.navigation.top() else { panic!("{}", text(&model)) };
    assert_eq!(key.name, "image-classifier");
    world::press(&mut model, "esc");
    assert_eq!(*model.navigation.top(), Route::Quotas, "back leads to where the palette was opened");
    world::press(&mut model, "[ ]");
    assert_eq!(*model.navigation.top(), Route::Quotas, "history knows no palette");
}

#[test]
fn the_palette_does_what_a_key_does_and_esc_leaves_all_as_it_was() {
    let mut model = world::console(80, 24);
    let before = text(&model);
    world::press(&mut model, ": esc");
    assert_eq!(text(&model), before);
    world::press(&mut model, ":");
    world::press(&mut model, "type:only space type:problems");
    world::press(&mut model, "enter");
    let screen = text(&model);
    assert!(screen.contains("hidden") && *model.navigation.top() == Route::Workloads, "{screen}");
    world::press(&mut model, ":");
    world::press(&mut model, "type:no space type:such space type:thing space type:at space type:all");
    assert!(text(&model).contains("nothing matches"), "{}", text(&model));
    world::press(&mut model, "enter");
    assert_eq!(*model.navigation.top(), Route::Workloads, "what fits nothing leads nowhere");
    world::press(&mut model, ": down down enter");
    assert_eq!(*model.navigation.top(), Route::Groups, "the third view, chosen by arrows");
}

#[test]
fn the_report_of_a_workload_goes_to_the_clipboard() {
    let mut model = world::console(80, 24);
    let effects = world::press(&mut model, "R");
    let Some(Effect::Copy(report)) = effects.last() else { panic!("{effects:?}") };
    assert!(report.contains("text-generator") && report.contains('\n') && report.contains("quota"), "{report}");
    assert!(!report.contains("image-classifier"), "one workload, not all: {report}");
}
