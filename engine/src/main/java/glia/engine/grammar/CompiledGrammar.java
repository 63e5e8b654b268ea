package glia.engine.grammar;

import glia.engine.grammar.parser.Automaton;

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
}
