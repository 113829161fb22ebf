//! What tools, programs and browsers send, as they should send it, and as shared collections of mistakes have it.

use super::{bundles, shared, texts};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

pub(crate) fn taxii_queries() -> Vec<Vec<u8>> {
    texts(&[
        "",
        "limit=7&added_after=2026-11-26T08:00:00.5Z&next=000641b6a2e0ec40",
        "match[type]=indicator,malware&match%5Bversion%5D=first,last&match[spec_version]=2.0,2.1&other=1",
        "match[id]=indicator--00000000-0000-4000-8000-000000000001&match[version]=2026-11-26T08:00:00Z,all",
        "limit=1&limit=2",
        "match[id]=%ff&match[type]=%00,%2c",
    ])
}

pub(crate) fn taxii_media() -> Vec<Vec<u8>> {
    texts(&[
        "application/taxii+json;version=2.1",
        "Application/TAXII+JSON ; Version=\"2.1\";q=0.5",
        "text/html, application/*;q=0\n*/*;q=0.1",
        "application/taxii+json;version=2.1\ntext/plain",
    ])
}

pub(crate) fn taxii_envelopes() -> Vec<Vec<u8>> {
    let mut found = texts(&[
        "{\"objects\":[{\"id\":\"indicator--00000000-0000-4000-8000-000000000001\",\"modified\":\"2026-01-01T00:00:00Z\"},7]}",
        "{\"more\":true,\"objects\":[{}],\"objects\":[]}",
    ]);
    found.extend(bundles());
    // A server's whole content: each of its collections has objects.
    for content in shared("taxii21") {
        let content: serde_json::Value = serde_json::from_slice(&content).unwrap_or_default();
        let roots = content.as_object().into_iter().flat_map(|roots| roots.values());
        let collections = roots.filter_map(|root| root["collections"].as_array()).flatten();
        found.extend(collections.filter_map(|collection| serde_json::to_vec(collection).ok()));
    }
    found.extend(shared("bad"));
    found
}

pub(crate) fn orders() -> Vec<Vec<u8>> {
    let order = r#"{"under":"a-pact","to":"FI","activity":"threat_intel","purpose":"cyber_defence","bundle":[{"type":"tool"}]}"#;
    let facts = r#""facts":{"urgent":"true","reason":"x"},"attestations":{"authorisation":{"value":"court"}},"bundle""#;
    let mut found = texts(&[order, &order.replace("\"bundle\"", facts)]);
    found.extend(shared("bad/blns").into_iter().map(|list| {
        let list = String::from_utf8_lossy(&list).into_owned();
        order.replace("[{\"type\":\"tool\"}]", &list).into_bytes()
    }));
    found
}

pub(crate) fn misp_requests() -> Vec<Vec<u8>> {
    let events = r#""events":[{"uuid":"5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d10","info":"Loader","date":"2026-04-30","timestamp":"1777600000","published":true,"Orgc":{"name":"CERT","uuid":"5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d11"},"Tag":[{"name":"tlp:green"}],"Attribute":[{"type":"domain|ip","category":"Network activity","value":"a.example|192.0.2.9","to_ids":true,"timestamp":"1777600000","uuid":"5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d12","Sighting":[{"uuid":"5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d13","type":"0","date_sighting":"1777600000","Organisation":{"name":"CERT","uuid":"5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d11"}}]},{"type":"ip-dst","value":"192.0.2.1","deleted":true,"timestamp":"1777600001"}],"Object":[{"name":"file","Attribute":[{"type":"filename","value":"x.exe"}],"ObjectReference":[{"deleted":true}]}]}]"#;
    let requests = [
        r#"{"returnFormat":"json","page":2,"limit":"1","uuid":["5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d10"]}"#,
        r#"{"timestamp":["7d","1777700000"],"published":1,"to_ids":"true","deleted":[0,1],"metadata":false}"#,
        r#"{"value":{"OR":["%.example%","192.0.2.1"],"NOT":"a.%"},"tags":["!tlp:red"],"type":"domain","org":"CERT"}"#,
        r#"{"from":"2026-04-01","until":"2026-05-01","eventinfo":"%ader","category":"Other","last":"12h","sgReferenceOnly":1}"#,
        r#"{"type":"1","source":"a tool","date_sighting":"1777600000","uuid":"5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d10"}"#,
        r#"{"type":2,"timestamp":253402300799}"#,
        r#"{"returnFormat":"json","last":0,"includeUuid":true,"uuid":["5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d10"],"org_id":["!5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d14"]}"#,
        r#"{"id":"5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d12","from":"2026-04-01","to":"1777700000","type":["0","1"],"source":"%","includeAttribute":1,"includeEvent":"1"}"#,
    ];
    let sightings = r#""sightings":[{"uuid":"5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d13","attribute_uuid":"5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d12","type":"1","date_sighting":1777600000,"source":"a tool","org_id":"1","Organisation":{"name":"CERT","uuid":"5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d11"}},{"Sighting":{"uuid":"5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d15","attribute_uuid":"5f1c0a42-8d21-4e0f-9a58-6b1f1a7c3d12","type":"2","date_sighting":"0","source":""}}]"#;
    requests
        .iter()
        .map(|request| format!("{{\"request\":{request},{events},{sightings}}}").into_bytes())
        .collect()
}

