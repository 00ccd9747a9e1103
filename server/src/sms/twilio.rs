//! Twilio's Messages resource, which other gateways offer as well:
//! `POST /2010-04-01/Accounts/{sid}/Messages.json`, form-encoded, with HTTP basic authentication.

use futures::{FutureExt, future::BoxFuture};
use reqwest::header::CONTENT_TYPE;
use url::form_urlencoded::Serializer;
use zeroize::Zeroizing;

use super::{
    NotSent, Sms, SmsGateway, TwilioConfig, TwilioSender,
    http::{self, Http},
};

pub(super) struct Twilio {
    http: Http,
    config: TwilioConfig,
}

impl Twilio {
    pub fn new(http: Http, config: TwilioConfig) -> Self {
        Self { http, config }
    }

    async fn deliver(&self, sms: &Sms) -> Result<(), NotSent> {
        let mut url = self.config.base_url.clone();
        let mut path = url.path_segments_mut().map_err(|()| NotSent::Impossible)?;
        path.pop_if_empty().extend(["2010-04-01", "Accounts", &self.config.account_sid, "Messages.json"]);
        drop(path);
        let (name, sender) = match &self.config.sender {
            TwilioSender::From(from) => ("From", from),
            TwilioSender::Service(sid) => ("MessagingServiceSid", sid),
        };
        let pairs = [("To", sms.to.as_str()), (name, sender), ("Body", &sms.text)];
        let body = Serializer::new(String::new()).extend_pairs(pairs).finish();
        let token: &Zeroizing<String> = &self.config.auth_token;
        let request = self.http.post(url).basic_auth(&self.config.account_sid, Some(token.as_str()));
        http::send(request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)).await
    }
}

impl SmsGateway for Twilio {
    fn send<'a>(&'a self, sms: &'a Sms) -> BoxFuture<'a, Result<(), NotSent>> {
        self.deliver(sms).boxed()
    }
}
