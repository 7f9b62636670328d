mod support;
#[test]
fn show() {
    let text = std::fs::read_to_string(std::env::var("CFG").unwrap_or("/etc/kamailio/kamailio.cfg".into())).unwrap();
    let d = std::env::var("DEF").unwrap_or_default();
    let d: Vec<&str> = d.split_whitespace().collect();
    println!("{}", support::audited(&support::of(&text), &d).1);
}
