//! What the hidden one does, step by step, where they are; in the other world the steps pass without them.

use serde_json::{Value, json};
use vigie_client::{Http, Method};

use super::history::{Life, Way};
use super::plain::HIDDEN;
use super::watchers::{Viewer, Who};
use crate::world::{token, told_by_now};

impl Life {
    /// All that somebody can do; and where they are not, nothing.
    pub(super) async fn go_on(&mut self) {
        let is_seen = self.way == Way::LastSeen;
        self.say(&[("presence:activity", json!({}))]).await;
        self.mark("is active").await;
        self.ask_as_xeno("/api/conversations").await;
        self.ask_as_xeno("/v1/auth/forward").await;
        self.mark("asks").await;
        let join = json!({"conversationId": "room"});
        // Where somebody looks is a part of whether they are there, which is no secret of who hides the times alone.
        if !is_seen {
            self.say(&[
                ("conversation:join", join.clone()),
                ("conversation:join", json!({"conversationId": "hall"})),
                ("conversation:leave", join.clone()),
            ])
            .await;
        }
        self.mark("looks at conversations").await;
        if self.is_there {
            let mut second = self.world().user(HIDDEN).await;
            second.abort().await;
        }
        self.mark("has a second device for a moment").await;
        let both = ["wanda", HIDDEN];
        self.world().conversation("late", &both).await;
        self.mark("comes to a conversation").await;
        self.world().conversation("late", &both[..1]).await;
        self.mark("leaves a conversation").await;
        if is_seen {
            return;
        }
        self.say(&[("presence:app-state", json!({"foreground": false}))])
            .await;
        self.mark("is away").await;
        self.choose(&json!({"status": "invisible", "text": "nobody reads this"}))
            .await;
        self.mark("says something").await;
        self.say(&[("presence:app-state", json!({"foreground": true}))])
            .await;
        self.say(&[
            ("typing:start", join.clone()),
            ("typing:start", json!({"conversationId": "hall"})),
            ("typing:stop", join),
        ])
        .await;
        self.mark("types").await;
        // Somebody who was sent no list yet is sent none by a change that is hidden.
        let mut anew = Viewer::open(self.world(), Who::User("wanda"), &["room"]).await;
        anew.channel = "wanda looks anew".to_owned();
        self.viewers.push(anew);
        for is_online in [false, true] {
            if self.is_there {
                let body = json!({"userId": HIDDEN, "isOnline": is_online});
                let path = "/maintenance/user-status";
                self.world().service(Method::POST, path, Some(body)).await;
            }
            self.tick().await;
        }
        self.mark("is set offline and online").await;
        if let Some(mut xeno) = self.xeno.take() {
            xeno.disconnect().await;
        }
        self.mark("goes").await;
        if self.is_there {
            self.xeno = Some(self.world().user(HIDDEN).await);
        }
        self.mark("comes back").await;
    }

    /// Hides no more, first after having gone in secret, and then while there; where they were away, the same requests are a return from there.
    pub(super) async fn come_back_for_all(&mut self) {
        if let Some(mut xeno) = self.xeno.take() {
            xeno.disconnect().await;
        }
        self.mark("goes in secret").await;
        self.choose_in_both(&json!({"status": "auto"})).await;
        self.until_shown(HIDDEN, true).await;
        self.mark("is seen again").await;
        self.go_before_all().await;
        if self.is_there {
            self.choose_in_both(&json!({"status": "invisible"})).await;
            self.xeno = Some(self.world().user(HIDDEN).await);
        }
        self.mark("hides again").await;
        self.choose_in_both(&json!({"status": "auto"})).await;
        self.until_shown(HIDDEN, true).await;
        self.mark("is seen again while there").await;
        self.go_before_all().await;
    }

    /// A goodbye that everybody sees, and the same for a device as for requests alone: an operator's word.
    async fn go_before_all(&mut self) {
        let body = json!({"userId": HIDDEN, "isOnline": false});
        let path = "/maintenance/user-status";
        self.world().service(Method::POST, path, Some(body)).await;
        self.until_shown(HIDDEN, false).await;
        if let Some(mut xeno) = self.xeno.take() {
            xeno.disconnect().await;
        }
        self.mark("goes before all").await;
    }

    /// Lets the invisible one choose, where they are there.
    pub(super) async fn choose(&self, choice: &Value) {
        if self.is_there && self.way == Way::Invisible {
            self.choose_in_both(choice).await;
        }
    }

    async fn choose_in_both(&self, choice: &Value) {
        let bearer = format!("Bearer {}", token(HIDDEN));
        let http = Http::new(self.world().url()).header("authorization", bearer);
        let reply = http.call(Method::PUT, "/v1/presence/me", Some(choice));
        assert_eq!(reply.await.unwrap().status, 200);
    }

    /// Lets the hidden one say something, where they are there, and waits until the server has heard it.
    pub(super) async fn say(&mut self, events: &[(&str, Value)]) {
        if !self.is_there {
            return;
        }
        let xeno = self.xeno.as_mut().unwrap();
        for (name, payload) in events {
            xeno.emit(name, Some(payload.clone()));
        }
        told_by_now(xeno).await;
    }

    async fn ask_as_xeno(&self, path: &str) {
        if self.is_there {
            let bearer = format!("Bearer {}", token(HIDDEN));
            let http = Http::new(self.world().url()).header("authorization", bearer);
            let reply = http.call(Method::GET, path, None).await.unwrap();
            assert_eq!(reply.status, 200);
        }
    }
}
