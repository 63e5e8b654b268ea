package glia.engine.grammar;

import glia.engine.grammar.cfg.Gbnf;
import glia.engine.grammar.cfg.Lark;
import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.limit.GrammarLimits;
import glia.engine.grammar.limit.MemoryPart;
import glia.engine.grammar.limit.SchemaReading;
import glia.engine.grammar.parser.Automaton;
import glia.engine.grammar.parser.FixedState;
import glia.engine.grammar.parser.Nonterminal;
import glia.engine.grammar.parser.Position;
import glia.engine.grammar.regex.PatternCompiler;
import glia.engine.grammar.regex.Regex;
import glia.engine.grammar.schema.SchemaCompiler;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;

/// The form that a generated text must have. Immutable and thread-safe: keep it to use it for many requests, whose
/// masks
/// then share what was computed.
///
/// ```java
/// Grammar grammar = Grammar.choices(List.of("yes", "no"));
/// request.mask(sample -> grammar.mask(model.grammarVocabulary()));
/// ```
///
/// All factories throw [GrammarException] if the grammar is invalid, has a feature that is not supported, or exceeds
/// [GrammarLimits].
public final class Grammar {
    private static final int MAX_UNORDERED = 10;

    /// What the texts are.
    enum Kind {
        TEXT,
        /// JSON with a space after each comma and colon.
        SPACED_JSON,
        /// JSON's white space may stand before each part.
        JSON;

        /// The kind of a text that consists of others, of which the last of this order decides.
        static Kind of(List<Grammar> parts) {
            return parts.stream().map(part -> part.kind).max(Comparator.naturalOrder()).orElse(TEXT);
        }
    }

    private final Kind kind;
    private final Function<GrammarBuilder, Nonterminal> rule;
    /// The automaton of a greedy grammar; null for exact ones.
    private final Function<GrammarBuilder, Automaton> greedy;
    private final GrammarUses uses;

    private Grammar(Kind kind, Function<GrammarBuilder, Nonterminal> rule,
            Function<GrammarBuilder, Automaton> greedy) {
        this.kind = kind;
        this.rule = rule;
        this.greedy = greedy;
        this.uses = new GrammarUses(this::compiledWithin);
        uses.compile();
    }

    /// A combination of grammars, which have been compiled each for itself. It may be part of another one, so it is
    /// compiled when it is first needed.
    private Grammar(Kind kind, Function<GrammarBuilder, Nonterminal> rule) {
        this.kind = kind;
        this.rule = rule;
        this.greedy = null;
        this.uses = new GrammarUses(this::compiledWithin);
    }

    /// Compiles a combination of grammars now, not with its first mask.
    ///
    /// @return this grammar
    ///
    /// @throws GrammarException if it exceeds a limit
    public Grammar compiled() {
        uses.compile();
        return this;
    }

    private CompiledGrammar compiledWithin() {
        GrammarBuilder builder = new GrammarBuilder(kind);
        Automaton automaton = greedy != null ? greedy.apply(builder)
                : Automaton.exact(builder.rules(), rule.apply(builder));
        return new CompiledGrammar(automaton, kind == Kind.TEXT ? null
                : CompiledGrammar.JsonStrings.of(builder.pool(), builder.json()));
    }

    /// JSON values that a schema accepts, as answers should be: [SchemaReading#GENERATION]. See
    /// docs/structured-output.md for the keywords.
    ///
    /// @param schema as [glia.io.json.JsonValues] reads it: a map or a boolean
    /// @throws GrammarException names the keyword that is not supported, by its JSON pointer
    public static Grammar jsonSchema(Object schema) {
        try {
            return jsonSchema(schema, SchemaReading.GENERATION);
        } catch (GrammarException e) {
            if (e.kind() != GrammarException.Kind.UNSATISFIABLE) {
                throw e;
            }
            return jsonSchema(schema, SchemaReading.STANDARD);
        }
    }

    /// JSON values that a schema accepts.
    ///
    /// @param schema as [glia.io.json.JsonValues] reads it: a map or a boolean
    /// @param reading which of them, and how they are written
    /// @throws GrammarException names the keyword that is not supported, by its JSON pointer
    public static Grammar jsonSchema(Object schema, SchemaReading reading) {
        return new Grammar(reading == SchemaReading.GENERATION ? Kind.SPACED_JSON : Kind.JSON,
                b -> new SchemaCompiler(b.rules(), b.json(), schema, reading).compile(), null);
    }

    /// Any JSON object.
    public static Grammar json() {
        return jsonSchema(Map.of("type", "object"));
    }

    /// Texts that a regular expression (ECMA-262) matches as a whole. A dot matches no end of a line, except with the
    /// flag `(?s)`.
    public static Grammar regex(String pattern) {
        return text(b -> new PatternCompiler(b.plain()).whole(pattern, "", ""));
    }

