package glia.lab.check;

import glia.engine.grammar.Grammar;
import glia.engine.grammar.GrammarMask;
import glia.engine.grammar.GrammarVocabulary;
import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.limit.SchemaReading;
import glia.io.json.JsonTree.JsonText;
import glia.io.json.JsonValues;
import glia.text.tokenizer.Tokenizer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;

/// Checks structured output on JSON schemas with instances, as
/// [MaskBench](https://github.com/guidance-ai/jsonschemabench) counts: each instance is fed token by token as compact
/// JSON, and a schema passes if every valid one is accepted and every invalid one refused.
public final class StructuredCheck {
    private static final double PLAIN_LEAST = 1e-4;
    private static final double PLAIN_MOST = 1e16;

    private final Tokenizer tokenizer;
    private final GrammarVocabulary vocabulary;
    private final LongSupplier nanoTime;
    private final StructuredReport report = new StructuredReport();

    /// @param vocabulary that of the tokenizer
    public StructuredCheck(Tokenizer tokenizer, GrammarVocabulary vocabulary) {
        this(tokenizer, vocabulary, System::nanoTime);
    }

    /// @param nanoTime the clock of the times
    public StructuredCheck(Tokenizer tokenizer, GrammarVocabulary vocabulary, LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.tokenizer = tokenizer;
        this.vocabulary = vocabulary;
    }

    /// What became of one schema.
    ///
    /// @param detail the error, or the instance that was wrongly accepted or refused; empty if the schema passes
    public record Outcome(String name, Kind kind, String detail) {
        /// How a schema is counted.
        public enum Kind { PASSING, COMPILE_ERROR, VALIDATION_ERROR, INVALIDATION_ERROR }
    }

    /// Checks all schemas of a file.
    ///
    /// @param file `.jsonl` or `.jsonl.gz`: `name`, `schema`, and `tests` with `valid` and `data`
    /// @param outcomes receives each schema's outcome
    /// @throws IOException if the file cannot be read or has another form
    public StructuredReport run(Path file, Consumer<Outcome> outcomes) throws IOException {
        try (BufferedReader lines = open(file)) {
            int number = 0;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                number++;
                if (!line.isBlank()) {
                    Outcome outcome = outcome(line, file, number);
                    report.add(outcome.kind());
                    outcomes.accept(outcome);
                }
            }
        }
        return report;
    }

    private Outcome outcome(String line, Path file, int number) throws IOException {
        Object parsed;
        try {
            parsed = JsonValues.parse(line);
        } catch (tools.jackson.core.JacksonException e) {
            // Deeper than JSON may be here, or with a key twice.
            return new Outcome("line " + number, Outcome.Kind.COMPILE_ERROR, e.getOriginalMessage());
        }
        if (!(parsed instanceof Map<?, ?> map) || !map.containsKey("schema")
                || !(map.get("tests") instanceof List<?>)) {
            throw new IOException(file + ":" + number + ": expected an object with schema and tests");
        }
        return check(map);
    }

    private static BufferedReader open(Path file) throws IOException {
        InputStream in = Files.newInputStream(file);
        return new BufferedReader(new InputStreamReader(file.toString().endsWith(".gz") ? new GZIPInputStream(in) : in,
                StandardCharsets.UTF_8));
    }

    private Outcome check(Map<?, ?> line) {
        String name = String.valueOf(line.get("name"));
        long start = nanoTime.getAsLong();
        Grammar grammar;
        try {
            grammar = Grammar.jsonSchema(line.get("schema"), SchemaReading.STANDARD);
            grammar.mask(vocabulary).allowed();
        } catch (GrammarException e) {
            return new Outcome(name, Outcome.Kind.COMPILE_ERROR, e.getMessage());
        }
        report.firstMask(nanoTime.getAsLong() - start);
        for (Object test : (List<?>) line.get("tests")) {
            Map<?, ?> one = (Map<?, ?>) test;
            boolean valid = Boolean.TRUE.equals(one.get("valid"));
            String text = write(one.get("data"));
            try {
                String refused = feed(grammar, text);
                if (valid && refused != null) {
                    return new Outcome(name, Outcome.Kind.VALIDATION_ERROR, refused);
                }
                if (!valid && refused == null) {
                    return new Outcome(name, Outcome.Kind.INVALIDATION_ERROR, "accepted " + text);
                }
            } catch (GrammarException e) {
                return new Outcome(name, Outcome.Kind.COMPILE_ERROR, e.getMessage());
            }
        }
        return new Outcome(name, Outcome.Kind.PASSING, "");
    }

    /// @return where the text is refused; null if it is accepted
    private String feed(Grammar grammar, String text) {
        GrammarMask mask = grammar.mask(vocabulary, false);
        int[] tokens = tokenizer.encodePlain(text, false);
        for (int i = 0; i < tokens.length; i++) {
            long start = nanoTime.getAsLong();
            mask.allowed();
            report.mask(nanoTime.getAsLong() - start);
            if (!mask.allows(tokens[i])) {
                return tokenizer.decode(java.util.Arrays.copyOf(tokens, i), false) + " ⟂ "
                        + tokenizer.decode(java.util.Arrays.copyOfRange(tokens, i, Math.min(tokens.length, i + 12)),
                                false);
            }
            mask.accept(tokens[i]);
        }
        mask.allowed();
        return mask.isComplete() ? null : text + " ⟂ (end)";
    }

    /// A value as compact JSON.
    static String write(Object value) {
        return switch (value) {
            case null -> "null";
            case String s -> JsonText.quote(s);
            case Double d -> number(d);
            case Map<?, ?> map -> map.entrySet().stream().map(e -> JsonText.quote((String) e.getKey()) + ":"
                    + write(e.getValue())).collect(Collectors.joining(",", "{", "}"));
            case List<?> list -> {
                List<String> parts = new ArrayList<>();
                list.forEach(one -> parts.add(write(one)));
                yield "[" + String.join(",", parts) + "]";
            }
            default -> value.toString();
        };
    }

    private static String number(double value) {
        double size = Math.abs(value);
        return size >= PLAIN_LEAST && size < PLAIN_MOST ? new BigDecimal(Double.toString(value)).toPlainString()
                : Double.toString(value);
    }
}
