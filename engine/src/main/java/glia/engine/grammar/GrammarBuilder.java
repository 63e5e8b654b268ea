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

    GrammarBuilder(Grammar.Kind kind) {
        rules = new Rules(pool, kind == Grammar.Kind.JSON);
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
