//! HTML from the OpenAPI document. Everything from the document is escaped.

use std::{collections::BTreeMap, fmt::Write};

use api_types::ErrorCode;
use serde_json::{Map, Value};

use crate::audit::code_name;

/// The whole page.
pub fn page(document: &Value) -> String {
    let mut out = String::with_capacity(256 * 1024);
    let title = escape(text(&document["info"], "title"));
    let _ = write!(
        out,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><title>{title} API</title>\
         <link rel=\"stylesheet\" href=\"/api/docs/style.css\"></head><body><header><h1>{title} API</h1><p>{}</p>\
         <p>Version {}. For programs: <a href=\"/api/v1/openapi.json\">openapi.json</a>.</p></header>",
        escape(text(&document["info"], "description")),
        escape(text(&document["info"], "version")),
    );
    let groups = groups(document);
    contents(&mut out, &groups);
    out.push_str("<main>");
    for (tag, operations) in &groups {
        let _ = write!(out, "<section><h2 id=\"tag-{0}\">{0}</h2>", escape(tag));
        operations.iter().for_each(|operation| self::operation(&mut out, operation));
        out.push_str("</section>");
    }
    errors(&mut out);
    schemas(&mut out, &document["components"]["schemas"]);
    out.push_str("</main></body></html>");
    out
}

struct Operation<'a> {
    method: &'a str,
    path: &'a str,
    value: &'a Value,
}

/// Operations by tag.
fn groups(document: &Value) -> BTreeMap<&str, Vec<Operation<'_>>> {
    let mut groups: BTreeMap<&str, Vec<Operation<'_>>> = BTreeMap::new();
    for (path, item) in entries(&document["paths"]) {
        for (method, value) in entries(item).filter(|(_, value)| value["operationId"].is_string()) {
            let tag = value["tags"][0].as_str().unwrap_or("other");
            groups.entry(tag).or_default().push(Operation { method, path, value });
        }
    }
    groups
}

fn contents(out: &mut String, groups: &BTreeMap<&str, Vec<Operation<'_>>>) {
    out.push_str("<nav aria-label=\"Contents\"><ul>");
    for tag in groups.keys() {
        let _ = write!(out, "<li><a href=\"#tag-{0}\">{0}</a></li>", escape(tag));
    }
    out.push_str("<li><a href=\"#errors\">errors</a></li><li><a href=\"#bodies\">bodies</a></li></ul></nav>");
}

fn operation(out: &mut String, operation: &Operation<'_>) {
    let value = operation.value;
    let _ = write!(
        out,
        "<article id=\"{}\"><h3><span class=\"method\">{}</span> <span class=\"path\">{}</span></h3><p>{} {}</p>",
        escape(text(value, "operationId")),
        operation.method.to_uppercase(),
        escape(operation.path),
        escape(text(value, "summary")),
        escape(text(value, "description")),
    );
    let schemes = value["security"].as_array().map(Vec::as_slice).unwrap_or_default();
    let scope = schemes.iter().find_map(|scheme| scheme["token"][0].as_str());
    let access = match (schemes.is_empty(), scope) {
        (true, _) => "no sign-in needed".to_owned(),
        (false, None) => "signed in".to_owned(),
        (false, Some(scope)) => format!("signed in, or an API token with <code>{}</code>", escape(scope)),
    };
    let name = escape(text(value, "operationId"));
    let _ = write!(out, "<p class=\"soft\"><code>{name}</code> · {access}</p>");
    parameters(out, &value["parameters"]);
    bodies(out, value);
    out.push_str("</article>");
}

fn parameters(out: &mut String, parameters: &Value) {
    let Some(list) = parameters.as_array().filter(|list| !list.is_empty()) else { return };
    out.push_str("<div class=\"scroll\"><table><thead><tr><th>Parameter</th><th>In</th><th>Type</th><th></th></tr></thead><tbody>");
    for parameter in list {
        let _ = write!(
            out,
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(text(parameter, "name")),
            escape(text(parameter, "in")),
            type_of(&parameter["schema"]),
            escape(text(parameter, "description")),
        );
    }
    out.push_str("</tbody></table></div>");
}

