package glia.engine.grammar.cfg;

import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.parser.Automaton;
import glia.engine.grammar.parser.Nonterminal;
import glia.engine.grammar.parser.Rules;
import glia.engine.grammar.regex.CharacterEncoder;
import glia.engine.grammar.regex.CodePoints;
import glia.engine.grammar.regex.PatternCompiler;
import glia.engine.grammar.regex.Regex;
import glia.engine.grammar.regex.RegexPool;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Context-free grammars in the [syntax of Lark](https://lark-parser.readthedocs.io/en/stable/grammar.html):
///
/// ```
/// start: sum
/// sum: product | sum "+" product
/// product: NUMBER | product "*" NUMBER
/// %import common.NUMBER
/// %ignore " "
/// ```
///
/// Names of terminals are in upper case. A terminal ends where it cannot continue, as Lark's lexer has it; which
/// terminals
/// are possible depends on the place in the text. Supported are alternatives, groups, `[…]`, `?`, `*`, `+`, `~n`,
/// `~n..m`, texts, ranges, regular expressions with the flags `i` and `s`, aliases, `%ignore`, `%import common`
/// and `%json` with a schema.
public final class Lark {
    private static final Map<String, String> COMMON = Map.ofEntries(
            Map.entry("DIGIT", "[0-9]"), Map.entry("HEXDIGIT", "[0-9a-fA-F]"), Map.entry("INT", "[0-9]+"),
            Map.entry("SIGNED_INT", "[+-]?[0-9]+"), Map.entry("DECIMAL", "[0-9]+\\.[0-9]*|\\.[0-9]+"),
            Map.entry("FLOAT", "[0-9]+[eE][+-]?[0-9]+|(?:[0-9]+\\.[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?"),
            Map.entry("SIGNED_FLOAT",
                    "[+-]?(?:[0-9]+[eE][+-]?[0-9]+|(?:[0-9]+\\.[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"),
            Map.entry("NUMBER", "[0-9]+(?:[eE][+-]?[0-9]+)?|(?:[0-9]+\\.[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?"),
            Map.entry("SIGNED_NUMBER",
                    "[+-]?(?:[0-9]+(?:[eE][+-]?[0-9]+)?|(?:[0-9]+\\.[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"),
            Map.entry("ESCAPED_STRING", "\"(?:[^\"\\\\\\n]|\\\\.)*\""), Map.entry("LCASE_LETTER", "[a-z]"),
            Map.entry("UCASE_LETTER", "[A-Z]"), Map.entry("LETTER", "[A-Za-z]"), Map.entry("WORD", "[A-Za-z]+"),
            Map.entry("CNAME", "[_A-Za-z][_A-Za-z0-9]*"), Map.entry("WS_INLINE", "[ \\t]+"),
            Map.entry("WS", "[ \\t\\f\\r\\n]+"), Map.entry("CR", "\\r"), Map.entry("LF", "\\n"),
            Map.entry("NEWLINE", "(?:\\r?\\n)+"), Map.entry("SH_COMMENT", "#[^\\n]*"),
            Map.entry("CPP_COMMENT", "//[^\\n]*"), Map.entry("SQL_COMMENT", "--[^\\n]*"));

    private final Rules target;
    private final Scanner scanner;
    private final CharacterEncoder encoder;
    private final RegexPool pool;
    private final PatternCompiler patterns;
    private final Map<String, Expression> rules = new LinkedHashMap<>();
    private final Map<String, Expression> terminals = new HashMap<>();
    private final Map<String, Regex> compiled = new HashMap<>();
    private final List<Expression> ignored = new ArrayList<>();

    private Lark(String source, Rules target, CharacterEncoder encoder) {
        this.target = target;
        this.scanner = new Scanner(source);
        this.encoder = encoder;
        this.pool = encoder.pool();
        this.patterns = new PatternCompiler(encoder);
    }

    /// The automaton of the rule `start`.
    ///
    /// @throws GrammarException if the grammar is invalid or has a feature that is not supported; the message has line
    ///     and column
    public static Automaton compile(String source, Rules rules, CharacterEncoder encoder) {
        Lark parser = new Lark(source, rules, encoder);
        parser.parse();
        Map<String, Expression> all = new LinkedHashMap<>();
        parser.rules.forEach((name, rule) -> all.put(name, parser.resolved(rule)));
        Nonterminal start = new RuleBuilder(rules, encoder.pool(), all, false).build("start");
        List<Regex> skipped = parser.ignored.stream().map(parser::regex).map(parser::nonEmpty).toList();
        return Automaton.greedy(rules, start, skipped.isEmpty() ? -1
                : rules.lexer().lexeme(parser.pool.or(skipped)));
    }

    private void parse() {
        space(true);
        while (!scanner.isAtEnd()) {
            if (scanner.take("%")) {
                directive();
            } else {
                definition();
            }
            space(true);
        }
    }

    private void space(boolean newlines) {
        scanner.space(newlines, "//", "#");
    }

    private void directive() {
        String place = scanner.place();
        String word = scanner.name("_");
        space(false);
        switch (word) {
            case "ignore" -> ignored.add(choice());
            case "import" -> imported(place);
            default -> throw GrammarException.unsupported(place, "'%" + word + "'");
        }
    }

    private void imported(String place) {
        if (!scanner.take("common")) {
            throw GrammarException.unsupported(place, "'%import' of other than 'common'");
        }
        space(false);
        if (scanner.take(".")) {
            String name = scanner.name("_");
            space(false);
            String alias = name;
            if (scanner.take("->")) {
                space(false);
                alias = scanner.name("_");
            }
            common(name, alias, place);
            return;
        }
        scanner.require("(");
        do {
            space(true);
            String name = scanner.name("_");
            common(name, name, place);
            space(true);
        } while (scanner.take(","));
        scanner.require(")");
    }

    private void common(String name, String alias, String place) {
        String pattern = COMMON.get(name);
        if (pattern == null) {
            throw GrammarException.invalid(place, "found common." + name + ", expected one of "
                    + String.join(", ", COMMON.keySet().stream().sorted().toList()));
        }
        terminals.put(alias, new Expression.Terminal(patterns.whole(pattern, place, "")));
    }

    private void definition() {
        String place = scanner.place();
        if (!scanner.take("?")) {
            scanner.take("!");
        }
        String name = scanner.name("_");
        if (name.isEmpty()) {
            throw scanner.expected("the name of a rule or terminal");
        }
        if (scanner.sees("{")) {
            throw GrammarException.unsupported(place, "a template");
        }
        if (scanner.take(".")) {
            scanner.take("-");
            scanner.number();
        }
        space(false);
        if (scanner.sees("[")) {
            throw GrammarException.unsupported(scanner.place(), "an attribute, '[…]',");
        }
        scanner.require(":");
        boolean again = (isTerminal(name) ? terminals : rules).put(name, choice()) != null;
        if (again) {
            throw GrammarException.invalid(place, "found a second definition of '" + name + "'");
        }
        if (!scanner.isAtEnd() && scanner.peek() != '\n' && scanner.peek() != '\r') {
            throw scanner.expected("the end of the line");
        }
    }

    private static boolean isTerminal(String name) {
        return name.equals(name.toUpperCase(java.util.Locale.ROOT)) && name.chars().anyMatch(Character::isUpperCase);
    }

    private Expression choice() {
        scanner.enter();
        List<Expression> parts = new ArrayList<>();
        boolean goesOn = true;
        while (goesOn) {
            parts.add(sequence());
            int end = scanner.position();
            space(true);
            goesOn = scanner.take("|");
            if (!goesOn && !scanner.sees(")") && !scanner.sees("]")) {
                scanner.back(end);
            }
        }
        scanner.leave();
        return parts.size() == 1 ? parts.get(0) : new Expression.Choice(parts);
    }

    private Expression sequence() {
        List<Expression> parts = new ArrayList<>();
        space(false);
        Expression next = atom();
        while (next != null) {
            parts.add(repeated(next));
            space(false);
            next = atom();
        }
        if (scanner.take("->")) {
            space(false);
            scanner.name("_");
            space(false);
        }
        return parts.size() == 1 ? parts.get(0) : new Expression.Sequence(parts);
    }

    private Expression repeated(Expression atom) {
        if (scanner.take("*")) {
            return new Expression.Repeat(atom, 0, Integer.MAX_VALUE);
        }
        if (scanner.take("+")) {
            return new Expression.Repeat(atom, 1, Integer.MAX_VALUE);
        }
        if (scanner.take("?")) {
            return new Expression.Repeat(atom, 0, 1);
        }
        int before = scanner.position();
        space(false);
        boolean braces = scanner.take("{");
        if (!braces && !scanner.take("~")) {
            scanner.back(before);
            return atom;
        }
        space(false);
        int min = braces && scanner.peek() == ',' ? 0 : scanner.number();
        space(false);
        int max = min;
        if (scanner.take(braces ? "," : "..")) {
            space(false);
            max = braces && scanner.peek() == '}' ? Integer.MAX_VALUE : scanner.number();
        }
        if (braces) {
            space(false);
            scanner.require("}");
        }
        if (min > max) {
            throw scanner.expected("a repetition whose first number is not above its second");
        }
        return new Expression.Repeat(atom, min, max);
    }

    /// @return null if there is none
    private Expression atom() {
        String place = scanner.place();
        if (scanner.take("(") || scanner.sees("[")) {
            boolean optional = scanner.take("[");
            Expression inner = choice();
            space(true);
            scanner.require(optional ? "]" : ")");
            return optional ? new Expression.Repeat(inner, 0, 1) : inner;
        }
        if (scanner.sees("\"")) {
            return texts();
        }
        if (scanner.take("/")) {
            return pattern(place);
        }
        if (scanner.take("%json")) {
            space(true);
            return JsonDirective.read(scanner, target, pool, place);
        }
        if (scanner.sees("<") || scanner.sees("%") || scanner.sees("&") || scanner.sees("~")) {
            throw GrammarException.unsupported(place, "'" + scanner.peek() + "'");
        }
        if (scanner.sees("!") || scanner.sees("?")) {
            throw scanner.expected("a name, a text, a regular expression or a group");
        }
        String name = scanner.name("_");
        return name.isEmpty() ? null : new Expression.Reference(name, place);
    }

    private Expression texts() {
        String first = text();
        if (scanner.take("..")) {
            String last = text();
            if (first.codePointCount(0, first.length()) != 1 || last.codePointCount(0, last.length()) != 1
                    || first.codePointAt(0) > last.codePointAt(0)) {
                throw scanner.expected("a range of two characters in ascending order, before it");
            }
            return new Expression.Terminal(encoder.characters(CodePoints.of(first.codePointAt(0),
                    last.codePointAt(0))));
        }
        if (first.isEmpty()) {
            throw scanner.expected("a text that is not empty, before it");
        }
        if (scanner.take("i")) {
            return new Expression.Terminal(pool.concat(first.codePoints().mapToObj(c -> encoder.characters(
                    CodePoints.of(c, c).ignoringCase())).toArray(Regex[]::new)));
        }
        return new Expression.Terminal(encoder.text(first));
    }

    private String text() {
        scanner.require("\"");
        StringBuilder text = new StringBuilder();
        while (!scanner.take("\"")) {
            if (scanner.isAtEnd() || scanner.peek() == '\n') {
                throw scanner.expected("'\"' at the end of a text");
            }
            text.appendCodePoint(scanner.take("\\") ? scanner.escape() : scanner.codePoint());
        }
        return text.toString();
    }

    private Expression pattern(String place) {
        int start = scanner.position();
        while (!scanner.sees("/")) {
            if (scanner.isAtEnd() || scanner.peek() == '\n') {
                throw scanner.expected("'/' at the end of a regular expression");
            }
            if (scanner.take("\\") && scanner.isAtEnd()) {
                throw scanner.expected("a character after the backslash");
            }
            scanner.codePoint();
        }
        String source = scanner.since(start);
        scanner.take("/");
        int flags = scanner.position();
        while (!scanner.isAtEnd() && "imslux".indexOf(scanner.peek()) >= 0) {
            scanner.codePoint();
        }
        return new Expression.Terminal(patterns.whole(source, place, scanner.since(flags)));
    }

    /// With the regular expressions of terminals in place of their names.
    private Expression resolved(Expression expression) {
        return switch (expression) {
            case Expression.Terminal t -> terminal(t.regex());
            case Expression.Built b -> b;
            case Expression.Reference r -> isTerminal(r.name()) ? terminal(regex(r)) : r;
            case Expression.Sequence s -> new Expression.Sequence(s.parts().stream().map(this::resolved).toList());
            case Expression.Choice c -> new Expression.Choice(c.parts().stream().map(this::resolved).toList());
            case Expression.Repeat r -> new Expression.Repeat(resolved(r.part()), r.min(), r.max());
        };
    }

    /// A lexeme has at least one character, so a terminal that matches the empty text is optional.
    private Expression terminal(Regex regex) {
        return regex.isNullable() ? new Expression.Repeat(new Expression.Terminal(nonEmpty(regex)), 0, 1)
                : new Expression.Terminal(regex);
    }

    private Regex nonEmpty(Regex regex) {
        return regex.isNullable() ? pool.and(List.of(regex, pool.not(pool.epsilon()))) : regex;
    }

    /// The regular expression of the definition of a terminal.
    private Regex regex(Expression expression) {
        return switch (expression) {
            case Expression.Terminal t -> t.regex();
            case Expression.Built _ -> throw GrammarException.unsupported("", "'%json' in a terminal");
            case Expression.Reference r -> named(r);
            case Expression.Sequence s -> pool.concat(s.parts().stream().map(this::regex).toArray(Regex[]::new));
            case Expression.Choice c -> pool.or(c.parts().stream().map(this::regex).toList());
            case Expression.Repeat r -> pool.repeat(regex(r.part()), r.min(), r.max());
        };
    }

    private Regex named(Expression.Reference reference) {
        Regex known = compiled.get(reference.name());
        if (known == null) {
            Expression definition = terminals.get(reference.name());
            if (definition == null) {
                throw GrammarException.invalid(reference.place(), "found no terminal '" + reference.name() + "'");
            }
            // A terminal that refers to itself finds nothing in its place.
            compiled.put(reference.name(), pool.empty());
            known = regex(definition);
            compiled.put(reference.name(), known);
        }
        return known;
    }
}
