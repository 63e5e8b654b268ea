"""Renders the templates in the fixtures of src/test/resources/jinja with Jinja2, set up as Hugging Face Transformers
sets it up for chat templates, and writes what came back into them.

    pip install jinja2==3.1.6 && python jinja_fixtures.py ../resources/jinja

A fixture is a list of {"source": …}, to which "text" is added, or "error" where rendering fails; "raised" says that the
template failed by raise_exception. To add a case, add its source and run this. "unsupported" marks what Glia refuses,
"here" is the text that Glia makes instead; both are kept.
"""
import datetime
import json
import pathlib
import re
import sys

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.sandbox

NOW = datetime.datetime(2026, 11, 5, 9, 7, 3, 4500)
# An address in memory is another one each time.
VOLATILE = re.compile(r"0x[0-9a-f]{6,}>")


class Generation(jinja2.ext.Extension):
    """{% generation %}: the part of a text that the model is trained on; a scope of its own, otherwise nothing."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_render"), [], [], body).set_lineno(line)

    def _render(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.TemplateError(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def environment():
    env = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = NOW.strftime
    return env


def render(env, source, variables):
    try:
        return {"source": source, "text": env.from_string(source).render(**variables)}
    except jinja2.TemplateError as error:
        result = {"source": source, "error": str(error)}
        if type(error) is jinja2.TemplateError:
            result["raised"] = True
        return result
    except Exception as error:
        return {"source": source, "error": str(error)}


def main(folder):
    variables = (folder / "variables.json").read_text(encoding="utf-8")
    env = environment()
    for path in sorted(folder.glob("*.json")):
        if path.name == "variables.json":
            continue
        # Variables are read anew for each case, since some filters change them (indent, of a list).
        cases = [render(env, case["source"], json.loads(variables))
                 | {key: case[key] for key in ("unsupported", "here") if key in case}
                 for case in json.loads(path.read_text(encoding="utf-8"))]
        for case in cases:
            if VOLATILE.search(case.get("text", "")):
                sys.exit(f"{path}: not the same twice: {case}")
        lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
        path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
        print(path.name, len(cases), "cases,", sum("error" in case for case in cases), "of them errors")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
