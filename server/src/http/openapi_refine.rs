//! What the description says of many operations alike.

use serde_json::{Map, Value, json};

use super::authorize::{Need, need};
use super::observe::REQUEST_ID_CHARS;
use crate::config::Limits;

const ABOUT: &str = "\
Shared 3D worlds: sessions of named objects, a world and a camera, in one order for everybody.

Everything that is refused is `application/problem+json`.

`GET /api/sessions/{id}/ws` opens a WebSocket with the subprotocol `vws.v1.json` or `vws.v1.msgpack`, over \
which a client follows and changes a session.";

/// Why conditions and keys are told in words: whether their values are right depends on what was
/// there before, which the description of a parameter cannot say.
const IF_MATCH: &str = "With `If-Match` and an ETag it is done only while that version is the present one, else \
                        412.";
const IDEMPOTENCY_KEY: &str = "With an `Idempotency-Key` of your own the request is safe to send again: it has \
                               one effect and gets the first answer. The same key with another body is refused.";

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The refusals that operations share: status, name, and when it is given.
const REFUSALS: [(u16, &str, &str); 18] = [
    (304, "NotModified", "The client has this version."),
    (400, "Unreadable", "The path, the query, a header or the body cannot be read."),
    (401, "Unauthorized", "It takes a token, or the one that came does not hold."),
    (
        403,
        "Forbidden",
        "The token does not allow it, or the request comes from a page that may not use this server.",
    ),
    (404, "NotFound", "There is no such session or object."),
    (408, "BodyTimeout", "The body did not arrive in time."),
    (409, "Conflict", "A name is taken, or something has been changed since."),
    (410, "Gone", "This is no longer kept."),
    (412, "Stale", "The version is not the one that If-Match names."),
    (413, "TooLarge", "The body is larger than a request may be, or its batch longer."),
    (414, "PathTooLong", "The path is longer than it may be."),
    (415, "UnsupportedMediaType", "The body is of a type that is not taken here."),
    (421, "ForeignHost", "The server does not go by the host that the request is for."),
    (422, "Invalid", "A rule is broken: each with a pointer to its field."),
    (429, "TooMany", "There are as many as there may be."),
    (431, "HeadTooLarge", "The headers are longer than they may be."),
    (500, "Failed", "The server failed; its log has more under the request id."),
    (
        503,
        "Unavailable",
        "The server is stopping, full, behind what the client has seen, or cannot keep what is changed.",
    ),
];

/// The whole description, made of what the handlers say and of what they have in common.
pub(super) fn refine(mut document: Value, limits: &Limits) -> Value {
    document["info"] = json!({
        "title": "VWS",
        "version": env!("CARGO_PKG_VERSION"),
        "description": ABOUT,
        "license": { "name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE") },
    });
    document["servers"] = json!([{ "url": "/" }]);
    document["tags"] = json!([
        { "name": "sessions", "description": "Isolated worlds." },
        { "name": "objects", "description": "The named things in a world." },
        { "name": "world", "description": "The grid and what the camera has." },
        { "name": "camera", "description": "Where it stands, and its orbit." },
        { "name": "commands", "description": "Any change, one or many at once." },
        { "name": "assets", "description": "The models that objects show." },
        { "name": "history", "description": "The whole state, and the events that made it." },
        { "name": "access", "description": "Tokens: for those whom a session is shared with." },
        { "name": "operation", "description": "For those who run the server." },
    ]);
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for method in METHODS {
            if let Some(operation) = item.get_mut(method) {
                refine_operation(path, method, operation);
            }
        }
    }
    add_links(&mut document["paths"]);
    refine_components(&mut document["components"], limits);
    without_null_defaults(&mut document);
    without_unused_schemas(&mut document);
    document
}

