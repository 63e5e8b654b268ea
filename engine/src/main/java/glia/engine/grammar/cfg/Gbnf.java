package glia.engine.grammar.cfg;

import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.parser.Nonterminal;
import glia.engine.grammar.parser.Rules;
import glia.engine.grammar.regex.CharacterEncoder;

/// Context-free grammars in the syntax of llama.cpp.
public final class Gbnf {
    private Gbnf() { }

    public static Nonterminal compile(String source, Rules rules, CharacterEncoder encoder) {
        throw GrammarException.unsupported("", "GBNF");
    }
}
