package glia.engine.grammar.cfg;

import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.limit.SchemaReading;
import glia.engine.grammar.parser.Rules;
import glia.engine.grammar.regex.CharacterEncoder;
import glia.engine.grammar.regex.RegexPool;
import glia.engine.grammar.schema.SchemaCompiler;
import glia.io.json.JsonTree.JsonErrors;
import glia.io.json.JsonValues;
import tools.jackson.core.JacksonException;

/// `%json { … }` in a rule of Lark, as [llguidance](https://github.com/guidance-ai/llguidance) has it: JSON that a
/// schema accepts, with white space only where `%ignore` has it.
final class JsonDirective {
    private JsonDirective() { }

    /// Reads the schema, which is next.
    ///
    /// @param place of the directive, for messages
    /// @throws GrammarException if it is no JSON, or the schema is not supported
    static LarkTemplates.Expression read(Scanner scanner, Rules rules, RegexPool pool, String place) {
        int start = scanner.position();
        int depth = 0;
        do {
            if (scanner.isAtEnd() || depth == 0 && !scanner.sees("{")) {
                throw scanner.expected("a JSON schema, { … }, after %json");
            }
            switch (scanner.codePoint()) {
                case '{' -> depth++;
                case '}' -> depth--;
                case '"' -> string(scanner);
                default -> { }
            }
        } while (depth > 0);
        Object schema;
        try {
            schema = JsonValues.parse(scanner.since(start));
        } catch (JacksonException e) {
            throw GrammarException.invalid(place, "%json: " + JsonErrors.reason(e));
        }
        return new LarkTemplates.Expression.Built(new SchemaCompiler(rules, new CharacterEncoder(pool, true), schema,
                SchemaReading.STANDARD).compile());
    }

    private static void string(Scanner scanner) {
        while (!scanner.take("\"")) {
            if (scanner.take("\\") && !scanner.isAtEnd()) {
                scanner.codePoint();
            } else if (scanner.isAtEnd()) {
                throw scanner.expected("'\"' at the end of a text");
            } else {
                scanner.codePoint();
            }
        }
    }
}