pub(crate) fn credentials() -> Vec<Vec<u8>> {
    let mut found = texts(&[
        "Bearer comity_q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA",
        "bAsIc   dGVzdDoxMjPCow== ",
        "Digest username=\"x\"\nBearer x",
        "a=b; __Host-comity-session=abc-DEF_123;c=d\n__Host-comity-signin=x",
        "203.0.113.9, 198.51.100.1, 10.0.0.1\n[2001:db8::1]:4711, unknown",
    ]);
    found.extend(
        ["a.tamm:with:colons:", "käsk:pässwörd", ":", "a:\u{0}"]
            .map(|pair| format!("Basic {}", STANDARD.encode(pair)).into_bytes()),
    );
    found
}

pub(crate) fn callbacks() -> Vec<Vec<u8>> {
    texts(&[
        "code=c%2Bd&state=s&iss=https%3A%2F%2Fid.example&session_state=x",
        "error=access_denied&error_description=no&state=s",
        "back=%2Fdesk%3Fx=1%26y=2",
        "back=//evil.example&back=/%5Cevil.example",
        "back=/a%0d%0aSet-Cookie:x",
    ])
}

pub(crate) fn providers() -> Vec<Vec<u8>> {
    let document = r#"{"issuer":"https://id.example","authorization_endpoint":"https://id.example/auth?tenant=1","token_endpoint":"http://[::1]:8080/token","jwks_uri":"https://id.example/jwks","end_session_endpoint":"http://127.0.0.1/end","claims_supported":["sub"]}"#;
    texts(&[
        document,
        &document.replace("https://id.example/jwks", "https://u:p@id.example/jwks"),
        &document.replace("http://127.0.0.1/end", "http://localhost.evil.example/end"),
    ])
}

pub(crate) fn signatures() -> Vec<Vec<u8>> {
    // RFC 7515 appendix A.3, RFC 8037 appendix A.
    let ec = r#"{"kty":"EC","crv":"P-256","kid":"1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    let ed = r#"{"kty":"OKP","crv":"Ed25519","use":"sig","alg":"EdDSA","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let rsa = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0t","e":"AQAB"}"#;
    let es256 = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let eddsa = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let headers = [
        r#"{"alg":"none"}"#,
        r#"{"alg":"RS256","kid":"1","jwk":{"kty":"OKP"}}"#,
        r#"{"alg":"ES256","crit":["b64"],"b64":false}"#,
    ];
    let unsigned = headers.map(|header| format!("{}.e30.AA", URL_SAFE_NO_PAD.encode(header)));
    let tokens = [es256, eddsa].into_iter().chain(unsigned.iter().map(String::as_str));
    tokens.map(|token| format!("{{\"keys\":[{rsa},{ec},{ed},7]}}\0{token}").into_bytes()).collect()
}

pub(crate) fn id_tokens() -> Vec<Vec<u8>> {
    let token = r#"{"iss":"https://id.example","sub":"248289761001","aud":"comity","nonce":"n-1","iat":1795687260,"exp":1795687560,"groups":["staff","cti"],"preferred_username":"a.tamm","training":"2027-06-30","unit":"cyber"}"#;
    texts(&[
        token,
        &token.replace("\"comity\"", "[\"comity\",\"another\"],\"azp\":\"comity\",\"nbf\":1795687260.5"),
        &token.replace("\"2027-06-30\"", "1795687560"),
        &token.replace("1795687560", "1e308"),
    ])
}
