package glia.cli.option;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.UsageException;
import glia.engine.grammar.Grammar;
import glia.engine.grammar.limit.GrammarException;
import glia.io.json.JsonValues;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;

/// Options of the form that an answer must have.
public final class FormFlags {
    private static final String GROUP = "Structured output";
    private static final Option<String> JSON_SCHEMA = Option.text("FILE|JSON",
            "answer with JSON that is valid by a JSON schema: a file, or the schema itself", "--json-schema").in(GROUP)
            .elsewhere("--json-schema-file", "--guided-json", "--format");
    private static final Option<String> REGEX = Option.text("PATTERN",
            "answer with a text that a regular expression (ECMA-262) matches as a whole", "--regex").in(GROUP)
            .elsewhere("--guided-regex");
    private static final Option<String> CHOICE = Option.text("TEXT",
            "answer with one of the given texts; given once for each", "--choice").repeated().in(GROUP)
            .elsewhere("--guided-choice");
    private static final Option<String> GRAMMAR = Option.text("FILE",
            "answer with a text of a grammar: FILE.gbnf (GBNF) or FILE.lark (Lark)", "--grammar").in(GROUP)
            .elsewhere("--grammar-file", "--guided-grammar");

    /// All of them; one at most may be given.
    public static final List<Option<?>> ALL = List.of(JSON_SCHEMA, REGEX, CHOICE, GRAMMAR);

    private FormFlags() {}

    /// The grammar of the option that is given; empty for free text.
    ///
    /// @throws UsageException if several are given, or the grammar is invalid or not supported; names the option and
    ///     the place
    /// @throws IOException if a file cannot be read
    public static Optional<Grammar> grammar(Arguments arguments) throws IOException {
        List<String> given = ALL.stream().filter(arguments::has).map(Option::name).toList();
        if (given.size() > 1) {
            throw new UsageException(String.join(" and ", given) + " exclude each other; give one of "
                    + ALL.stream().map(Option::name).collect(Collectors.joining(", ")));
        }
        if (arguments.has(JSON_SCHEMA)) {
            return Optional.of(schema(arguments.required(JSON_SCHEMA)));
        }
        if (arguments.has(REGEX)) {
            String pattern = arguments.required(REGEX);
            return Optional.of(compiled(REGEX.name(), () -> Grammar.regex(pattern)));
        }
        if (arguments.has(CHOICE)) {
            return Optional.of(compiled(CHOICE.name(), () -> Grammar.choices(arguments.all(CHOICE))));
        }
        return arguments.has(GRAMMAR) ? Optional.of(file(arguments.required(GRAMMAR))) : Optional.empty();
    }

    private static Grammar schema(String value) throws IOException {
        String start = value.strip();
        boolean isJson = start.startsWith("{") || start.equals("true") || start.equals("false");
        String where = isJson ? JSON_SCHEMA.name() : JSON_SCHEMA.name() + " " + value;
        String text = isJson ? value : read(JSON_SCHEMA, value, "; a schema in the command line begins with {");
        Object schema;
        try {
            schema = JsonValues.parse(text);
        } catch (JacksonException e) {
            throw new UsageException(where + ": found no JSON: " + e.getOriginalMessage().lines().findFirst().orElse("")
                    + " at line " + e.getLocation().getLineNr() + ", column " + e.getLocation().getColumnNr(), e);
        }
        if (!(schema instanceof Map<?, ?>) && !(schema instanceof Boolean)) {
            throw new UsageException(where + ": found JSON that is no schema, expected an object, true or false");
        }
        return compiled(where, () -> Grammar.jsonSchema(schema));
    }

    private static Grammar file(String file) throws IOException {
        String name = file.toLowerCase(Locale.ROOT);
        boolean isGbnf = name.endsWith(".gbnf");
        if (!isGbnf && !name.endsWith(".lark")) {
            throw new UsageException(GRAMMAR.name() + " " + file
                    + ": expected the name of a file that ends with .gbnf (GBNF) or .lark (Lark)");
        }
        String source = read(GRAMMAR, file, "");
        return compiled(GRAMMAR.name() + " " + file, () -> isGbnf ? Grammar.gbnf(source) : Grammar.lark(source));
    }

    private static String read(Option<String> option, String file, String hint) throws IOException {
        Path path = Path.of(file);
        if (!Files.exists(path)) {
            throw new FileNotFoundException(option.name() + " " + file + ": no such file" + hint);
        }
        try {
            return Files.readString(path);
        } catch (CharacterCodingException e) {
            throw new IOException(option.name() + " " + file + ": found bytes that are not UTF-8", e);
        }
    }

    private static Grammar compiled(String where, Supplier<Grammar> compile) {
        try {
            return compile.get();
        } catch (GrammarException e) {
            throw new UsageException(where + ": " + e.getMessage(), e);
        }
    }
}
