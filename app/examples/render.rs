//! Renders a path to standard output, without a server: for looking at a public page.
use leptos::prelude::*;
use leptos_meta::ServerMetaContext;

fn main() {
    let path = std::env::args().nth(1).unwrap_or_else(|| "/".to_owned());
    let owner = Owner::new();
    let html = owner.with(|| {
        provide_context(leptos_router::location::RequestUrl::new(&path));
        let (meta, _output) = ServerMetaContext::new();
        provide_context(meta);
        provide_context(app::assets::Assets { root: "/tmp/uic/site".into(), integrity: Default::default() });
        app::shell(LeptosOptions::builder().output_name("healthsecure").build()).to_html()
    });
    println!("{html}");
}
