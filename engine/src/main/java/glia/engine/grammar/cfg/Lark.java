package glia.engine.grammar.cfg;

import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.parser.Automaton;
import glia.engine.grammar.parser.Rules;
import glia.engine.grammar.regex.CharacterEncoder;

/// Context-free grammars in the syntax of Lark.
public final class Lark {
    private Lark() { }

    public static Automaton compile(String source, Rules rules, CharacterEncoder encoder) {
        throw GrammarException.unsupported("", "Lark");
    }
}
