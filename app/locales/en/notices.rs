//! Said where the program can't run.

texts! {
    /// Said where the program can't run: what is missing, why it is needed, what to do.
    Notices {
        script_title = "This page needs JavaScript";
        script = "Reports are encrypted and decrypted in your browser, so that the server never sees them. Without JavaScript nothing can be opened here. Switch it on for this address, or use the command line program hs.";
        context_title = "This connection isn’t secure";
        context = "Browsers offer encryption only to pages that came over https. Open this address with https://, or as http://localhost on the machine itself. Don’t type your password here.";
        wasm_title = "This browser can’t run HealthSecure";
        wasm = "It lacks WebAssembly or web encryption, or they are switched off (Lockdown mode does that). Use a current Firefox, Chrome, Edge or Safari, or the command line program hs.";
        failed_title = "The program didn’t load";
        failed = "The connection broke, or what arrived isn’t what the server announced; then it isn’t run. Reload the page. If it stays, tell your administrator.";
    }
}
