package glia.serve.chat;

import glia.engine.LanguageModel;
import glia.engine.grammar.Grammar;
import glia.engine.grammar.limit.GrammarException;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import java.util.List;
import java.util.Map;

/// Grammars of answers that are JSON, kept for later requests.
public final class JsonForms {
    private JsonForms() { }

    /// Any JSON object.
    public static Grammar any(LanguageModel model) {
        return GrammarCache.get(model.tokenizer(), Grammar.class, "json_object", Grammar::json);
    }

    /// JSON of a schema.
    ///
    /// @param field the schema's name in messages
    /// @throws ServeException if it is no schema, or one that is not supported: the message says what it has
    public static Grammar of(LanguageModel model, String field, Object schema) {
        if (!(schema instanceof Map<?, ?>) && !(schema instanceof Boolean)) {
            throw Fields.wrong(field, schema, "a JSON schema");
        }
        try {
            return GrammarCache.get(model.tokenizer(), Grammar.class, List.of("schema", schema),
                    () -> Grammar.jsonSchema(schema));
        } catch (GrammarException e) {
            throw ServeException.badField(field, e.getMessage());
        }
    }
}
