//! How a person reads an answer: in words, for each reader, and in the shapes that agents of theirs speak.

use crate::subjects::{MARI, NOBODY, REQUESTS, decided, filed, holding, post};
use serde_json::{Value as Json, json};

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_reads_in_words_that_say_no_more_than_it_does() {
    let (_ee, _fi, tool) = holding().await;
    let words = async |number: &str, code: &str, reads: &str| {
        let path = format!("{REQUESTS}/{number}?{reads}");
        tool.showing(None).ask("GET", &path, &[("request-code", code)], b"").await
    };
    let (number, code) = filed(&tool, "access", MARI).await;
    let waiting = words(&number, &code, "language=et").await;
    assert!(waiting.json().get("message").is_none(), "nothing is said before it is decided");
    decided(&tool, &number, true, json!({})).await;
    for (reads, lang, says) in [
        ("audience=person&language=en", "en", "This is what we can show you"),
        ("audience=child&language=de", "de", "Das können wir dir zeigen"),
        ("language=fr", "fr", "Voici ce que nous pouvons vous montrer"),
        ("audience=expert&language=et", "et", "Inimesele antud kirjed"),
    ] {
        let told = words(&number, &code, reads).await.json();
        let message = &told["message"][0];
        assert_eq!(message["language"], lang, "{told}");
        let text = message["text"].as_str().unwrap();
        assert!(text.contains(says) && text.contains("halduskohus"), "{text}");
        assert!(!text.to_lowercase().contains("kask"), "words name nobody: {text}");
        assert!(message["html"].as_str().unwrap().contains(&format!("<html lang=\"{lang}\">")));
        assert!(told["answer"]["records"].is_array(), "the answer stays beside it");
    }
    assert_eq!(words(&number, &code, "language=tlh").await.status, 400);
    // Nothing held and held but withheld: the same words, to every reader.
    let against = json!({ "restriction_ground": "obstruct_investigation" });
    let mut both = Vec::new();
    for email in [MARI, NOBODY] {
        let (number, code) = filed(&tool, "access", email).await;
        decided(&tool, &number, true, against.clone()).await;
        let mut all = Vec::new();
        // Every language and reader once: whoever asks too often waits.
        for (audience, language) in
            [("person", "en"), ("child", "de"), ("journalist", "fr"), ("partner", "et")]
        {
            let reads = format!("audience={audience}&language={language}");
            let told = words(&number, &code, &reads).await.json();
            all.push(told["message"][0]["text"].as_str().unwrap().replace(&number, "NUMBER"));
        }
        both.push(all);
    }
    assert_eq!(both[0], both[1]);
    assert!(both[0][0].contains("We can say no more."), "{}", both[0][0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_asks_in_the_shapes_of_the_data_rights_protocol() {
    const DRP: &str = "/drp/v1/data-rights-request";
    let (_ee, _fi, tool) = holding().await;
    let agent = tool.showing(None);
    let offered = agent.ask("GET", "/.well-known/data-rights.json", &[], b"").await.json();
    assert_eq!((&offered["version"], &offered["api_base"]), (&json!("0.9"), &json!("/drp")));
    let ask = async |exercise: &str, email: &str| {
        let body = json!({
            "agent-id": "agent", "business-id": "EE", "drp.version": "0.9", "regime": "voluntary",
            "exercise": exercise, "relationships": [], "name": "Mari Kask", "email": email, "email_verified": true,
        });
        let (status, told) = post(&agent, DRP, &body).await;
        assert_eq!(status, 200, "{told}");
        told
    };
    let stands = async |id: &Json| {
        let told = agent.ask("GET", &format!("{DRP}/{}", id.as_str().unwrap()), &[], b"").await;
        (told.status, told.json())
    };
    let decide = async |id: &Json, seen: bool, facts: Json| {
        let number = id.as_str().unwrap().split('.').next().unwrap();
        decided(&tool, number, seen, facts).await;
    };
    let filed = ask("access", MARI).await;
    // That the agent has verified an address is the agent's word: an officer sees who asks.
    assert_eq!((&filed["status"], &filed["reason"]), (&json!("open"), &json!("need_user_verification")));
    assert!(filed["received_at"].is_string() && filed["expected_by"].is_string(), "{filed}");
    decide(&filed["request_id"], true, json!({})).await;
    let (_, told) = stands(&filed["request_id"]).await;
    assert_eq!((&told["status"], &told["reason"]), (&json!("fulfilled"), &Json::Null), "{told}");
    assert!(told["processing_details"].as_str().unwrap().contains("This is what we can show you"), "{told}");
    assert!(told["results_url"].as_str().unwrap().starts_with(REQUESTS), "{told}");
    // What is withheld and what is not there are one answer: never `no_match`.
    let mut both = Vec::new();
    for email in [MARI, NOBODY] {
        let filed = ask("access:specific", email).await;
        decide(&filed["request_id"], true, json!({ "restriction_ground": "obstruct_investigation" })).await;
        let (_, told) = stands(&filed["request_id"]).await;
        let number = filed["request_id"].as_str().unwrap().split('.').next().unwrap();
        let words = told["processing_details"].as_str().unwrap().replace(number, "NUMBER");
        both.push((told["status"].clone(), told["reason"].clone(), words));
    }
    assert_eq!(both[0], both[1]);
    let unseen = ask("deletion", MARI).await;
    decide(&unseen["request_id"], false, json!({})).await;
    let (_, told) = stands(&unseen["request_id"]).await;
    assert_eq!(
        (&told["status"], &told["reason"]),
        (&json!("denied"), &json!("insuf_verification")),
        "{told}"
    );
    // An opt-out of every category, withdrawn by its agent.
    let opted = ask("sale:opt_out", MARI).await;
    assert_eq!(opted["status"], "open", "{opted}");
    let path = format!("{DRP}/{}", opted["request_id"].as_str().unwrap());
    let revoked = agent.ask("DELETE", &path, &[], b"").await;
    assert_eq!((revoked.status, &revoked.json()["status"]), (200, &json!("revoked")));
    assert_eq!(stands(&opted["request_id"]).await.1["status"], "revoked");
    // What is none, in the protocol's form.
    for (body, names) in [
        (json!({ "exercise": "access" }), "email"),
        (json!({ "exercise": "correction", "email": MARI }), "exercise"),
        (json!({ "exercise": "access", "email": "no address" }), "identifiers[0].value"),
        (json!({ "email": MARI }), "exercise"),
    ] {
        let (status, told) = post(&agent, DRP, &body).await;
        assert_eq!((status, &told["fatal"]), (400, &json!(true)), "{told}");
        assert!(told["message"].as_str().unwrap().contains(names) && told["code"] == "malformed", "{told}");
        assert!(!told.to_string().contains("no address"), "no value is repeated: {told}");
    }
    let forged = filed["request_id"].as_str().unwrap().split('.').next().unwrap().to_owned() + ".wrong";
    assert_eq!(stands(&json!(forged)).await.0, 404);
    let kept =
        agent.ask("DELETE", &format!("{DRP}/{}", filed["request_id"].as_str().unwrap()), &[], b"").await;
    assert_eq!((kept.status, &kept.json()["fatal"]), (405, &json!(true)));
}
