use routerlab_sdk::{Error, InMemory, ModelCard, Preference, Router, Unavailable};

use super::{Config, Replay};

fn pool(names: &[&str]) -> InMemory {
    let card = |name: &&str| ModelCard { name: (*name).to_owned(), ..ModelCard::default() };
    InMemory::new(0).models(names.iter().map(card).collect()).rows(3)
}

fn chosen(names: &[&str], model: Option<&str>) -> Result<Vec<u32>, Error> {
    let set = pool(names).build()?;
    let router = Replay::load(Replay::train(&set, &set, Config { model: model.map(String::from) }, 1)?)?;
    Ok(router.route(set.queries(), &[Preference::QUALITY], &Unavailable::NONE)?[0].choices().to_vec())
}

#[test]
fn the_recorded_router_is_chosen_for_every_query() {
    assert_eq!(chosen(&["openrouter"], None), Ok(vec![0; 3]));
    assert_eq!(chosen(&["gpt", "openrouter"], Some("openrouter")), Ok(vec![1; 3]));
}

#[test]
fn a_router_that_is_not_named_or_not_there_is_asked_for_by_its_key() {
    let refused = |model| chosen(&["gpt", "openrouter"], model).unwrap_err();
    assert_eq!(refused(None), Error::config("model", "must name one of the 2 models"));
    assert_eq!(refused(Some("auto")), Error::config("model", r#"names "auto", which is none of: gpt, openrouter"#));
}

#[test]
fn nothing_else_is_its_choice() {
    let set = pool(&["openrouter"]).build().unwrap();
    let router = Replay::load(Replay::train(&set, &set, Config::default(), 1).unwrap()).unwrap();
    let without: Unavailable = [0].into_iter().collect();
    assert!(router.route(set.queries(), &[Preference::QUALITY], &without).is_err());
}