fn bodies(out: &mut String, value: &Value) {
    out.push_str("<div class=\"scroll\"><table><tbody>");
    for (media, content) in entries(&value["requestBody"]["content"]) {
        let _ = write!(
            out,
            "<tr><th>Request</th><td>{}</td><td>{}. {}</td></tr>",
            type_of(&content["schema"]),
            escape(media),
            escape(text(&value["requestBody"], "description")),
        );
    }
    for (status, response) in entries(&value["responses"]) {
        let status = if status == "default" { "otherwise" } else { status };
        let types = entries(&response["content"]).map(|(_, content)| type_of(&content["schema"]));
        let _ = write!(
            out,
            "<tr><th>{}</th><td>{}</td><td>{}</td></tr>",
            escape(status),
            types.collect::<Vec<_>>().join(", "),
            escape(text(response, "description")),
        );
    }
    out.push_str("</tbody></table></div>");
}

fn errors(out: &mut String) {
    out.push_str(
        "<section><h2 class=\"plain\" id=\"errors\">Errors</h2><div class=\"scroll\"><table><thead><tr><th>code</th>\
         <th>Status</th><th>Meaning</th></tr></thead><tbody>",
    );
    for code in ErrorCode::ALL {
        let _ = write!(
            out,
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
            escape(&code_name(*code)),
            code.status(),
            escape(code.title()),
        );
    }
    out.push_str("</tbody></table></div></section>");
}

fn schemas(out: &mut String, schemas: &Value) {
    out.push_str("<section><h2 class=\"plain\" id=\"bodies\">Bodies</h2>");
    for (name, schema) in entries(schemas) {
        let _ = write!(
            out,
            "<article id=\"body-{0}\"><h3><code>{0}</code></h3><p>{1}</p>",
            escape(name),
            escape(text(schema, "description")),
        );
        properties(out, schema);
        values(out, schema);
        out.push_str("</article>");
    }
    out.push_str("</section>");
}

fn properties(out: &mut String, schema: &Value) {
    let Some(properties) = schema["properties"].as_object() else { return };
    let required = |name: &str| schema["required"].as_array().is_some_and(|list| list.iter().any(|v| v == name));
    out.push_str("<div class=\"scroll\"><table><thead><tr><th>Field</th><th>Type</th><th></th></tr></thead><tbody>");
    for (name, property) in properties {
        let _ = write!(
            out,
            "<tr><td><code>{}</code>{}</td><td>{}</td><td>{}</td></tr>",
            escape(name),
            if required(name) { "" } else { " <span class=\"soft\">optional</span>" },
            type_of(property),
            escape(text(property, "description")),
        );
    }
    out.push_str("</tbody></table></div>");
}

/// The values of an enum.
fn values(out: &mut String, schema: &Value) {
    let Some(list) = schema["enum"].as_array() else { return };
    let names: Vec<String> =
        list.iter().filter_map(Value::as_str).map(|name| format!("<code>{}</code>", escape(name))).collect();
    let _ = write!(out, "<p>{}</p>", names.join(", "));
}

/// A schema in a few words, linked where it has a name.
fn type_of(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        return format!("<a href=\"#body-{0}\"><code>{0}</code></a>", escape(name));
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        if let Some(list) = schema[key].as_array() {
            let types: Vec<String> = list.iter().filter(|s| s["type"] != "null").map(type_of).collect();
            return types.join(" or ");
        }
    }
    let name = match &schema["type"] {
        Value::String(name) => name.as_str(),
        Value::Array(names) => names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or_default(),
        _ => "",
    };
    match (name, schema["format"].as_str()) {
        ("array", _) => format!("list of {}", type_of(&schema["items"])),
        (name, Some(format)) => format!("{} <span class=\"soft\">({})</span>", escape(name), escape(format)),
        (name, None) => escape(name),
    }
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter).map(|(key, value)| (key.as_str(), value))
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_page_shows_every_operation_and_runs_nothing() {
        let document = serde_json::to_value(crate::openapi::document()).unwrap();
        let html = page(&document);
        let operations: usize = groups(&document).values().map(Vec::len).sum();
        assert_eq!(html.matches("class=\"method\"").count(), operations);
        assert!(operations > 20);
        for forbidden in ["<script", " style=", "http://", "https://", "onclick"] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
    }

    #[test]
    fn texts_are_escaped() {
        let html = page(&json!({ "info": { "title": "<script>", "description": "\"&" } }));
        assert!(html.contains("&lt;script&gt; API") && html.contains("&quot;&amp;"));
    }
}