    /// One of some texts.
    ///
    /// @throws GrammarException if there is none, or one is empty
    public static Grammar choices(List<String> texts) {
        if (texts.isEmpty() || texts.stream().anyMatch(String::isEmpty)) {
            throw GrammarException.invalid("", "choices: found " + (texts.isEmpty() ? "none" : "an empty text")
                    + ", expected one or more texts");
        }
        return text(b -> b.pool().texts(texts));
    }

    /// Texts of a context-free grammar in GBNF, the syntax of llama.cpp, whose rule is `root`.
    public static Grammar gbnf(String source) {
        return new Grammar(Kind.TEXT, b -> Gbnf.compile(source, b.rules(), b.plain()), null);
    }

    /// Texts of a context-free grammar in the syntax of Lark, whose rule is `start`.
    public static Grammar lark(String source) {
        return new Grammar(Kind.TEXT, null, b -> Lark.compile(source, b.rules(), b.plain()));
    }

    private static Grammar text(Function<GrammarBuilder, Regex> regex) {
        return new Grammar(Kind.TEXT, b -> terminal(b, regex.apply(b)), null);
    }

    private static Nonterminal terminal(GrammarBuilder b, Regex regex) {
        if (!b.pool().isLive(regex)) {
            throw new GrammarException(GrammarException.Kind.UNSATISFIABLE, "", "no text matches");
        }
        Nonterminal rule = b.rules().rule();
        FixedState start = new FixedState(b.rules(), rule);
        FixedState end = new FixedState(b.rules(), rule);
        rule.start(start);
        end.end();
        start.lexeme(b.rules().lexer().lexeme(regex), end);
        if (regex.isNullable()) {
            start.end();
            rule.nullable();
        }
        return rule;
    }

    /// Texts of this grammar between two fixed texts, such as the markers of a tool call. JSON grammars allow white
    /// space
    /// around the JSON and ignore that at the begin of the fixed texts.
    ///
    /// @throws GrammarException if this grammar is in Lark syntax
    public Grammar between(String before, String after) {
        requireExact();
        return new Grammar(kind, b -> {
            Nonterminal all = b.rules().rule();
            FixedState start = new FixedState(b.rules(), all);
            FixedState begun = fixed(b, all, start, before);
            FixedState inner = new FixedState(b.rules(), all);
            begun.rule(rule.apply(b), inner);
            fixed(b, all, inner, after).end();
            all.start(start);
            return all;
        });
    }

    private FixedState fixed(GrammarBuilder b, Nonterminal owner, FixedState from, String text) {
        String plain = kind == Kind.JSON ? text.strip() : text;
        if (plain.isEmpty()) {
            return from;
        }
        FixedState to = new FixedState(b.rules(), owner);
        from.lexeme(b.rules().lexer().lexeme(b.plain().text(plain)), to);
        return to;
    }

    /// Texts of one of several grammars of the same kind, such as the calls of several tools.
    ///
    /// @throws GrammarException if there is none, one is in Lark syntax, or some are for JSON and others are not
    public static Grammar anyOf(List<Grammar> grammars) {
        if (grammars.isEmpty() || grammars.stream().map(g -> g.kind == Kind.TEXT).distinct().count() > 1) {
            throw GrammarException.invalid("", "found " + (grammars.isEmpty() ? "no grammar"
                    : "grammars for JSON and others") + " as alternatives, expected grammars of one kind");
        }
        grammars.forEach(Grammar::requireExact);
        return new Grammar(Kind.of(grammars), b -> {
            Nonterminal all = b.rules().rule();
            FixedState start = new FixedState(b.rules(), all);
            FixedState end = new FixedState(b.rules(), all);
            end.end();
            all.start(start);
            for (Grammar grammar : grammars) {
                Nonterminal one = grammar.rule.apply(b);
                start.rule(one, end);
                if (one.isNullable()) {
                    all.nullable();
                }
            }
            return all;
        });
    }

    /// Texts of several grammars one after another. If one is for JSON, the whole is: JSON's white space may then stand
    /// before each part.
    ///
    /// @throws GrammarException if there is none, or one is in Lark syntax
    public static Grammar sequence(List<Grammar> parts) {
        return new Grammar(kind(parts), b -> {
            Nonterminal all = b.rules().rule();
            FixedState start = new FixedState(b.rules(), all);
            FixedState at = start;
            boolean isNullable = true;
            for (Grammar part : parts) {
                Nonterminal one = part.rule.apply(b);
                FixedState next = new FixedState(b.rules(), all);
                at.rule(one, next);
                isNullable &= one.isNullable();
                at = next;
            }
            at.end();
            all.start(start);
            if (isNullable) {
                all.nullable();
            }
            return all;
        });
    }

