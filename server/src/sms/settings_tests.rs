use super::*;

fn parse(text: &str) -> Result<SmsConfig, SmsConfigError> {
    let folder = tempfile::tempdir().unwrap();
    for (name, secret) in
        [("secret", " marked-secret-of-enough-bytes\n"), ("short", "marked"), ("empty", "\n"), ("bad", "whsec_???")]
    {
        fs::write(folder.path().join(name), secret).unwrap();
    }
    let secret = format!("whsec_{}", STANDARD.encode([7; 32]));
    fs::write(folder.path().join("standard"), secret).unwrap();
    let path = folder.path().join("sms.toml");
    fs::write(&path, text).unwrap();
    read(&path)
}

const TWILIO: &str =
    "kind = \"twilio\"\naccount_sid = \"AC17\"\nauth_token_file = \"secret\"\nfrom = \"+15005550006\"\n";

fn webhook(url: &str, file: &str) -> String {
    format!("kind = \"webhook\"\nurl = \"{url}\"\nsecret_file = \"{file}\"\n")
}

#[test]
fn a_gateway_comes_with_its_secret_and_shows_none() {
    let config = parse(TWILIO).unwrap();
    assert!(!format!("{config:?}").contains("marked"));
    assert_eq!((config.daily, config.daily_per_number), (DAILY, DAILY_PER_NUMBER));
    let GatewayConfig::Twilio(twilio) = config.gateway else { panic!() };
    assert_eq!(&*twilio.auth_token, "marked-secret-of-enough-bytes");
    assert_eq!(twilio.base_url.as_str(), "https://api.twilio.com/");

    let service = TWILIO.replace("from = \"+15005550006\"", "messaging_service_sid = \"MG17\"");
    let GatewayConfig::Twilio(twilio) = parse(&service).unwrap().gateway else { panic!() };
    assert!(matches!(twilio.sender, TwilioSender::Service(sid) if sid == "MG17"));

    let text = webhook("http://localhost:9/sms", "standard");
    let config = parse(&format!("{text}prefixes = [\"+49\", \"+43\"]\ndaily_limit = 7\n")).unwrap();
    assert!(!format!("{config:?}").contains("BwcH"));
    assert_eq!(config.daily, 7);
    let reaches = |number| config.reaches(&Number::parse(number).unwrap());
    assert!(reaches("+4915123456789") && reaches("+4366412345678") && !reaches("+88216123456"));
    let GatewayConfig::Webhook(webhook) = &config.gateway else { panic!() };
    assert_eq!(webhook.secret[..], [7; 32]);
}

#[test]
fn a_bad_file_is_refused_by_name() {
    use SmsConfigError as E;
    let refused = |text: &str| parse(text).unwrap_err();
    for url in ["http://sms.example.org", "sms.example.org", "https://u:p@sms.example.org", "https://a.example#x"] {
        assert!(matches!(refused(&webhook(url, "secret")), E::BadUrl(_)), "{url}");
    }
    let url = "https://sms.example.org/send";
    for file in ["short", "empty", "bad"] {
        assert!(matches!(refused(&webhook(url, file)), E::NoSecret(_)), "{file}");
    }
    assert!(matches!(refused(&webhook(url, "none")), E::Unreadable(..)));
    assert!(matches!(refused("kind = \"webhook\"\n"), E::Settings(_)));
    assert!(matches!(refused("kind = \"twilio\"\n"), E::Settings(_)));
    assert!(matches!(refused(&format!("{TWILIO}messaging_service_sid = \"MG1\"\n")), E::Settings(_)));
    assert!(matches!(refused(&format!("{TWILIO}url = \"{url}\"\n")), E::Settings(_)));
    assert!(matches!(refused(&format!("{}from = \"x\"\n", webhook(url, "secret"))), E::Settings(_)));
    assert!(matches!(refused(&TWILIO.replace("AC17", "../x")), E::BadValue(_, "account_sid")));
    for prefix in ["49", "+0", "+", "+49x"] {
        assert!(matches!(refused(&format!("{TWILIO}prefixes = [\"{prefix}\"]\n")), E::BadPrefix(_)), "{prefix}");
    }
    assert!(matches!(refused(&format!("{TWILIO}daily_limit = 0\n")), E::BadLimit(_)));
    assert!(matches!(refused("kind = \"pigeon\"\n"), E::Malformed { .. }));
    let written = refused(&format!("{TWILIO}auth_token = \"marked-secret\"\n")).to_string();
    assert!(written.contains("line 5") && !written.contains("marked"), "{written}");
}
