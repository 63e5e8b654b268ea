package glia.engine.call;

import glia.engine.LanguageModel;
import glia.engine.grammar.Grammar;
import glia.engine.grammar.limit.GrammarException;
import java.util.List;
import java.util.Map;

/// Grammars of answers that are JSON, kept for later requests.
public final class JsonForms {
    private static final int MOST_SHOWN = 80;

    private JsonForms() { }

    /// Any JSON object.
    public static Grammar any(LanguageModel model) {
        return GrammarCache.get(model.tokenizer(), Grammar.class, "json_object", Grammar::json);
    }

    /// JSON of a schema.
    ///
    /// @param field the schema's name in messages
    /// @throws CallException if it is no schema, or one that is not supported: the message says what it has
    public static Grammar of(LanguageModel model, String field, Object schema) {
        if (!(schema instanceof Map<?, ?>) && !(schema instanceof Boolean)) {
            String found = schema instanceof String text ? '"' + text + '"' : String.valueOf(schema);
            String shown = found.length() > MOST_SHOWN ? found.substring(0, MOST_SHOWN) + "…" : found;
            throw new CallException(field, "found " + shown + ", expected a JSON schema");
        }
        try {
            return GrammarCache.get(model.tokenizer(), Grammar.class, List.of("schema", schema),
                    () -> Grammar.jsonSchema(schema));
        } catch (GrammarException e) {
            throw CallException.of(field, e);
        }
    }
}