    /// One or more texts of this grammar, which is not empty, with a separator between them.
    ///
    /// @param separator may be empty
    /// @throws GrammarException if this grammar is in Lark syntax
    public Grammar repeated(String separator) {
        requireExact();
        return new Grammar(kind, b -> {
            Nonterminal all = b.rules().rule();
            FixedState start = new FixedState(b.rules(), all);
            FixedState end = new FixedState(b.rules(), all);
            Nonterminal one = rule.apply(b);
            start.rule(one, end);
            end.end();
            fixed(b, all, end, separator).rule(one, end);
            all.start(start);
            return all;
        });
    }

    /// Texts of grammars, none of which is empty, in any order and each once at most. Of more than ten, only the order
    /// of the list is allowed.
    ///
    /// @param required for each grammar whether its text must be there
    /// @param separator between the texts; may be empty
    /// @throws GrammarException if there is none, or one is in Lark syntax
    public static Grammar unordered(List<Grammar> items, List<Boolean> required, String separator) {
        return new Grammar(kind(items), b -> {
            Nonterminal all = b.rules().rule();
            List<Nonterminal> rules = items.stream().map(item -> item.rule.apply(b)).toList();
            all.start(new Arrangement(b, all, rules, required, separator, items.size() > MAX_UNORDERED,
                    new HashMap<>()).from(0));
            if (required.stream().noneMatch(one -> one)) {
                all.nullable();
            }
            return all;
        });
    }

    /// The states of texts in any order, or in that of a list.
    ///
    /// @param states by what is there: the number of the next text in order, else a bit for each text
    private record Arrangement(GrammarBuilder b, Nonterminal all, List<Nonterminal> rules, List<Boolean> required,
            String separator, boolean isOrdered, Map<Integer, FixedState> states) {
        private boolean isPast(int there, int i) {
            return isOrdered ? i < there : (there >> i & 1) != 0;
        }

        /// The state after some texts.
        FixedState from(int there) {
            FixedState known = states.get(there);
            if (known != null) {
                return known;
            }
            FixedState state = new FixedState(b.rules(), all);
            states.put(there, state);
            boolean isLast = IntStream.range(0, rules.size()).allMatch(i -> isPast(there, i));
            FixedState separated = there == 0 || isLast ? state : separated(b, all, state, separator);
            boolean isComplete = true;
            for (int i = 0; i < rules.size(); i++) {
                // In order, a text that must be there is not left out.
                if (!isPast(there, i) && (isComplete || !isOrdered)) {
                    separated.rule(rules.get(i), from(isOrdered ? i + 1 : there | 1 << i));
                    isComplete &= !required.get(i);
                }
            }
            if (isComplete) {
                state.end();
            }
            return state;
        }
    }

    private static FixedState separated(GrammarBuilder b, Nonterminal all, FixedState from, String separator) {
        if (separator.isEmpty()) {
            return from;
        }
        FixedState to = new FixedState(b.rules(), all);
        from.lexeme(b.rules().lexer().lexeme(b.plain().text(separator)), to);
        return to;
    }

    /// This grammar as one for JSON: white space may stand before each part.
    public Grammar asJson() {
        requireExact();
        return kind == Kind.JSON ? this : new Grammar(Kind.JSON, rule);
    }

    private static Kind kind(List<Grammar> parts) {
        if (parts.isEmpty()) {
            throw GrammarException.invalid("", "found no grammar, expected one or more");
        }
        parts.forEach(Grammar::requireExact);
        return Kind.of(parts);
    }

    private void requireExact() {
        if (greedy != null) {
            throw GrammarException.unsupported("", "a grammar in Lark syntax as part of another");
        }
    }

    /// Whether a text is one of this grammar. That of an answer which was cut off is mostly only the begin of one.
    public boolean matches(String text) {
        try (MemoryPart<CompiledGrammar> compiled = uses.compiled()) {
            Automaton automaton = compiled.content().automaton();
            Position position = automaton.start();
            for (byte one : text.getBytes(StandardCharsets.UTF_8)) {
                position = automaton.step(position, one & 0xff);
                if (position.isDead()) {
                    return false;
                }
            }
            return position.isComplete();
        }
    }

    /// The mask of one sample whose text the grammar describes from its first token on.
    public GrammarMask mask(GrammarVocabulary vocabulary) {
        return mask(vocabulary, true);
    }

    /// The mask of one sample.
    ///
    /// @param beginsText whether the grammar's text is the begin of a decoded text: some decoders drop a space there
    public GrammarMask mask(GrammarVocabulary vocabulary, boolean beginsText) {
        return uses.mask(vocabulary, beginsText);
    }
}
