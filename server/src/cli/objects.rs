//! `vws object ls|set|rm`.

use clap::{Args, Subcommand};
use hyper::Method;
use hyper::header::IF_MATCH;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use vws_core::{Object, SessionId};
use vws_server::units::rfc3339;

use super::failure::{Done, Failure};
use super::print::{self, Table};
use super::remote::{Payload, Remote, escaped};
use super::{Common, EXIT_CODES, Place, path, query};

/// Objects that are asked for at once.
const PAGE: usize = 1_000;

/// What is done with objects.
#[derive(Debug, Subcommand)]
pub(crate) enum ObjectCommand {
    Ls(Ls),
    Set(Set),
    Rm(Rm),
}

/// List the objects, in the order of their names.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Ls {
    /// Which session, and as of when: SESSION, SESSION@SEQ or SESSION@TIME (RFC 3339).
    #[arg(value_name = "SESSION[@MOMENT]")]
    session: Place,
    /// Only those of this type.
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Only those in this box: x1,y1,z1,x2,y2,z2.
    #[arg(long, value_name = "BOX", allow_hyphen_values = true)]
    within: Option<String>,
    /// Only those around this point, x,y,z, as far as --radius.
    #[arg(long, value_name = "POINT", allow_hyphen_values = true)]
    near: Option<String>,
    /// How far around --near, in world units.
    #[arg(long, value_name = "UNITS", requires = "near")]
    radius: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// Change an object, or make it where there is none of that name.
///
/// A new object is a cube at the centre but for what is said. Only the fields that are named change:
///
///   vws object set $S cube1 x=-3 color=#ff8800 rotation.y=45 scale=2 properties.mass=1.5 text=null
///
/// A value is JSON or, where it is no JSON, a text; null gives a field its default.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES, verbatim_doc_comment)]
pub(crate) struct Set {
    /// Which session.
    session: SessionId,
    /// Which object.
    name: String,
    /// What to set.
    #[arg(value_name = "FIELD=VALUE", value_parser = assignment)]
    fields: Vec<(String, Value)>,
    /// Only change it, and only while this is its version.
    #[arg(long, value_name = "VERSION")]
    if_version: Option<u64>,
    #[command(flatten)]
    common: Common,
}

/// Delete objects.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Rm {
    /// Which session.
    session: SessionId,
    /// Which objects. Where one cannot be deleted, those after it are left.
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Deserialize)]
struct Page {
    objects: Vec<Object>,
    next: Option<String>,
}

/// `FIELD=VALUE`. What is always a text is taken as one, so that `text=5` is no number.
fn assignment(text: &str) -> Result<(String, Value), String> {
    let (field, value) = text.split_once('=').ok_or("expected FIELD=VALUE")?;
    if field.is_empty() || field.split('.').any(str::is_empty) {
        return Err("expected FIELD=VALUE".to_owned());
    }
    let read = || serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    let value = match field {
        "text" | "type" | "color" if value != "null" => value.into(),
        _ => read(),
    };
    Ok((field.to_owned(), value))
}

/// The patch that these say; `rotation.y=45` names one component. A property's name is all that follows
/// the first dot.
fn patch(fields: &[(String, Value)]) -> Result<Map<String, Value>, Failure> {
    let mut patch = Map::new();
    let twice = |field: &str| Failure::Usage(format!("{field} is set twice"));
    for (field, value) in fields {
        let Some((whole, part)) = field.split_once('.') else {
            if patch.insert(field.clone(), value.clone()).is_some() {
                return Err(twice(field));
            }
            continue;
        };
        match patch.entry(whole).or_insert_with(|| json!({})) {
            Value::Object(parts) => {
                if parts.insert(part.to_owned(), value.clone()).is_some() {
                    return Err(twice(field));
                }
            }
            _ => return Err(twice(whole)),
        }
    }
    Ok(patch)
}

impl ObjectCommand {
    pub(crate) async fn run(self) -> Done {
        match self {
            Self::Ls(ls) => ls.run().await,
            Self::Set(set) => set.run().await,
            Self::Rm(rm) => rm.run().await,
        }
    }

    pub(crate) const fn common(&self) -> &Common {
        match self {
            Self::Ls(ls) => &ls.common,
            Self::Set(set) => &set.common,
            Self::Rm(rm) => &rm.common,
        }
    }
}

