package glia.engine.grammar;

import glia.engine.grammar.parser.Automaton;
import glia.engine.grammar.regex.CharacterEncoder;
import glia.engine.grammar.regex.Regex;
import glia.engine.grammar.regex.RegexPool;

/// A grammar's automaton and the masks that are made with it.
final class CompiledGrammar {
    private final Automaton automaton;
    private final JsonStrings strings;
    private MaskEngine engine;

    /// @param strings the expressions of JSON strings; null if the grammar has none
    CompiledGrammar(Automaton automaton, JsonStrings strings) {
        this.automaton = automaton;
        this.strings = strings;
    }

    Automaton automaton() {
        return automaton;
    }

    JsonStrings strings() {
        return strings;
    }

    /// The masks for a vocabulary, which is always the same.
    MaskEngine engine(GrammarVocabulary vocabulary) {
        if (engine == null) {
            engine = new MaskEngine(this, vocabulary);
        }
        return engine;
    }

    /// Whether the grammar has reached a limit in use, so that it would at once again.
    boolean isExhausted() {
        return engine != null && engine.isExhausted();
    }

    /// The expressions of JSON strings in a grammar's pool, by which states within strings are recognized.
    ///
    /// @param character any character
    /// @param quote the closing quote
    /// @param rest what remains of any string after its opening quote
    record JsonStrings(Regex character, Regex quote, Regex rest) {
        static JsonStrings of(RegexPool pool, CharacterEncoder encoder) {
            Regex quote = pool.literal("\"");
            return new JsonStrings(encoder.any(), quote, pool.concat(pool.star(encoder.any()), quote));
        }
    }
}
