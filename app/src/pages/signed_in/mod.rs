//! The pages behind the lock. Each is a component in a file of its own, compiled for the browser only; the table below
//! wraps it in [`Guard`], so that it runs only while the vault is open.

mod guard;
mod locked;

use leptos::prelude::*;

pub use guard::Guard;

/// `Route => module::Component;` For each: a component `Route` for the route table that guards the page.
macro_rules! guarded {
    ($($route:ident => $module:ident :: $page:ident;)*) => {
        $(
            /// A page of the table, behind the lock.
            #[component]
            pub fn $route() -> impl IntoView {
                #[cfg(feature = "hydrate")]
                let page: guard::PageFn = || view! { <$module::$page/> }.into_any();
                #[cfg(not(feature = "hydrate"))]
                let page: guard::PageFn = || ().into_any();
                view! { <Guard page/> }
            }
        )*
    };
}

#[cfg(feature = "hydrate")]
mod coming;

guarded! {
    Reports => coming::ComingPage;
    NewReport => coming::ComingPage;
    EditDraft => coming::ComingPage;
    Report => coming::ComingPage;
    Share => coming::ComingPage;
    Shared => coming::ComingPage;
    Administration => coming::ComingPage;
    Invitations => coming::ComingPage;
    Audit => coming::ComingPage;
    Settings => coming::ComingPage;
    Sessions => coming::ComingPage;
}