impl Ls {
    async fn run(self) -> Done {
        let mut remote = self.common.remote()?;
        let mut table = Table::new(&["NAME", "TYPE", "X", "Y", "Z", "COLOR", "VERSION", "UPDATED"]);
        let mut after = None;
        loop {
            let query = query(&[
                ("limit", Some(PAGE.to_string())),
                ("after", after),
                ("at", self.session.moment.clone()),
                ("type", self.kind.clone()),
                ("within", self.within.clone()),
                ("near", self.near.clone()),
                ("radius", self.radius.clone()),
            ]);
            let page: Page = remote.get(&path(self.session.session, &format!("/objects{query}"))).await?;
            for object in page.objects {
                if self.common.form.json {
                    print::json(&object)?;
                    continue;
                }
                table.row([
                    object.name.as_str().to_owned(),
                    object.kind.as_str().to_owned(),
                    object.x.to_string(),
                    object.y.to_string(),
                    object.z.to_string(),
                    object.color.to_string(),
                    object.version.to_string(),
                    rfc3339(object.updated_at),
                ]);
            }
            after = page.next;
            if after.is_none() {
                return table.print();
            }
        }
    }
}

impl Set {
    async fn run(self) -> Done {
        let mut remote = self.common.remote()?;
        let patch = Value::from(patch(&self.fields)?);
        let object = match self.update(&mut remote, &patch).await {
            Err(Failure::Refused(problem))
                if problem.code == "object_not_found" && self.if_version.is_none() =>
            {
                match self.create(&mut remote, &patch).await {
                    // Somebody else has made it meanwhile.
                    Err(Failure::Refused(problem)) if problem.code == "object_exists" => {
                        self.update(&mut remote, &patch).await?
                    }
                    done => done?,
                }
            }
            done => done?,
        };
        if self.common.form.json {
            return print::json(&object);
        }
        let done = if object["changed"] == false { "unchanged" } else { "set" };
        print::line(&print::clean(&format!("{done} {} at version {}", self.name, object["version"])))
    }

    async fn update(&self, remote: &mut Remote, patch: &Value) -> Done<Value> {
        let target = path(self.session, &format!("/objects/{}", escaped(&self.name)));
        let condition = self.if_version.map(|version| (IF_MATCH, format!("\"{version}\"")));
        remote.json(Method::PATCH, &target, Some(Payload::json(patch)), condition.as_slice()).await
    }

    async fn create(&self, remote: &mut Remote, patch: &Value) -> Done<Value> {
        let mut object = json!({ "name": self.name, "type": "cube", "x": 0, "y": 0, "z": 0 });
        let said = patch.as_object().into_iter().flatten();
        for (field, value) in said.filter(|(_, value)| !value.is_null()) {
            object[field] = value.clone();
        }
        remote.post(&path(self.session, "/objects"), &object).await
    }
}

impl Rm {
    async fn run(self) -> Done {
        let mut remote = self.common.remote()?;
        for name in self.names {
            let target = path(self.session, &format!("/objects/{}", escaped(&name)));
            let gone: Value = remote.json(Method::DELETE, &target, None, &[]).await?;
            if self.common.form.json {
                print::json(&gone)?;
            } else {
                print::line(&print::clean(&format!("deleted {name}")))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cli8_assignments_make_a_patch() {
        let read = |texts: &[&str]| {
            let fields: Vec<_> = texts.iter().map(|text| assignment(text).expect("is one")).collect();
            patch(&fields).map(Value::from)
        };
        let made = read(&[
            "x=-3",
            "color=#ff8800",
            "rotation.y=45",
            "rotation.x=1e1",
            "text=5",
            "scale=2",
            "properties.a.b=\"5\"",
            "properties.k=v=w",
            "properties.n=5",
            "opacity=null",
            "visible=false",
        ]);
        let expected = json!({"x": -3, "color": "#ff8800", "rotation": {"x": 10.0, "y": 45}, "text": "5", "scale": 2,
            "properties": {"a.b": "5", "k": "v=w", "n": 5}, "opacity": null, "visible": false});
        assert_eq!(made.ok(), Some(expected));
        for texts in [&["x=1", "x=2"][..], &["rotation=1", "rotation.x=2"], &["rotation.x=2", "rotation.x=2"]]
        {
            assert!(matches!(read(texts), Err(Failure::Usage(_))), "{texts:?}");
        }
        for text in ["", "x", "=1", ".x=1", "x.=1"] {
            assert!(assignment(text).is_err(), "{text}");
        }
    }
}
