package glia.serve.openai;

import glia.engine.LanguageModel;
import glia.engine.call.GrammarCache;
import glia.engine.grammar.Grammar;
import glia.engine.grammar.limit.GrammarException;
import glia.io.json.JsonValues;
import glia.serve.http.Json;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import tools.jackson.core.JacksonException;

/// The form that an answer must have: OpenAI's `response_format`, vLLM's `structured_outputs` and `guided_…`,
/// llama-server's `grammar` and `json_schema`.
final class StructuredFields {
    private final LanguageModel model;
    private final List<String> names = new ArrayList<>();
    private Grammar grammar;

    private StructuredFields(LanguageModel model) {
        this.model = model;
    }

    /// The grammar of a request's answers; empty if they are free.
    ///
    /// @throws ServeException if there are several, or one cannot be used: the message says what it has that is not
    ///     supported
    static Optional<Grammar> read(Fields body, LanguageModel model) {
        StructuredFields read = new StructuredFields(model);
        body.object("response_format").ifPresent(read::format);
        body.object("structured_outputs").ifPresent(fields -> {
            read.all(fields, "");
            Object any = fields.value("json_object");
            if (any != null) {
                if (!any.equals(true)) {
                    throw Fields.wrong(fields.name("json_object"), any, "true");
                }
                read.set(fields.name("json_object"), "json_object", Grammar::json);
            }
            fields.end();
        });
        read.all(body, "guided_");
        read.cfg(body, "grammar");
        read.schema(body, "json_schema");
        return read.result();
    }

    /// The grammar of `text.format` in the Responses API.
    static Optional<Grammar> ofFormat(Fields format, LanguageModel model) {
        StructuredFields read = new StructuredFields(model);
        read.format(format);
        return read.result();
    }

    private Optional<Grammar> result() {
        if (names.size() > 1) {
            throw ServeException.badField(names.get(1), "found beside " + names.getFirst() + ", expected one of them");
        }
        return Optional.ofNullable(grammar);
    }

    /// In the Responses API the schema stands beside the type.
    private void format(Fields format) {
        String type = format.requiredText("type");
        switch (type) {
            case "text" -> { }
            case "json_object" -> {
                // As llama-server: an object of a schema.
                if (format.has("schema")) {
                    schema(format, "schema");
                } else {
                    set(format.name("type"), "json_object", Grammar::json);
                }
            }
            case "json_schema" -> {
                Fields inner = format.object("json_schema").orElse(format);
                // The name is for OpenAI's caches; all schemas are enforced as if they were strict.
                inner.skip("name", "description", "strict");
                if (!inner.has("schema")) {
                    throw ServeException.badField(inner.name("schema"), "missing; expected a JSON schema");
                }
                schema(inner, "schema");
                inner.end();
            }
            default -> throw Fields.wrong(format.name("type"), type, "text, json_object or json_schema");
        }
        format.end();
    }

    private void all(Fields fields, String prefix) {
        schema(fields, prefix + "json");
        fields.text(prefix + "regex").ifPresent(pattern -> set(fields.name(prefix + "regex"),
                List.of("regex", pattern), () -> Grammar.regex(pattern)));
        if (fields.has(prefix + "choice")) {
            List<String> choices = fields.texts(prefix + "choice");
            set(fields.name(prefix + "choice"), List.of("choice", choices), () -> Grammar.choices(choices));
        }
        cfg(fields, prefix + "grammar");
    }

    private void cfg(Fields fields, String key) {
        fields.text(key).filter(source -> !source.isBlank()).ifPresent(source -> set(fields.name(key),
                List.of("grammar", source),
                () -> source.contains("::=") ? Grammar.gbnf(source) : Grammar.lark(source)));
    }

    private void schema(Fields fields, String key) {
        Object value = fields.value(key);
        if (value == null) {
            return;
        }
        Object schema = value instanceof String text ? parsed(fields.name(key), text) : value;
        if (!(schema instanceof Map<?, ?>) && !(schema instanceof Boolean)) {
            throw Fields.wrong(fields.name(key), value, "a JSON schema");
        }
        set(fields.name(key), List.of("schema", schema), () -> Grammar.jsonSchema(schema));
    }

    private static Object parsed(String name, String text) {
        try {
            Object schema = JsonValues.parse(text);
            Json.requireCharacters(name, schema);
            return schema;
        } catch (JacksonException e) {
            throw Fields.wrong(name, text, "a JSON schema in a string");
        }
    }

    private void set(String name, Object key, Supplier<Grammar> compile) {
        names.add(name);
        try {
            grammar = GrammarCache.get(model.tokenizer(), Grammar.class, key, compile);
        } catch (GrammarException e) {
            throw ServeException.badGrammar(name, e);
        }
    }
}
