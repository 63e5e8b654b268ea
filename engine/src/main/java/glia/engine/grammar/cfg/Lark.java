package glia.engine.grammar.cfg;

import glia.engine.grammar.cfg.LarkTemplates.Expression;
import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.parser.Automaton;
import glia.engine.grammar.parser.Nonterminal;
import glia.engine.grammar.parser.Rules;
import glia.engine.grammar.regex.CharacterEncoder;
import glia.engine.grammar.regex.CodePoints;
import glia.engine.grammar.regex.PatternCompiler;
import glia.engine.grammar.regex.Regex;
import glia.engine.grammar.regex.RegexPool;
import glia.engine.grammar.regex.TokenRegex;
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
/// Names of terminals are in upper case. A terminal ends where it cannot continue; one with a lazy repetition, such as
/// `/".*?"/`, at the first place where it matches. Which terminals are possible depends on the place in the text.
/// Supported are alternatives, groups, `[…]`, `?`, `*`, `+`, `~n`, `~n..m`, texts, ranges, regular expressions with the
/// flags `i`, `s`, `m`, `x` and `u`, templates, aliases, `%ignore`, `%import` of `common` and `unicode`, `%override`,
/// `%extend`, and `%json` with a schema. Priorities and the marks `?` and `!` of rules do not change the texts.
public final class Lark {
    private final Rules target;
    private final Scanner scanner;
    private final CharacterEncoder encoder;
    private final RegexPool pool;
    private final PatternCompiler patterns;
    private final Map<String, Expression> rules = new LinkedHashMap<>();
    private final Map<String, Expression> terminals = new HashMap<>();
    private final LarkTemplates templates = new LarkTemplates();
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
        LarkTerminals terminals = new LarkTerminals(encoder.pool(), parser.terminals);
        Map<String, Expression> all = parser.templates.expanded(parser.rules);
        all.replaceAll((_, rule) -> terminals.resolved(rule));
        Nonterminal start = new RuleBuilder(rules, encoder.pool(), all, false).build("start");
        List<Regex> skipped = parser.ignored.stream().map(terminals::regex).map(terminals::nonEmpty).toList();
        return Automaton.greedy(rules, start, skipped.isEmpty() ? -1
                : rules.lexer().lexeme(parser.pool.or(skipped)));
    }

    private void parse() {
        space(true);
        while (!scanner.isAtEnd()) {
            if (scanner.take("%")) {
                directive();
            } else {
                definition("");
            }
            space(true);
        }
    }

    private void space(boolean newlines) {
        do {
            scanner.space(newlines, "//", "#");
            // A backslash at the end of a line continues it.
        } while (scanner.take("\\\n") || scanner.take("\\\r\n"));
    }

    private void directive() {
        String place = scanner.place();
        String word = scanner.name("_");
        space(false);
        switch (word) {
            case "ignore" -> ignored.add(choice());
            case "import" -> imported(place);
            case "override", "extend" -> definition(word);
            default -> throw GrammarException.unsupported(place, "'%" + word + "'");
        }
    }

    private void imported(String place) {
        String library = scanner.name("_");
        if (!LarkLibrary.has(library)) {
            throw GrammarException.unsupported(place, "'%import' of other than 'common' and 'unicode'");
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
            imported(library, name, alias, place);
            return;
        }
        scanner.require("(");
        do {
            space(true);
            String name = scanner.name("_");
            imported(library, name, name, place);
            space(true);
        } while (scanner.take(","));
        scanner.require(")");
    }

    private void imported(String library, String name, String alias, String place) {
        String pattern = LarkLibrary.pattern(library, name);
        if (pattern == null) {
            throw GrammarException.invalid(place, "found " + library + "." + name + ", expected one of "
                    + String.join(", ", LarkLibrary.names(library)));
        }
        if (!LarkTerminals.isTerminal(alias)) {
            throw GrammarException.invalid(place, "found '" + alias + "', expected the name of a terminal, in upper "
                    + "case");
        }
        terminals.put(alias, new Expression.Terminal(patterns.whole(pattern, place, "")));
    }

    /// @param directive `override` or `extend` of a definition before; empty for a new one
    private void definition(String directive) {
        String place = scanner.place();
        while (scanner.take("?") || scanner.take("!")) {
            // How a tree of the text is made does not matter.
        }
        String name = scanner.name("_");
        if (name.isEmpty()) {
            throw scanner.expected("the name of a rule or terminal");
        }
        List<String> parameters = parameters(name, place);
        space(false);
        if (scanner.take(".")) {
            scanner.take("-");
            scanner.number();
        }
        space(false);
        if (scanner.sees("[")) {
            throw GrammarException.unsupported(scanner.place(), "an attribute, '[…]',");
        }
        scanner.require(":");
        define(name, parameters, choice(), directive, place);
        if (!scanner.isAtEnd() && scanner.peek() != '\n' && scanner.peek() != '\r') {
            throw scanner.expected("the end of the line");
        }
    }

    private List<String> parameters(String name, String place) {
        List<String> all = new ArrayList<>();
        space(false);
        if (!scanner.take("{")) {
            return all;
        }
        if (LarkTerminals.isTerminal(name)) {
            throw GrammarException.unsupported(place, "a terminal with parameters");
        }
        do {
            space(true);
            String parameter = scanner.name("_");
            if (parameter.isEmpty() || LarkTerminals.isTerminal(parameter)) {
                throw scanner.expected("the name of a parameter, in lower case");
            }
            all.add(parameter);
            space(true);
        } while (scanner.take(","));
        scanner.require("}");
        return all;
    }

    private void define(String name, List<String> parameters, Expression body, String directive, String place) {
        boolean isTemplate = templates.has(name);
        Map<String, Expression> others = LarkTerminals.isTerminal(name) ? terminals : rules;
        Expression before = isTemplate ? templates.body(name) : others.get(name);
        if (directive.isEmpty() == (before != null)) {
            throw GrammarException.invalid(place, before == null ? "found '%" + directive + "' of '" + name
                    + "', which is not defined before" : "found a second definition of '" + name + "'");
        }
        if (before != null && !parameters.equals(isTemplate ? templates.parameters(name) : List.of())) {
            throw GrammarException.invalid(place, "found other parameters of '" + name + "' than in its definition");
        }
        Expression all = directive.equals("extend") ? new Expression.Choice(List.of(before, body)) : body;
        if (parameters.isEmpty()) {
            others.put(name, all);
        } else {
            templates.define(name, parameters, all, place);
        }
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
        return name.isEmpty() ? null : new Expression.Reference(name, place, arguments(name));
    }

    /// The arguments of a template. Those of a repetition, `x{2}`, are no atoms.
    private List<Expression> arguments(String name) {
        List<Expression> all = new ArrayList<>();
        int start = scanner.position();
        space(false);
        if (LarkTerminals.isTerminal(name) || !scanner.take("{")) {
            scanner.back(start);
            return all;
        }
        space(true);
        if (scanner.peek() == ',' || scanner.peek() >= '0' && scanner.peek() <= '9') {
            scanner.back(start);
            return all;
        }
        scanner.enter();
        do {
            space(true);
            Expression one = atom();
            if (one == null) {
                throw scanner.expected("an argument of the template '" + name + "'");
            }
            all.add(one);
            space(true);
        } while (scanner.take(","));
        scanner.require("}");
        scanner.leave();
        return all;
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
        int line = -1;
        while (!scanner.sees("/")) {
            if (scanner.isAtEnd()) {
                scanner.back(line < 0 ? scanner.position() : line);
                throw scanner.expected("'/' at the end of a regular expression");
            }
            line = line < 0 && scanner.peek() == '\n' ? scanner.position() : line;
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
        String options = scanner.since(flags);
        if (line >= 0 && options.indexOf('x') < 0) {
            scanner.back(line);
            throw scanner.expected("'/' at the end of a regular expression, or the flag x");
        }
        TokenRegex token = patterns.token(source, place, options);
        return new Expression.Terminal(token.regex(pool), token);
    }
}