fn refine_operation(path: &str, method: &str, operation: &mut Value) {
    let has_body = operation.get("requestBody").is_some();
    if let Some(content) = operation.pointer_mut("/requestBody/content").and_then(Value::as_object_mut) {
        for (_, media) in content.iter_mut() {
            // A body that may be left out is not one that may be null.
            if let Some(only) = media.pointer("/schema/oneOf/0").cloned() {
                media["schema"] = only;
            }
        }
    }
    let mut responses = operation["responses"].take();
    let is_conditional = responses.get("412").is_some();
    let has_tag = method == "get" && responses.pointer("/200/headers/etag").is_some();

    let mut shared = vec![400, 413, 414, 421, 431, 500, 503];
    if path.contains("{id}") {
        shared.push(404);
    }
    if path.contains("{name}") {
        shared.push(422);
    }
    let is_guarded = matches!(need(method, path), Some(Need::One(_)));
    if is_guarded {
        shared.push(401);
        // Where the server gives everybody the role, nobody needs a token.
        operation["security"] = json!([{}, { "token": [] }]);
    }
    if is_guarded || method != "get" {
        shared.push(403);
    }
    if has_body {
        shared.extend([408, 415, 422]);
    }
    if has_tag {
        shared.push(304);
    }
    for (status, name, _) in REFUSALS {
        let mentioned = responses.get(status.to_string()).is_some();
        if mentioned || shared.contains(&status) {
            let reference = format!("#/components/responses/{name}");
            let description = responses[status.to_string()].get("description").cloned();
            responses[status.to_string()] = match description {
                Some(description) => json!({ "$ref": reference, "description": description }),
                None => json!({ "$ref": reference }),
            };
        }
    }
    // What is deleted has no place any more, and what is made has its first one.
    let is_about_one = path.contains("{id}") && operation["operationId"] != "delete_session";
    let tells_place = is_about_one || operation["operationId"] == "create_session";
    for response in responses.as_object_mut().into_iter().flatten().map(|(_, response)| response) {
        if response.get("$ref").is_none() {
            response["headers"]["x-request-id"] = json!({ "$ref": "#/components/headers/RequestId" });
            if tells_place {
                response["headers"]["vws-seq"] = json!({ "$ref": "#/components/headers/Seq" });
            }
            if is_guarded {
                response["headers"]["vws-stale"] = json!({ "$ref": "#/components/headers/Stale" });
            }
        }
    }
    operation["responses"] = responses;

    let mut parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    parameters.push(json!({ "$ref": "#/components/parameters/RequestId" }));
    if has_tag {
        parameters.push(json!({ "$ref": "#/components/parameters/IfNoneMatch" }));
    }
    if path.contains("{id}") {
        parameters.push(json!({ "$ref": "#/components/parameters/Seen" }));
    }
    operation["parameters"] = parameters.into();
    let mut words: Vec<&str> = operation["description"].as_str().into_iter().collect();
    let also = [(is_conditional, IF_MATCH), (method == "post", IDEMPOTENCY_KEY)];
    words.extend(also.iter().filter(|(holds, _)| *holds).map(|(_, text)| *text));
    operation["description"] = words.join("\n\n").into();
}

/// Where what was made can be found again: from a new session to every operation on one, from a new object
/// or asset to every operation on one.
fn add_links(paths: &mut Value) {
    let on_session = links(
        paths,
        |path| path.contains("{id}") && !path.contains("{name}") && !path.contains("{asset}"),
        &json!({
            "id": "$response.body#/session_id",
        }),
    );
    let on_object = links(
        paths,
        |path| path.contains("{name}"),
        &json!({
            "id": "$request.path.id",
            "name": "$response.body#/name",
        }),
    );
    let on_asset = links(
        paths,
        |path| path.contains("{asset}"),
        &json!({
            "id": "$request.path.id",
            "asset": "$response.body#/asset",
        }),
    );
    paths["/api/sessions/{id}/assets"]["post"]["responses"]["201"]["links"] = on_asset;
    paths["/api/sessions"]["post"]["responses"]["201"]["links"] = on_session;
    paths["/api/sessions/{id}/objects"]["post"]["responses"]["201"]["links"] = on_object;
}

/// A link with `parameters` to each operation of the paths that are `wanted`.
fn links(paths: &Value, wanted: impl Fn(&str) -> bool, parameters: &Value) -> Value {
    let paths = paths.as_object().into_iter().flatten();
    let operations = paths
        .filter(|(path, _)| wanted(path))
        .flat_map(|(_, methods)| methods.as_object().into_iter().flatten())
        .filter_map(|(_, operation)| operation["operationId"].as_str());
    operations
        .map(|name| (name.to_owned(), json!({ "operationId": name, "parameters": parameters })))
        .collect::<Map<_, _>>()
        .into()
}

