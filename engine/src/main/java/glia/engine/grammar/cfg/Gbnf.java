package glia.engine.grammar.cfg;

import glia.engine.grammar.cfg.LarkTemplates.Expression;
import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.parser.Nonterminal;
import glia.engine.grammar.parser.Rules;
import glia.engine.grammar.regex.CharacterEncoder;
import glia.engine.grammar.regex.CodePoints;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Context-free grammars in GBNF, the
/// [syntax of llama.cpp](https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md):
///
/// ```
/// root ::= "yes" | "no" digit{1,3} # a comment
/// digit ::= [0-9]
/// ```
public final class Gbnf {
    private final Scanner scanner;
    private final CharacterEncoder encoder;
    private final Map<String, Expression> rules = new LinkedHashMap<>();

    private Gbnf(String source, CharacterEncoder encoder) {
        this.scanner = new Scanner(source);
        this.encoder = encoder;
    }

    /// The rule `root` of a grammar.
    ///
    /// @throws GrammarException if it is invalid; the message has line and column
    public static Nonterminal compile(String source, Rules rules, CharacterEncoder encoder) {
        Gbnf parser = new Gbnf(source, encoder);
        parser.parse();
        return new RuleBuilder(rules, encoder.pool(), parser.rules, true).build("root");
    }

    private void parse() {
        space(true);
        while (!scanner.isAtEnd()) {
            String place = scanner.place();
            String name = name();
            space(false);
            scanner.require("::=");
            space(true);
            if (rules.put(name, choice(false)) != null) {
                throw GrammarException.invalid(place, "found a second rule '" + name + "'");
            }
            if (!scanner.isAtEnd() && scanner.peek() != '\n' && scanner.peek() != '\r') {
                throw scanner.expected("the end of the line");
            }
            space(true);
        }
    }

    private void space(boolean newlines) {
        scanner.space(newlines, "#");
    }

    private String name() {
        String name = scanner.name("-_");
        if (name.isEmpty()) {
            throw scanner.expected("the name of a rule");
        }
        return name;
    }

    private Expression choice(boolean isNested) {
        scanner.enter();
        List<Expression> parts = new ArrayList<>();
        boolean goesOn = true;
        while (goesOn) {
            parts.add(sequence(isNested));
            int end = scanner.position();
            // A line that begins with an alternative continues the rule.
            space(true);
            goesOn = scanner.take("|");
            if (goesOn) {
                space(true);
            } else if (!isNested) {
                scanner.back(end);
            }
        }
        scanner.leave();
        return parts.size() == 1 ? parts.get(0) : new Expression.Choice(parts);
    }

    private Expression sequence(boolean isNested) {
        List<Expression> parts = new ArrayList<>();
        space(isNested);
        Expression next = atom();
        while (next != null) {
            parts.add(repeated(next));
            space(isNested);
            next = atom();
        }
        return parts.size() == 1 ? parts.get(0) : new Expression.Sequence(parts);
    }

    private Expression repeated(Expression atom) {
        Expression all = atom;
        while (true) {
            if (scanner.take("*")) {
                all = new Expression.Repeat(all, 0, Integer.MAX_VALUE);
            } else if (scanner.take("+")) {
                all = new Expression.Repeat(all, 1, Integer.MAX_VALUE);
            } else if (scanner.take("?")) {
                all = new Expression.Repeat(all, 0, 1);
            } else if (scanner.take("{")) {
                space(false);
                int min = scanner.peek() == ',' ? 0 : scanner.number();
                space(false);
                int max = min;
                if (scanner.take(",")) {
                    space(false);
                    max = scanner.peek() == '}' ? Integer.MAX_VALUE : scanner.number();
                }
                space(false);
                scanner.require("}");
                if (min > max) {
                    throw scanner.expected("a repetition whose first number is not above its second");
                }
                all = new Expression.Repeat(all, min, max);
            } else {
                return all;
            }
        }
    }

    /// @return null if there is none
    private Expression atom() {
        String place = scanner.place();
        if (scanner.take("\"")) {
            return literal();
        }
        if (scanner.take("[")) {
            return set();
        }
        if (scanner.take(".")) {
            return new Expression.Terminal(encoder.any());
        }
        if (scanner.take("(")) {
            Expression inner = choice(true);
            scanner.require(")");
            return inner;
        }
        if (scanner.sees("<") || scanner.sees("!<")) {
            throw GrammarException.unsupported(place, "a token, '<…>',");
        }
        String name = scanner.name("-_");
        return name.isEmpty() ? null : new Expression.Reference(name, place);
    }

    private Expression literal() {
        StringBuilder text = new StringBuilder();
        while (!scanner.take("\"")) {
            if (scanner.isAtEnd() || scanner.peek() == '\n') {
                throw scanner.expected("'\"' at the end of a text");
            }
            text.appendCodePoint(scanner.take("\\") ? scanner.escape() : scanner.codePoint());
        }
        return new Expression.Terminal(encoder.text(text.toString()));
    }

    private Expression set() {
        boolean isNegated = scanner.take("^");
        List<CodePoints> sets = new ArrayList<>();
        while (!scanner.take("]")) {
            int first = character();
            int last = first;
            if (scanner.sees("-") && !scanner.sees("-]")) {
                scanner.take("-");
                last = character();
            }
            if (first > last) {
                throw scanner.expected("a range whose first character is not after its last, before it");
            }
            sets.add(CodePoints.of(first, last));
        }
        CodePoints all = CodePoints.union(sets);
        return new Expression.Terminal(encoder.characters(isNegated ? all.complement() : all));
    }

    private int character() {
        if (scanner.isAtEnd()) {
            throw scanner.expected("']' at the end of a set");
        }
        return scanner.take("\\") ? scanner.escape() : scanner.codePoint();
    }
}
