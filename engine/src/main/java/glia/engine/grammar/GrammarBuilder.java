package glia.engine.grammar;

import glia.engine.grammar.parser.Rules;
import glia.engine.grammar.regex.CharacterEncoder;
import glia.engine.grammar.regex.RegexPool;

/// What the parts of one grammar share while it is compiled.
final class GrammarBuilder {
    private final RegexPool pool = new RegexPool();
    private final CharacterEncoder plain = new CharacterEncoder(pool, false);
    private final CharacterEncoder json = new CharacterEncoder(pool, true);
    private final Rules rules;

    /// @param isJson whether JSON's white space may precede each lexeme
    GrammarBuilder(boolean isJson) {
        rules = new Rules(pool, isJson);
    }

    RegexPool pool() {
        return pool;
    }

    /// Characters as UTF-8.
    CharacterEncoder plain() {
        return plain;
    }

    /// Characters within JSON strings.
    CharacterEncoder json() {
        return json;
    }

    Rules rules() {
        return rules;
    }
}