fn refine_components(components: &mut Value, limits: &Limits) {
    components["securitySchemes"] = json!({
        "token": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "A token as docs/ACCESS.md has it. What takes none depends on how the server was started.",
        },
    });
    components["headers"] = json!({
        "RequestId": {
            "description": "Names this request in the server's log.",
            "schema": request_id(),
        },
        "Seq": {
            "description": "How far the session was known, EPOCH.SEQ: what to give as `vws-seen` later. At times a little \
                            further than the answer shows.",
            "schema": place(),
        },
        "Stale": {
            "description": "That other servers may have newer events, which this one cannot know now.",
            "schema": { "type": "string", "enum": ["log_unreachable"] },
        },
    });
    components["parameters"] = json!({
        "IfNoneMatch": {
            "in": "header",
            "name": "if-none-match",
            "description": "Answer 304 if the version is one of these tags.",
            "schema": { "type": "string" },
        },
        "Seen": {
            "in": "header",
            "name": "vws-seen",
            "description": "The newest `vws-seq` of this session that the client has been told by any server: the answer \
                            is of a state at least as new, or 503 `server_behind`. One of another epoch asks for nothing.",
            "schema": place(),
        },
        "RequestId": {
            "in": "header",
            "name": "x-request-id",
            "description": "What to call this request in the server's log: 1 to 64 characters of A-Z a-z 0-9 . _ : -. \
                            Anything else is passed over, and the server names it.",
            "schema": { "type": "string" },
        },
    });
    components["responses"] =
        REFUSALS.iter().map(|refusal| refusal_response(*refusal)).collect::<Map<_, _>>().into();
    components["schemas"]["Problem"] = problem();
    refine_command(&mut components["schemas"], limits.max_batch);
}

/// A place in a history.
fn place() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]{1,15}\\.[0-9]{1,15}$" })
}

fn request_id() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": REQUEST_ID_CHARS, "pattern": "^[A-Za-z0-9._:-]+$" })
}

fn refusal_response((status, name, description): (u16, &str, &str)) -> (String, Value) {
    let mut response = json!({
        "description": description,
        "headers": { "x-request-id": { "$ref": "#/components/headers/RequestId" } },
    });
    if status >= 400 {
        response["content"]["application/problem+json"]["schema"] =
            json!({ "$ref": "#/components/schemas/Problem" });
    }
    (name.to_owned(), response)
}

/// RFC 9457, with members of this API's own.
fn problem() -> Value {
    let text = |description: &str| json!({ "type": "string", "description": description });
    json!({
        "type": "object",
        "description": "Why a request was refused. Nothing of it took effect.",
        "required": ["type", "title", "status", "detail", "code", "request_id"],
        "properties": {
            "type": text("urn:vws:problem: and the code."),
            "title": text("What the status means."),
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": text("All that is wrong, for a person."),
            "code": { "type": "string", "pattern": "^[a-z0-9_]+$", "description": "The stable name of the first broken rule." },
            "request_id": text("Names the request in the server's log."),
            "errors": {
                "type": "array",
                "description": "Each broken rule at its field.",
                "items": {
                    "type": "object",
                    "required": ["pointer", "code", "detail"],
                    "properties": {
                        "line": { "type": "integer", "minimum": 1, "description": "The line of an imported file that the wrong value begins on." },
                        "pointer": text("JSON pointer to the field in the body (in the line of a log); empty for the whole."),
                        "code": text("The stable name of the broken rule."),
                        "detail": text("What is wrong there: field, value and bound."),
                    },
                },
            },
        },
    })
}

/// Commands know no further fields, and a batch holds single commands only.
fn refine_command(schemas: &mut Value, max_batch: u32) {
    let Some(variants) = schemas["Command"]["oneOf"].as_array_mut() else { return };
    for variant in variants.iter_mut() {
        variant["additionalProperties"] = json!(false);
    }
    let (batch, single): (Vec<Value>, Vec<Value>) =
        variants.drain(..).partition(|variant| variant["properties"].get("commands").is_some());
    let single_reference = json!({ "$ref": "#/components/schemas/SingleCommand" });
    variants.push(single_reference.clone());
    for mut batch in batch {
        batch["properties"]["commands"] = json!({
            "type": "array",
            "description": "At most so many, in order; no batch among them.",
            "maxItems": max_batch,
            "items": single_reference,
        });
        variants.push(batch);
    }
    schemas["SingleCommand"] = json!({ "oneOf": single, "description": "One change." });
}

/// serde's defaults of fields that may be left out say nothing of what leaving them out means.
fn without_null_defaults(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if fields.get("default").is_some_and(Value::is_null) {
                fields.remove("default");
            }
            fields.values_mut().for_each(without_null_defaults);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null_defaults),
        _ => {}
    }
}

/// Schemas that utoipa names and then writes in place.
fn without_unused_schemas(document: &mut Value) {
    let mut used = Vec::new();
    references(document, &mut used);
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        schemas.retain(|name, _| used.iter().any(|used| used.strip_prefix(SCHEMA_PREFIX) == Some(name)));
    }
}

const SCHEMA_PREFIX: &str = "#/components/schemas/";

fn references(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            into.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| references(value, into));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, into)),
        _ => {}
    }
}
